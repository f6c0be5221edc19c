//! Checks composite alarms: their rules and their suppressors.

use std::collections::BTreeMap;

use super::Checker;
use crate::stack::compile::alarms::members;
use crate::stack::compile::composite::{Parsed, parse};
use crate::stack::file::problem::Problem;
use crate::stack::file::read::nearest;
use crate::stack::model::{Alarm, Suppressor};

const MAX_RULE: usize = 10_240;
const MAX_ALARMS: usize = 100;
const MAX_ELEMENTS: usize = 500;

/// Checks each rule, then all of them together for cycles.
pub(super) fn check(checker: &mut Checker<'_>, expanded: &BTreeMap<String, Alarm>) {
    let stack = checker.stack;
    let mut asked = BTreeMap::new();
    for (key, alarm) in &stack.alarms {
        if let Some(rule) = &alarm.rule {
            if let Some(parsed) = rule_of(checker, key, rule) {
                names(checker, key, rule, &parsed, expanded);
                asked.insert(key.as_str(), stack.alarm_rule_keys(rule));
            }
            if let Some(suppressor) = &alarm.suppressor {
                suppressed(checker, key, suppressor, expanded);
            }
        } else if alarm.suppressor.is_some() && !checker.is_written(&["alarms", key, "rule"]) {
            let place = checker.key(&["alarms", key, "suppressor"]);
            let problem = Problem::error(place, "only a composite alarm can be silenced by another");
            checker.report(problem.help("add `rule:`, such as `rule: ALARM(cpu)`, or remove `suppressor`"));
        }
    }
    circles(checker, &asked);
}

fn rule_of(checker: &mut Checker<'_>, key: &str, rule: &str) -> Option<Parsed> {
    let path = ["alarms", key, "rule"];
    match parse(rule) {
        Ok(parsed) => Some(parsed),
        Err(fault) => {
            let place = checker.within(&path, rule, &fault.span);
            checker.report(Problem::error(place, fault.message).help(fault.help));
            None
        }
    }
}

fn names(
    checker: &mut Checker<'_>,
    key: &str,
    rule: &str,
    parsed: &Parsed,
    expanded: &BTreeMap<String, Alarm>,
) {
    let stack = checker.stack;
    let path = ["alarms", key, "rule"];
    let mut different: Vec<_> = parsed
        .references
        .iter()
        .map(|reference| (&reference.name, reference.quoted))
        .collect();
    different.sort();
    different.dedup();
    if different.len() > MAX_ALARMS {
        let message = format!("the rule refers to {} alarms", different.len());
        let problem = Problem::error(checker.key(&path), message).label(format!("at most {MAX_ALARMS}"));
        checker.report(problem.help("join some of them in a composite alarm of their own"));
    }
    if parsed.elements > MAX_ELEMENTS {
        let message = format!(
            "the rule has {} alarms, constants and parentheses",
            parsed.elements
        );
        let problem = Problem::error(checker.key(&path), message).label(format!("at most {MAX_ELEMENTS}"));
        checker.report(problem.help("split it"));
    }
    let length = stack.alarm_rule(rule).chars().count();
    if length > MAX_RULE {
        let message = format!("with the alarms' names the rule has {length} characters");
        let problem = Problem::error(checker.key(&path), message).label(format!("at most {MAX_RULE}"));
        checker.report(problem.help("split it"));
    }
    for reference in parsed.references.iter().filter(|reference| !reference.quoted) {
        let name = reference.name.as_str();
        let known = || expanded.keys().map(String::as_str);
        if expanded.contains_key(name)
            || checker.keys("alarms").contains(&name) && !stack.alarms.contains_key(name)
        {
            continue;
        }
        let place = checker.within(&path, rule, &reference.span);
        let shown = name.escape_debug();
        let set = stack.alarms.get(name).filter(|alarm| alarm.preset.is_some());
        let problem = if let Some(set) = set {
            Problem::error(place, format!("`{shown}` is a set of alarms"))
                .help(format!("name one of them: {}", members(name, set).join(", ")))
        } else {
            let problem = Problem::error(place, format!("no alarm is called `{shown}`"));
            match nearest(name, known()) {
                Some(near) => problem
                    .label(format!("did you mean `{near}`?"))
                    .help(format!("write `{near}`, or the name of an alarm outside this file in quotes: \"{shown}\"")),
                None => problem.help(format!(
                    "write a key of `alarms`, or the name of an alarm outside this file in quotes: \"{shown}\""
                )),
            }
        };
        checker.report(problem);
    }
}

fn suppressed(
    checker: &mut Checker<'_>,
    key: &str,
    suppressor: &Suppressor,
    expanded: &BTreeMap<String, Alarm>,
) {
    let path = ["alarms", key, "suppressor"];
    let at = |field: &'static str| [path.as_slice(), &[field]].concat();
    let name = suppressor.alarm.as_str();
    let shown = name.escape_debug();
    if name == key {
        let problem = Problem::error(checker.at(&at("alarm")), "an alarm cannot silence itself");
        checker.report(problem.help("name another alarm"));
    } else if !expanded.contains_key(name)
        && let Some(near) = nearest(name, expanded.keys().map(String::as_str))
    {
        let message =
            format!("`{shown}` is not a key of `alarms`, so it is taken as an alarm outside this file");
        let problem = Problem::warning(checker.at(&at("alarm")), message);
        checker.report(
            problem
                .label(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`")),
        );
    }
    checker.text(
        &at("alarm"),
        name,
        1..=1600,
        |c| !c.is_control(),
        "one line of text",
    );
    checker.range(&at("wait"), suppressor.wait, 0..=86_400, " seconds");
    checker.range(&at("extension"), suppressor.extension, 0..=86_400, " seconds");
}

/// A composite alarm must not depend on itself, directly or through others.
fn circles(checker: &mut Checker<'_>, asked: &BTreeMap<&str, Vec<String>>) {
    let mut done: Vec<&str> = vec![];
    for start in asked.keys() {
        let mut way = vec![];
        if let Some(circle) = circle(start, asked, &mut way, &mut done) {
            let [first, ..] = circle.as_slice() else { continue };
            let problem = Problem::error(
                checker.at(&["alarms", first, "rule"]),
                format!("alarms refer to each other in a cycle: {}", circle.join(" -> ")),
            );
            checker.report(problem.help("remove one of them from the other's rule"));
        }
    }
}

/// Follows the rules from one alarm; returns the cycle, if it comes back to an alarm that it has visited.
fn circle<'a>(
    key: &'a str,
    asked: &'a BTreeMap<&str, Vec<String>>,
    way: &mut Vec<&'a str>,
    done: &mut Vec<&'a str>,
) -> Option<Vec<&'a str>> {
    if let Some(seen) = way.iter().position(|earlier| *earlier == key) {
        done.extend(way.iter());
        return Some([&way[seen..], &[key]].concat());
    }
    if done.contains(&key) {
        return None;
    }
    way.push(key);
    let next = asked.get(key).map(Vec::as_slice).unwrap_or_default();
    let found = next.iter().find_map(|next| circle(next, asked, way, done));
    way.pop();
    done.push(key);
    found
}
