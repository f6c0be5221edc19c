//! A stack with an AWS that refuses calls which the local AWS accepts, with AWS's own messages and wire format.

#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::sync::Mutex;
use std::time::Duration;

use super::World;
use super::proxy::{Fate, Proxy};

/// The number of concurrent cases: they mostly wait.
const WORKERS: usize = 6;

/// Refusals of one action: how many of its first calls are refused, and with which error.
#[derive(Clone, Copy)]
pub struct Refusal {
    pub action: &'static str,
    pub times: usize,
    pub status: u16,
    pub code: &'static str,
    pub message: &'static str,
}

pub const fn refusal(
    action: &'static str,
    times: usize,
    status: u16,
    code: &'static str,
    message: &'static str,
) -> Refusal {
    Refusal {
        action,
        times,
        status,
        code,
        message,
    }
}

/// The local AWS with a stack file, and an account for each case.
pub struct Stage {
    pub world: World,
    pub endpoint: String,
}

impl Stage {
    /// A stage with this bundled stack.
    pub fn new(stack: &str) -> Self {
        let world = World::new();
        let (endpoint, _) = world.up();
        world.bundled(stack);
        Self { world, endpoint }
    }

    /// A stage with the stack file `text`.
    pub fn of(text: &str) -> Self {
        let world = World::new();
        let (endpoint, _) = world.up();
        world.write("stack.yaml", text);
        Self { world, endpoint }
    }

    /// Runs every case in an account of its own, several at the same time.
    pub fn each<T: Sync>(&self, cases: &[T], run: impl Fn(&str, &T) + Sync) {
        let waiting = Mutex::new(cases.iter().enumerate());
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    loop {
                        let Some((index, case)) = waiting.lock().unwrap().next() else {
                            return;
                        };
                        run(&format!("{:012}", 300_000_000_000 + index), case);
                    }
                });
            }
        });
    }

    /// A proxy in front of the local AWS that refuses calls as `refusal` says.
    pub fn refusing(&self, refusal: Refusal) -> Proxy {
        let refused = Mutex::new(0);
        Proxy::judging(&self.endpoint, Duration::ZERO, move |_, action| {
            let mut refused = refused.lock().unwrap();
            if action != refusal.action || *refused >= refusal.times {
                return Fate::Pass;
            }
            *refused += 1;
            Fate::Refuse(refusal.status, refusal.code, refusal.message)
        })
    }

    /// Asserts that a plan of the account has no changes.
    pub fn whole(&self, account: &str, name: &str) {
        let ran = self
            .world
            .run_at(&self.endpoint, account, &["plan", "--detailed-exitcode"]);
        assert_eq!(
            ran.code, 0,
            "{name}: something is left to do\n{}{}",
            ran.stdout, ran.stderr
        );
    }

    /// The user's output from the first error on, with parts that vary between runs replaced.
    pub fn errors(&self, stderr: &str, account: &str) -> String {
        let start = stderr
            .find("error: ")
            .unwrap_or_else(|| panic!("no error in\n{stderr}"));
        let text = stderr[start..].replace(account, "000000000000");
        let lines = text.lines().map(|line| match line.split_once(" in ") {
            // How many other calls ran next to the refused one varies.
            Some((_, seconds)) if seconds.ends_with(" s") => "(counts) in (time)".to_owned(),
            _ => match line.split_once(" --endpoint-url http") {
                Some((command, _)) => format!("{command} --endpoint-url URL`"),
                None => line.to_owned(),
            },
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
