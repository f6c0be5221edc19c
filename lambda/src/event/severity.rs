//! How urgent a notice is by itself, and the account, region and time it is about.

use super::{Act, Content, Detail, Gist, GuardOutcome, Muted, Notice, State, alert, text, time};
use crate::contract::{Severity, is_account};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

impl Notice {
    /// The severity that follows from the content alone, without knowing what belongs to the stack.
    pub fn severity(&self) -> Severity {
        match &self.content {
            Content::Alarm(alarm) => match alarm.new {
                // Somebody muted it: worth a look, but no reason to wake people.
                State::Alarm if matches!(alarm.muted, Some(Muted::By(_) | Muted::Suppressed(_))) => {
                    Severity::Warning
                }
                State::Alarm => Severity::Error,
                State::InsufficientData => Severity::Warning,
                State::Ok | State::Other(_) => Severity::Info,
            },
            Content::Guard(guarded) => match guarded.outcome {
                GuardOutcome::Failed(_) => Severity::Critical,
                GuardOutcome::Restarted | GuardOutcome::AlreadyLogging => Severity::Error,
            },
            Content::Event(event) => match &event.detail {
                Detail::Call(call) => call.severity(false),
                Detail::Report(report) => report.tone.severity(),
                Detail::Other(unknown) => unknown.gist.tone.severity(),
            },
            Content::Json { value, .. } if self.source.endpoint.is_some() => {
                alert::severity(value).unwrap_or(Severity::Info)
            }
            Content::Json { subject, value } => Gist::read(subject.as_deref(), &[], value).tone.severity(),
            Content::Text { .. } => Severity::Info,
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
        own.or_else(|| self.source.topic_part(|topic| topic.account))
    }

    /// The AWS accounts that its message names, twelve digits each.
    pub fn accounts(&self) -> BTreeSet<&str> {
        let mut accounts = vec![self.account(), self.source.topic_part(|topic| topic.account)];
        if let Content::Event(event) = &self.content
            && let Detail::Call(call) = &event.detail
        {
            accounts.extend([call.account.as_deref(), call.foreign_account()]);
            if let Act::SwitchRole { account, .. } = &call.act {
                accounts.push(account.as_deref());
            }
        }
        if let Content::Guard(guarded) = &self.content {
            let actor = guarded.event.pointer("/detail/userIdentity/accountId");
            accounts.push(actor.and_then(Value::as_str));
        }
        let accounts = accounts.into_iter().flatten();
        accounts.filter(|id| is_account(id)).collect()
    }

    /// The AWS region it concerns; by default, that of the SNS topic it came through.
    pub fn region(&self) -> Option<&str> {
        let own = match &self.content {
            Content::Alarm(alarm) => alarm.arn.as_ref().and_then(|arn| arn.region.as_deref()),
            Content::Event(event) => event.region.as_deref(),
            Content::Guard(guarded) => guarded.event.get("region").and_then(Value::as_str),
            Content::Text { .. } | Content::Json { .. } => None,
        };
        own.or_else(|| self.source.topic_part(|topic| topic.region))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read;
    use serde_json::json;

    fn notice(event: &Value) -> Notice {
        read(event).remove(0)
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
