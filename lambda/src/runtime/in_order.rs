//! The steps of an incident for a service that keeps it by a key of ours. Such a service takes what comes last for what is so: a
//! beginning that comes late, by another process, would open again what is over. So the table says when the last step was.

use super::destinations::Destinations;
use super::incidents::{HOLD_TIMEOUT, Incidents, Record};
use super::log;
use super::post::{Again, send};
use super::refusal::Refusal;
use crate::Card;
use crate::contract::ChannelKey;
use crate::destination::{Post, Shape};
use crate::event::{Incident, Phase};
use jiff::Timestamp;
use tokio::time::Instant;

/// Where the messages are, for the table: a service of this kind has one place for a key.
const PLACE: &str = "";

/// What a step needs.
pub(super) struct OrderedStep<'a> {
    pub service: &'a dyn Post,
    pub channel: &'a ChannelKey,
    pub card: &'a Card,
    pub shape: Shape,
    pub deadline: Instant,
}

impl Destinations {
    /// Posts a step of `incident`; one that a later step has overtaken opens nothing. Returns the number of retries. A step that
    /// does not say when it happened is taken for the last one, and a table that does not answer never stops a message.
    pub(super) async fn post_in_order(
        &self,
        incidents: &Incidents,
        incident: &Incident,
        step: &OrderedStep<'_>,
    ) -> (u32, Result<(), Refusal>) {
        let Some(at) = incident.at else {
            return self.post_step(step, step.card).await;
        };
        let until = step.deadline.min(Instant::now() + HOLD_TIMEOUT);
        let held = self.hold(incidents, step.channel, PLACE, &incident.key, until);
        let held = match held.await {
            Ok(Some(held)) => held,
            Ok(None) => return (0, Err(Refusal::busy())),
            Err(error) => {
                log::untracked(&error.to_string());
                return self.post_step(step, step.card).await;
            }
        };
        let is_last = held.record.at <= Some(at);
        let posted = match is_last {
            true => self.post_step(step, step.card).await,
            false => self.post_step(step, &overtaken(step.card, at)).await,
        };
        // Also of a step that the service does not take now: what happened before it stays overtaken.
        let record = match is_last {
            true => Record {
                at: Some(at),
                firing: incident.phase == Phase::Firing,
                unsure: false,
                ..held.record.clone()
            },
            false => held.record.clone(),
        };
        match incidents
            .release(self.aws(), &held, &record, Timestamp::now())
            .await
        {
            Ok(true) => {}
            Ok(false) => log::untracked("another process has the incident: this one was too slow"),
            Err(error) => log::untracked(&error.to_string()),
        }
        posted
    }

    async fn post_step(&self, step: &OrderedStep<'_>, card: &Card) -> (u32, Result<(), Refusal>) {
        let request = step.service.request(card, step.shape);
        let (retried, outcome) = send(self.http(), step.service, request, Again::Always, step.deadline).await;
        (retried, outcome.map(drop).map_err(Refusal::from))
    }
}

/// The card of a step that another one has overtaken.
fn overtaken(card: &Card, at: Timestamp) -> Card {
    let mut card = card.clone();
    card.overtaken = true;
    card.mentions.clear();
    if card.in_time.is_none() {
        card.late(Timestamp::now().duration_since(at).unsigned_abs());
    }
    card
}
