//! Who may do what after a plan, in sentences.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{printable, style};
use crate::cli::Detail;
use crate::engine::plan::{Action, Effect, Permission, Plan, Turn};

/// Most sentences, unless all are asked for.
const LINES: usize = 12;
/// Most names in a list, unless all are asked for.
const NAMES: usize = 4;

/// Before what belongs to the principal itself.
const OWN: &str = "its own ";

/// Permissions that are said in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sentence {
    wide: Vec<String>,
    change: Turn,
    effect: Effect,
    may: String,
    who: Vec<String>,
    on: Vec<String>,
    /// Sources and conditions; `None` if each of those said together has others.
    under: Option<(Vec<String>, Vec<String>)>,
}

impl Plan {
    /// The section of a plan's text. Nothing if nobody's permissions change, or if the whole stack is deleted.
    pub(super) fn permissions_text(&self, text: &mut String, detail: Detail) {
        if self.permissions.is_empty() || self.is_by_name() {
            return;
        }
        let (bold, warning, dim) = (style::BOLD, style::WARNING, style::DIM);
        let _ = writeln!(text, "{bold}permissions{bold:#}\n");
        let (sentences, more) = sentences(&self.permissions, detail.full);
        for sentence in &sentences {
            let _ = match (sentence.mark(), sentence.change) {
                (Some(mark), _) => writeln!(
                    text,
                    "  {warning}! {mark}{warning:#}: {}",
                    sentence.text(detail.full)
                ),
                (None, change) => {
                    let (sign, color) = style::symbol(match change {
                        Turn::Granted => Action::Create,
                        Turn::Revoked => Action::Delete,
                    });
                    writeln!(text, "  {color}{sign}{color:#} {}", sentence.text(detail.full))
                }
            };
        }
        if more > 0 {
            let _ = writeln!(text, "  {dim}… {more} more; `--full` shows all{dim:#}");
        }
        text.push('\n');
    }

    /// The same sentences for a comment, with Markdown's marks to be escaped.
    pub(super) fn permissions_listed(&self) -> Vec<String> {
        if self.is_by_name() {
            return Vec::new();
        }
        let (sentences, more) = sentences(&self.permissions, false);
        let sentence = |sentence: &Sentence| match sentence.mark() {
            Some(mark) => format!("⚠️ {mark}: {}", sentence.text(false)),
            None => sentence.text(false),
        };
        let mut lines: Vec<_> = sentences.iter().map(sentence).collect();
        lines.extend((more > 0).then(|| format!("… {more} more")));
        lines
    }
}

impl Sentence {
    fn of(permission: &Permission) -> Self {
        let Permission {
            who,
            may,
            on,
            change,
            effect,
            sources,
            when,
            wide,
            node: _,
        } = permission;
        // Each function has a log group, a queue … of its own.
        let own = on.split_once('/').filter(|(_, key)| key == who);
        let on = match own {
            Some((noun, _)) => format!("{OWN}{}", noun.replace('-', " ")),
            None => on.clone(),
        };
        Self {
            wide: wide.clone(),
            change: *change,
            effect: *effect,
            may: may.clone(),
            who: vec![who.clone()],
            on: vec![on],
            under: Some((sources.clone(), when.clone())),
        }
    }

    /// What warns of a wide permission.
    fn mark(&self) -> Option<String> {
        (!self.wide.is_empty()).then(|| format!("wide ({})", self.wide.join(", ")))
    }

    /// Whether it is only about what everybody has for themselves.
    fn is_own(&self) -> bool {
        self.on.iter().all(|on| on.starts_with(OWN))
    }

