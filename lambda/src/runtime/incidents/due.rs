//! The incidents that people are to be reminded of: items of the table with the attribute `due`.

use super::{Incidents, number};
use crate::contract::ChannelKey;
use crate::destination::MessageId;
use crate::runtime::aws::{Aws, AwsError};
use crate::runtime::log;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

/// How many items DynamoDB looks at for one answer.
const PAGE: usize = 500;
/// The same where that many answers would be too long to be read: if all of these are due, and have the longest texts, the
/// answer is short enough.
const SHORT_PAGE: usize = 20;
/// The item with the place where the next look begins, if the last one came no further. No incident's name begins so.
const BOOKMARK: &str = "#due";

/// An incident that people are to be reminded of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its key in the table, which begins with that of its channel.
    pub name: String,
    /// Its message.
    pub id: MessageId,
    /// The headline with which it began.
    pub first: String,
    /// When it began.
    pub since: Timestamp,
    /// Whom its beginning called.
    pub called: Vec<String>,
    pub due: Timestamp,
}

impl Due {
    fn read(item: &Value) -> Option<Self> {
        let text = |name: &str| item[name]["S"].as_str().map(str::to_owned);
        Some(Self {
            name: text("pk")?,
            id: MessageId(text("id")?),
            first: text("first")?,
            since: text("since")?.parse().ok()?,
            called: called(item),
            due: moment(&item["due"])?,
        })
    }

    pub fn channel(&self) -> ChannelKey {
        ChannelKey(self.name.split('/').next().unwrap_or_default().to_owned())
    }

    /// Whether its message is at this place of its channel's service.
    pub fn is_at(&self, place: &str) -> bool {
        let of_channel = self.name.split_once('/').map(|(_, rest)| rest);
        of_channel
            .and_then(|rest| rest.split_once('#'))
            .is_some_and(|(at, _)| at == place)
    }
}

/// Whom the beginning of an item's incident called.
pub(super) fn called(item: &Value) -> Vec<String> {
    let called = item["called"]["SS"].as_array().into_iter().flatten();
    called.filter_map(|who| Some(who.as_str()?.to_owned())).collect()
}

/// A moment as [`number`] writes it.
pub(super) fn moment(value: &Value) -> Option<Timestamp> {
    let milliseconds = value["N"].as_str()?.parse().ok()?;
    Timestamp::from_millisecond(milliseconds).ok()
}

impl Incidents {
    /// What people are to be reminded of by `by`. A look that does not reach the end of the table before `deadline` is continued
    /// by the next one, so that the last items of a long table are found, too.
    pub async fn due(&self, aws: &Aws, by: Timestamp, deadline: Instant) -> Result<Vec<Due>, AwsError> {
        let mut due = Vec::new();
        let begin = self.bookmark(aws).await;
        let mut start = begin.clone();
        let mut limit = PAGE;
        loop {
            let mut input = json!({
                "TableName": self.table,
                "Limit": limit,
                "FilterExpression": "#due <= :by AND #firing = :true",
                // Not what the messages show, which is long.
                "ProjectionExpression": "#pk, #id, #first, #since, #called, #due",
                "ExpressionAttributeNames": {
                    "#due": "due", "#firing": "firing", "#pk": "pk", "#id": "id", "#first": "first", "#since": "since",
                    "#called": "called",
                },
                "ExpressionAttributeValues": { ":by": number(by), ":true": { "BOOL": true } },
            });
            if !start.is_null() {
                input["ExclusiveStartKey"] = start.clone();
            }
            let mut page = match self.call(aws, "Scan", &input).await {
                Err(_) if limit > SHORT_PAGE && Instant::now() < deadline => {
                    limit = SHORT_PAGE;
                    continue;
                }
                page => page?,
            };
            let items = page["Items"].as_array();
            due.extend(items.into_iter().flatten().filter_map(Due::read));
            start = page["LastEvaluatedKey"].take();
            if start.is_null() || Instant::now() > deadline {
                break;
            }
        }
        if start != begin
            && let Err(error) = self.set_bookmark(aws, &start).await
        {
            log::untracked(&error.to_string());
        }
        Ok(due)
    }

    /// The key after which the next look begins; null for the table's first item. If that cannot be had, the look begins there.
    async fn bookmark(&self, aws: &Aws) -> Value {
        let input = json!({ "TableName": self.table, "Key": { "pk": { "S": BOOKMARK } } });
        match self.call(aws, "GetItem", &input).await {
            Ok(answer) => match answer["Item"]["next"]["S"].as_str() {
                Some(next) => json!({ "pk": { "S": next } }),
                None => Value::Null,
            },
            Err(error) => {
                log::untracked(&error.to_string());
                Value::Null
            }
        }
    }

    async fn set_bookmark(&self, aws: &Aws, start: &Value) -> Result<(), AwsError> {
        let mut input = json!({
            "TableName": self.table,
            "Key": { "pk": { "S": BOOKMARK } },
            "UpdateExpression": "REMOVE #next",
            "ExpressionAttributeNames": { "#next": "next" },
        });
        if !start.is_null() {
            input["UpdateExpression"] = "SET #next = :next".into();
            input["ExpressionAttributeValues"] = json!({ ":next": start["pk"] });
        }
        self.call(aws, "UpdateItem", &input).await.map(drop)
    }

    /// Sets when people are reminded next, or never again; false if somebody else did, or takes a step now, or if it is over.
    pub async fn put_off(&self, aws: &Aws, due: &mut Due, next: Option<Timestamp>) -> Result<bool, AwsError> {
        let now = number(Timestamp::now());
        let mut values = json!({ ":old": number(due.due), ":now": now, ":true": { "BOOL": true } });
        let update = match next {
            Some(next) => {
                values[":next"] = number(next);
                "SET #due = :next"
            }
            None => "REMOVE #due",
        };
        let input = json!({
            "TableName": self.table,
            "Key": { "pk": { "S": due.name } },
            "UpdateExpression": update,
            "ConditionExpression": "#due = :old AND #firing = :true AND (attribute_not_exists(#until) OR #until < :now)",
            "ExpressionAttributeNames": { "#due": "due", "#firing": "firing", "#until": "until" },
            "ExpressionAttributeValues": values,
        });
        let is_mine = self.update(aws, &input).await?.is_some();
        if is_mine {
            due.due = next.unwrap_or(due.due);
        }
        Ok(is_mine)
    }
}
