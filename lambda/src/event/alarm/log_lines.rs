//! Log events that the query of a log alarm found. An alarm's message names only the run of the query.

use super::{Alarm, State};
use serde_json::Value;

/// What the relay learned of the log events of an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogLines {
    /// At least one.
    Found(Vec<String>),
    None(NoLines),
}

/// Why a message shows no log events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoLines {
    /// The alarm's message does not name a run of its query.
    NoRun,
    /// Another account has them.
    Elsewhere,
    /// There was no time to wait for them.
    Late,
    /// CloudWatch Logs refused them, with this code.
    Refused(String),
    Unreachable,
    /// The query found nothing that could be shown.
    Nothing,
}

/// The field with the log event itself, and one that means nothing to people.
const MESSAGE: &str = "@message";
const POINTER: &str = "@ptr";

impl Alarm {
    /// Whether people want to see what its query found.
    pub fn has_lines(&self) -> bool {
        self.new == State::Alarm
    }

    /// Reads the answer of `logs:GetQueryResults`, at most `most` log events. Those of other contributors are left out.
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html>
    pub fn found(&self, answer: &Value, most: usize) -> LogLines {
        let rows = answer.get("results").and_then(Value::as_array);
        let lines = rows.into_iter().flatten().filter_map(|row| {
            let row: Vec<_> = row.as_array()?.iter().filter_map(field).collect();
            let is_other = |(name, value): &(String, String)| {
                row.iter().any(|(field, found)| field == name && found != value)
            };
            (!self.contributor.iter().any(is_other)).then(|| line(&row))?
        });
        let lines: Vec<_> = lines.take(most).collect();
        match lines.is_empty() {
            true => LogLines::None(NoLines::Nothing),
            false => LogLines::Found(lines),
        }
    }
}

fn field(value: &Value) -> Option<(&str, &str)> {
    Some((value.get("field")?.as_str()?, value.get("value")?.as_str()?))
}

/// A row of the results: the log event, or the fields that the query made of it.
fn line(row: &[(&str, &str)]) -> Option<String> {
    let message = row.iter().find(|(field, _)| *field == MESSAGE);
    let line = match message {
        Some((_, message)) => (*message).to_owned(),
        None => {
            let fields = row.iter().filter(|(field, _)| *field != POINTER);
            let fields = fields.map(|(field, value)| format!("{field}={value}"));
            fields.collect::<Vec<_>>().join(" ")
        }
    };
    (!line.trim().is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn alarm(contributor: &Value) -> Alarm {
        let alarm =
            json!({ "AlarmName": "a", "NewStateValue": "ALARM", "AlarmContributorAttributes": contributor });
        Alarm::read(&alarm).expect("an alarm")
    }

    #[test]
    fn a_row_is_its_message_or_its_fields() {
        let row = |fields: &[(&str, &str)]| {
            let fields = fields
                .iter()
                .map(|(field, value)| json!({ "field": field, "value": value }));
            fields.collect::<Value>()
        };
        let rows = json!([
            row(&[
                ("@timestamp", "2026-11-20 05:00:00.000"),
                ("@message", "ERROR a"),
                ("@ptr", "x")
            ]),
            row(&[("service", "cart"), ("errors", "3"), ("@ptr", "x")]),
            row(&[("@message", " \n ")]),
            row(&[("@ptr", "x")]),
            row(&[("service", "orders"), ("@message", "ERROR b")]),
        ]);
        let answer = json!({ "status": "Complete", "results": rows });
        let found = |contributor: Value, most| alarm(&contributor).found(&answer, most);
        let lines = |lines: &[&str]| LogLines::Found(lines.iter().map(|line| (*line).to_owned()).collect());
        assert_eq!(
            found(json!({}), 50),
            lines(&["ERROR a", "service=cart errors=3", "ERROR b"])
        );
        assert_eq!(found(json!({}), 1), lines(&["ERROR a"]));
        assert_eq!(
            found(json!({ "service": "orders" }), 50),
            lines(&["ERROR a", "ERROR b"])
        );
    }

    #[test]
    fn any_answer_can_be_read() {
        for odd in [
            json!(null),
            json!({}),
            json!({ "results": "x" }),
            json!({ "results": [1, [], [1], [{}], [{ "field": 1, "value": 2 }]] }),
        ] {
            assert_eq!(
                alarm(&json!({})).found(&odd, 50),
                LogLines::None(NoLines::Nothing),
                "{odd}"
            );
        }
    }
}
