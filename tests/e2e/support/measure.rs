//! Measures a command: its calls through a proxy, how they overlap, its time and memory.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::proxy::{Call, Proxy};

/// The measurements of one command.
pub struct Sample {
    pub calls: Vec<Call>,
    pub connections: usize,
    pub wall: Duration,
    pub peak_kb: u64,
}

impl Sample {
    /// Runs `command`, which calls AWS through `proxy`. It must succeed.
    pub fn of(proxy: &Proxy, mut command: Command) -> Self {
        proxy.clear();
        let log = tempfile::NamedTempFile::new().unwrap();
        let start = Instant::now();
        let mut child = command
            .stdout(Stdio::null())
            .stderr(log.reopen().unwrap())
            .spawn()
            .unwrap();
        let mut peak_kb = 0;
        let (status, wall) = loop {
            peak_kb = peak(child.id()).unwrap_or(peak_kb);
            if let Some(status) = child.try_wait().unwrap() {
                break (status, start.elapsed());
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let shown = std::fs::read_to_string(log.path()).unwrap();
        assert!(status.success(), "{command:?}: {status}\n{shown}");
        Self {
            calls: proxy.calls(),
            connections: proxy.connections(),
            wall,
            peak_kb,
        }
    }

    /// The time from the first request to the last answer.
    pub fn span(&self) -> Duration {
        let start = self.calls.iter().map(|call| call.start).min();
        let end = self.calls.iter().map(|call| call.end).max();
        end.unwrap_or_default() - start.unwrap_or_default()
    }

    /// The longest sequence of calls in which each call started after the previous one had ended.
    pub fn chain(&self) -> Vec<&Call> {
        let mut calls: Vec<_> = self.calls.iter().collect();
        calls.sort_by_key(|call| call.start);
        // For each call: how many calls precede it in its longest sequence, and the last of these.
        let mut longest: Vec<(usize, Option<usize>)> = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            let before = (0..index).filter(|&other| calls[other].end <= call.start);
            let last = before.max_by_key(|&other| longest[other].0);
            longest.push((last.map_or(0, |last| longest[last].0 + 1), last));
        }
        let mut at = (0..calls.len()).max_by_key(|&index| longest[index].0);
        let mut chain = Vec::new();
        while let Some(index) = at {
            chain.push(calls[index]);
            at = longest[index].1;
        }
        chain.reverse();
        chain
    }

    /// The number of round trips. Requires [`Proxy::in_rounds`].
    pub fn round_trips(&self) -> usize {
        let rounds = self.calls.iter().map(|call| call.round + 1);
        rounds.max().unwrap_or_default()
    }

    /// The maximum number of concurrent calls.
    pub fn most_at_once(&self) -> usize {
        let under_way = |at: Duration| {
            let calls = self.calls.iter();
            calls.filter(|call| call.start <= at && at < call.end).count()
        };
        self.calls
            .iter()
            .map(|call| under_way(call.start))
            .max()
            .unwrap_or_default()
    }
}

/// The peak memory of a running process, in KiB.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
