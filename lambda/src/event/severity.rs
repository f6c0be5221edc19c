//! How much attention something deserves. Routing to channels and mentions of people depend on it.

use super::{Content, Detail, GuardOutcome, Notice, State, Tone, Weight, alert, text, time};
use crate::settings::{self, Settings};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// From least to most urgent: from good to know, to a reason to wake people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// The first character of a digest line.
    pub fn emoji(self) -> &'static str {
        match self {
            Self::Info => "🔵",
            Self::Warning => "🟡",
            Self::Error => "🟠",
            Self::Critical => "🔴",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl Notice {
    /// The severity that follows from the content.
    pub fn severity(&self) -> Severity {
        match &self.content {
            Content::Alarm(alarm) => match alarm.new {
                State::Alarm => Severity::Error,
                State::InsufficientData => Severity::Warning,
                State::Ok | State::Other(_) => Severity::Info,
            },
            Content::Guard(guarded) => match guarded.outcome {
                GuardOutcome::Failed(_) => Severity::Critical,
                GuardOutcome::Restarted | GuardOutcome::AlreadyLogging => Severity::Error,
            },
            Content::Event(event) => match &event.detail {
                Detail::Call(call) => match call.weight {
                    Weight::Read | Weight::Change | Weight::SignIn => Severity::Info,
                    Weight::Delete | Weight::Failed | Weight::Denied => Severity::Warning,
                    Weight::Critical => Severity::Critical,
                },
                Detail::Report(report) => match report.tone {
                    Tone::Good | Tone::Plain | Tone::Idle => Severity::Info,
                    Tone::Warning => Severity::Warning,
                    Tone::Bad => Severity::Error,
                    Tone::Critical => Severity::Critical,
                },
                Detail::Other(_) => Severity::Info,
            },
            Content::Json { value, .. } if self.source.endpoint.is_some() => {
                alert::severity(value).unwrap_or(Severity::Info)
            }
            Content::Text { .. } | Content::Json { .. } => Severity::Info,
        }
    }

    /// The AWS account it concerns, twelve digits; by default, that of the SNS topic it came through.
    pub fn account(&self) -> Option<&str> {
        let own = match &self.content {
            Content::Alarm(alarm) => alarm.account.as_deref(),
            Content::Event(event) => event.account.as_deref(),
            Content::Guard(guarded) => guarded.event.get("account").and_then(Value::as_str),
            Content::Text { .. } | Content::Json { .. } => None,
        };
        own.or_else(|| self.source.topic_part(4))
    }

    /// The AWS region it concerns; by default, that of the SNS topic it came through.
    pub fn region(&self) -> Option<&str> {
        let own = match &self.content {
            Content::Alarm(alarm) => alarm.arn.as_ref().and_then(|arn| arn.region.as_deref()),
            Content::Event(event) => event.region.as_deref(),
            Content::Guard(guarded) => guarded.event.get("region").and_then(Value::as_str),
            Content::Text { .. } | Content::Json { .. } => None,
        };
        own.or_else(|| self.source.topic_part(3))
    }

    /// When it happened, or when the report was sent if that is unknown.
    pub fn time(&self) -> Option<Timestamp> {
        let own = match &self.content {
            Content::Alarm(alarm) => alarm.changed,
            Content::Event(event) => match &event.detail {
                Detail::Call(call) => call.time.or(event.time),
                Detail::Report(_) | Detail::Other(_) => event.time,
            },
            Content::Guard(guarded) => {
                let detail = guarded.event.get("detail");
                detail.and_then(|detail| time::parse(&text(detail, "eventTime")?))
            }
            Content::Text { .. } | Content::Json { .. } => None,
        };
        own.or(self.source.sent)
    }
}

impl Settings {
    /// The severity of a notice: what the stack file sets for its alarm, rule, endpoint or topic (the first of
    /// them that sets one), otherwise the notice's own. A severity set for an alarm applies to the state ALARM.
    /// In other states the lower of the two severities applies, so the recovery of a critical alarm is not
    /// critical.
    pub fn severity_of(&self, notice: &Notice) -> Severity {
        let alarm = match &notice.content {
            Content::Alarm(alarm) => Some(alarm),
            _ => None,
        };
        let set = |known: Option<&settings::Source>| known?.severity;
        let source = &notice.source;
        let severity = set(alarm.and_then(|alarm| self.alarms.get(&alarm.name)))
            .or_else(|| set(self.rules.get(source.rule.as_ref()?)))
            .or_else(|| set(self.endpoints.get(source.endpoint.as_ref()?)))
            .or_else(|| set(self.topics.get(source.topic()?)));
        match (severity, alarm) {
            (None, _) => notice.severity(),
            (Some(set), Some(alarm)) if alarm.new != State::Alarm => set.min(notice.severity()),
            (Some(set), _) => set,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read;
    use serde_json::json;

    fn notice(event: &Value) -> Notice {
        read(event).remove(0)
    }

    #[test]
    fn what_the_stack_says_comes_first() {
        let settings = json!({ "alarms": { "cpu": { "severity": "critical" } },
            "rules": { "logins": { "severity": "error" }, "quiet": {} },
            "endpoints": { "elastalert": { "severity": "warning" } },
            "topics": { "t": { "severity": "info" } } });
        let settings = Settings::parse(&settings.to_string()).expect("settings");
        let alarm = |name: &str, state: &str| {
            let message = json!({ "AlarmName": name, "NewStateValue": state }).to_string();
            let topic = "arn:aws:sns:us-east-1:111122223333:t";
            notice(&json!({ "Records": [{ "Sns": { "TopicArn": topic, "Message": message } }] }))
        };
        let severity = |notice: &Notice| settings.severity_of(notice);
        assert_eq!(severity(&alarm("cpu", "ALARM")), Severity::Critical);
        assert_eq!(severity(&alarm("cpu", "INSUFFICIENT_DATA")), Severity::Warning);
        assert_eq!(severity(&alarm("cpu", "OK")), Severity::Info);
        assert_eq!(severity(&alarm("other", "ALARM")), Severity::Info);
        let mut event = notice(&json!({ "any": 1 }));
        assert_eq!(severity(&event), Severity::Info);
        event.source.endpoint = Some("elastalert".into());
        assert_eq!(severity(&event), Severity::Warning);
        event.source.rule = Some("quiet".into());
        assert_eq!(severity(&event), Severity::Warning);
        event.source.rule = Some("logins".into());
        assert_eq!(severity(&event), Severity::Error);
    }

    #[test]
    fn a_message_without_an_account_is_of_its_topics() {
        let topic = "arn:aws:sns:ap-northeast-2:111122223333:t";
        let text = notice(&json!({ "Records": [{ "Sns": { "TopicArn": topic, "Message": "x" } }] }));
        assert_eq!(
            (text.account(), text.region()),
            (Some("111122223333"), Some("ap-northeast-2"))
        );
        assert_eq!(notice(&json!({})).account(), None);
    }
}
