//! Checks who is notified if the stack itself fails.

use super::arn::Sort;
use super::{Checker, receivers};
use crate::stack::file::problem::Problem;

pub(super) fn check(checker: &mut Checker<'_>) {
    let Some(monitoring) = &checker.stack.monitoring else {
        return;
    };
    let path = ["monitoring", "to"];
    let home = checker.stack.region.as_deref();
    receivers::check(checker, &path, &monitoring.to, home, Sort::Composite);
    if checker.is_empty(&path) {
        let problem = Problem::error(checker.key(&["monitoring"]), "monitoring notifies nobody");
        checker.report(problem.help("add `to: [topic]`"));
    }
    if monitoring.heartbeat.is_some() && checker.stack.channels.is_empty() {
        let place = checker.at(&["monitoring", "heartbeat"]);
        let problem = Problem::error(place, "a heartbeat asks channels, and the stack has none");
        checker.report(problem.help("remove `heartbeat:`, or add a channel"));
    }
    // A topic that only the relay hears is silent about a relay that is broken.
    let topics = &checker.stack.topics;
    let only_relayed = |key: &String| {
        let topic = topics.get(key);
        topic.is_some_and(|topic| {
            topic.existing.is_none() && topic.subscriptions.is_empty() && !topic.to.is_empty()
        })
    };
    if !monitoring.to.is_empty() && monitoring.to.iter().all(only_relayed) {
        let message = "monitoring tells of a broken relay only through the relay";
        let problem = Problem::warning(checker.at(&path), message);
        checker.report(problem.help(
            "add a topic with a subscription of its own, such as `subscriptions: [{ email: oncall@example.com }]`",
        ));
    }
}
