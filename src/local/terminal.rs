//! Renders a Slack message as plain text for a terminal.

use serde_json::Value;

use super::emoji;

/// Begins and ends a code block.
const FENCE: &str = "```";

/// Renders the body of a Slack message: header, text, fields, links and attachments, one per line.
///
/// Control characters are removed: strangers can write messages, and a terminal executes some of these
/// characters.
pub fn render_text(body: &Value) -> String {
    let mut lines = Vec::new();
    let blocks = items(body, "blocks");
    if blocks.is_empty() {
        lines.extend(text_lines(body["text"].as_str()));
    }
    lines.extend(blocks.iter().flat_map(block));
    for item in items(body, "attachments") {
        lines.extend(attachment(item).into_iter().map(|line| format!("▌ {line}")));
    }
    if lines.is_empty() && body.is_object() {
        // The message of another service than Slack; the inbox's page draws it.
        return visible(&serde_yaml::to_string(body).unwrap_or_default());
    }
    lines
        .iter()
        .map(|line| line.trim_end())
        .collect::<Vec<_>>()
        .join("\n")
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn block(block: &Value) -> Vec<String> {
    match block["type"].as_str().unwrap_or_default() {
        "header" => object_lines(&block["text"]),
        "section" => {
            let mut lines = object_lines(&block["text"]);
            lines.extend(
                items(block, "fields")
                    .iter()
                    .flat_map(|field| pair(object_lines(field))),
            );
            lines.extend(action(&block["accessory"]));
            lines
        }
        "context" => {
            let parts = items(block, "elements").iter();
            let parts = parts.map(|part| match part["alt_text"].as_str() {
                Some(alt) => literal(alt),
                None => object_lines(part).join(" "),
            });
            vec![parts.collect::<Vec<_>>().join(" · ")]
        }
        "actions" => items(block, "elements").iter().filter_map(action).collect(),
        "image" => {
            let alt = block["alt_text"].as_str().unwrap_or_default();
            text_lines(Some(&format!(
                "[{alt}] {}",
                block["image_url"].as_str().unwrap_or_default()
            )))
        }
        "divider" => vec!["─".repeat(24)],
        "markdown" => text_lines(block["text"].as_str()),
        "rich_text" => {
            let mut text = String::new();
            rich_text(block, &mut text);
            text_lines(Some(&text))
        }
        _ => Vec::new(),
    }
}

fn attachment(item: &Value) -> Vec<String> {
    let mut lines = text_lines(item["pretext"].as_str());
    match (item["title"].as_str(), item["title_link"].as_str()) {
        (Some(title), Some(link)) => lines.extend(text_lines(Some(&format!("{title} {link}")))),
        (title, _) => lines.extend(text_lines(title)),
    }
    lines.extend(text_lines(item["text"].as_str()));
    for field in items(item, "fields") {
        let (title, value) = (field["title"].as_str(), field["value"].as_str());
        let text = format!("{}\n{}", title.unwrap_or_default(), value.unwrap_or_default());
        lines.extend(pair(text_lines(Some(&text))));
    }
    lines.extend(items(item, "blocks").iter().flat_map(block));
    lines.extend(items(item, "actions").iter().filter_map(action));
    lines.extend(text_lines(item["footer"].as_str()));
    if lines.is_empty() {
        text_lines(item["fallback"].as_str())
    } else {
        lines
    }
}

/// A field has a title on the first line and its value below. If the value is one line, both are shown on one
/// line.
fn pair(lines: Vec<String>) -> Vec<String> {
    match lines.as_slice() {
        [title, value] => vec![format!("  {}: {value}", title.trim_end_matches(':'))],
        _ => lines.into_iter().map(|line| format!("  {line}")).collect(),
    }
}

fn action(element: &Value) -> Option<String> {
    let label = element["text"]["text"].as_str().or(element["text"].as_str())?;
    let line = format!(
        "[{}] {}",
        plain(label),
        plain(element["url"].as_str().unwrap_or_default())
    );
    Some(line.replace('\n', " "))
}

fn rich_text(node: &Value, out: &mut String) {
    match node["type"].as_str().unwrap_or_default() {
        "text" => out.push_str(node["text"].as_str().unwrap_or_default()),
        "emoji" => out.push_str(emoji::by_name(node["name"].as_str().unwrap_or_default()).unwrap_or("□")),
        "link" => {
            let url = node["url"].as_str().unwrap_or_default();
            match node["text"].as_str() {
                Some(label) => out.push_str(&format!("{label} ({url})")),
                None => out.push_str(url),
            }
        }
        "user" => out.push_str(&format!("@{}", node["user_id"].as_str().unwrap_or_default())),
        "channel" => out.push_str(&format!("#{}", node["channel_id"].as_str().unwrap_or_default())),
        "broadcast" => out.push_str(&format!("@{}", node["range"].as_str().unwrap_or_default())),
        kind => {
            for child in items(node, "elements") {
                if kind == "rich_text_list" {
                    out.push_str("• ");
                }
                rich_text(child, out);
                if matches!(kind, "rich_text" | "rich_text_list") && !out.ends_with('\n') {
                    out.push('\n');
                }
            }
        }
    }
}

/// The lines of a text object: Slack interprets markup only in the type `mrkdwn`.
fn object_lines(object: &Value) -> Vec<String> {
    let text = object["text"].as_str();
    match object["type"].as_str() {
        Some("plain_text") if object["emoji"] == false => written(&visible(text.unwrap_or_default())),
        Some("plain_text") => written(&literal(text.unwrap_or_default())),
        _ => text_lines(text),
    }
}

/// The lines of mrkdwn. Inside a code block there is no markup, and the layout is kept.
fn text_lines(text: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text.unwrap_or_default();
    while let Some((before, code, after)) = fenced(rest) {
        lines.extend(written(&plain(before)));
        let code = replace_between(&visible(code), '<', '>', |inside| Some(link(inside)));
        lines.extend(written(&unescape(&code)));
        rest = after;
    }
    lines.extend(written(&plain(rest)));
    lines
}

/// The text before, inside and after the first code block.
fn fenced(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(FENCE)?;
    let (code, after) = rest.split_once(FENCE)?;
    Some((before, code, after))
}

/// The lines that are not blank.
fn written(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(str::to_owned).collect()
}

/// Removes characters that would control a terminal or change the text direction.
fn visible(text: &str) -> String {
    let turns_text = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shows = |c: &char| *c == '\n' || !(c.is_control() || turns_text(*c));
    text.chars().filter(shows).collect()
}

/// Text whose only markup is emoji names, as in `plain_text`.
fn literal(text: &str) -> String {
    with_emoji(&visible(text))
}

fn with_emoji(text: &str) -> String {
    replace_between(text, ':', ':', |name| emoji::by_name(name).map(str::to_owned))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Slack's markup as plain text.
fn plain(text: &str) -> String {
    let text = visible(text);
    let unlinked = replace_between(&text, '<', '>', |inside| Some(link(inside)));
    let named = with_emoji(&unlinked);
    unescape(&named.lines().map(unmark).collect::<Vec<_>>().join("\n"))
}

/// `<url|label>`, `<@U123>`, `<#C123|name>`, `<!here>`, `<!date^…|fallback>`.
fn link(inside: &str) -> String {
    let (target, label) = inside
        .split_once('|')
        .map_or((inside, None), |(target, label)| (target, Some(label)));
    let named = |sign: &str, id: &str| format!("{sign}{}", label.unwrap_or(id));
    match (target.split_at_checked(1), label) {
        (Some(("@", id)), _) => named("@", id),
        (Some(("#", id)), _) => named("#", id),
        (Some(("!", _)), Some(label)) => label.to_owned(),
        (Some(("!", id)), None) => format!("@{id}"),
        (_, Some(label)) if label != target => format!("{label} ({target})"),
        _ => target.to_owned(),
    }
}

/// Replaces `open…close` within one line, if the function returns a replacement.
fn replace_between(text: &str, open: char, close: char, replace: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        out.push_str(&rest[..start]);
        let after = &rest[start + open.len_utf8()..];
        let found = after
            .find(close)
            .map(|end| (&after[..end], &after[end + close.len_utf8()..]));
        match found
            .and_then(|(inside, next)| Some((replace(inside).filter(|_| !inside.contains('\n'))?, next)))
        {
            Some((new, next)) => {
                out.push_str(&new);
                rest = next;
            }
            None => {
                out.push(open);
                rest = after;
            }
        }
    }
    out + rest
}

/// Removes the markup characters for bold, italic, strike and code around a whole word or phrase.
fn unmark(line: &str) -> String {
    let mut out = String::new();
    let chars: Vec<char> = line.chars().collect();
    let is_word = |at: Option<&char>| at.is_some_and(|c| c.is_alphanumeric());
    let mut open: Vec<char> = Vec::new();
    for (at, sign) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        if !matches!(sign, '*' | '_' | '~' | '`') {
            out.push(*sign);
        } else if open.last() == Some(sign) && before.is_some_and(|c| !c.is_whitespace()) && !is_word(after) {
            open.pop();
        } else if !is_word(before)
            && after.is_some_and(|c| !c.is_whitespace())
            && open.last() != Some(&'`')
            && chars[at + 1..].contains(sign)
        {
            open.push(*sign);
        } else {
            out.push(*sign);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_block_message_reads_well() {
        let body = json!({
            "text": "fallback",
            "attachments": [{ "color": "#d00", "blocks": [
                { "type": "header", "text": { "type": "plain_text", "text": ":rotating_light: mission-cpu-alarm" } },
                { "type": "section", "text": { "type": "mrkdwn", "text": "*CPU* is `≥ 50` &amp; rising" } },
                { "type": "section", "fields": [
                    { "type": "mrkdwn", "text": "*State*\nOK → ALARM" },
                    { "type": "mrkdwn", "text": "*Time:*\n<!date^1^{date}|2026-11-20 12:00>" },
                ] },
                { "type": "divider" },
                { "type": "context", "elements": [
                    { "type": "mrkdwn", "text": "mission" }, { "type": "mrkdwn", "text": "<@U1> <!here>" },
                ] },
                { "type": "actions", "elements": [
                    { "type": "button", "text": { "type": "plain_text", "text": "Open" }, "url": "https://e.com/?a=1&amp;b" },
                ] },
            ] }],
        });
        let text = "fallback\n\
            ▌ 🚨 mission-cpu-alarm\n\
            ▌ CPU is ≥ 50 & rising\n\
            ▌   State: OK → ALARM\n\
            ▌   Time: 2026-11-20 12:00\n\
            ▌ ────────────────────────\n\
            ▌ mission · @U1 @here\n\
            ▌ [Open] https://e.com/?a=1&b";
        assert_eq!(render_text(&body), text);
    }

    #[test]
    fn a_message_of_another_service_is_shown_field_by_field() {
        let embed = json!({ "embeds": [{ "title": "Disk\u{202e} full \u{1b}[2J", "color": 1 }] });
        assert_eq!(
            render_text(&embed),
            "embeds:\n- title: \"Disk full \\e[2J\"\n  color: 1\n"
        );
    }

    #[test]
    fn plain_text_is_shown_as_it_is() {
        let text = "<!channel> <https://evil.example|log in> *x* ```y``` &amp; :wave:";
        let section =
            json!({ "blocks": [{ "type": "section", "text": { "type": "plain_text", "text": text } }] });
        assert_eq!(
            render_text(&section),
            "<!channel> <https://evil.example|log in> *x* ```y``` &amp; 👋"
        );
        let context = json!({ "blocks": [{ "type": "context", "elements": [
            { "type": "plain_text", "text": ":wave:", "emoji": false } ] }] });
        assert_eq!(render_text(&context), ":wave:");
    }

    #[test]
    fn code_keeps_its_layout_and_loses_its_fences() {
        let text = "before\n```\n{\n  \"a_*b*\": \"&lt;x&gt; :wave:\"\n}\n```\n*after*";
        assert_eq!(
            text_lines(Some(text)),
            ["before", "{", "  \"a_*b*\": \"<x> :wave:\"", "}", "after"]
        );
    }

    #[test]
    fn links_show_label_and_target() {
        assert_eq!(
            plain("see <https://e.com/a_b_c|the *console*>"),
            "see the console (https://e.com/a_b_c)"
        );
        assert_eq!(
            plain("<https://e.com>, <#C1|ops>, a < b"),
            "https://e.com, #ops, a < b"
        );
    }

    #[test]
    fn signs_that_mark_nothing_stay() {
        assert_eq!(
            plain("2*3*4 snake_case_name 12:30:45 :unknown: `a_*b*`"),
            "2*3*4 snake_case_name 12:30:45 :unknown: a_*b*"
        );
        assert_eq!(plain("* not bold"), "* not bold");
    }

    #[test]
    fn nothing_commands_the_terminal() {
        assert_eq!(plain("\u{1b}[31mred\u{7}\u{9b}2\u{202e}J"), "[31mred2J");
    }

    #[test]
    fn attachments_and_rich_text_of_old_and_new_kind() {
        let body = json!({ "attachments": [{
            "pretext": "before", "title": "T", "title_link": "https://e.com", "text": "x",
            "fields": [{ "title": "Region", "value": "us-east-1" }],
        }], "blocks": [{ "type": "rich_text", "elements": [
            { "type": "rich_text_section", "elements": [
                { "type": "text", "text": "hi " }, { "type": "emoji", "name": "wave" } ] },
            { "type": "rich_text_list", "elements": [
                { "type": "rich_text_section", "elements": [{ "type": "text", "text": "one" }] } ] },
        ] }] });
        assert_eq!(
            render_text(&body),
            "hi 👋\n• one\n▌ before\n▌ T https://e.com\n▌ x\n▌   Region: us-east-1"
        );
        assert_eq!(render_text(&json!("not an object")), "");
    }
}
