//! The messages in a stack's dead-letter queues: what they are, why they are there, and how to redrive them.

use std::collections::BTreeMap;

use alertctl_relay::{Endpoint, Envelope, Settings, Signal, event, summarise};
use jiff::Timestamp;
use serde_json::{Value, json};

mod advice;
mod again;
mod queues;
mod template;

pub use advice::advice;
pub use again::{Delivery, deliver, deliveries};
pub use queues::{DeadLetter, MOST, look, take};

/// A dead letter, parsed as far as possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Undelivered {
    pub form: Form,
    /// When it became a dead letter.
    pub at: Option<Timestamp>,
    /// Its origin, such as `rule logins` or `topic mission-sns`.
    pub from: Option<String>,
    pub reason: Option<String>,
    /// The channels or topics that lack it, if known.
    pub to: Vec<String>,
    /// The headline of its message, as text.
    pub headline: Option<String>,
    pub again: Again,
}

impl Undelivered {
    /// The same delivery with the mark of a dead letter. The relay then shows it as late, mentions nobody, and puts it into
    /// a digest with others.
    pub fn marked(&self, delivery: Delivery) -> Delivery {
        match delivery {
            Delivery::Invoke { function, payload } => {
                let at = self.at.map(|at| at.to_string());
                let why = json!({ "reason": self.reason, "at": at });
                let payload = Envelope::again(payload, why);
                Delivery::Invoke { function, payload }
            }
            delivery @ Delivery::Publish { .. } => delivery,
        }
    }
}

/// Who put the message into the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A function of the stack, or SQS for a message that the function could not drain from a buffer.
    Envelope,
    /// Lambda: an invocation that failed after all retries.
    OnFailure,
    /// SNS: a notification that the function did not accept.
    Sns,
    /// EventBridge: an event that a target did not accept.
    EventBridge,
    Unknown,
}

/// How to redrive it.
#[derive(Debug, Clone, PartialEq)]
pub enum Again {
    /// Invoke a function of the stack with this payload.
    Invoke { function: String, payload: Value },
    /// Do what the rule would have done with its event; the rule's target decides what that is.
    Target {
        rule: RuleArn,
        target: String,
        event: Value,
    },
    /// Not possible, with the reason.
    No(String),
}

/// The parts of a rule's ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleArn {
    pub region: String,
    pub bus: String,
    pub rule: String,
}

impl RuleArn {
    /// `arn:aws:events:<region>:<account>:rule/[<bus>/]<name>`.
    pub fn read(arn: &str) -> Option<Self> {
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        let [_, _, "events", region, _, resource] = parts[..] else {
            return None;
        };
        let name = resource.strip_prefix("rule/")?;
        let (bus, rule) = name.split_once('/').unwrap_or(("default", name));
        Some(Self {
            region: region.to_owned(),
            bus: bus.to_owned(),
            rule: rule.to_owned(),
        })
    }
}

/// Reads a message of a dead-letter queue. `owner` is the function that owns the queue, `functions` are all
/// functions of the stack. Never fails: a message in an unknown format says so, and stays in the queue.
pub fn read(
    body: &str,
    attributes: &BTreeMap<String, String>,
    owner: Option<&str>,
    functions: &[String],
    settings: &Settings,
) -> Undelivered {
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        return unknown(None, "it is not JSON");
    };
    let around = Around {
        owner,
        functions,
        settings,
    };
    around
        .envelope(&value)
        .or_else(|| around.on_failure(&value))
        .or_else(|| around.sns(&value, attributes))
        .or_else(|| around.eventbridge(&value, attributes))
        .unwrap_or_else(|| unknown(text(&value["reason"]), "it has an unknown format"))
}

/// What a message is read with.
struct Around<'a> {
    owner: Option<&'a str>,
    functions: &'a [String],
    settings: &'a Settings,
}

