//! What a log alarm found: the page of Logs Insights with its query, and log events.

use super::cut::clip;
use super::frame::Frame;
use super::{Excerpt, Link, Section};
use crate::contract::console_page;
use crate::event::{Alarm, LogLines, Notice, State, mask_text};
use crate::locale::Words;
use crate::phrase::one_line;
use jiff::{SignedDuration, Timestamp};

/// Longest address of a page; longer ones are no links in some services.
const MAX_PAGE: usize = 1_500;
/// How much of the log is looked at, up to the change of state.
const LOOKS: SignedDuration = SignedDuration::from_hours(1);
/// Longest log event worth showing, and all of them.
const MAX_LINE: usize = 400;
const MAX_LINES: usize = 2_900;

/// The page of the console with the query of an alarm that goes on.
pub(super) fn page(alarm: &Alarm, notice: &Notice, frame: &Frame<'_>) -> Option<Link> {
    if alarm.new == State::Ok || alarm.log_groups.is_empty() {
        return None;
    }
    let detail = detail(alarm.query.as_deref()?, &alarm.log_groups, alarm.changed);
    let page = format!("logsV2:logs-insights$3FqueryDetail$3D{detail}");
    let page = console_page(notice.region()?, "cloudwatch/home", &page)?;
    let link = Link {
        page,
        label: frame.words.open_insights.to_owned(),
    };
    (link.page.len() <= MAX_PAGE).then(|| frame.shortcut(link, notice.account()))
}

/// The log events, or why there are none; `None` if nobody asked for any.
pub(super) fn lines(alarm: &Alarm, words: &Words) -> Option<Section> {
    let text = match alarm.lines.as_ref()? {
        LogLines::Found(lines) => {
            let shown = lines
                .iter()
                .map(|line| clip(&one_line(&mask_text(line)), MAX_LINE, words));
            shown.collect::<Vec<_>>().join("\n")
        }
        LogLines::None(reason) => (words.no_lines)(reason),
    };
    Some(Section::Lines {
        title: Some(words.label_lines),
        text: Excerpt::of(&text, MAX_LINES)?,
    })
}

/// What the console's own links have for a query, in its notation of objects and lists. AWS does not document it; every sign
/// with a meaning is written as the console also writes it, so that no markup of a message takes it for its own.
fn detail(query: &str, groups: &[String], changed: Option<Timestamp>) -> String {
    let since = changed.and_then(|changed| changed.checked_sub(LOOKS).ok());
    let time = match changed.zip(since) {
        Some((until, since)) => format!(
            "end~{}~start~{}~timeType~{}~tz~{}",
            text(&until.to_string()),
            text(&since.to_string()),
            text("ABSOLUTE"),
            text("UTC")
        ),
        None => format!(
            "end~0~start~-3600~timeType~{}~unit~{}",
            text("RELATIVE"),
            text("seconds")
        ),
    };
    let groups = groups.iter().map(|group| format!("~{}", text(group)));
    let groups: String = groups.collect();
    let written = format!("~({time}~editorString~{}~source~({groups}))", text(query));
    let escaped = written.chars().map(|c| match c {
        '~' | '(' | ')' | '\'' | '*' | '!' => format!("${:02X}", u32::from(c)),
        c => c.to_string(),
    });
    escaped.collect()
}

/// A text in that notation.
fn text(text: &str) -> String {
    let mut written = "'".to_owned();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(b'$') => written.push('!'),
            Ok(byte) if byte.is_ascii_alphanumeric() || b"_-.".contains(&byte) => written.push(byte.into()),
            Ok(byte) => written.push_str(&format!("*{byte:02x}")),
            Err(_) => written.push_str(&format!("**{unit:04x}")),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_written_as_the_console_reads_it() {
        let groups = ["/aws/lambda/a".to_owned(), "b".to_owned()];
        let decoded = |detail: &str| {
            let mut parts = detail.split('$');
            let mut text = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let (code, rest) = part.split_at(2);
                text.push(u8::from_str_radix(code, 16).expect("two digits").into());
                text += rest;
            }
            text
        };
        let changed = "2026-11-20T05:03:27Z".parse().ok();
        let written = detail("filter @message like /한 \"$\"/", &groups, changed);
        assert!(
            written
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "$-_.".contains(c)),
            "{written}"
        );
        assert_eq!(
            decoded(&written),
            "~(end~'2026-11-20T05*3a03*3a27Z~start~'2026-11-20T04*3a03*3a27Z~timeType~'ABSOLUTE~tz~'UTC\
             ~editorString~'filter*20*40message*20like*20*2f**d55c*20*22!*22*2f~source~(~'*2faws*2flambda*2fa~'b))"
        );
        let relative = decoded(&detail("x", &groups, None));
        assert!(
            relative.starts_with("~(end~0~start~-3600~timeType~'RELATIVE~unit~'seconds~"),
            "{relative}"
        );
    }
}
