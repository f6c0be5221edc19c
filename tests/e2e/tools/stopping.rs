//! What goes on until Ctrl-C: `logs --follow`, and a test that still waits.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{REGION, failed, within, world};
use crate::support::proxy::{Fate, Proxy};
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn following_goes_on_until_it_is_stopped() {
    let (world, _, _slack, endpoint) = world();
    // Once the gate is shut, queries of the log get no response.
    let open = Arc::new(AtomicBool::new(true));
    let gate = open.clone();
    let proxy = Proxy::judging(&endpoint, Duration::ZERO, move |_, action| match action {
        "logs:FilterLogEvents" => Fate::Hold(gate.clone()),
        _ => Fate::Pass,
    });
    world.reach_at(&proxy.url);
    let mut command = world.command(&["logs", "--local", "--follow"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // No message arrives in the inbox, and the command reports that.
    failed(
        world.run(&["local", "event", "ec2-stopped", "--region", REGION]),
        1,
    );
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut seen = String::new();
    while !seen.contains("delivered") {
        assert_ne!(lines.read_line(&mut seen).unwrap(), 0, "{seen}");
    }
    // Further queries of the log repeat no line.
    more(&proxy, "logs:FilterLogEvents", 3);
    open.store(false, Ordering::SeqCst);
    more(&proxy, "logs:FilterLogEvents", 1);
    assert_eq!(stopped(&mut child), Some(130));
    open.store(true, Ordering::SeqCst);
    lines.read_to_string(&mut seen).unwrap();
    assert_eq!(seen.matches("delivered").count(), 1, "{seen}");
}

#[test]
fn a_test_ends_at_ctrl_c_also_while_it_looks_for_what_was_lost() {
    let (world, _, _slack, endpoint) = world();
    // No function logs anything, and the queues do not respond.
    let proxy = Proxy::judging(&endpoint, Duration::ZERO, |_, action| match action {
        "logs:FilterLogEvents" => Fate::Answer(r#"{"events":[]}"#),
        "sqs:ReceiveMessage" => Fate::Hold(Arc::default()),
        _ => Fate::Pass,
    });
    world.reach_at(&proxy.url);
    let args = ["test", "--local", "--path", "rule/states", "--timeout", "1s"];
    let mut child = world.command(&args).stderr(Stdio::null()).spawn().unwrap();
    more(&proxy, "sqs:ReceiveMessage", 1);
    assert_eq!(stopped(&mut child), Some(130));
}

/// Waits until this call has been made this many more times.
fn more(proxy: &Proxy, action: &str, times: usize) {
    let came = || proxy.actions().iter().filter(|one| *one == action).count();
    let before = came();
    within(Duration::from_secs(60), || came() >= before + times);
}

/// Sends Ctrl-C; returns the program's exit code.
fn stopped(child: &mut Child) -> Option<i32> {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
    let mut status = None;
    within(Duration::from_secs(20), || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap().code()
}
