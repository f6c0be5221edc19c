//! Alerts that reach an endpoint as a JSON object, such as ElastAlert2's.

use crate::Template;
use crate::contract::Locale;
use crate::event::{Content, Notice, Source};
use crate::json::Json;
use crate::sns_text::SnsText;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields in which an alert may carry the name of its rule; ElastAlert2 does not add one by default.
const RULE_FIELDS: [&str; 4] = ["rule", "rule_name", "rule_param_name", "alert_subject"];

/// Counters of one ElastAlert2 run.
const COUNTS: [&str; 2] = ["num_hits", "num_matches"];

/// How to show the alerts of one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// The endpoint's key in the stack file. It is the subject of an alert that names no rule.
    pub key: String,
    pub subject: Option<Template>,
    pub body: Option<Template>,
}

impl Endpoint {
    /// The alert as a notice for a channel.
    pub fn notice(&self, alert: impl Into<Json>) -> Notice {
        let alert = alert.into();
        let subject = Some(self.subject(&alert));
        let sent = text(&alert, "@timestamp").and_then(|moment| moment.parse().ok());
        let content = match self.body(&alert) {
            Some(text) => Content::Text { subject, text },
            None => Content::Json {
                subject,
                value: alert,
            },
        };
        Notice {
            source: Source {
                sent,
                endpoint: Some(self.key.clone()),
                ..Source::default()
            },
            content,
            test: None,
        }
    }

    /// The alert for a topic's subscribers.
    pub fn sns_text(&self, alert: &Value, locale: Locale) -> SnsText {
        let subject = self.subject(alert);
        match self.body(alert) {
            Some(text) => SnsText::new(&subject, &text, locale),
            None => SnsText::of_json(&subject, "", alert, locale),
        }
    }

    /// Identifies an alert, so that a repeated delivery is recognized. The identity is the whole alert except
    /// the order of its fields and ElastAlert2's counters. The document id alone is not enough: two new terms
    /// in one document make two alerts of one rule, and the alert's `rule` may be a field of the document (a
    /// firewall's, say) that two rules share. `None` for an alert without a document id.
    pub fn identity(alert: &Value) -> Option<String> {
        alert.get("_id").filter(|id| !id.is_null())?;
        serde_json::to_string(&Sorted(alert, &COUNTS)).ok()
    }

    /// The alert's subject.
    pub(crate) fn subject(&self, alert: &Value) -> String {
        filled(self.subject.as_ref(), alert).unwrap_or_else(|| match rule(alert) {
            Some(rule) => format!("ElastAlert: {rule}"),
            None => self.key.clone(),
        })
    }

    fn body(&self, alert: &Value) -> Option<String> {
        filled(self.body.as_ref(), alert)
    }
}

/// JSON with the fields of all objects in the order of their names, and the outermost one without these fields.
struct Sorted<'a>(&'a Value, &'a [&'a str]);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let inner = |value| Self(value, &[]);
        match self.0 {
            Value::Array(values) => to.collect_seq(values.iter().map(inner)),
            Value::Object(fields) => {
                let kept = fields.iter().filter(|(name, _)| !self.1.contains(&name.as_str()));
                let sorted: BTreeMap<_, _> = kept.collect();
                to.collect_map(sorted.into_iter().map(|(name, value)| (name, inner(value))))
            }
            other => other.serialize(to),
        }
    }
}

fn filled(template: Option<&Template>, alert: &Value) -> Option<String> {
    template
        .map(|template| template.fill(alert))
        .filter(|text| !text.trim().is_empty())
}

fn rule(alert: &Value) -> Option<&str> {
    RULE_FIELDS.iter().find_map(|field| text(alert, field))
}

fn text<'a>(alert: &'a Value, field: &str) -> Option<&'a str> {
    let text = alert.get(field)?.as_str()?;
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The message format of the guide that this endpoint replaces.
    fn guide() -> Endpoint {
        let template = |text| Some(Template::parse(text).expect("a template"));
        Endpoint {
            key: "elastalert".into(),
            subject: template("🚨 ElastAlert 알림 !!!"),
            body: template("API: {API}\n시각: {@timestamp}\nIP: {sourceIP}\n{result} 에러"),
        }
    }

    #[test]
    fn the_template_writes_the_message() {
        let alert = json!({ "API": "/login", "@timestamp": "2026-11-20T05:00:00Z", "result": 500 });
        let sns_text = guide().sns_text(&alert, Locale::Ko);
        assert_eq!(sns_text.subject, "🚨 ElastAlert 알림 !!!");
        assert_eq!(
            sns_text.text,
            "API: /login\n시각: 2026-11-20T05:00:00Z\nIP: N/A\n500 에러"
        );
        let notice = guide().notice(&alert);
        assert!(notice.source.sent.is_some());
        assert_eq!(
            notice.content,
            Content::Text {
                subject: Some(sns_text.subject),
                text: sns_text.text
            }
        );
    }

    #[test]
    fn without_a_template_everything_is_shown() {
        let endpoint = Endpoint {
            key: "elastalert".into(),
            ..Endpoint::default()
        };
        let sns_text = endpoint.sns_text(&json!({ "rule": " ", "rule_name": "5xx", "n": 1 }), Locale::En);
        assert_eq!(sns_text.subject, "ElastAlert: 5xx");
        assert!(
            sns_text.text.starts_with("rule:  \nrule_name: 5xx\nn: 1\n\n{\n"),
            "{}",
            sns_text.text
        );
        assert_eq!(endpoint.sns_text(&json!({}), Locale::En).subject, "elastalert");
        assert!(matches!(endpoint.notice(json!({})).content, Content::Json { .. }));
    }

    #[test]
    fn an_alert_is_known_by_its_document() {
        let alert = json!({ "rule": "r", "_index": "i", "_id": "1", "@timestamp": "t", "num_hits": 1 });
        let change = |field: &str, value: Value| {
            let mut alert = alert.clone();
            alert[field] = value;
            Endpoint::identity(&alert)
        };
        assert_eq!(change("num_hits", json!(2)), Endpoint::identity(&alert));
        for field in ["rule", "_index", "_id", "@timestamp"] {
            assert_ne!(
                change(field, json!("other")),
                Endpoint::identity(&alert),
                "{field}"
            );
        }
        assert_eq!(change("_id", Value::Null), None);
        assert_eq!(Endpoint::identity(&json!({ "a": 1 })), None);
        assert_ne!(change("rule", Value::Null), Endpoint::identity(&alert));
        // Two new terms in one document; then a document whose own `rule` field is a firewall's.
        for field in ["new_field", "num_alerted"] {
            assert_ne!(change(field, json!("ip")), Endpoint::identity(&alert), "{field}");
        }
        // The same alert, as ElastAlert2 reads it back from its own index.
        let again = r#"{"@timestamp":"t","num_hits":7,"_id":"1","_index":"i","rule":"r"}"#;
        let again: Value = serde_json::from_str(again).expect("JSON");
        assert_eq!(Endpoint::identity(&again), Endpoint::identity(&alert));
        // One document, and two rules whose names are missing.
        assert_ne!(
            Endpoint::identity(&json!({ "_id": "1", "a": 1 })),
            Endpoint::identity(&json!({ "_id": "1", "a": 2 }))
        );
    }
}
