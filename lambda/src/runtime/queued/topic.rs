//! Alerts that SNS did not take when they came.

use super::{Arrival, Left};
use crate::destination::text;
use crate::event::Content;
use crate::item::Item;
use crate::letter::Letter;
use crate::runtime::defect::caught;
use crate::runtime::dispatcher::Dispatcher;
use crate::runtime::log::{self, Kind};
use crate::runtime::pauses::growing;
use crate::runtime::time::Budget;
use crate::{Duty, Settings, compose};
use futures_util::future::join_all;

/// Publishes each of `arrivals` to the topic with this ARN; returns those that stay in the queue.
pub(super) async fn publish(
    dispatcher: &Dispatcher,
    arn: &str,
    arrivals: Vec<Arrival>,
    request_id: &str,
    budget: Budget,
) -> Vec<Left> {
    let publishing = arrivals
        .iter()
        .map(|arrival| publish_one(dispatcher, arn, arrival, request_id, budget));
    join_all(publishing).await.into_iter().flatten().collect()
}

/// Publishes one message; returns it if it stays in the queue.
async fn publish_one(
    dispatcher: &Dispatcher,
    arn: &str,
    arrival: &Arrival,
    request_id: &str,
    budget: Budget,
) -> Option<Left> {
    let refusal = match caught(|| letter(&arrival.item, &dispatcher.settings)) {
        Ok(letter) => {
            let destinations = dispatcher.network.destinations();
            destinations.publish(arn, &letter, budget.deliver).await.err()?
        }
        Err(defect) => defect,
    };
    let left = Left {
        receipt: arrival.receipt.clone(),
        age: arrival.age,
        due: growing(arrival.tries, &refusal),
    };
    if refusal.may_pass(arrival.age) {
        return Some(left);
    }
    let reason = format!("topic `{arn}`: {}", refusal.after(arrival.age));
    log::write(Kind::Failed, Duty::Notify, request_id, "parked", Some(&reason));
    let (envelope, parking) = (
        arrival.item.envelope.for_topic(arn),
        dispatcher.parking(&reason, request_id),
    );
    let parked = dispatcher.park(envelope, parking, budget.park).await;
    parked.is_err().then_some(left)
}

/// An item for the subscribers of a topic, as the endpoint or the guard that could not publish it had written it.
pub(in crate::runtime) fn letter(item: &Item, settings: &Settings) -> Letter {
    let locale = settings.locale;
    let endpoint = item.envelope.endpoint.as_deref().unwrap_or_default();
    let letter = match &item.notice.content {
        Content::Guard(guarded) => guarded.letter(locale),
        Content::Text { subject, text } => Letter::new(subject.as_deref().unwrap_or(endpoint), text, locale),
        Content::Json { subject, value } => {
            let subject = subject.as_deref().unwrap_or(endpoint);
            Letter::of_json(subject, "", value, locale)
        }
        Content::Alarm(_) | Content::Event(_) => {
            let card = compose(&item.notice, settings);
            Letter::new(&card.headline.plain(), &text(&card), locale)
        }
    };
    match &item.notice.test {
        Some(id) => letter.marked(id, locale),
        None => letter,
    }
}
