//! ARNs in the stack file in place of keys: what alarms and rules lead to besides the stack's own topics and channels.

use alertctl_relay::ArnParts;

use super::regions::is_shaped;
use super::{Checker, is_account_id, is_name};
use crate::stack::file::problem::Problem;
use crate::stack::model::Alarm;

/// What CloudWatch runs when an alarm changes its state, by the service in its ARN. Source: CloudWatch API Reference,
/// "PutMetricAlarm" and "PutCompositeAlarm", `AlarmActions`.
const ACTIONS: [&str; 8] = [
    "sns",
    "lambda",
    "ssm",
    "ssm-incidents",
    "aiops",
    "autoscaling",
    "automate",
    "swf",
];
/// Those of them that a composite alarm cannot run.
const NOT_COMPOSITE: [&str; 3] = ["autoscaling", "automate", "swf"];
/// What a log alarm runs; of `ssm` only OpsItems.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-log.html>
const OF_LOGS: [&str; 3] = ["sns", "lambda", "ssm"];
/// What EventBridge sends events to without a role.
const TARGETS: [&str; 3] = ["sns", "sqs", "lambda"];

/// The sorts of alarms that do not run everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Metric,
    Composite,
    Logs,
}

impl Sort {
    pub fn of(alarm: &Alarm) -> Self {
        match (&alarm.rule, &alarm.logs) {
            (Some(_), _) => Self::Composite,
            (None, Some(_)) => Self::Logs,
            (None, None) => Self::Metric,
        }
    }
}

/// The parts of an ARN; `None` for what is none of AWS's.
pub(super) fn parts(arn: &str) -> Option<ArnParts<'_>> {
    let is_plain = arn.chars().all(|character| character.is_ascii_graphic());
    ArnParts::parse(arn).filter(|parts| {
        is_plain
            && parts.partition.starts_with("aws")
            && !parts.service.is_empty()
            && !parts.resource.is_empty()
    })
}

fn is_topic(arn: &ArnParts<'_>) -> bool {
    arn.service == "sns"
        && is_shaped(arn.region)
        && is_account_id(arn.account)
        && arn.resource.len() <= 256
        && arn.resource.chars().all(is_name)
}

/// What is wrong with the ARN of an existing topic, and what to write instead.
pub(super) fn topic_fault(arn: &str) -> Option<(&'static str, String)> {
    let help = || "write `arn:aws:sns:<region>:<account>:<topic>`".to_owned();
    match parts(arn) {
        Some(parts) if is_topic(&parts) => None,
        Some(parts) if parts.service == "sns" && parts.resource.ends_with(".fifo") => Some((
            "this is a FIFO topic, which has no e-mail, function or web page as a receiver",
            "name a standard topic".to_owned(),
        )),
        _ => Some(("this is not the ARN of a topic", help())),
    }
}

/// The region in the ARN of a topic.
pub(super) fn region_of(arn: &str) -> Option<&str> {
    parts(arn)
        .map(|parts| parts.region)
        .filter(|region| !region.is_empty())
}

/// Checks an ARN among the actions of an alarm in `region`, if that is known.
pub(super) fn action(checker: &mut Checker<'_>, path: &[&str], arn: &str, region: Option<&str>, sort: Sort) {
    let place = checker.at(path);
    let Some(parts) = parts(arn).filter(|parts| ACTIONS.contains(&parts.service)) else {
        let problem = Problem::error(place, "this is not the ARN of something that an alarm can run");
        checker.report(problem.help(format!(
            "an alarm runs topics, functions, OpsItems, incidents, scaling policies and EC2 actions: ARNs of {}",
            ACTIONS.join(", ")
        )));
        return;
    };
    if let Some((fact, help)) = topic_fault(arn).filter(|_| parts.service == "sns") {
        checker.report(Problem::error(place, fact).help(help));
        return;
    }
    if sort == Sort::Composite && NOT_COMPOSITE.contains(&parts.service) {
        let problem = Problem::error(place, "a composite alarm cannot run this");
        checker.report(problem.help("give this action to one of the alarms that it watches"));
        return;
    }
    let is_other = parts.service == "ssm" && !parts.resource.starts_with("opsitem:");
    if sort == Sort::Logs && (is_other || !OF_LOGS.contains(&parts.service)) {
        let problem = Problem::error(place, "a log alarm cannot run this");
        checker.report(problem.help("a log alarm runs topics, functions and OpsItems"));
        return;
    }
    let elsewhere = region.is_some_and(|region| !parts.region.is_empty() && parts.region != region);
    if elsewhere {
        let message = format!(
            "this is in {}, the alarm in {}",
            parts.region,
            region.unwrap_or_default()
        );
        let problem =
            Problem::error(place, message).label("CloudWatch runs only what is in the alarm's region");
        checker.report(problem.help("name something in the alarm's region"));
    }
}

