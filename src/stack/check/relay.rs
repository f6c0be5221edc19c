//! Checks the relay's settings.

use super::{Checker, is_name, one_of};
use crate::stack::file::problem::Problem;

/// The values that PutRetentionPolicy accepts.
const RETENTION_DAYS: [i32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

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
    retention(
        checker,
        &["relay", "log_retention_days"],
        relay.log_retention_days,
    );
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
