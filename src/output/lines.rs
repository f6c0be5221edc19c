//! Log lines as text and as JSON.

use std::borrow::Cow;

use alertctl_relay::{LogEntry, Outcome, topic_name};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{printable, style};
use crate::operate::logs::{Line, Said};

impl Line {
    /// The line as text, in this time zone.
    pub fn text(&self, zone: &TimeZone) -> String {
        let dim = style::DIM;
        let time = self.time.to_zoned(zone.clone()).strftime("%m-%d %H:%M:%S%.3f");
        let head = format!("{dim}{time}{dim:#}  {}", self.function);
        match &self.said {
            Said::Outcome(entry) => format!("{head}  {}", text_of(entry)),
            Said::Other(text) => format!("{head}    {}", printable(text)),
            Said::Frame => format!("{head}    {dim}{}{dim:#}", printable(&self.message)),
            Said::Report {
                duration,
                memory,
                init,
            } => {
                let init = init.map(|ms| format!(", started in {ms} ms")).unwrap_or_default();
                format!("{head}    {dim}took {duration} ms, {memory} MB{init}{dim:#}")
            }
        }
    }

    /// The line as JSON; JSON inside it stays JSON.
    pub fn json(&self) -> Value {
        let message = match &self.said {
            Said::Outcome(_) => serde_json::from_str(&self.message).ok(),
            _ => None,
        };
        json!({
            "time": self.time.to_string(),
            "function": self.function,
            "stream": self.stream,
            "message": message.unwrap_or_else(|| json!(self.message)),
        })
    }
}

/// `✓ delivered  project  rule logins  error  200  123 ms`.
fn text_of(entry: &LogEntry<'_>) -> String {
    let outcome = entry.of_message();
    let color = outcome.map(style::outcome).unwrap_or_default();
    let sign = match outcome {
        Some(Outcome::Delivered) => '✓',
        Some(Outcome::Buffered | Outcome::Deferred) => '…',
        Some(Outcome::DeadLettered | Outcome::Undelivered) => '✗',
        Some(Outcome::Duplicate | Outcome::Filtered | Outcome::Muted) => '–',
        None => ' ',
    };
    let plain = |field: &Option<Cow<'_, str>>| field.as_deref().map(str::to_owned);
    let mut parts = vec![format!("{color}{sign} {:<11}{color:#}", entry.outcome)];
    parts.extend(plain(&entry.channel));
    let topic = entry.topic.as_deref().map(topic_name);
    parts.extend(topic.map(|topic| format!("topic {topic}")));
    parts.extend(plain(&entry.path));
    let ill = entry.channels.iter().filter(|(_, said)| *said != "ok");
    parts.extend(ill.map(|(channel, said)| format!("{channel}: {}", printable(said))));
    parts.extend(entry.rule.as_ref().map(|rule| format!("rule {rule}")));
    parts.extend(plain(&entry.severity));
    parts.extend(entry.status.map(|status| format!("HTTP {status}")));
    parts.extend(entry.latency.map(|ms| format!("{ms} ms")));
    let retried = entry.retried.filter(|times| *times > 0);
    parts.extend(retried.map(|times| format!("retried {times}×")));
    parts.extend(entry.test.as_ref().map(|id| format!("test {id}")));
    parts.extend(entry.reason.as_deref().map(printable));
    parts.join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: &str) -> Line {
        Line {
            time: "2026-11-21T03:04:05.678Z".parse().unwrap(),
            function: "mission-lambda".into(),
            stream: "s".into(),
            message: message.into(),
            said: Said::read(message),
        }
    }

    #[test]
    fn lines_are_short_and_in_the_stacks_time() {
        let seoul = TimeZone::get("Asia/Seoul").unwrap();
        let text = |message: &str| anstream::adapter::strip_str(&line(message).text(&seoul)).to_string();
        let parked = r#"{"outcome":"parked","Channel":"project","rule":"logins","severity":"error","status":404,
            "Retried":1,"reason":"Slack answered no_service"}"#;
        let shown = [
            text(parked),
            text(r#"{"outcome":"delivered","Channel":"project","Latency":12,"test":"t-00000001"}"#),
            text("START RequestId: 1"),
            text("REPORT RequestId: 1\tDuration: 12.5 ms\tMax Memory Used: 14 MB\tInit Duration: 5.6 ms"),
            text("panicked"),
        ];
        insta::assert_snapshot!(
            shown.join("\n"),
            @r"
        11-21 12:04:05.678  mission-lambda  ✗ parked       project  rule logins  error  HTTP 404  retried 1×  Slack answered no_service
        11-21 12:04:05.678  mission-lambda  ✓ delivered    project  12 ms  test t-00000001
        11-21 12:04:05.678  mission-lambda    START RequestId: 1
        11-21 12:04:05.678  mission-lambda    took 12.5 ms, 14 MB, started in 5.6 ms
        11-21 12:04:05.678  mission-lambda    panicked
        "
        );
    }

    #[test]
    fn json_in_a_line_stays_json() {
        assert_eq!(
            line(r#"{"outcome":"parked"}"#).json()["message"]["outcome"],
            "parked"
        );
        assert_eq!(line("text").json()["message"], "text");
    }
}