    fn text(&self, full: bool) -> String {
        let most = if full { usize::MAX } else { NAMES };
        let several = self.who.len() > 1;
        let who = listed(&self.who, most);
        let turn = match (self.effect, self.change, several) {
            (Effect::Allow, Turn::Granted, _) => "may now",
            (Effect::Allow, Turn::Revoked, _) => "may no longer",
            (Effect::Deny, Turn::Granted, false) => "is now forbidden to",
            (Effect::Deny, Turn::Granted, true) => "are now forbidden to",
            (Effect::Deny, Turn::Revoked, false) => "is no longer forbidden to",
            (Effect::Deny, Turn::Revoked, true) => "are no longer forbidden to",
        };
        let on: Vec<_> = self
            .on
            .iter()
            .map(|on| match on.strip_prefix(OWN).filter(|_| several) {
                Some(noun) => format!("their own {noun}s"),
                None => on.clone(),
            })
            .collect();
        let under = match &self.under {
            None => " (each under its own conditions)".to_owned(),
            Some((sources, when)) => {
                let sources =
                    (!sources.is_empty()).then(|| format!("for {}", listed(&together(sources), most)));
                let parts: Vec<_> = sources.into_iter().chain(when.iter().cloned()).collect();
                match parts.is_empty() {
                    true => String::new(),
                    false => format!(" ({})", parts.join(", ")),
                }
            }
        };
        printable(&format!("{who} {turn} {} {}{under}", self.may, listed(&on, most)))
    }
}

/// The sentences, wide ones first, and how many more there are.
fn sentences(permissions: &[Permission], full: bool) -> (Vec<Sentence>, usize) {
    let each = permissions.iter().map(Sentence::of).collect();
    let by_who = joined(
        each,
        |one| Sentence {
            who: Vec::new(),
            ..one.clone()
        },
        false,
    );
    let mut said = joined(
        by_who,
        |one| Sentence {
            on: Vec::new(),
            ..one.clone()
        },
        false,
    );
    if !full && said.len() > LINES {
        let alike = |one: &Sentence| Sentence {
            on: one
                .on
                .iter()
                .map(|on| noun(on))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            under: None,
            ..one.clone()
        };
        said = joined(said, alike, true);
    }
    said.sort_by_key(|one| (one.wide.is_empty(), one.is_own(), one.change));
    let more = match full || said.len() <= LINES {
        true => 0,
        false => said.len() - (LINES - 1),
    };
    said.truncate(said.len() - more);
    (said, more)
}

/// Makes one sentence of those that are alike, in the order of the first of them. `loosely`: whatever their conditions.
fn joined(sentences: Vec<Sentence>, alike: impl Fn(&Sentence) -> Sentence, loosely: bool) -> Vec<Sentence> {
    let mut said: Vec<(Sentence, Sentence)> = Vec::new();
    for sentence in sentences {
        let key = alike(&sentence);
        match said.iter_mut().find(|(other, _)| *other == key) {
            Some((_, one)) => {
                add(&mut one.who, sentence.who);
                add(&mut one.on, sentence.on);
                if loosely && one.under != sentence.under {
                    one.under = None;
                }
            }
            None => said.push((key, sentence)),
        }
    }
    said.into_iter().map(|(_, sentence)| sentence).collect()
}

