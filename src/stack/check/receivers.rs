//! Checks who is notified of a state of an alarm.

use super::arn::Sort;
use super::{Checker, arn};
use crate::stack::file::problem::Problem;
use crate::stack::model::is_arn;

/// Most topics per state.
const MAX_ACTIONS: usize = 5;
/// Why an alarm cannot name such a channel.
const BY_TOPIC: (&str, &str) = (
    "channels",
    "a heartbeat service gets no alerts: name a topic, or another channel",
);

/// Who is notified of one state by an alarm in `region`, if that is known.
pub(super) fn check(
    checker: &mut Checker<'_>,
    path: &[&str],
    names: &[String],
    region: Option<&str>,
    sort: Sort,
) {
    checker.targets(path, names, "topics", BY_TOPIC, |checker, path, name| {
        is_arn(name)
            .then(|| arn::action(checker, path, name, region, sort))
            .is_some()
    });
    too_many(checker, path, names);
}

fn too_many(checker: &mut Checker<'_>, path: &[&str], names: &[String]) {
    if names.len() > MAX_ACTIONS {
        let message = format!("{} actions are too many for one state", names.len());
        let problem = Problem::error(checker.key(path), message).label(format!("at most {MAX_ACTIONS}"));
        checker.report(problem.help("let one topic reach more receivers"));
    }
}
