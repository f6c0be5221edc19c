//! What each channel shows of each incident: a table in DynamoDB, which all processes share.
//!
//! Whoever takes a step for an incident holds it for the while: so two processes never post two messages about it, and
//! an early end never is covered by a late beginning. Someone who dies lets go of it after [`LEASE`].

mod due;

pub(super) use due::Due;
use due::{called, moment};

use super::aws::{Aws, AwsError, Call, Service};
use crate::card::{Acknowledged, Snoozed};
use crate::destination::MessageId;
use crate::event::{AlarmPlace, Incident, Phase};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a step may take.
pub(super) const LONGEST_STEP: Duration = Duration::from_secs(20);
/// How long a step of an incident tries to hold it while another process holds it. After that, the retry queue keeps the step.
pub(super) const HOLD_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a step holds its incident: longer than it may take, whatever the clocks say.
const LEASE: Duration = Duration::from_secs(30);
/// How long the table may take to answer. It answers in milliseconds, and a message does not wait for it.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an incident is remembered that nothing happens to. DynamoDB deletes it within days after that.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The table of incidents.
pub(super) struct Incidents {
    table: String,
}

/// What a channel shows of an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Its message.
    pub id: Option<MessageId>,
    /// Whether it goes on.
    pub firing: bool,
    /// When the last step happened that the message shows.
    pub at: Option<Timestamp>,
    /// The headline with which it began.
    pub first: Option<String>,
    /// Whether it began as something that people have to be told of loudly, and so its end, too.
    pub loud: bool,
    /// Whether somebody may have posted a message and does not know its id.
    pub unsure: bool,
    /// When it began, if it goes on.
    pub since: Option<Timestamp>,
    /// Whom its beginning called.
    pub called: Vec<String>,
    /// When people are to be reminded of it.
    pub due: Option<Timestamp>,
    /// Who takes care of it.
    pub acknowledged: Option<Acknowledged>,
    /// Who silenced it.
    pub snoozed: Option<Snoozed>,
    /// When somebody last silenced it, or ended that.
    pub pressed: Option<Timestamp>,
    /// What its message shows, to be shown again with what people did, if that has buttons.
    pub content: Option<String>,
    /// The page of the thing itself.
    pub page: Option<String>,
    /// The alarm, if it is one.
    pub alarm: Option<AlarmPlace>,
}

/// What is to be done for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A message of its own, which the record is about from now on.
    Begin,
    /// A message of its own, since the record is about something later.
    Aside,
    /// The message shows this step; its thread gets a line unless `again`: the step was taken before, perhaps in vain.
    Update { again: bool },
    /// The message shows something later; the thread gets a line.
    Line,
}

/// An incident that this process holds.
pub(super) struct Held {
    key: Value,
    owner: String,
    pub record: Record,
}

impl Record {
    /// What is to be done for a step of the incident.
    pub fn step(&self, incident: &Incident) -> Step {
        let is_later = incident.at > self.at;
        let is_same = incident.at == self.at;
        match (self.firing, incident.phase, &self.id) {
            // Whoever told of its end may not have written it down: what begins now must be seen.
            (true, Phase::Firing, Some(_)) if is_later && self.unsure => Step::Begin,
            // An alarm may fire and end within what a clock shows.
            (true, phase, Some(_)) if is_later || is_same => Step::Update {
                again: is_same && phase == Phase::Firing,
            },
            (_, _, Some(_)) if !is_later && !is_same => Step::Line,
            (false, Phase::Resolved, Some(_)) if is_same => Step::Update { again: true },
            (_, _, None) if self.at.is_some() && !is_later && !is_same => Step::Aside,
            _ => Step::Begin,
        }
    }

    /// The record after a step. While it goes on, people are reminded of it after `remind`.
    pub fn after(&self, incident: &Incident, id: Option<MessageId>, remind: Option<Duration>) -> Self {
        let (since, due) = match (self.firing, incident.phase) {
            (_, Phase::Resolved) => (None, None),
            (true, Phase::Firing) => (self.since, self.due),
            (false, Phase::Firing) => (incident.at, due_in(remind)),
        };
        Self {
            id,
            firing: incident.phase == Phase::Firing,
            at: incident.at,
            unsure: false,
            since,
            due,
            ..self.clone()
        }
    }