fn add(names: &mut Vec<String>, more: Vec<String>) {
    for name in more {
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

/// What kind of thing an object is: `topic` of `topic/alerts`, `rules` of `rules shop-*`.
fn noun(on: &str) -> String {
    let end = on.find(['/', ' ']).unwrap_or(on.len());
    on.get(..end).unwrap_or(on).to_owned()
}

/// Names of one kind with the kind's name once: `alarms cpu, mem` of `alarm/cpu` and `alarm/mem`.
fn together(names: &[String]) -> Vec<String> {
    let split = |name: &String| {
        name.split_once('/')
            .map(|(noun, key)| (noun.to_owned(), key.to_owned()))
    };
    let parts: Option<Vec<_>> = names.iter().map(split).collect();
    match parts.as_deref() {
        Some([(noun, key), rest @ ..]) if !rest.is_empty() && rest.iter().all(|(other, _)| other == noun) => {
            let first = format!("{noun}s {key}");
            [first]
                .into_iter()
                .chain(rest.iter().map(|(_, key)| key.clone()))
                .collect()
        }
        _ => names.to_vec(),
    }
}

/// `a, b and c`, or `a, b, c and 37 more`.
fn listed(names: &[String], most: usize) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= most => format!("{} and {last}", first.join(", ")),
        _ => {
            let shown = most - 1;
            let named: Vec<_> = names.iter().take(shown).cloned().collect();
            format!("{} and {} more", named.join(", "), names.len() - shown)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(who: &str, may: &str, on: &str) -> Permission {
        Permission {
            who: who.into(),
            may: may.into(),
            on: on.into(),
            change: Turn::Granted,
            effect: Effect::Allow,
            sources: Vec::new(),
            when: Vec::new(),
            wide: Vec::new(),
            node: "iam-role-policy/x".into(),
        }
    }

    fn said(permissions: &[Permission], full: bool) -> Vec<String> {
        let (sentences, more) = sentences(permissions, full);
        let lines = sentences.iter().map(|one| one.text(full));
        lines.chain((more > 0).then(|| format!("{more} more"))).collect()
    }

    #[test]
    fn the_same_of_many_is_said_once() {
        let topics =
            (0..40).map(|number| permission("EventBridge", "publish to", &format!("topic/t{number}")));
        let topics: Vec<_> = topics.collect();
        assert_eq!(
            said(&topics, false),
            ["EventBridge may now publish to topic/t0, topic/t1, topic/t2 and 37 more"]
        );
        assert!(said(&topics, true)[0].ends_with("topic/t38 and topic/t39"));
        let logs = ["relay", "guard", "endpoint.a"]
            .map(|who| permission(who, "write logs to", &format!("log-group/{who}")));
        assert_eq!(
            said(&logs, false),
            ["relay, guard and endpoint.a may now write logs to their own log groups"]
        );
        assert_eq!(
            said(&logs[..1], false),
            ["relay may now write logs to its own log group"]
        );
    }

    #[test]
    fn many_with_conditions_of_their_own_are_said_loosely() {
        let own = |number: usize| Permission {
            sources: vec![format!("alarm/a{number}"), format!("alarm/b{number}")],
            ..permission("CloudWatch", "publish to", &format!("topic/t{number}"))
        };
        let few: Vec<_> = (0..2).map(own).collect();
        assert_eq!(
            said(&few, false),
            [
                "CloudWatch may now publish to topic/t0 (for alarms a0 and b0)",
                "CloudWatch may now publish to topic/t1 (for alarms a1 and b1)"
            ]
        );
        let many: Vec<_> = (0..40).map(own).collect();
        assert_eq!(
            said(&many, false),
            [
                "CloudWatch may now publish to topic/t0, topic/t1, topic/t2 and 37 more (each under its own conditions)"
            ]
        );
        assert_eq!(said(&many, true).len(), 40);
    }

    #[test]
    fn what_is_wide_comes_first_and_is_never_left_out() {
        let plain = (0..30).map(|number| permission("relay", &format!("call x:{number}"), "any resource"));
        let wide = Permission {
            wide: vec!["anybody".into()],
            ..permission("anybody", "publish to", "topic/ops")
        };
        let all: Vec<_> = plain.chain([wide]).collect();
        let lines = said(&all, false);
        assert_eq!(lines.len(), 12);
        assert_eq!(lines[0], "anybody may now publish to topic/ops");
        assert_eq!(lines[11], "20 more");
        assert_eq!(Sentence::of(&all[30]).mark().as_deref(), Some("wide (anybody)"));
    }

    #[test]
    fn what_is_denied_or_taken_away_is_said_so() {
        let denied = Permission {
            effect: Effect::Deny,
            when: vec!["without TLS".into()],
            ..permission("anybody", "do anything with", "bucket/trail")
        };
        let text = |one: &Permission| said(std::slice::from_ref(one), false).concat();
        assert_eq!(
            text(&denied),
            "anybody is now forbidden to do anything with bucket/trail (without TLS)"
        );
        let lifted = Permission {
            change: Turn::Revoked,
            ..denied
        };
        assert_eq!(
            text(&lifted),
            "anybody is no longer forbidden to do anything with bucket/trail (without TLS)"
        );
        let revoked = Permission {
            change: Turn::Revoked,
            ..permission("relay", "publish to", "topic/ops\u{1b}[2J")
        };
        assert_eq!(text(&revoked), "relay may no longer publish to topic/ops [2J");
    }
}
