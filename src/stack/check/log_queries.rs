//! Checks log alarms: the query, its log groups, what is made of its results, and when it runs.

mod aggregation;

use super::trail::log_group_name;
use super::{Checker, arn, one_of};
use crate::partition::has_log_alarms;
use crate::stack::file::problem::Problem;
use crate::stack::model::{Alarm, Bound, Lasting, LogQuery};

/// Most log groups, runs of the query that count, and log events in a message.
const MAX_GROUPS: usize = 50;
const MAX_RUNS: i32 = 100;
const MAX_LINES: i32 = 50;
/// Longest query and aggregation, in characters.
const MAX_QUERY: usize = 10_000;
const MAX_AGGREGATION: usize = 2_048;
/// How far back a query may look, and how seldom it may run: 30 days, in seconds.
const MAX_SECONDS: u64 = 2_592_000;
/// How a threshold may compare.
const SIGNS: [&str; 4] = [">=", ">", "<=", "<"];
/// The function that shows what a data protection policy masks.
const UNMASK: &str = "unmask(";

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutLogAlarm.html>
pub(super) fn check(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    let Some(logs) = &alarm.logs else { return };
    let at = |key: &'static str| [path, &["logs", key]].concat();
    let region = alarm.region.as_deref().or(checker.stack.region.as_deref());
    if let Some(region) = region.filter(|region| !has_log_alarms(region)) {
        let place = checker.key(&[path, &["logs"]].concat());
        let problem = Problem::error(place, format!("CloudWatch has no log alarms in {region}"));
        checker.report(problem.help("count the log events with `filter` instead"));
    }
    groups(checker, &at("groups"), &logs.groups, region);
    checker.text(&at("query"), &logs.query, 1..=MAX_QUERY, |_| true, "anything");
    unmasked(checker, &at("query"), logs);
    aggregation(checker, &at("aggregate"), &logs.aggregate);
    checker.range(&at("lines"), logs.lines, 0..=MAX_LINES, " log events");
    times(checker, path, logs);
    judged(checker, path, alarm);
}

fn groups(checker: &mut Checker<'_>, path: &[&str], groups: &[String], region: Option<&str>) {
    if !(1..=MAX_GROUPS).contains(&groups.len()) {
        let message = format!("`groups` names {} log groups", groups.len());
        let problem =
            Problem::error(checker.key(path), message).label(format!("1 to {MAX_GROUPS} are allowed"));
        checker.report(problem.help(match groups.is_empty() {
            true => "name one, such as `groups: [/aws/lambda/checkout]`",
            false => "split the alarm, and join its parts by an alarm with `rule`",
        }));
    }
    for (index, group) in groups.iter().enumerate() {
        let number = index.to_string();
        let at = [path, &[number.as_str()]].concat();
        if groups.iter().take(index).any(|other| other == group) {
            let problem = Problem::error(checker.at(&at), "this log group is named twice");
            checker.report(problem.help("remove one of the two"));
        } else if group.starts_with("arn:") {
            group_arn(checker, &at, group, region);
        } else {
            log_group_name(checker, &at, group);
        }
    }
}

fn group_arn(checker: &mut Checker<'_>, path: &[&str], arn: &str, region: Option<&str>) {
    let parts = arn::parts(arn).filter(|parts| parts.service == "logs");
    let is_group = |resource: &str| {
        let name = resource
            .strip_prefix("log-group:")
            .map(|name| name.strip_suffix(":*").unwrap_or(name));
        name.is_some_and(|name| !name.is_empty() && !name.contains(':'))
    };
    let Some(parts) = parts.filter(|parts| is_group(parts.resource)) else {
        let problem = Problem::error(checker.at(path), "this is not the ARN of a log group");
        checker.report(problem.help("write `arn:aws:logs:<region>:<account>:log-group:<name>`, or the name"));
        return;
    };
    if let Some(region) = region.filter(|region| parts.region != *region) {
        let message = format!("this is in {}, the alarm in {region}", parts.region);
        let problem = Problem::error(checker.at(path), message);
        checker.report(problem.help("name log groups of the alarm's region"));
    }
}

/// What is masked would be shown to everybody who gets the message.
fn unmasked(checker: &mut Checker<'_>, path: &[&str], logs: &LogQuery) {
    if let Some(start) = logs
        .query
        .to_ascii_lowercase()
        .find(UNMASK)
        .filter(|_| logs.lines > 0)
    {
        let place = checker.within(path, &logs.query, &(start..start + UNMASK.len() - 1));
        let problem = Problem::error(place, "CloudWatch shows no log events of a query with `unmask`");
        checker.report(problem.help("remove it, or `lines`"));
    }
}

fn aggregation(checker: &mut Checker<'_>, path: &[&str], text: &str) {
    checker.text(path, text, 1..=MAX_AGGREGATION, |_| true, "anything");
    if let Some(fault) = aggregation::fault(text).filter(|_| !text.trim().is_empty()) {
        let place = checker.within(path, text, &fault.part);
        checker.report(Problem::error(place, fault.fact).help(fault.help));
    }
}

fn times(checker: &mut Checker<'_>, path: &[&str], logs: &LogQuery) {
    let at = |key: &'static str| [path, &["logs", key]].concat();
    let every = logs.every.seconds();
    if !every.is_multiple_of(60) || every > MAX_SECONDS {
        let problem = Problem::error(checker.at(&at("every")), "a query cannot run this often");
        checker.report(problem.help("write whole minutes, from `1m` to `30d`"));
    }
    let total = logs.start_offset();
    if total > MAX_SECONDS {
        let written = |key: &&&str| checker.is_written(&[path, &["logs", **key]].concat());
        let longest = ["window", "delay", "every"];
        let key = longest.iter().find(written).copied().unwrap_or("every");
        let problem = Problem::error(
            checker.at(&[path, &["logs", key]].concat()),
            format!("a run looks back {total} seconds"),
        );
        checker.report(
            problem
                .label(format!("at most {MAX_SECONDS}, which is 30 days"))
                .help("shorten `window` or `delay`"),
        );
    }
    // Log events between two runs would count in neither.
    let window = logs.window.map(Lasting::seconds);
    if let Some(window) = window.filter(|window| *window < every) {
        let message = format!("a run looks at {window} of every {every} seconds");
        let problem = Problem::warning(checker.at(&at("window")), message);
        checker.report(problem.help("remove `window`, or nobody hears of the log events between"));
    }
}

/// The threshold, and how many results it is compared with.
fn judged(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    let at = |key: &'static str| [path, &[key]].concat();
    if let Some(threshold) = &alarm.threshold
        && !matches!(threshold.bound, Bound::Value(_))
    {
        let message = "a log alarm has no band to compare with";
        let problem = Problem::error(checker.at(&at("threshold")), message);
        checker.report(problem.help(format!("compare with a number: {}", one_of(&SIGNS))));
    }
    let runs = alarm.evaluation_periods;
    checker.range(
        &at("evaluation_periods"),
        runs,
        1..=MAX_RUNS,
        " runs of the query",
    );
    if let Some(breaching) = alarm.datapoints_to_alarm
        && !(1..=runs.max(1)).contains(&breaching)
    {
        let message = format!("{breaching} of {runs} runs of the query cannot breach");
        let problem = Problem::error(checker.at(&at("datapoints_to_alarm")), message);
        let most = runs.max(1);
        checker.report(problem.help(format!("write 1 to {most}, or raise `evaluation_periods`")));
    }
}
