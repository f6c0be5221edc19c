//! What other parts of the stack ask the relay for, without an alert.

use super::{Press, topic_name};
use serde::Deserialize as _;
use serde_json::{Value, json};

const WRAPPER: &str = "alertctl";
const HEARTBEAT: &str = "heartbeat";
const REMIND: &str = "remind";
const PRESS: &str = "press";
/// No signal is longer, so that the texts of alerts need not be read twice.
const MAX_BYTES: usize = 1_000;

/// A signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A sign of life, with the way it came, for the metric. The relay answers for the channels at its end.
    Heartbeat(String),
    /// Time to look for incidents that people are to be reminded of.
    Remind,
    /// Somebody pressed a button.
    Press(Press),
}

impl Signal {
    /// The event that carries it.
    pub fn message(&self) -> Value {
        match self {
            Self::Heartbeat(path) => json!({ WRAPPER: { HEARTBEAT: path } }),
            Self::Remind => json!({ WRAPPER: { REMIND: true } }),
            Self::Press(press) => json!({ WRAPPER: { PRESS: press } }),
        }
    }

    /// Reads the event of an invocation: a signal itself, or a heartbeat that came by a topic.
    pub fn read(event: &Value) -> Option<Self> {
        if let Some(signal) = Self::of(event) {
            return Some(signal);
        }
        let sns = event.pointer("/Records/0/Sns")?;
        let text = sns.get("Message")?.as_str()?;
        let may_be = text.len() <= MAX_BYTES && text.contains(HEARTBEAT);
        let parsed = may_be.then(|| serde_json::from_str(text).ok())??;
        // Whoever may publish to a topic speaks for that way alone.
        let topic = topic_name(sns.get("TopicArn")?.as_str()?);
        Self::of(&parsed).filter(|signal| matches!(signal, Self::Heartbeat(path) if path == topic))
    }

    fn of(value: &Value) -> Option<Self> {
        let wrapper = value.get(WRAPPER)?;
        if wrapper.get(REMIND) == Some(&Value::Bool(true)) {
            return Some(Self::Remind);
        }
        if let Some(press) = wrapper.get(PRESS) {
            return Press::deserialize(press).ok().map(Self::Press);
        }
        Some(Self::Heartbeat(wrapper.get(HEARTBEAT)?.as_str()?.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Act, ChannelKey};
    use jiff::Timestamp;

    #[test]
    fn it_is_known_by_both_ways_and_nothing_else_is_one() {
        let arn = "arn:aws:sns:eu-west-1:111122223333:alerts";
        let by_topic = |text: &str| json!({ "Records": [{ "Sns": { "TopicArn": arn, "Message": text } }] });
        let heartbeat = Signal::Heartbeat("alerts".to_owned());
        assert_eq!(Signal::read(&heartbeat.message()), Some(heartbeat.clone()));
        assert_eq!(
            Signal::read(&by_topic(&heartbeat.message().to_string())),
            Some(heartbeat)
        );
        assert_eq!(Signal::read(&Signal::Remind.message()), Some(Signal::Remind));
        let press = Signal::Press(Press {
            channel: ChannelKey("oncall".to_owned()),
            incident: "9f2c".to_owned(),
            message: "C0123ABCD 1.0".to_owned(),
            act: Act::SnoozeOneHour,
            user: "U0123ABCD".to_owned(),
            name: None,
            at: Timestamp::UNIX_EPOCH,
        });
        assert_eq!(Signal::read(&press.message()), Some(press.clone()));
        assert_eq!(Signal::read(&by_topic(&press.message().to_string())), None);
        // Whoever may publish to a topic calls nobody, and hides the silence of no other way.
        let other = Signal::Heartbeat("rules/*".to_owned()).message();
        assert_eq!(Signal::read(&by_topic(&other.to_string())), None);
        assert_eq!(
            Signal::read(&by_topic(&Signal::Remind.message().to_string())),
            None
        );
        for other in [
            "",
            "text",
            "{}",
            r#"{"alertctl":{"heartbeat":1}}"#,
            r#"{"alertctl":{}}"#,
        ] {
            assert_eq!(Signal::read(&by_topic(other)), None, "{other}");
        }
        let envelope = json!({ "alertctl": { "channels": ["a"] }, "event": {} });
        assert_eq!(Signal::read(&envelope), None);
        assert_eq!(Signal::read(&by_topic(&" ".repeat(2_000))), None);
    }
}
