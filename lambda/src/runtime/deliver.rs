//! Delivers a card to a channel: as a step of its incident's living message, in the order of the incident's steps, or as a
//! message of its own.

use super::destinations::Destinations;
use super::in_order::OrderedStep;
use super::incidents::LONGEST_STEP;
use super::living::LivingStep;
use super::post::{Again, send};
use super::refusal::Refusal;
use crate::Card;
use crate::contract::ChannelKey;
use crate::destination::Shape;
use tokio::time::Instant;

impl Destinations {
    /// Posts a card to a channel before `deadline`; returns the number of retries.
    pub async fn post(
        &self,
        channel: &ChannelKey,
        card: &Card,
        shape: Shape,
        deadline: Instant,
    ) -> Result<u32, Refusal> {
        let service = self.service_by(channel, deadline).await?;
        let (retried, outcome) = match (service.living(), self.incidents(), &card.incident) {
            (Some(living), Some(incidents), Some(incident)) => {
                let step = LivingStep {
                    service: &*service,
                    living,
                    channel,
                    card,
                    shape,
                    settings: self.settings(),
                    deadline: deadline.min(Instant::now() + LONGEST_STEP),
                };
                self.take_step(incidents, incident, &step).await
            }
            (None, Some(incidents), Some(incident)) if self.has_order(channel, card) => {
                let step = OrderedStep {
                    service: &*service,
                    channel,
                    card,
                    shape,
                    deadline: deadline.min(Instant::now() + LONGEST_STEP),
                };
                self.post_in_order(incidents, incident, &step).await
            }
            _ => {
                let request = service.request(card, shape);
                let (retried, outcome) = send(self.http(), &*service, request, Again::Always, deadline).await;
                (retried, outcome.map(drop).map_err(Refusal::from))
            }
        };
        outcome.map(|()| retried).map_err(|refusal| Refusal {
            retried,
            as_text: refusal.malformed && service.has_plain(),
            ..refusal
        })
    }

    /// Whether the table has to say if a later step of the incident was delivered: the channel's service keeps incidents, and
    /// does not order their steps by itself. A test is no step of an incident, and an overtaken card needs no second check.
    fn has_order(&self, channel: &ChannelKey, card: &Card) -> bool {
        let known = self.settings().channels.get(channel);
        let keeps = known.is_some_and(|known| known.channel_type.keeps_incidents());
        keeps && !card.test && !card.overtaken
    }
}
