//! The text of the stack file: the sections in the order of docs/stack-file.md, with comments.

use std::collections::BTreeMap;
use std::ops::Range;

use alertctl_relay::ArnParts;
use serde_yaml::Mapping;

use super::remarks::quoted;
use super::{Draft, LeftOut, remarks, topics};
use crate::resource::inventory::Trail;
use crate::stack::written_entry;

/// How long a line of a comment may be, in characters.
const WIDTH: usize = 100;

const CHAT: &str = "Channels of Amazon Q Developer in chat applications are not imported: they post through an app of AWS, not to a \
                    webhook that could be written here. To have these alerts in Slack, Teams or elsewhere as alertctl words \
                    them, take the `#` away here, name the channel in `to:` of a topic below, and run \
                    `alertctl encrypt-hook --channel team --write`.";
const FILTERED: &str = "Only what was asked for by `--prefix` or `--tag` is here.";

/// The text, and which lines belong to which entry, by section and key.
pub(super) struct Page {
    pub text: String,
    lines: Vec<(Range<usize>, &'static str, String)>,
}

impl Page {
    /// Section and key of the alarm or the rule that has this line, counted from 1.
    pub fn entry_at(&self, line: usize) -> Option<(&'static str, &str)> {
        let found = self.lines.iter().find(|(lines, ..)| lines.contains(&line));
        found.map(|(_, section, key)| (*section, key.as_str()))
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
    lines.extend(section_of_topics(draft));
    let mut entries = Vec::new();
    if !draft.rules.is_empty() {
        lines.extend([String::new(), "rules:".to_owned()]);
        for (key, written) in &draft.rules {
            let start = lines.len() + 1;
            lines.extend(written_entry(&["rules", key], &written.entry.clone().into()));
            entries.push((start..lines.len() + 1, "rules", key.clone()));
        }
    }
    lines.extend(section_of_trail(draft));
    if !draft.alarms.is_empty() {
        lines.extend([String::new(), "alarms:".to_owned()]);
        for (key, written) in &draft.alarms {
            let start = lines.len() + 1;
            for remark in remarks::of_alarm(written.of, draft) {
                lines.extend(comment("  ", &remark));
            }
            lines.extend(written_entry(&["alarms", key], &written.entry.clone().into()));
            entries.push((start..lines.len() + 1, "alarms", key.clone()));
        }
    }
    lines.extend(not_here(&draft.left_out));
    Page {
        text: lines.join("\n") + "\n",
        lines: entries,
    }
}

fn head(draft: &Draft<'_>) -> Vec<String> {
    let scope = draft.request.scope;
    let about = format!(
        "The alerts of the account {} in {}, as `alertctl import` found them. `alertctl plan --adopt-all` shows what the \
         first `apply` would change: the tags of these alarms and rules, which say that they are the stack's, and nothing else.",
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

fn section_of_topics(draft: &Draft<'_>) -> Vec<String> {
    if draft.topics.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new()];
    lines.extend(comment(
        "",
        "Topics that the stack uses and does not own: it leaves their policies, settings and subscriptions alone.",
    ));
    lines.push("topics:".to_owned());
    for (key, topic) in &draft.topics {
        let heard = topics::heard_by(topic).into_iter();
        lines.extend(heard.flat_map(|heard| comment("  ", &heard)));
        lines.extend(written_entry(
            &["topics", key],
            &topics::entry(topic, draft.request.scope),
        ));
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
    let is_foreign = |trail: &Trail| ArnParts::of(&trail.arn).account != scope.account;
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
