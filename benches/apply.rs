//! What the bundled stack costs where every request takes 40 ms longer than on this machine: calls, round
//! trips one after the other, time and memory of create, a plan without changes, a repair and destroy.
//!
//! `cargo bench --bench apply`; with `-- --calls` it also prints each call of the last run and its time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::process::Stdio;
use std::time::{Duration, Instant};

use support::World;
use support::inventory::past;
use support::proxy::{Call, Proxy};

const REGION: &str = "ap-northeast-2";
const DELAY: Duration = Duration::from_millis(40);
const RUNS: usize = 7;
/// How long the local AWS keeps a new function pending: time that no client can save.
const PENDING: Duration = Duration::from_millis(500);

/// What one command took.
struct Sample {
    calls: Vec<Call>,
    connections: usize,
    wall: Duration,
    peak_kb: u64,
}

impl Sample {
    /// From the first request to the last answer.
    fn span(&self) -> Duration {
        let start = self.calls.iter().map(|call| call.start).min();
        let end = self.calls.iter().map(|call| call.end).max();
        end.unwrap_or_default() - start.unwrap_or_default()
    }

    /// The longest sequence of calls of which each started after the one before had ended.
    fn chain(&self) -> Vec<&str> {
        let mut calls: Vec<_> = self.calls.iter().collect();
        calls.sort_by_key(|call| call.start);
        let mut longest: Vec<Vec<usize>> = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            let before = (0..index).filter(|&other| calls[other].end <= call.start);
            let mut chain = before
                .map(|other| &longest[other])
                .max_by_key(|chain| chain.len())
                .cloned()
                .unwrap_or_default();
            chain.push(index);
            longest.push(chain);
        }
        let longest = longest.into_iter().max_by_key(Vec::len).unwrap_or_default();
        longest
            .iter()
            .map(|&index| calls[index].action.as_str())
            .collect()
    }
}

fn main() {
    // Cargo also runs benches as tests, without this argument: once is enough to see that it works.
    let bench = std::env::args().any(|argument| argument == "--bench");
    let show_calls = std::env::args().any(|argument| argument == "--calls");
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let proxy = Proxy::start(&endpoint, DELAY);

    let operations = ["create", "plan, no changes", "repair", "destroy"];
    let mut samples: [Vec<Sample>; 4] = Default::default();
    for run in 0..if bench { RUNS } else { 1 } {
        let account = format!("{:012}", 100 + run);
        let measure = |args: &[&str]| measure(&world, &proxy, &account, args);
        samples[0].push(measure(&["apply", "--yes"]));
        samples[1].push(measure(&["plan", "--detailed-exitcode"]));
        past(&endpoint, &account, REGION, forget_soon);
        samples[2].push(measure(&["apply", "--yes"]));
        samples[3].push(measure(&["destroy", "--yes"]));
    }

    println!(
        "every request takes {} ms longer; medians of {} runs\n",
        DELAY.as_millis(),
        samples[0].len()
    );
    println!(
        "{:<17} {:>5} {:>12} {:>11} {:>8} {:>12} {:>8} {:>8}",
        "", "calls", "connections", "chain", "span ms", "less pending", "wall ms", "peak MB"
    );
    for (name, samples) in operations.iter().zip(&samples) {
        let spans = samples.iter().map(|sample| sample.span().as_millis());
        let span = median(spans);
        let pending = if *name == "create" { PENDING.as_millis() } else { 0 };
        println!(
            "{name:<17} {:>5} {:>12} {:>11} {span:>8} {:>12} {:>8} {:>8.1}",
            median(samples.iter().map(|sample| sample.calls.len())),
            median(samples.iter().map(|sample| sample.connections)),
            median(samples.iter().map(|sample| sample.chain().len())),
            span.saturating_sub(pending),
            median(samples.iter().map(|sample| sample.wall.as_millis())),
            median(samples.iter().map(|sample| sample.peak_kb)) as f64 / 1024.0,
        );
    }
    println!();
    for (name, samples) in operations.iter().zip(&samples) {
        let last = samples.last().unwrap();
        println!("{name}: {}", last.chain().join(" → "));
        if show_calls {
            let first = last.calls.iter().map(|call| call.start).min().unwrap_or_default();
            for call in &last.calls {
                let at = |time: Duration| (time - first).as_millis();
                println!("  {:>5} – {:>5}  {}", at(call.start), at(call.end), call.action);
            }
        }
    }
}

/// Changes one field by hand.
async fn forget_soon(config: aws_config::SdkConfig) {
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
    let send = logs
        .put_retention_policy()
        .log_group_name("/aws/lambda/mission-lambda");
    send.retention_in_days(1).send().await.unwrap();
}

fn measure(world: &World, proxy: &Proxy, account: &str, args: &[&str]) -> Sample {
    proxy.clear();
    let mut command = world.command_at(&proxy.url, account, args);
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
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
    assert!(status.success(), "alertctl {args:?}: {status}");
    Sample {
        calls: proxy.calls(),
        connections: proxy.connections(),
        wall,
        peak_kb,
    }
}

/// The most memory that a running process ever held, in KiB.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    values[values.len() / 2]
}
