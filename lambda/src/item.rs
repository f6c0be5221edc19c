//! The relay's unit of work: one record of an event, with its destinations.

use crate::contract::{ChannelKey, Envelope, GuardOutcome, MAIL_ATTRIBUTE, Verdict};
use crate::event::{self, Content, Guarded, Notice};
use crate::json::Json;
use crate::routing::Traits;
use crate::{Card, Settings, compose};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::fmt::Display;

/// The content of one record, and its envelope.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// Holds only this record.
    pub envelope: Envelope,
    pub notice: Notice,
    /// Unique id: that of the EventBridge event or of the SNS message.
    pub identity: Option<String>,
    /// Why channels are not notified. One that shows the incident as going on still gets its end.
    pub muted: Option<String>,
    /// The JSON that routes match against: what an SNS message carried, or the event itself. It is kept because parsing is by
    /// far the most expensive step.
    payload: Json,
}

/// Splits an invocation event: one item per record of an SNS delivery, otherwise one item. What the relay itself published
/// for the e-mail subscribers of a topic is left out: the relay would publish it again, in an endless loop.
pub(crate) fn items(event: Value) -> Vec<Item> {
    let mut items = all_items(event);
    items.retain(|item| !item.is_mail());
    items
}

fn all_items(event: Value) -> Vec<Item> {
    let mut envelope = Envelope::open(event);
    let records = envelope
        .event
        .get_mut()
        .and_then(|event| event.get_mut("Records"));
    let records = match records {
        Some(Value::Array(records)) if records.len() > 1 => std::mem::take(records),
        _ => return vec![Item::new(envelope)],
    };
    let alone = |record| {
        Item::new(Envelope {
            event: around(record),
            ..envelope.clone()
        })
    };
    records.into_iter().map(alone).collect()
}

impl Item {
    fn new(envelope: Envelope) -> Self {
        let id = match envelope.event.get("detail-type") {
            Some(_) => envelope.event.get("id"),
            None => envelope.event.pointer("/Records/0/Sns/MessageId"),
        };
        let identity = id.and_then(Value::as_str).map(str::to_owned);
        let (notice, payload) = match &envelope.guard {
            Some(outcome) => (
                Notice::from(Guarded {
                    outcome: outcome.clone(),
                    event: envelope.event.clone(),
                }),
                envelope.event.clone(),
            ),
            None => event::read_one(&envelope.event),
        };
        Self::of(envelope, notice, identity, payload)
    }

    fn of(envelope: Envelope, mut notice: Notice, identity: Option<String>, payload: Json) -> Self {
        notice.source.rule.clone_from(&envelope.rule);
        notice.source.endpoint.clone_from(&envelope.endpoint);
        if let Some(id) = &envelope.test {
            notice = notice.marked(id);
        }
        Self {
            envelope,
            notice,
            identity,
            muted: None,
            payload,
        }
    }

    /// An item whose notice the sender has already read.
    pub fn known(envelope: Envelope, notice: Notice, identity: Option<String>) -> Self {
        let payload = match &notice.content {
            Content::Json { value, .. } => value.clone(),
            _ => event::payload(&envelope.event),
        };
        Self::of(envelope, notice, identity, payload)
    }

    /// Text without an event around it, such as a message that somebody put into a queue.
    pub fn text(text: &str) -> Self {
        Self::new(Envelope {
            event: record(None, text).into(),
            ..Envelope::default()
        })
    }

    /// An alert that an endpoint took, in a form that the relay can read without the endpoint's settings.
    pub fn alert(envelope: Envelope, notice: Notice, identity: Option<String>) -> Self {
        let (subject, text) = match &notice.content {
            Content::Text { subject, text } => (subject.as_deref(), text.clone()),
            Content::Json { subject, value } => (subject.as_deref(), value.to_string()),
            _ => (None, envelope.event.to_string()),
        };
        let mut event = record(subject, &text);
        let sns = &mut event["Records"][0]["Sns"];
        if let Some(identity) = &identity {
            sns["MessageId"] = identity.as_str().into();
        }
        if let Some(sent) = notice.source.sent {
            sns["Timestamp"] = sent.to_string().into();
        }
        let event = event.into();
        Self::known(Envelope { event, ..envelope }, notice, identity)
    }

