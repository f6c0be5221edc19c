//! Queries of logs, which alarms watch.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::duration;

/// A query of Logs Insights that runs again and again; the alarm compares the number that it finds with `threshold`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a query of logs, such as `{ groups: [/aws/lambda/f], query: 'filter @message like /ERROR/', every: 5m }`"
)]
pub struct LogQuery {
    /// Names or ARNs of the log groups to query, 1–50.
    pub groups: Vec<String>,
    /// The log events to look for, in the language of Logs Insights, 1–10,000 characters.
    pub query: String,
    /// The number to make of them: `count(*)`, the default, or `avg`, `sum`, `min` or `max` of a field. With `by` and at
    /// most 5 fields, each of their values has a number of its own. 1–2,048 characters.
    #[serde(default = "count")]
    pub aggregate: String,
    /// How often the query runs: whole minutes, `1m` to `30d`.
    pub every: Lasting,
    /// The length of time that it looks at; `every` by default. With `delay`, at most `30d`.
    pub window: Option<Lasting>,
    /// How long before the run that time ends, so that log events that arrive late are not missed; it ends at the run by
    /// default.
    pub delay: Option<Lasting>,
    /// How many of the log events the alarm's messages show, 0–50; none by default.
    #[serde(default)]
    pub lines: i32,
}

impl LogQuery {
    /// Seconds from the beginning of the time that a run looks at until the run.
    pub fn start_offset(&self) -> u64 {
        let window = self.window.unwrap_or(self.every);
        window.seconds().saturating_add(self.end_offset())
    }

    /// Seconds from the end of that time until the run.
    pub fn end_offset(&self) -> u64 {
        self.delay.map_or(0, Lasting::seconds)
    }

    /// How often the query runs, as CloudWatch says it: `rate(5 minutes)`.
    pub fn schedule(&self) -> String {
        match self.every.seconds() / 60 {
            1 => "rate(1 minute)".to_owned(),
            minutes => format!("rate({minutes} minutes)"),
        }
    }
}

/// A length of time, written `90s`, `5m`, `1h` or `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = r"^\d+[smhd]$"))]
pub struct Lasting(Duration);

impl Lasting {
    pub fn seconds(self) -> u64 {
        self.0.as_secs()
    }
}

impl TryFrom<String> for Lasting {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = duration::parse(&text).map(Self);
        read.map_err(|_| {
            format!(
                "`{}` is no length of time\nwrite a number and a unit, such as `90s`, `5m`, `1h` or `1d`",
                text.escape_debug()
            )
        })
    }
}

fn count() -> String {
    "count(*)".to_owned()
}
