//! Alerts that SNS did not take when they came.

use super::{Arrival, Left};
use crate::contract::{Envelope, Parking};
use crate::destination::text;
use crate::event::Content;
use crate::item::Item;
use crate::letter::{Letter, readable};
use crate::runtime::dispatcher::Dispatcher;
use crate::runtime::pauses::growing;
use crate::runtime::time::Budget;
use crate::{Settings, compose};
use futures_util::future::join_all;

/// Publishes each of `arrivals` to the topic with this ARN; returns those that stay in the queue.
pub(super) async fn publish(
    dispatcher: &Dispatcher,
    arn: &str,
    arrivals: Vec<Arrival>,
    budget: Budget,
) -> Vec<Left> {
    let publishing = arrivals.into_iter().map(async |arrival| {
        let letter = letter(&arrival.item, &dispatcher.settings);
        let destinations = dispatcher.network.destinations();
        let refusal = destinations.publish(arn, &letter, budget.deliver).await.err()?;
        let left = |due| Left {
            receipt: arrival.receipt.clone(),
            due,
        };
        let pause = growing(arrival.tries, &refusal);
        if refusal.may_pass(arrival.age) {
            return Some(left(pause));
        }
        let parking = Parking {
            reason: &refusal.reason,
            ..dispatcher.parking("")
        };
        let envelope: Envelope = arrival.item.envelope.for_topic(arn).parked(parking);
        let parked = dispatcher.park(envelope, budget.park).await;
        parked.is_err().then(|| left(pause))
    });
    join_all(publishing).await.into_iter().flatten().collect()
}

/// An item for the subscribers of a topic, as the endpoint or the guard that could not publish it had written it.
fn letter(item: &Item, settings: &Settings) -> Letter {
    let locale = settings.locale;
    let endpoint = item.envelope.endpoint.as_deref().unwrap_or_default();
    let letter = match &item.notice.content {
        Content::Guard(guarded) => guarded.letter(locale),
        Content::Text { subject, text } => Letter::new(subject.as_deref().unwrap_or(endpoint), text, locale),
        Content::Json { subject, value } => {
            let subject = subject.as_deref().unwrap_or(endpoint);
            Letter::new(subject, &readable(value), locale)
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
