//! The text of the stack file: the sections in the order of docs/stack-file.md, with comments.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_yaml::{Mapping, Value};

use super::remarks::quoted;
use super::{Draft, LeftOut, remarks, rules, topics};
use crate::resource::inventory::{Topic, Trail};
use crate::stack::written_entry;

/// How long a line of a comment may be, in characters.
const WIDTH: usize = 100;

const CHAT: &str = "Channels of Amazon Q Developer in chat applications are not imported: they post through an app of AWS, not to a \
                    webhook that could be written here. To have these alerts in Slack, Teams or elsewhere as alertctl words \
                    them, take the `#` away here, name the channel in `to:` of a topic below, and run \
                    `alertctl encrypt-hook --channel team --write`.";
const RULES: &str = "These rules stay as they are: a rule of a stack has a dead-letter queue behind each target, so the stack would \
                     change their targets. To take one over, take the `#` away, and look at what `alertctl plan --adopt-all` says.";
const FILTERED: &str = "Only what was asked for by `--prefix` or `--tag` is here.";

/// The text, and which lines are an alarm's.
pub(super) struct Page {
    pub text: String,
    lines: Vec<(Range<usize>, String)>,
}

impl Page {
    /// The key of the alarm that has this line, counted from 1.
    pub fn alarm_at(&self, line: usize) -> Option<&str> {
        let found = self.lines.iter().find(|(lines, _)| lines.contains(&line));
        found.map(|(_, key)| key.as_str())
    }
}

/// The text of a draft.
pub(super) fn write(draft: &Draft<'_>) -> Page {
    let mut lines = head(draft);
    lines.push(String::new());
    lines.extend(comment("", CHAT));
    lines.extend(
        ["channels:", "  team: { webhook: { env: SLACK_WEBHOOK_URL } }"].map(|line| format!("# {line}")),
    );
    let of_rules = topics_of_rules(draft);
    lines.extend(section_of_topics(draft, &of_rules));
    lines.extend(section_of_rules(draft, &of_rules));
    lines.extend(section_of_trail(draft));
    let mut of_alarms = Vec::new();
    if !draft.alarms.is_empty() {
        lines.extend([String::new(), "alarms:".to_owned()]);
        for (key, written) in &draft.alarms {
            let start = lines.len() + 1;
            for remark in remarks::of_alarm(written.alarm, draft) {
                lines.extend(comment("  ", &remark));
            }
            lines.extend(written_entry(&["alarms", key], &written.entry.clone().into()));
            of_alarms.push((start..lines.len() + 1, key.clone()));
        }
    }
    lines.extend(not_here(&draft.left_out));
    Page {
        text: lines.join("\n") + "\n",
        lines: of_alarms,
    }
}

fn head(draft: &Draft<'_>) -> Vec<String> {
    let scope = draft.request.scope;
    let about = format!(
        "The alerts of the account {} in {}, as `alertctl import` found them. `alertctl plan --adopt-all` shows what the \
         first `apply` would change: the tags of these alarms, which say that they are the stack's, and nothing else.",
        scope.account, scope.region
    );
    let mut lines = comment("", &about);
    let selection = draft.request.selection;
    if selection.prefix.is_some() || !selection.tags.is_empty() {
        lines.extend(comment("", FILTERED));
    }
    for unread in &draft.inventory.unread {
        let text = format!("Not read: {} ({}).", unread.what, quoted(&unread.fault.bare()));
        lines.extend(comment("", &text));
    }
    lines.extend(written_entry(&["stack"], &draft.request.stack.into()));
    lines.extend(written_entry(&["region"], &scope.region.as_str().into()));
    lines
}

/// The topics that only rules tell, by ARN, with keys that no other topic has.
fn topics_of_rules<'a>(draft: &Draft<'a>) -> BTreeMap<&'a str, (String, &'a Topic)> {
    let rules = draft
        .inventory
        .rules
        .iter()
        .filter(|rule| rules::unsayable(rule).is_none());
    let arns = rules
        .flat_map(|rule| &rule.targets)
        .map(|target| target.arn.as_str());
    let has_key = |arn: &str| draft.topics.values().any(|topic| topic.arn == arn);
    let mut found: Vec<&'a Topic> = arns
        .filter(|arn| !has_key(arn))
        .filter_map(|arn| draft.topic(arn))
        .filter(|topic| topics::can_be_named(topic))
        .collect();
    found.sort_by(|one, other| one.arn.cmp(&other.arn));
    found.dedup_by(|one, other| one.arn == other.arn);
    let names: Vec<&str> = found.iter().map(|topic| topic.name.as_str()).collect();
    let keys = super::keys::of(&names, draft.request, "topic");
    let free = |key: String| match draft.topics.contains_key(&key) {
        true => format!("{key}-of-rules"),
        false => key,
    };
    let keyed = keys.into_iter().map(free).zip(found);
    keyed
        .map(|(key, topic)| (topic.arn.as_str(), (key, topic)))
        .collect()
}

fn section_of_topics(draft: &Draft<'_>, of_rules: &BTreeMap<&str, (String, &Topic)>) -> Vec<String> {
    if draft.topics.is_empty() && of_rules.is_empty() {
        return Vec::new();
    }
    let is_empty = draft.topics.is_empty();
    let mut lines = vec![String::new()];
    lines.extend(comment(
        "",
        "Topics that the stack uses and does not own: it leaves their policies, settings and subscriptions alone.",
    ));
    lines.push(if is_empty { "# topics:" } else { "topics:" }.to_owned());
    for (key, topic) in &draft.topics {
        let heard = topics::heard_by(topic).into_iter();
        lines.extend(heard.flat_map(|heard| comment("  ", &heard)));
        lines.extend(written_entry(
            &["topics", key],
            &topics::entry(topic, draft.request.scope),
        ));
    }
    for (key, topic) in of_rules.values() {
        lines.extend(out(written_entry(
            &["topics", key],
            &topics::entry(topic, draft.request.scope),
        )));
    }
    lines
}

