//! Alarms whose `to:` names a channel: CloudWatch notifies topics alone, so the channel gets a topic of its own, with its key.

use std::collections::BTreeMap;

use crate::stack::file::problem::Span;
use crate::stack::file::tree::{Entry, Kind, Node};

/// The lists of an alarm, and of `monitoring`, that name topics.
const LISTS: [&str; 3] = ["to", "ok", "insufficient_data"];

/// Adds a topic for each channel that alarms or `monitoring` name where no topic has that name.
pub fn topics(root: &mut Node) {
    let keys = |section: &str| -> Vec<&str> {
        let entries = root.entry(section).map(|entry| entry.value.entries());
        entries
            .into_iter()
            .flatten()
            .map(|entry| entry.key.as_str())
            .collect()
    };
    let topics = keys("topics");
    // Who is only told that all is well gets no alerts.
    let hears = |key: &str| root.get(&["channels", key, "heartbeat"]).is_none();
    let channels: Vec<_> = keys("channels").into_iter().filter(|key| hears(key)).collect();
    let alarms = root.entry("alarms").map(|entry| entry.value.entries());
    let named = alarms.into_iter().flatten().chain(root.entry("monitoring"));
    let lists = named.flat_map(|entry| LISTS.iter().filter_map(|list| entry.value.entry(list)));
    let names = lists.flat_map(|list| match &list.value.kind {
        Kind::List(items) => items.as_slice(),
        _ => &[],
    });
    let mut wanted: BTreeMap<String, Span> = BTreeMap::new();
    for name in names {
        if let Kind::Scalar { text, .. } = &name.kind
            && channels.contains(&text.as_str())
            && !topics.contains(&text.as_str())
        {
            wanted.entry(text.clone()).or_insert_with(|| name.span.clone());
        }
    }
    let Kind::Map(sections) = &mut root.kind else {
        return;
    };
    for (key, span) in wanted {
        let topic = Entry {
            value: topic(&key, &span),
            key,
            key_span: span.clone(),
        };
        match sections.iter_mut().find(|entry| entry.key == "topics") {
            Some(Entry {
                value:
                    Node {
                        kind: Kind::Map(topics),
                        ..
                    },
                ..
            }) => topics.push(topic),
            Some(_) => {}
            None => sections.push(Entry {
                key: "topics".to_owned(),
                key_span: span.clone(),
                value: Node {
                    span,
                    kind: Kind::Map(vec![topic]),
                },
            }),
        }
    }
}

/// `{ to: [channel] }`
fn topic(channel: &str, span: &Span) -> Node {
    let node = |kind: Kind| Node {
        span: span.clone(),
        kind,
    };
    let name = node(Kind::Scalar {
        text: channel.to_owned(),
        plain: false,
        filled: None,
    });
    node(Kind::Map(vec![Entry {
        key: "to".to_owned(),
        key_span: span.clone(),
        value: node(Kind::List(vec![name])),
    }]))
}
