//! Alerts that SNS did not take when they came.

use super::{Arrival, Left};
use crate::contract::{Envelope, Parking};
use crate::runtime::dispatcher::Dispatcher;
use crate::runtime::pauses::growing;
use crate::runtime::time::Budget;
use futures_util::future::join_all;

/// Publishes each of `arrivals` to the topic with this ARN; returns those that stay in the queue.
pub(super) async fn publish(
    dispatcher: &Dispatcher,
    arn: &str,
    arrivals: Vec<Arrival>,
    budget: Budget,
) -> Vec<Left> {
    let publishing = arrivals.into_iter().map(async |arrival| {
        let letter = arrival.item.letter(&dispatcher.settings);
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