impl Around<'_> {
    fn invoke(&self, function: Option<&str>, payload: Value) -> Again {
        let Some(name) = function else {
            return Again::No("it does not say which function it is for".to_owned());
        };
        match self.functions.iter().find(|function| *function == name).cloned() {
            Some(function) => Again::Invoke { function, payload },
            None => Again::No(format!("`{name}` is not a function of this stack")),
        }
    }

    /// What the relay dead-lettered, or put into a queue that gave it up.
    fn envelope(&self, value: &Value) -> Option<Undelivered> {
        let (meta, inner) = Envelope::parts(value)?;
        let undelivered = &meta["parked"];
        let why = || {
            undelivered
                .is_null()
                .then(|| "it was received from its queue too often".to_owned())
        };
        let function = undelivered["function"].as_str().map(name_of).or(self.owner);
        Some(Undelivered {
            form: Form::Envelope,
            at: moment(&undelivered["at"]),
            from: from(meta, inner),
            reason: text(&undelivered["reason"]).or_else(why),
            to: destinations(meta, inner, self.settings),
            headline: headline(meta, inner, self.settings),
            again: self.invoke(function, value.clone()),
        })
    }

    /// What Lambda sends on when a function that was invoked asynchronously failed.
    fn on_failure(&self, value: &Value) -> Option<Undelivered> {
        let (context, payload) = (value.get("requestContext")?, value.get("requestPayload")?);
        if !context.is_object() {
            return None;
        }
        if let Some(signal) = Signal::read(payload) {
            return Some(outlived(
                &signal,
                moment(&value["timestamp"]),
                text(&value["responsePayload"]["errorMessage"]),
            ));
        }
        let (meta, inner) = Envelope::parts(payload).unwrap_or((&Value::Null, payload));
        let error = &value["responsePayload"];
        let reason = text(&error["errorMessage"]).or_else(|| text(&error["errorType"]));
        Some(Undelivered {
            form: Form::OnFailure,
            at: moment(&value["timestamp"]),
            from: from(meta, inner),
            reason: reason.or_else(|| text(&context["condition"])),
            to: destinations(meta, inner, self.settings),
            headline: headline(meta, inner, self.settings),
            again: self.invoke(context["functionArn"].as_str().map(name_of), payload.clone()),
        })
    }

    /// What a subscription could not deliver.
    fn sns(&self, value: &Value, attributes: &BTreeMap<String, String>) -> Option<Undelivered> {
        value.get("TopicArn").and(value.get("Message"))?;
        let records = json!({ "Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": value["UnsubscribeURL"].as_str().and_then(subscription),
            "Sns": value,
        }]});
        let reason = error_of(attributes, ["ErrorCode", "ErrorMessage"]);
        if let Some(signal) = Signal::read(&records) {
            return Some(outlived(&signal, moment(&value["Timestamp"]), reason));
        }
        Some(Undelivered {
            form: Form::Sns,
            at: moment(&value["Timestamp"]),
            from: from(&Value::Null, &records),
            reason,
            to: destinations(&Value::Null, &records, self.settings),
            headline: headline(&Value::Null, &records, self.settings),
            again: self.invoke(self.owner, records),
        })
    }

    /// What a rule could not deliver to its target.
    fn eventbridge(&self, value: &Value, attributes: &BTreeMap<String, String>) -> Option<Undelivered> {
        let (rule, target) = (attributes.get("RULE_ARN")?, attributes.get("TARGET_ARN")?);
        let from = RuleArn::read(rule).map(|rule| format!("rule {}", rule.rule));
        let again = match RuleArn::read(rule) {
            Some(rule) => Again::Target {
                rule,
                target: target.clone(),
                event: value.clone(),
            },
            None => Again::No(format!("`{rule}` is not the ARN of a rule")),
        };
        Some(Undelivered {
            form: Form::EventBridge,
            at: moment(&value["time"]),
            from,
            reason: error_of(attributes, ["ERROR_CODE", "ERROR_MESSAGE"]),
            to: vec![name_of(target).to_owned()],
            headline: headline(&Value::Null, value, self.settings),
            again,
        })
    }
}