    /// Whether the relay published it for the e-mail subscribers of a topic, whoever sends it here.
    fn is_mail(&self) -> bool {
        let attributes = self.envelope.event.pointer("/Records/0/Sns/MessageAttributes");
        attributes.is_some_and(|attributes| attributes.get(MAIL_ATTRIBUTE).is_some())
    }

    /// The ARN of the topic that the item came from, if the relay publishes the item there for e-mail subscribers. `None` if
    /// the item names destinations: it is sent again to only those.
    pub fn mail(&self, settings: &Settings) -> Option<&str> {
        let source = &self.notice.source;
        let to_all = self.envelope.channels.is_empty() && self.envelope.topics.is_empty();
        let topic = settings.topics.get(source.topic().filter(|_| to_all)?)?;
        source.topic_arn.as_deref().filter(|_| topic.mail)
    }

    /// Whether the item came from the topic with this ARN: what the relay publishes there of it is only for the e-mail
    /// subscribers.
    pub fn came_from(&self, arn: &str) -> bool {
        self.notice.source.topic_arn.as_deref() == Some(arn)
    }

    /// The key by which a warm function remembers that `to`, a channel or the ARN of a topic, has the item. A redriven dead
    /// letter gets a new key.
    pub fn key(&self, to: impl Display) -> String {
        let died = self.envelope.dead_letter.as_ref();
        let died = died.and_then(|why| why.get("at")?.as_str());
        let identity = self.identity.as_deref().unwrap_or_default();
        // What the guard did is another message than the alert about the same event.
        let guard = match &self.envelope.guard {
            None => "",
            Some(GuardOutcome::Restarted | GuardOutcome::AlreadyLogging) => " logs",
            Some(GuardOutcome::Failed(_)) => " stopped",
        };
        format!("{to} {} {identity}{guard}", died.unwrap_or("-"))
    }

    /// The envelope in which the item waits for `channel`, with what was decided about it.
    pub fn waiting_for(&self, channel: &ChannelKey, verdict: Verdict) -> Envelope {
        Envelope {
            verdict: Some(verdict),
            ..self.envelope.for_channel(channel)
        }
    }

    /// The item's channels. If no channel is routed to its SNS topic, the topic's name is the error.
    ///
    /// The envelope names the channels, or else the settings for the SNS topic. An item with neither goes to
    /// every channel, because dropping it would hide an alert.
    pub fn channels<'a>(&'a self, settings: &'a Settings) -> Result<Cow<'a, [ChannelKey]>, &'a str> {
        if !self.envelope.channels.is_empty() || !self.envelope.topics.is_empty() {
            return Ok(Cow::Borrowed(&self.envelope.channels));
        }
        let Some(topic) = self.notice.source.topic() else {
            return Ok(Cow::Owned(settings.all_channels()));
        };
        match settings.topics.get(topic) {
            Some(known) if !known.to.is_empty() => Ok(Cow::Borrowed(&known.to)),
            _ => Err(topic),
        }
    }

    /// What routes match against.
    pub fn traits(&self, settings: &Settings) -> Traits<'_> {
        Traits::of(&self.notice, &self.payload, settings)
    }

    /// How `channel` is told of the item; `None` if it does not accept it. What was decided before stays: a message in
    /// a buffer was accepted, and a redrive sends a dead letter to exactly the channels that do not have it.
    pub fn verdict(&self, channel: &ChannelKey, traits: &Traits<'_>, settings: &Settings) -> Option<Verdict> {
        let decided = self.envelope.verdict.clone();
        let decided = decided.or_else(|| settings.accepts(channel, traits));
        let Some(why) = &self.envelope.dead_letter else {
            return decided;
        };
        // The relay dead-letters a message that the channel accepted; others keep a whole event.
        let accepted = why.get("function").is_some();
        let decided = decided.or_else(|| accepted.then(|| traits.unmentioned()))?;
        // Who sends a dead letter again knows of it, so it calls nobody.
        Some(Verdict {
            mention: Vec::new(),
            ..decided
        })
    }

    /// The card for the item, with the people that the verdict mentions.
    pub fn card(&self, verdict: &Verdict, settings: &Settings) -> Card {
        let mut card = compose(&self.notice, settings);
        card.mention(&verdict.mention);
        card
    }
}

