//! Topics: the stack uses them as they are, since the policy that it would write for one of its own would be another.

use serde_yaml::{Mapping, Value};

use crate::resource::inventory::Topic;

/// Region and account in the ARN of a topic.
pub(super) fn place(arn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "sns", region, account, name] if !name.contains(':') => Some((region, account)),
        _ => None,
    }
}

/// Whether a stack file can name it: no topic with an order, which no alarm tells.
pub(super) fn can_be_named(topic: &Topic) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    !topic.name.is_empty() && topic.name.len() <= 256 && topic.name.chars().all(allowed)
}

/// The topic's entry in the file.
pub(super) fn entry(topic: &Topic) -> Value {
    Mapping::from_iter([("existing".into(), topic.name.as_str().into())]).into()
}

/// Who hears it, such as `2 × email, 1 × lambda`. Addresses are not said: some are secrets.
pub(super) fn heard_by(topic: &Topic) -> Option<String> {
    let subscriptions = topic.subscriptions.as_ref()?;
    if subscriptions.is_empty() {
        return Some("nobody hears it: it has no subscriptions".to_owned());
    }
    let mut counts: Vec<(&str, usize, usize)> = Vec::new();
    for one in subscriptions {
        let waits = usize::from(!one.is_confirmed);
        match counts.iter_mut().find(|(protocol, ..)| *protocol == one.protocol) {
            Some((_, all, waiting)) => (*all, *waiting) = (*all + 1, *waiting + waits),
            None => counts.push((&one.protocol, 1, waits)),
        }
    }
    counts.sort_unstable();
    let one = |(protocol, all, waiting): &(&str, usize, usize)| {
        let waiting = match waiting {
            0 => String::new(),
            count => format!(" ({count} not confirmed)"),
        };
        format!("{all} × {protocol}{waiting}")
    };
    let all: Vec<_> = counts.iter().map(one).collect();
    Some(format!("heard by {}", all.join(", ")))
}