    /// Reads an item, which `owner` holds from now on.
    fn read(item: &Value, owner: &str) -> Self {
        let text = |name: &str| item[name]["S"].as_str().map(str::to_owned);
        let flag = |name: &str| item[name]["BOOL"] == true;
        Self {
            id: text("id").map(MessageId),
            firing: flag("firing"),
            at: text("at").and_then(|at| at.parse().ok()),
            first: text("first"),
            loud: flag("loud"),
            // Who held it last did not let go of it.
            unsure: flag("unsure") || text("owner").is_some_and(|last| last != owner),
            since: text("since").and_then(|since| since.parse().ok()),
            called: called(item),
            due: moment(&item["due"]),
            acknowledged: stamped(text("acknowledged"))
                .and_then(|(at, who)| Some(Acknowledged { who, at: at? })),
            snoozed: stamped(text("snoozed")).map(|(until, who)| Snoozed { who, until }),
            pressed: text("pressed").and_then(|at| at.parse().ok()),
            content: text("content"),
            page: text("page"),
            alarm: text("alarm").and_then(|alarm| place(&alarm)),
        }
    }
}

/// When people are reminded, if they are after this time from now.
pub(super) fn due_in(time: Option<Duration>) -> Option<Timestamp> {
    Timestamp::now().checked_add(time?).ok()
}

/// An alarm and its place, in one text.
fn placed(
    AlarmPlace {
        account,
        region,
        name,
    }: &AlarmPlace,
) -> String {
    format!("{account} {region} {name}")
}

/// What [`placed`] wrote.
fn place(text: &str) -> Option<AlarmPlace> {
    let mut parts = text.splitn(3, ' ').map(str::to_owned);
    let (account, region, name) = (parts.next()?, parts.next()?, parts.next()?);
    Some(AlarmPlace {
        account,
        region,
        name,
    })
}

/// What [`stamp`] wrote.
fn stamped(text: Option<String>) -> Option<(Option<Timestamp>, String)> {
    let text = text?;
    let (at, who) = text.split_once(' ')?;
    Some((at.parse().ok(), who.to_owned()))
}

/// A person's name, after a moment or the word for none.
fn stamp(at: Option<Timestamp>, who: &str) -> String {
    match at {
        Some(at) => format!("{at} {who}"),
        None => format!("- {who}"),
    }
}

impl Incidents {
    pub fn new(table: String) -> Self {
        Self { table }
    }

    /// Holds `name`, an incident of a channel, for `owner`; `None` if somebody else does.
    pub async fn hold(
        &self,
        aws: &Aws,
        name: &str,
        owner: &str,
        now: Timestamp,
    ) -> Result<Option<Held>, AwsError> {
        let key = json!({ "pk": { "S": name } });
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let input = json!({
            "TableName": self.table,
            "Key": key,
            "UpdateExpression": "SET #until = :until, #owner = :owner, #ttl = if_not_exists(#ttl, :ttl)",
            // A call whose answer was lost is repeated.
            "ConditionExpression": "attribute_not_exists(#until) OR #until < :now OR #owner = :owner",
            "ExpressionAttributeNames": { "#until": "until", "#owner": "owner", "#ttl": "ttl" },
            "ExpressionAttributeValues": {
                ":until": number(until), ":now": number(now), ":owner": { "S": owner }, ":ttl": remembered(now),
            },
            "ReturnValues": "ALL_OLD",
        });
        let Some(answer) = self.update(aws, &input).await? else {
            return Ok(None);
        };
        let item = &answer["Attributes"];
        let seconds = item["ttl"]["N"].as_str().and_then(|text| text.parse().ok());
        let is_over = seconds.is_some_and(|seconds: i64| seconds < now.as_second());
        Ok(Some(Held {
            key,
            owner: owner.to_owned(),
            record: match is_over {
                true => Record::default(),
                false => Record::read(item, owner),
            },
        }))
    }