/// The delivery of one record.
fn around(record: Value) -> Json {
    let fields = [("Records".to_owned(), Value::Array(vec![record]))];
    Value::Object(fields.into_iter().collect()).into()
}

fn record(subject: Option<&str>, text: &str) -> Value {
    json!({ "Records": [{ "Sns": { "Subject": subject, "Message": text } }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sns(id: &str, message: &str) -> Value {
        json!({ "Sns": { "MessageId": id, "TopicArn": "arn:aws:sns:r:a:mission-sns", "Message": message } })
    }

    #[test]
    fn each_record_is_an_item() {
        let event =
            json!({ "alertctl": { "rule": "r" }, "event": { "Records": [sns("1", "a"), sns("2", "b")] } });
        let items = items(event);
        let identities: Vec<_> = items.iter().map(|item| item.identity.as_deref()).collect();
        assert_eq!(identities, [Some("1"), Some("2")]);
        assert_eq!(items[1].envelope.event, json!({ "Records": [sns("2", "b")] }));
        assert_eq!(items[1].envelope.rule.as_deref(), Some("r"));
        assert!(matches!(&items[1].notice.content, Content::Text { text, .. } if text == "b"));
    }

    #[test]
    fn anything_is_an_item() {
        for event in [
            json!(null),
            json!([1]),
            json!({ "Records": [] }),
            json!({ "Records": "x" }),
        ] {
            let items = items(event.clone());
            assert_eq!((items.len(), &items[0].envelope.event), (1, &Json::from(&event)));
            assert_eq!(items[0].identity, None);
        }
        let event = json!({ "detail-type": "x", "source": "y", "id": "e-1" });
        assert_eq!(items(event)[0].identity.as_deref(), Some("e-1"));
    }

    #[test]
    fn the_relays_own_mail_is_nothing_to_tell() {
        let mail = |value: Value| {
            let mut mail = sns("2", "b");
            mail["Sns"]["MessageAttributes"] = json!({ MAIL_ATTRIBUTE: value });
            mail
        };
        let marks = [
            json!({ "Type": "String", "Value": "true" }),
            json!({}),
            json!(null),
        ];
        for mark in marks {
            assert!(items(json!({ "Records": [mail(mark.clone())] })).is_empty());
            let redriven =
                json!({ "alertctl": { "parked": {} }, "event": { "Records": [mail(mark.clone())] } });
            assert!(items(redriven).is_empty());
            let both = items(json!({ "Records": [sns("1", "a"), mail(mark)] }));
            assert_eq!((both.len(), both[0].identity.as_deref()), (1, Some("1")));
        }
    }

    #[test]
    fn only_what_goes_to_all_is_mailed() {
        let settings = |mail: bool| {
            let topics = json!({ "mission-sns": { "to": ["c"], "mail": mail } });
            Settings::parse(&json!({ "topics": topics }).to_string()).expect("settings")
        };
        let item = |wrapper: Value| {
            let event = json!({ "Records": [sns("1", "a")] });
            items(json!({ "alertctl": wrapper, "event": event })).remove(0)
        };
        let arn = Some("arn:aws:sns:r:a:mission-sns");
        assert_eq!(item(json!({})).mail(&settings(true)), arn);
        assert_eq!(item(json!({ "parked": {} })).mail(&settings(true)), arn);
        assert_eq!(item(json!({})).mail(&settings(false)), None);
        assert_eq!(item(json!({ "channels": ["c"] })).mail(&settings(true)), None);
        assert_eq!(item(json!({ "topics": [arn] })).mail(&settings(true)), None);
    }

    #[test]
    fn an_alert_is_read_as_it_was_written() {
        let endpoint = crate::Endpoint {
            key: "elastalert".into(),
            ..Default::default()
        };
        let alert = json!({ "rule": "5xx", "_id": "1", "@timestamp": "2026-11-20T05:00:00Z" });
        let notice = endpoint.notice(&alert);
        let envelope = Envelope {
            endpoint: Some("elastalert".into()),
            test: Some("t-0123abcd".into()),
            ..Envelope::default()
        };
        let item = Item::alert(envelope, notice.marked("t-0123abcd"), Some("1".into()));
        let again = items(serde_json::from_str(&item.envelope.text()).expect("JSON")).remove(0);
        assert_eq!(again.notice, item.notice);
        assert_eq!(again.identity, item.identity);
    }
}
