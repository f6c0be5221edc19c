//! The same message in one text, without blocks: for a destination that refused it as it was.

use super::markup::{clip_escaped, escape, link, plain as inert, unlinked};
use super::{Message, SERVICE, colour, mention, notice};
use crate::card::cut::width;
use crate::card::{Card, Section};
use crate::destination::text::lines_of;

/// Longest text that Slack shows whole.
/// <https://docs.slack.dev/changelog/2018-truncating-really-long-messages/>
const MAX_TEXT: usize = 4_000;
/// Longest details.
const MAX_DETAILS: usize = 2_000;
/// Space that pages leave to the details.
const MIN_DETAILS: usize = 200;

/// The headline with its mentions, what the blocks say, the pages, and that the blocks are missing.
///
/// It is text alone, because any block may be what Slack refused. In it Slack looks for addresses on its own, so those from
/// outside are broken; the card's pages stay links.
pub fn plain(card: &Card) -> Message {
    let words = card.locale.words();
    let headline = mention::all(card) + &notice(card);
    let refused = format!("_{}_", (words.refused_form)(SERVICE));
    let mut bare = card.clone();
    bare.sections
        .retain(|section| !matches!(section, Section::Links(_)));
    // Each line but the first has a break before it.
    let mut room = MAX_TEXT - MIN_DETAILS - width(&headline) - width(&refused) - 2;
    let mut pages = pages(card);
    pages.retain(|page| {
        let left = room.checked_sub(width(page) + 1);
        room = left.unwrap_or(room);
        left.is_some()
    });
    let details = unlinked(&inert(&lines_of(&bare).join("\n")));
    let details = clip_escaped(&details, MAX_DETAILS.min(MIN_DETAILS + room), words);
    let mut lines = vec![headline, details];
    lines.extend(pages);
    lines.push(refused);
    lines.retain(|line| !line.trim().is_empty());
    Message {
        text: lines.join("\n"),
        headline: None,
        colour: colour(card.colour),
        blocks: Vec::new(),
    }
}

/// The card's own page, and then the others.
fn pages(card: &Card) -> Vec<String> {
    let own = card.link.iter().map(|link| format!("<{}>", escape(&link.page)));
    let others = card.sections.iter().filter_map(|section| match section {
        Section::Links(links) => Some(links.iter().map(link)),
        _ => None,
    });
    own.chain(others.flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;
    use crate::card::{Link, Section};
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::json;

    #[test]
    fn it_says_the_same_without_blocks() {
        let message = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM", "NewStateReason": "a <b> *c*",
            "AlarmArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu" });
        let event = json!({ "Records": [{ "Sns": { "Message": message.to_string() } }] });
        let mut card = compose(&read(&event)[0], &Settings::default());
        card.mention(&["@here".to_owned()]);
        let shown = json!(plain(&card));
        let text = shown["text"].as_str().expect("a text");
        assert!(text.starts_with("<!here> 🚨"), "{text}");
        assert!(text.contains("\nState: ? → In alarm\n"), "{text}");
        assert!(text.contains("a &lt;b&gt;") && !text.contains(" *c*"), "{text}");
        assert!(text.contains("console.aws.amazon.com/cloudwatch"), "{text}");
        assert!(
            shown.get("attachments").is_none() && shown.get("blocks").is_none(),
            "{shown}"
        );
    }

    #[test]
    fn it_links_nothing_but_the_pages() {
        let alarm = json!({ "AlarmName": "eve@example.com", "NewStateValue": "ALARM", "NewStateReason": "see https://evil.example",
            "AlarmDescription": "Runbook: https://wiki.example.com/cpu" });
        let mut card = compose(&read(&alarm)[0], &Settings::default());
        card.sections.push(Section::Links(vec![Link {
            page: format!("https://x.example/{}", "a".repeat(4_000)),
            label: "too long".to_owned(),
        }]));
        let shown = json!(plain(&card));
        let text = shown["text"].as_str().expect("a text").replace('\u{200b}', "|");
        assert!(text.starts_with("🚨 eve@|example.|com is in alarm"), "{text}");
        assert!(text.contains("see https:|//evil.|example\n"), "{text}");
        let page = "\n<https://wiki.example.com/cpu|Runbook (wiki.example.com)>\n_Slack";
        assert!(
            text.contains(page) && text.matches("<http").count() == 1,
            "{text}"
        );
    }
}