    /// Lets go of an incident, with what its channel shows now; false if somebody else holds it by now, and theirs is newer.
    pub async fn release(
        &self,
        aws: &Aws,
        held: &Held,
        record: &Record,
        now: Timestamp,
    ) -> Result<bool, AwsError> {
        let flag = |flag: bool| json!({ "BOOL": flag });
        let mut set = vec![
            ("firing", flag(record.firing)),
            ("loud", flag(record.loud)),
            ("unsure", flag(record.unsure)),
            ("ttl", remembered(now)),
        ];
        let mut remove = vec!["until", "owner"];
        // Whoever reminds people does not hold the incident.
        match record.due {
            Some(due) if record.due != held.record.due => set.push(("due", number(due))),
            Some(_) => {}
            None => remove.push("due"),
        }
        match record.called.is_empty() {
            true => remove.push("called"),
            false => set.push(("called", json!({ "SS": record.called }))),
        }
        let texts = [
            ("id", record.id.as_ref().map(|id| id.0.clone())),
            ("at", record.at.map(|at| at.to_string())),
            ("first", record.first.clone()),
            ("since", record.since.map(|since| since.to_string())),
            (
                "acknowledged",
                record.acknowledged.as_ref().map(|by| stamp(Some(by.at), &by.who)),
            ),
            (
                "snoozed",
                record.snoozed.as_ref().map(|by| stamp(by.until, &by.who)),
            ),
            ("pressed", record.pressed.map(|at| at.to_string())),
            ("content", record.content.clone()),
            ("page", record.page.clone()),
            ("alarm", record.alarm.as_ref().map(placed)),
        ];
        for (name, text) in texts {
            match text {
                Some(text) => set.push((name, json!({ "S": text }))),
                None => remove.push(name),
            }
        }
        let named = |name: &str| format!("#{name}");
        let assignments: Vec<_> = set.iter().map(|(name, _)| format!("#{name} = :{name}")).collect();
        let removed: Vec<_> = remove.iter().map(|name| named(name)).collect();
        let names = set.iter().map(|(name, _)| *name).chain(remove);
        let names: Value = names.map(|name| (named(name), Value::from(name))).collect();
        let values = set
            .iter()
            .map(|(name, value)| (format!(":{name}"), value.clone()));
        let mut values: Value = values.collect();
        values[":held"] = json!({ "S": held.owner });
        let input = json!({
            "TableName": self.table,
            "Key": held.key,
            "UpdateExpression": format!("SET {} REMOVE {}", assignments.join(", "), removed.join(", ")),
            "ConditionExpression": "#owner = :held",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        });
        Ok(self.update(aws, &input).await?.is_some())
    }

    /// Updates an item; `None` if it does not meet the condition.
    async fn update(&self, aws: &Aws, input: &Value) -> Result<Option<Value>, AwsError> {
        match self.call(aws, "UpdateItem", input).await {
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
            answer => answer.map(Some),
        }
    }

    async fn call(&self, aws: &Aws, operation: &'static str, input: &Value) -> Result<Value, AwsError> {
        let call = Call::json(Service::DYNAMODB, operation, input).attempts(2);
        let answer = aws.call_within(CALL_TIMEOUT, aws.region(), &call).await?;
        Ok(serde_json::from_slice(&answer).unwrap_or_default())
    }
}

/// When an incident is forgotten, in seconds, as DynamoDB wants it.
fn remembered(now: Timestamp) -> Value {
    let end = now.saturating_add(REMEMBERED).unwrap_or(Timestamp::MAX);
    json!({ "N": end.as_second().to_string() })
}

/// A moment in milliseconds, as DynamoDB compares it.
fn number(moment: Timestamp) -> Value {
    json!({ "N": moment.as_millisecond().to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(phase: Phase, second: i64) -> Incident {
        Incident {
            key: "k".to_owned(),
            phase,
            at: Timestamp::from_second(second).ok(),
            begins: false,
            alarm: None,
        }
    }

    fn shown(firing: bool, second: i64) -> Record {
        Record {
            id: Some(MessageId("C1 1.0".to_owned())),
            firing,
            at: Timestamp::from_second(second).ok(),
            ..Record::default()
        }
    }

    #[test]
    fn an_incident_is_one_message_until_it_is_over() {
        let fired = |second| incident(Phase::Firing, second);
        let over = |second| incident(Phase::Resolved, second);
        let update = |again| Step::Update { again };
        for (record, incident, step) in [
            (Record::default(), fired(10), Step::Begin),
            (Record::default(), over(10), Step::Begin),
            (shown(true, 10), over(20), update(false)),
            (shown(true, 10), over(10), update(false)),
            (shown(true, 10), fired(20), update(false)),
            // The answer was lost, or another process has it, too.
            (shown(true, 10), fired(10), update(true)),
            (shown(false, 20), over(20), update(true)),
            // What comes late never covers what is newer.
            (shown(true, 10), over(5), Step::Line),
            (shown(false, 20), fired(10), Step::Line),
            (shown(false, 20), over(10), Step::Line),
            // It begins anew.
            (shown(false, 20), fired(30), Step::Begin),
            (shown(false, 20), over(30), Step::Begin),
        ] {
            assert_eq!(record.step(&incident), step, "{record:?} {incident:?}");
        }
        let without = Record {
            id: None,
            ..shown(false, 20)
        };
        assert_eq!(without.step(&fired(10)), Step::Aside);
        assert_eq!(without.step(&fired(30)), Step::Begin);
    }
}
