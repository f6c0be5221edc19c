//! The card for an alert that an endpoint took, such as a match of ElastAlert2.

use super::cut::{clip, width};
use super::frame::Frame;
use super::parts::{colour, facts, json, lines, prose};
use super::{Draft, Excerpt, Link, note};
use crate::Endpoint;
use crate::contract::Severity;
use crate::event::Alert;
use crate::phrase::{Phrase, one_line};
use serde_json::Value;
use std::fmt::Write as _;

/// Longest JSON worth showing.
const MAX_JSON: usize = 2_400;
/// Longest name of a field.
const MAX_NAME: usize = 60;
/// Longest address of a page; Kibana's addresses have about 700 characters.
const MAX_PAGE: usize = 2_400;

pub(super) fn compose(subject: Option<&str>, alert: &Value, severity: Severity, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    let own = || {
        let key = frame.source.endpoint.clone().unwrap_or_default();
        let endpoint = Endpoint {
            key,
            ..Endpoint::default()
        };
        endpoint.subject(alert)
    };
    let subject = subject.map_or_else(own, str::to_owned);
    let mut alert = Alert::read(alert);
    if let Some(rest) = alert.rest.fields_mut() {
        // The headline already contains the rule's name, unless the stack sets another subject.
        rest.retain(|(key, value)| {
            !(key.starts_with("rule") && value.text().is_some_and(|rule| subject.contains(rule)))
        });
    }
    let sections = [
        prose(alert.said.as_deref()),
        facts(
            fields(&alert, frame)
                .iter()
                .map(|(label, value)| (&**label, Some(value.clone()))),
        ),
        (!alert.rest.is_empty()).then(|| json(Excerpt::of_json(&alert.rest, MAX_JSON))),
    ];
    let mut headline = note::headline(Some(&subject), severity, frame);
    if let Some(hits) = alert.hits.filter(|hits| *hits > 1) {
        headline.push(&Phrase::said(format!("  ·  {}", (words.hits)(hits))));
    }
    let page = alert.discover.as_deref().and_then(page);
    Draft {
        headline,
        key: None,
        colour: colour(severity),
        sections: sections.into_iter().flatten().collect(),
        link: page.map(|(page, host)| Link {
            page,
            label: (words.open_discover)(&host),
        }),
        small: Vec::new(),
    }
}

fn fields(alert: &Alert<'_>, frame: &Frame<'_>) -> Vec<(String, String)> {
    let words = frame.words;
    // Field names also come from outside.
    let name = |name: &str| clip(&one_line(name), MAX_NAME, words);
    let facts = alert
        .facts
        .iter()
        .map(|(path, value)| (name(path), one_line(value)));
    let tops = alert.tops.iter().filter_map(|(path, counts)| {
        let counts = counts.iter();
        let counts = counts.map(|(value, count)| format!("{} × {count}", one_line(value)));
        Some(((words.top)(&name(path)), lines(counts.collect(), words)?))
    });
    // A match count of one is the normal case and says nothing.
    let matches = alert.matches.filter(|matches| *matches > 1);
    let matches = matches.map(|count| format!("{}: {count}", words.label_matches));
    let hits = alert.hits.map(|count| count.to_string());
    let counts: Vec<_> = hits.into_iter().chain(matches).collect();
    let counts = (!counts.is_empty()).then(|| (words.label_hits.to_owned(), counts.join("  ·  ")));
    let moment = alert.time.or(frame.source.sent).map(|moment| frame.time(moment));
    facts
        .chain(tops)
        .filter(|(name, _)| !name.is_empty())
        .chain(counts)
        .chain(
            alert
                .index
                .clone()
                .map(|index| (words.label_index.to_owned(), index)),
        )
        .chain(moment.map(|moment| (words.label_time.to_owned(), moment)))
        .collect()
}

/// Returns an address that is safe to link, and its host. Only `https` is allowed, because a stranger may have
/// made an application log the address. The host is shown so that people can check it before they follow the
/// link.
pub(super) fn page(address: &str) -> Option<(String, String)> {
    let rest = address.trim().strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte));
    if host.is_empty() || !is_host {
        return None;
    }
    let mut page = String::with_capacity(address.len() + 8);
    page += "https://";
    for c in rest.chars() {
        let is_safe = c.is_ascii_graphic() && !"<>|\"`\\^{}".contains(c);
        if is_safe {
            page.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a `String` cannot fail.
                let _ = write!(page, "%{byte:02X}");
            }
        }
    }
    (width(&page) <= MAX_PAGE).then(|| (page, host.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_harmless_address_becomes_a_link() {
        let address = |text: &str| page(text).map(|(page, _)| page);
        let kibana =
            "https://kibana.example.com:5601/app/discover#/?_g=(time:(from:'2026'))&_a=(query:'a b')";
        assert_eq!(
            address(kibana),
            Some(kibana.replace(' ', "%20")),
            "as it came, but for the blank"
        );
        assert_eq!(
            page(kibana).map(|(_, host)| host).as_deref(),
            Some("kibana.example.com:5601")
        );
        assert_eq!(
            address("https://k.example/a|<!channel>가"),
            Some("https://k.example/a%7C%3C!channel%3E%EA%B0%80".to_owned())
        );
        for refused in [
            "http://kibana.example.com/",
            "javascript:alert(1)",
            "https://",
            "https://kibana.example.com@evil.example/",
            "https://evil.example|Slack/",
            "https://예.example/",
            "//kibana.example.com/",
            "",
        ] {
            assert_eq!(address(refused), None, "{refused}");
        }
        assert_eq!(address(&format!("https://k.example/{}", "&".repeat(2_400))), None);
    }
}