/// Checks an ARN among the receivers of a rule.
pub(super) fn target(checker: &mut Checker<'_>, path: &[&str], arn: &str) {
    let place = checker.at(path);
    let home = checker.stack.region.as_deref();
    let Some(parts) = parts(arn).filter(|parts| TARGETS.contains(&parts.service)) else {
        let problem = Problem::error(place, "a rule of a stack does not send to this");
        checker.report(
            problem.help("a rule sends to topics, queues and functions: ARNs of sns, sqs and lambda"),
        );
        return;
    };
    let fault = match parts.service {
        "sns" => topic_fault(arn).map(|(fact, help)| (fact.to_owned(), help)),
        _ if parts.resource.ends_with(".fifo") => Some((
            "a FIFO queue needs a group for each message, which a rule of a stack does not set".to_owned(),
            "name a standard queue".to_owned(),
        )),
        _ => elsewhere(&parts, home, "name a receiver in the rule's region"),
    };
    if let Some((fact, help)) = fault {
        checker.report(Problem::error(place, fact).help(help));
    }
}

/// Checks the ARN of the dead-letter queue of a rule's targets.
pub(super) fn dead_letter_queue(checker: &mut Checker<'_>, path: &[&str], arn: &str) {
    let home = checker.stack.region.as_deref();
    let fault = match parts(arn).filter(|parts| parts.service == "sqs" && is_account_id(parts.account)) {
        None => Some((
            "this is not the ARN of a queue".to_owned(),
            "write `arn:aws:sqs:<region>:<account>:<queue>`, or `false` for no queue".to_owned(),
        )),
        Some(parts) if parts.resource.ends_with(".fifo") => Some((
            "EventBridge puts dead letters into no FIFO queue".to_owned(),
            "name a standard queue".to_owned(),
        )),
        Some(parts) => elsewhere(&parts, home, "name a queue in the rule's region"),
    };
    if let Some((fact, help)) = fault {
        checker.report(Problem::error(checker.at(path), fact).help(help));
    }
}

/// What is wrong with something in another region than the stack's rules.
fn elsewhere(parts: &ArnParts<'_>, home: Option<&str>, help: &str) -> Option<(String, String)> {
    let home = home.filter(|home| parts.region != *home)?;
    let fact = format!("this is in {}, the rule in {home}", parts.region);
    Some((fact, help.to_owned()))
}

/// What to do about an ARN where only a key of this file can be.
pub(super) fn instead(name: &str) -> Option<String> {
    name.strip_prefix("arn:")?;
    let topic = parts(name).filter(is_topic);
    Some(match topic {
        Some(_) => format!("add `topics: {{ KEY: {{ existing: \"{name}\" }} }}`, and write KEY here"),
        None => "only alarms and rules name something by its ARN: write a key of this file here".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_where_a_key_must_be_is_told_the_way_to_one() {
        let topic = instead("arn:aws:sns:eu-west-1:111122223333:ops").unwrap();
        assert!(
            topic.contains("existing: \"arn:aws:sns:eu-west-1:111122223333:ops\""),
            "{topic}"
        );
        let other = instead("arn:aws:iam::111122223333:role/r").unwrap();
        assert!(other.contains("by its ARN"), "{other}");
        assert_eq!(instead("arnold"), None);
        assert!(instead("arn:").is_some());
    }

    #[test]
    fn a_topic_is_known_by_its_arn() {
        assert_eq!(topic_fault("arn:aws-cn:sns:cn-north-1:111122223333:ops"), None);
        for wrong in [
            "arn:aws:sns:eu-west-1:111122223333:ops:subscription",
            "arn:aws:sns:eu-west-1:111122223333:ops.fifo",
            "arn:aws:sns::111122223333:ops",
            "arn:aws:sns:eu-west-1:ops",
            "arn:aws:sqs:eu-west-1:111122223333:ops",
        ] {
            assert!(topic_fault(wrong).is_some(), "{wrong}");
        }
    }
}
