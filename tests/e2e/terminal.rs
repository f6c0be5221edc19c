//! The output on a terminal: while something runs and the window is resized, and for lines wider than the
//! window.

use std::fs::File;
use std::io::Read as _;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::support::World;
use crate::support::proxy::Proxy;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

const ROWS: u16 = 24;

/// A program behind a pseudo-terminal, with a terminal that rewraps lines when its width changes, as most do.
struct Terminal {
    side: File,
    pid: Pid,
    shown: avt::Terminal,
    written: Receiver<Vec<u8>>,
    /// All output so far.
    all: String,
}

impl Terminal {
    fn start(mut command: Command, columns: u16) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let side = openpt(flags).unwrap();
        grantpt(&side).unwrap();
        unlockpt(&side).unwrap();
        resize(&side, columns);
        let other = File::from(ioctl_tiocgptpeer(&side, flags).unwrap());
        let child = command
            .env("TERM", "xterm-256color")
            .stdin(other.try_clone().unwrap())
            .stdout(other.try_clone().unwrap())
            .stderr(other)
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        // The command's copies of the file descriptor would keep the terminal open.
        drop(command);
        let (send, written) = channel();
        let mut reader = File::from(side.try_clone().unwrap());
        std::thread::spawn(move || {
            let mut child = child;
            let mut bytes = [0; 4096];
            // The end of the output is reported as an error, because the other side is closed.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                let _ = send.send(bytes[..count].to_vec());
            }
            let _ = child.wait();
        });
        Self {
            side: side.into(),
            pid,
            shown: avt::Terminal::with_scrollback(columns.into(), ROWS.into(), None).unwrap(),
            written,
            all: String::new(),
        }
    }

    /// Shows the output until there is none for `time`; returns false once the program has ended.
    fn follow(&mut self, time: Duration) -> bool {
        loop {
            match self.written.recv_timeout(time) {
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    self.shown.feed(text.as_str());
                    self.all += &text;
                }
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Shows the output until it contains this text.
    fn until(&mut self, text: &str) {
        let before = self.all.len();
        while !self.all[before..].contains(text) {
            assert!(self.follow(Duration::from_millis(20)), "no {text}: {}", self.all);
        }
    }

    /// Resizes the window between two writes of the program.
    fn resize(&mut self, columns: u16) {
        // While all threads sleep, none is between reading the window's size and writing what fits.
        while !self.sleeps() {}
        kill_process(self.pid, Signal::STOP).unwrap();
        self.follow(Duration::from_millis(100));
        resize(&self.side, columns);
        self.shown.resize(columns.into(), ROWS.into());
        kill_process(self.pid, Signal::CONT).unwrap();
    }

    fn sleeps(&self) -> bool {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.pid.as_raw_nonzero())).unwrap();
        threads.flatten().all(|thread| {
            // A thread that has just ended has no state any more. The state follows the name, which is in parentheses.
            let stat = std::fs::read_to_string(thread.path().join("stat"));
            stat.map_or(true, |stat| stat.rsplit_once(") ").unwrap().1.starts_with('S'))
        })
    }

    /// The lines on the screen after the program has ended.
    fn ended(mut self) -> Vec<String> {
        while self.follow(Duration::from_secs(1)) {}
        self.shown.screen().text()
    }
}

fn resize(side: impl std::os::fd::AsFd, columns: u16) {
    let size = Winsize {
        ws_row: ROWS,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(side, size).unwrap();
}

#[test]
fn a_run_counts_its_steps_and_leaves_no_stale_line_behind() {
    let mut world = World::new();
    world.bundled("full");
    world.set("ALERTCTL_LOCAL", "1");
    // Slow enough to be observed, however fast the machine is.
    let (endpoint, _) = world.up();
    let proxy = Proxy::start(&endpoint, Duration::from_millis(500));
    world.reach_at(&proxy.url);
    let mut terminal = Terminal::start(world.command(&["apply", "--yes"]), 100);
    // With 40 columns the words of a step may be cut.
    for (step, columns) in [("creating", 40), ("⠋", 130), ("creating", 60)] {
        terminal.until(" done");
        terminal.until(step);
        terminal.resize(columns);
    }
    terminal.until(" s left");
    let lines = terminal.ended();
    let all = lines.join("\n");
    let plan = lines
        .iter()
        .find_map(|line| line.strip_prefix("plan: ")?.split_once(" to create"));
    let count: usize = plan.unwrap_or_else(|| panic!("{all}")).0.parse().unwrap();
    let created = lines.iter().filter(|line| line.contains(": created (")).count();
    assert_eq!(created, count, "{all}");
    for stale in [
        "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " done", " s left",
    ] {
        assert!(!all.contains(stale), "`{stale}` stays: {all}");
    }

    // In a pipeline each line shows the progress.
    let destroyed = world.ok(&["destroy", "--yes"]).stderr;
    let last = destroyed
        .lines()
        .rfind(|line| line.contains(": deleted ("))
        .unwrap();
    let (_, counted) = last.rsplit_once(", ").unwrap();
    let (ended, all) = counted.trim_end_matches(')').split_once(" of ").unwrap();
    assert!(
        ended == all && destroyed.contains(&format!("{all} deleted in ")),
        "{destroyed}"
    );
}

#[test]
fn a_status_fits_the_terminal_and_begins_with_what_is_not_well() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.set("ALERTCTL_LOCAL", "1");
    world.up();
    world.ok(&["apply", "--yes"]);
    world.edit(|text| text.replace("\">= 50\"", "\">= 60\""));
    let whole = world.ok(&["status"]).stdout;
    let mut lines = whole.lines();
    assert!(
        lines.next().unwrap().starts_with("stack mission in account "),
        "{whole}"
    );
    let summary = lines.next().unwrap();
    assert!(
        summary.contains(" in all: 1 drifted, ") && summary.ends_with(" ok"),
        "{whole}"
    );
    let first = lines.nth(1).unwrap();
    assert!(first.starts_with("  drifted    cloudwatch-alarm/"), "{whole}");
    assert!(
        lines
            .next()
            .unwrap()
            .ends_with("differs from the stack file: threshold"),
        "{whole}"
    );
    assert!(whole.contains("arn:aws:lambda:"), "{whole}");

    let mut terminal = Terminal::start(world.command(&["status"]), 60);
    while terminal.follow(Duration::from_secs(1)) {}
    let screen = terminal.shown.screen();
    let wraps = screen.all_lines().filter(|line| line.is_wrapped()).count();
    // A part of an ARN is useless: only rows with problems show it, in full.
    assert_eq!(wraps, 1, "{}", screen.text().join("\n"));
    let text = screen.text().join("\n");
    assert!(
        text.contains("…\n") && text.contains("  drifted    cloudwatch-alarm/"),
        "{text}"
    );
}
