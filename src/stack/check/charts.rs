//! Checks charts: what can be drawn, and whether somebody gets to see it.

use super::Checker;
use crate::stack::file::problem::Problem;
use crate::stack::model::Stack;

pub(super) fn check(checker: &mut Checker<'_>) {
    let stack = checker.stack;
    // A channel that could not be read may be one.
    let is_read = checker.keys("channels").len() == stack.channels.len();
    let has_app = stack.channels.keys().any(|key| is_slack_app(stack, key));
    for (key, alarm) in stack.alarms.iter().filter(|(_, alarm)| alarm.chart) {
        let place = checker.key(&["alarms", key, "chart"]);
        let undrawable = match (&alarm.rule, &alarm.promql, &alarm.logs) {
            (Some(_), _, _) => Some("a composite alarm has no metric that could be drawn"),
            (_, Some(_), _) => Some("a PromQL query cannot be drawn: CloudWatch gives its results to nobody"),
            (_, _, Some(_)) => Some("a log alarm has no metric that could be drawn"),
            _ => None,
        };
        if let Some(message) = undrawable {
            checker.report(Problem::error(place, message).help("remove `chart`"));
        } else if !has_app && is_read {
            let message = "only a Slack app shows charts, and the stack has none";
            let help =
                "give a channel `slack: { bot: …, channel: … }` instead of `webhook:`, or remove `chart`";
            checker.report(Problem::error(place, message).help(help));
        } else if is_read && !hears(stack, &alarm.to) {
            let message = "no Slack app hears of this alarm, so nobody sees its chart";
            let help = "name in `to:` a topic that leads to the Slack app's channel, or remove `chart`";
            checker.report(Problem::warning(place, message).help(help));
        }
    }
}

/// Whether a Slack app may be told of an alarm that notifies these topics: by one of them, or by a rule.
fn hears(stack: &Stack, topics: &[String]) -> bool {
    let by_rules = stack.rules.values().flat_map(|rule| &rule.to);
    topics.iter().chain(by_rules).any(|name| {
        let topic = stack.topics.get(name);
        let channels = topic.map_or(std::slice::from_ref(name), |topic| topic.to.as_slice());
        channels.iter().any(|channel| is_slack_app(stack, channel))
    })
}

fn is_slack_app(stack: &Stack, channel: &str) -> bool {
    let channel = stack.channels.get(channel);
    channel.is_some_and(|channel| channel.channel_type.is_slack_app())
}
