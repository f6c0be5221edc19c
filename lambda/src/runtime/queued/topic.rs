//! Alerts that SNS did not take when they came.

use super::{Arrival, Left};
use crate::contract::Outcome;
use crate::runtime::dispatcher::Dispatcher;
use crate::runtime::pauses::growing;
use crate::runtime::publish::Publication;
use crate::runtime::time::Budget;
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
    let publication = Publication {
        dispatcher,
        item: &arrival.item,
        arn,
        request_id,
    };
    let outcome = match publication.sns_text() {
        Ok(sns_text) => {
            let destinations = dispatcher.network.destinations();
            destinations.publish(arn, &sns_text, budget.deliver).await
        }
        Err(defect) => Err(defect),
    };
    let Err(refusal) = outcome else {
        publication.log(Outcome::Delivered, None);
        return None;
    };
    let left = Left {
        receipt: arrival.receipt.clone(),
        age: arrival.age,
        due: growing(arrival.tries, &refusal),
    };
    if refusal.may_pass(arrival.age) {
        publication.log(Outcome::Deferred, Some(&refusal));
        return Some(left);
    }
    let sent = publication
        .dead_letter(refusal.after(arrival.age), budget.dead_letter)
        .await;
    sent.is_err().then_some(left)
}
