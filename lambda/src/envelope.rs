//! The wrapper that a rule's target puts around an event, so that the rule says where it goes:
//! `{"alertctl":{"rule":"…","channels":["project"]},"event":{…}}`.

use crate::ChannelKey;
use serde_json::Value;

/// An invocation event without its wrapper.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Envelope<'a> {
    /// Where the event goes; empty if no wrapper says it.
    pub channels: Vec<ChannelKey>,
    /// Key of the stack's rule that caught the event.
    pub rule: Option<&'a str>,
    /// Key of the stack's endpoint that took it.
    pub endpoint: Option<&'a str>,
    /// Id of the test that sent it.
    pub test: Option<&'a str>,
    pub event: &'a Value,
}

impl<'a> Envelope<'a> {
    /// Takes the wrapper off; an event without one is its own content.
    pub fn open(event: &'a Value) -> Self {
        match (event.get("alertctl"), event.get("event")) {
            (Some(Value::Object(wrapper)), Some(inner)) => {
                let channels = wrapper.get("channels").and_then(Value::as_array);
                let text = |key: &str| wrapper.get(key).and_then(Value::as_str);
                Self {
                    rule: text("rule"),
                    endpoint: text("endpoint"),
                    test: text("test"),
                    channels: channels
                        .into_iter()
                        .flatten()
                        .filter_map(|channel| Some(ChannelKey(channel.as_str()?.to_owned())))
                        .collect(),
                    event: inner,
                }
            }
            _ => Self {
                channels: Vec::new(),
                rule: None,
                endpoint: None,
                test: None,
                event,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_wrapper_is_taken_off() {
        let inner = json!({ "source": "aws.ec2" });
        let wrapped = json!({ "alertctl": { "rule": "r", "channels": ["b", "a", 1] }, "event": inner });
        let envelope = Envelope::open(&wrapped);
        assert_eq!(envelope.event, &inner);
        assert_eq!(envelope.rule, Some("r"));
        assert_eq!(
            envelope.channels,
            [ChannelKey("b".into()), ChannelKey("a".into())]
        );
        for bare in [
            inner.clone(),
            json!({ "event": inner }),
            json!({ "alertctl": "x", "event": inner }),
            json!({ "alertctl": {} }),
            json!([1]),
        ] {
            let envelope = Envelope::open(&bare);
            assert_eq!((envelope.event, envelope.channels.len()), (&bare, 0));
        }
    }
}