/// Lines that are only a comment until somebody wants them.
fn out(lines: Vec<String>) -> Vec<String> {
    lines
        .into_iter()
        .map(|line| format!("# {line}").trim_end().to_owned())
        .collect()
}

fn section_of_rules(draft: &Draft<'_>, of_rules: &BTreeMap<&str, (String, &Topic)>) -> Vec<String> {
    let sayable = draft
        .inventory
        .rules
        .iter()
        .filter(|rule| rules::unsayable(rule).is_none());
    let sayable: Vec<_> = sayable.collect();
    if sayable.is_empty() {
        return Vec::new();
    }
    let mut keys: BTreeMap<&str, &str> = of_rules
        .iter()
        .map(|(arn, (key, _))| (*arn, key.as_str()))
        .collect();
    keys.extend(
        draft
            .topics
            .iter()
            .map(|(key, topic)| (topic.arn.as_str(), key.as_str())),
    );
    let names: Vec<&str> = sayable.iter().map(|rule| rule.name.as_str()).collect();
    let rule_keys = super::keys::of(&names, draft.request, "rule");
    let mut lines = vec![String::new()];
    lines.extend(comment("", RULES));
    lines.push("# rules:".to_owned());
    for (rule, key) in sayable.iter().zip(&rule_keys) {
        let entry: Value = rules::entry(rule, &keys).into();
        lines.extend(out(written_entry(&["rules", key], &entry)));
    }
    lines
}

/// The trail that the account has, if its own region is this one or if it logs here.
fn section_of_trail(draft: &Draft<'_>) -> Vec<String> {
    let selection = draft.request.selection;
    if selection.prefix.is_some() || !selection.tags.is_empty() {
        return Vec::new();
    }
    let scope = draft.request.scope;
    let is_foreign = |trail: &Trail| trail.arn.split(':').nth(4) != Some(&scope.account);
    let mut trails: Vec<&Trail> = draft.inventory.trails.iter().collect();
    trails.sort_by_key(|trail| {
        (
            is_foreign(trail),
            trail.logs != Ok(true),
            !trail.is_multi_region,
            &trail.arn,
        )
    });
    let Some((first, others)) = trails.split_first() else {
        return Vec::new();
    };
    let mut fields = Mapping::new();
    let name = match first.home_region == scope.region && !is_foreign(first) {
        true => first.name.as_str(),
        false => first.arn.as_str(),
    };
    fields.insert("existing".into(), name.into());
    let is_here = first.home_region == scope.region && !is_foreign(first);
    if let Some(group) = first.log_group.as_deref().filter(|_| is_here) {
        let group = Mapping::from_iter([("group".into(), group.into())]);
        fields.insert("logs".into(), group.into());
    }
    fields.insert("keep_logging".into(), false.into());
    let mut lines = vec![String::new()];
    let mut about = match &first.logs {
        Ok(true) => "It logs. The stack only looks whether it does.".to_owned(),
        Ok(false) => "It does not log now.".to_owned(),
        Err(_) => "Whether it logs could not be read.".to_owned(),
    };
    let others: Vec<_> = others
        .iter()
        .map(|trail| format!("`{}`", quoted(&trail.name)))
        .collect();
    if !others.is_empty() {
        about += &format!(" There are others: {}.", others.join(", "));
    }
    lines.extend(comment("", &about));
    lines.extend(written_entry(&["trail"], &fields.into()));
    lines
}

/// What is not in the file, by reason.
fn not_here(left_out: &[LeftOut]) -> Vec<String> {
    if left_out.is_empty() {
        return Vec::new();
    }
    let mut by_reason: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for LeftOut { what, name, reason } in left_out {
        let names = by_reason.entry((what, reason)).or_default();
        names.push(format!("`{}`", quoted(name)));
    }
    let mut lines = vec![String::new(), "# Left out:".to_owned()];
    for ((what, reason), names) in by_reason {
        let text = format!("- {what} {}: {}", names.join(", "), quoted_reason(reason));
        lines.extend(comment("", &text));
    }
    lines
}

/// A reason may quote values of somebody else's.
fn quoted_reason(reason: &str) -> String {
    let shown: String = reason
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    crate::stack::masked(&shown)
}

/// A text as lines of a comment. An element of a list goes on under its first word.
fn comment(indent: &str, text: &str) -> Vec<String> {
    let start = format!("{indent}#");
    let further = if text.starts_with("- ") { "  " } else { "" };
    let mut lines = vec![start.clone()];
    for word in words(text) {
        let Some(line) = lines.last_mut() else { break };
        let is_full = line.chars().count() + 1 + word.chars().count() > WIDTH;
        if is_full && line.len() > start.len() {
            lines.push(format!("{start}{further} {word}"));
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines
}

/// The parts of a text between which a line may end: blanks that are not between backticks.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    let parts = text.split(move |c: char| {
        is_code ^= c == '`';
        c == ' ' && !is_code
    });
    parts.filter(|word| !word.is_empty())
}