fn unknown(reason: Option<String>, why: &str) -> Undelivered {
    Undelivered {
        form: Form::Unknown,
        at: None,
        from: None,
        reason,
        to: Vec::new(),
        headline: None,
        again: Again::No(why.to_owned()),
    }
}

/// What the stack asked of the relay is done again at the next occasion, and not later.
fn outlived(signal: &Signal, at: Option<Timestamp>, reason: Option<String>) -> Undelivered {
    let what = match signal {
        Signal::Heartbeat(_) => "a heartbeat, and the next one is on its way",
        Signal::Remind => "a look for what people are to be reminded of, and the next one is on its way",
        Signal::Press(_) => "a button that somebody pressed in a channel, and can press again",
    };
    Undelivered {
        form: Form::OnFailure,
        at,
        reason,
        ..unknown(None, &format!("it is no alert, but {what}"))
    }
}

/// The subscription in an unsubscribe link: `…&SubscriptionArn=arn:…`.
fn subscription(link: &str) -> Option<&str> {
    link.split_once("SubscriptionArn=").map(|(_, arn)| arn)
}

/// The name at the end of an ARN, or the name itself. A function's ARN may end in a version.
fn name_of(arn: &str) -> &str {
    match arn.split_once(":function:") {
        Some((_, name)) => name.split(':').next().unwrap_or(name),
        None => arn.rsplit([':', '/']).next().unwrap_or(arn),
    }
}

fn error_of(attributes: &BTreeMap<String, String>, names: [&str; 2]) -> Option<String> {
    let parts: Vec<_> = names
        .iter()
        .filter_map(|name| attributes.get(*name))
        .map(String::as_str)
        .collect();
    (!parts.is_empty()).then(|| parts.join(": "))
}

fn from(meta: &Value, inner: &Value) -> Option<String> {
    let named = ["rule", "endpoint"]
        .iter()
        .find_map(|what| Some(format!("{what} {}", meta[what].as_str()?)));
    let topic = || {
        Some(format!(
            "topic {}",
            name_of(inner.pointer("/Records/0/Sns/TopicArn")?.as_str()?)
        ))
    };
    named.or_else(topic).or_else(|| text(&inner["source"]))
}

fn destinations(meta: &Value, inner: &Value, settings: &Settings) -> Vec<String> {
    let list = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items
            .filter_map(|item| Some(name_of(item.as_str()?).to_owned()))
            .collect()
    };
    let named = [list(&meta["channels"]), list(&meta["topics"])].concat();
    if !named.is_empty() {
        return named;
    }
    let topic = inner
        .pointer("/Records/0/Sns/TopicArn")
        .and_then(Value::as_str)
        .map(name_of);
    let known = topic.and_then(|topic| settings.topics.get(topic));
    known.map_or_else(Vec::new, |topic| {
        topic.to.iter().map(|key| key.0.clone()).collect()
    })
}

/// The headline of the message, as text.
fn headline(meta: &Value, inner: &Value, settings: &Settings) -> Option<String> {
    let notices = match meta["endpoint"].as_str() {
        // A body that is not JSON is plain text.
        Some(_) if !inner.is_object() => return None,
        // From a buffer, the alert comes in the form of an SNS message.
        Some(key) if inner.get("Records").is_none() => {
            let endpoint = Endpoint {
                key: key.to_owned(),
                ..Endpoint::default()
            };
            vec![endpoint.notice(inner)]
        }
        _ => event::read(inner),
    };
    let (first, more) = (notices.first()?, notices.len() - 1);
    let line = summarise(first, settings).headline.plain();
    Some(match more {
        0 => line,
        _ => format!("{line} (+{more})"),
    })
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Some(clean).filter(|text| !text.trim().is_empty())
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests;
