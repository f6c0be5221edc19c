//! Reads the mark of a test from an event.

use super::{Notice, list, text};
use crate::contract::{TEST_ATTRIBUTE, TEST_REASON, TEST_RESOURCE, is_test};
use serde_json::Value;

impl Notice {
    /// Marks the notice as part of the test `id`. A text that is not a test id changes nothing.
    pub fn marked(mut self, id: &str) -> Self {
        if is_test(id) {
            self.test = Some(id.to_owned());
        }
        self
    }
}

/// The start of `text`, up to a blank or a punctuation mark.
fn id(text: &str) -> Option<&str> {
    text.split(|c: char| c != '-' && !c.is_ascii_alphanumeric())
        .next()
}

/// The mark in an event, or in an alarm's message.
pub(super) fn read(event: &Value) -> Option<String> {
    let state = event.get("detail").and_then(|detail| detail.get("state"));
    let reasons = [
        text(event, "NewStateReason"),
        state.and_then(|state| text(state, "reason")),
    ];
    let reasons = reasons
        .iter()
        .flatten()
        .filter_map(|reason| id(reason.strip_prefix(TEST_REASON)?));
    let resources = list(event, "resources").iter().filter_map(Value::as_str);
    let resources = resources.filter_map(|resource| resource.strip_prefix(TEST_RESOURCE));
    reasons.chain(resources).find(|id| is_test(id)).map(str::to_owned)
}

/// The mark of an SNS message.
pub(super) fn attribute(sns: &Value) -> Option<String> {
    let attribute = sns.get("MessageAttributes")?.get(TEST_ATTRIBUTE)?;
    text(attribute, "Value").filter(|id| is_test(id))
}

#[cfg(test)]
mod tests {
    use crate::event::{Notice, read};
    use serde_json::{Value, json};

    fn mark(event: &Value) -> Option<String> {
        read(event).into_iter().next().and_then(|notice| notice.test)
    }

    fn sns(attribute: &str, message: &Value) -> Value {
        let attributes = json!({ "alertctl.test": { "Type": "String", "Value": attribute } });
        json!({ "Records": [{ "Sns": { "Message": message.to_string(), "MessageAttributes": attributes } }] })
    }

    #[test]
    fn every_path_carries_the_mark() {
        let reason = "alertctl test t-0a1b2c3d: sent by hand";
        let alarm = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM", "NewStateReason": reason });
        let changed = json!({ "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
            "detail": { "alarmName": "cpu", "state": { "value": "ALARM", "reason": reason } } });
        let event =
            json!({ "source": "alertctl", "detail-type": "x", "resources": [1, "alertctl:test:t-0a1b2c3d"] });
        for marked in [
            &sns("", &alarm),
            &changed,
            &event,
            &sns("t-0a1b2c3d", &json!("x")),
            &sns("", &event),
        ] {
            assert_eq!(mark(marked).as_deref(), Some("t-0a1b2c3d"), "{marked}");
        }
    }

    #[test]
    fn what_only_resembles_a_mark_is_none() {
        let reason =
            |reason: &str| json!({ "AlarmName": "a", "NewStateValue": "OK", "NewStateReason": reason });
        for unmarked in [
            reason("alertctl test"),
            reason("alertctl test t-0a1b2c3"),
            reason("after alertctl test t-0a1b2c3d"),
            reason("alertctl test t-0a1b2c3d-more"),
            sns("t-0a1b2c3d0", &json!("x")),
            json!({ "resources": ["alertctl:test:<!channel>"] }),
            json!(null),
        ] {
            assert_eq!(mark(&unmarked), None, "{unmarked}");
        }
        let notice = || read(&json!({})).pop();
        assert_eq!(
            notice().and_then(|notice: Notice| notice.marked("t-x").test),
            None
        );
    }
}
