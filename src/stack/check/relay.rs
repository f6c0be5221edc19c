//! Checks the relay's settings.

use super::{Checker, is_name, one_of};
use crate::stack::file::problem::Problem;

/// The values that PutRetentionPolicy accepts.
const RETENTION_DAYS: [i32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/// In seconds. With less there is no time for a second attempt.
const SHORT_TIMEOUT: i32 = 10;
/// Executions that drain a queue at the same time, the fewest that Lambda allows.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
const OF_A_QUEUE: i32 = 2;

pub(super) fn check(checker: &mut Checker<'_>) {
    let relay = &checker.stack.relay;
    if let Some(name) = &relay.name {
        checker.text(
            &["relay", "name"],
            name,
            1..=64,
            is_name,
            "letters, digits, `_` and `-`",
        );
    }
    checker.range(&["relay", "memory"], relay.memory, 128..=10_240, " MB");
    checker.range(&["relay", "timeout"], relay.timeout, 1..=900, " seconds");
    checker.range(
        &["relay", "maximum_retry_attempts"],
        relay.maximum_retry_attempts,
        0..=2,
        "",
    );
    let age = relay.maximum_event_age_seconds;
    checker.range(
        &["relay", "maximum_event_age_seconds"],
        age,
        60..=21_600,
        " seconds",
    );
    if let Some(reserved) = relay.reserved_concurrency {
        checker.range(&["relay", "reserved_concurrency"], reserved, 0..=i32::MAX, "");
    }
    sufficient(checker);
    retention(
        checker,
        &["relay", "log_retention_days"],
        relay.log_retention_days,
    );
}

/// Warns if the relay has too little time or too few executions to deliver anything.
fn sufficient(checker: &mut Checker<'_>) {
    let stack = checker.stack;
    let (timeout, reserved) = (stack.relay.timeout, stack.relay.reserved_concurrency);
    if (1..SHORT_TIMEOUT).contains(&timeout) {
        let message = format!("a timeout of {timeout} seconds leaves the relay too little time to deliver");
        let problem = Problem::warning(checker.at(&["relay", "timeout"]), message);
        checker.report(problem.help(format!(
            "write at least {SHORT_TIMEOUT}: a cold start takes time, and services can be slow"
        )));
    }
    let buffers = stack.channels.values().filter(|channel| channel.buffer.is_some());
    let buffers = i32::try_from(buffers.count()).unwrap_or(i32::MAX);
    // All channels without a buffer share the retry queue.
    let retries = stack.channels.values().any(|channel| channel.buffer.is_none());
    let queues = buffers.saturating_add(i32::from(retries));
    let needed = queues.saturating_mul(OF_A_QUEUE).saturating_add(OF_A_QUEUE);
    if queues > 0
        && let Some(reserved) = reserved.filter(|reserved| (1..needed).contains(reserved))
    {
        let message = format!("{reserved} concurrent executions are too few for the relay");
        let problem = Problem::warning(checker.at(&["relay", "reserved_concurrency"]), message);
        checker.report(problem.help(format!(
            "write at least {needed}: each buffer takes {OF_A_QUEUE}, so does the queue for retries, and Lambda throttles \
             invocations beyond that"
        )));
    }
}

/// Checks a retention in days against the values that CloudWatch Logs accepts.
pub(super) fn retention(checker: &mut Checker<'_>, path: &[&str], days: i32) {
    if let Some(nearest) = nearest_retention(days) {
        let message = format!("CloudWatch Logs cannot keep logs for {days} days");
        let problem = Problem::error(checker.at(path), message);
        let problem = problem.label(format!("the next longer one is {nearest}"));
        checker.report(problem.help(format!("write one of {}", one_of(&RETENTION_DAYS))));
    }
}

/// The next longer retention, if this one is not accepted.
fn nearest_retention(days: i32) -> Option<i32> {
    let longest = RETENTION_DAYS[RETENTION_DAYS.len() - 1];
    let longer = RETENTION_DAYS
        .into_iter()
        .find(|allowed| *allowed >= days)
        .unwrap_or(longest);
    (longer != days).then_some(longer)
}
