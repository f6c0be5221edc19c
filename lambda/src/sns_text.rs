//! An SNS message: a subject and plain text within the limits of SNS.

use crate::contract::Locale;
use crate::event::{Masked, mask_text};
use crate::excerpt::Beginning;
use serde_json::Value;

/// SNS requires fewer than 100 characters. <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const MAX_SUBJECT: usize = 99;
/// SNS accepts 262,144 bytes in total; the difference leaves room for the subject.
const MAX_TEXT: usize = 262_144 - 1_024;
/// Fallback, because SNS refuses an empty subject. In practice every message has its own subject.
const SUBJECT: &str = "alertctl";

/// A message that SNS accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnsText {
    /// One line of 1–99 characters without control characters.
    pub subject: String,
    /// At most 261,120 bytes.
    pub text: String,
    /// The test that the message belongs to.
    pub test: Option<String>,
    /// Whether only the e-mail subscribers of the topic get it, because the others have the message that it tells of.
    pub mail: bool,
}

impl SnsText {
    /// Brings subject and text into the form that SNS requires, without secrets. A note in `locale` says how
    /// much was truncated.
    pub fn new(subject: &str, text: &str, locale: Locale) -> Self {
        Self::of(subject, text, 0, locale)
    }

    /// The message of JSON, after `text`.
    pub(crate) fn of_json(subject: &str, text: &str, value: &Value, locale: Locale) -> Self {
        let mut readable = Beginning::new(MAX_TEXT);
        readable.push(text);
        write(value, &mut readable);
        Self::of(subject, &readable.kept, readable.beyond, locale)
    }

    /// `beyond` characters are missing in any case.
    fn of(subject: &str, text: &str, beyond: usize, locale: Locale) -> Self {
        let (subject, text) = (mask_text(subject), mask_text(text));
        let printable: String = subject
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let line = printable.split_whitespace().collect::<Vec<_>>().join(" ");
        let subject = if line.is_empty() {
            SUBJECT.to_owned()
        } else {
            shortened(&line)
        };
        let text: String = text
            .chars()
            .filter(|c| matches!(c, '\n' | '\t') || !c.is_control())
            .collect();
        let text = if text.trim().is_empty() {
            subject.clone()
        } else {
            cut(text, beyond, locale)
        };
        Self {
            subject,
            text,
            test: None,
            mail: false,
        }
    }

    /// The same message, clearly marked as part of the test `id`.
    pub fn marked(&self, id: &str, locale: Locale) -> Self {
        let words = locale.words();
        let subject = format!("[{}] {}", words.test, self.subject);
        let text = format!("{}\n\n{}", (words.test_banner)(id), self.text);
        Self {
            test: Some(id.to_owned()),
            mail: self.mail,
            ..Self::new(&subject, &text, locale)
        }
    }
}

/// Writes JSON for people, without secrets: the plain fields one per line, then the whole JSON.
fn write(value: &Value, readable: &mut Beginning) {
    let masked = Masked::new(value);
    let lines = masked
        .fields()
        .filter_map(|(key, field)| Some(format!("{key}: {}\n", field.plain()?)));
    let mut has_lines = false;
    for line in lines {
        readable.push(&line);
        has_lines = true;
    }
    if has_lines {
        readable.push("\n");
    }
    readable.push_json(&masked);
}

/// Counts in UTF-16 units, the widest count that AWS might use.
fn shortened(line: &str) -> String {
    if line.encode_utf16().count() <= MAX_SUBJECT {
        return line.to_owned();
    }
    let mut used = 1;
    let kept: String = line
        .chars()
        .take_while(|c| {
            used += c.len_utf16();
            used <= MAX_SUBJECT
        })
        .collect();
    format!("{}…", kept.trim_end())
}

fn cut(mut text: String, beyond: usize, locale: Locale) -> String {
    if text.len() <= MAX_TEXT && beyond == 0 {
        return text;
    }
    let note = locale.words().more_characters;
    // Reserves room for the note. Its number has at most as many digits as the text's length.
    let room = note(text.len() + beyond).len() + 1;
    let lost = text.split_off(text.floor_char_boundary(MAX_TEXT - room));
    text.push('\n');
    text + &note(lost.chars().count() + beyond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_test_is_no_alert() {
        let sns_text = sns_text("disk full", "97 %").marked("t-0123abcd", Locale::En);
        assert_eq!(sns_text.subject, "[TEST] disk full");
        assert!(
            sns_text.text.starts_with("This is only a test (t-0123abcd).") && sns_text.text.ends_with("97 %")
        );
        assert_eq!(sns_text.test.as_deref(), Some("t-0123abcd"));
    }

    fn sns_text(subject: &str, text: &str) -> SnsText {
        SnsText::new(subject, text, Locale::En)
    }

    #[test]
    fn a_subject_is_one_short_line() {
        assert_eq!(
            sns_text(" 🚨 a\r\nb\u{0}\tc\u{2028}d ", "x").subject,
            "🚨 a b c d"
        );
        assert_eq!(sns_text("\n", "x").subject, "alertctl");
        let long = sns_text(&"🚨".repeat(60), "x").subject;
        assert_eq!(long, format!("{}…", "🚨".repeat(49)));
    }

    #[test]
    fn a_text_is_never_empty_and_never_too_long() {
        assert_eq!(sns_text("subject", " \u{0}\n").text, "subject");
        let text = sns_text("s", &"가".repeat(100_000)).text;
        assert!(
            text.len() <= MAX_TEXT && text.len() > MAX_TEXT - 40,
            "{}",
            text.len()
        );
        let kept = text.chars().filter(|c| *c == '가').count();
        assert!(text.ends_with(&format!("\n… {} more characters", 100_000 - kept)));
    }

    fn readable(value: &Value) -> String {
        let mut readable = Beginning::new(MAX_TEXT);
        write(value, &mut readable);
        readable.kept
    }

    #[test]
    fn no_secret_travels() {
        let mailed = sns_text("token: abcdefgh", "login failed, password=hunter22 for bob");
        assert_eq!(mailed.subject, "token: ••••");
        assert_eq!(mailed.text, "login failed, password=•••• for bob");
        let shown = readable(&json!({ "api_key": "abc", "user": "bob" }));
        assert!(
            shown.starts_with("api_key: ••••\nuser: bob\n") && !shown.contains("abc"),
            "{shown}"
        );
    }

    #[test]
    fn json_is_readable() {
        assert_eq!(
            readable(&json!({ "a": "x", "b": 1, "c": null, "d": [2] })),
            "a: x\nb: 1\n\n{\n  \"a\": \"x\",\n  \"b\": 1,\n  \"c\": null,\n  \"d\": [\n    2\n  ]\n}"
        );
        assert_eq!(readable(&json!([])), "[]");
    }

    proptest! {
        #[test]
        fn sns_accepts_every_subject(subject in any::<String>()) {
            let subject = sns_text(&subject, "x").subject;
            prop_assert!((1..100).contains(&subject.encode_utf16().count()));
            let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
            prop_assert!(!subject.chars().any(breaks));
        }
    }
}
