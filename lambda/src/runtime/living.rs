//! One message per incident: it begins, is updated, and shows its end; each step is a line in its thread.

use super::destinations::{Destinations, Refusal};
use super::incidents::{Held, Incidents, Record, Step};
use super::post::{Again, PostError, send};
use crate::card::{Card, Excerpt, Prose, Section};
use crate::contract::{ChannelKey, Severity};
use crate::destination::{Living, MessageId, Post, Shape};
use crate::event::{Incident, Phase};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often it is tried to hold an incident that another process holds, and how long between two tries.
const TRIES: u32 = 6;
const BETWEEN: Duration = Duration::from_millis(350);
/// How long the retry queue keeps a step then.
const PAUSE: Duration = Duration::from_secs(5);
/// How far back a message is looked for that may have been posted.
const LOOKED_BACK: SignedDuration = SignedDuration::from_mins(15);
/// Longest headline that is kept of the beginning, in characters.
const MAX_FIRST: usize = 500;

/// What a step needs.
pub(super) struct Telling<'a> {
    pub service: &'a dyn Post,
    pub living: &'a dyn Living,
    pub channel: &'a ChannelKey,
    pub card: &'a Card,
    pub shape: Shape,
    pub deadline: Instant,
}

impl Destinations {
    /// Takes a step of an incident in a channel; returns the number of retries. A table that does not answer never stops a
    /// message.
    pub async fn tell(
        &self,
        incidents: &Incidents,
        incident: &Incident,
        telling: &Telling<'_>,
    ) -> (u32, Result<(), Refusal>) {
        let now = Timestamp::now();
        let incident = &Incident {
            at: incident.at.or(Some(now)),
            ..incident.clone()
        };
        let held = match self.hold(incidents, incident, telling).await {
            Ok(Some(held)) => held,
            Ok(None) => {
                let reason = "another process tells of the same incident".to_owned();
                let refusal = Refusal {
                    pause: Some(PAUSE),
                    busy: true,
                    ..Refusal::transient(reason)
                };
                return (0, Err(refusal));
            }
            Err(error) => {
                super::log::untracked(&error.to_string());
                let (retried, posted) = self.post_new(telling, telling.card, Again::Always).await;
                return (retried, posted.map(drop).map_err(Refusal::from));
            }
        };
        let mut record = held.record.clone();
        let (retried, outcome) = self.step(&mut record, incident, telling).await;
        if let Err(error) = incidents
            .release(self.aws(), &held, &record, Timestamp::now())
            .await
        {
            super::log::untracked(&error.to_string());
        }
        (retried, outcome.map_err(Refusal::from))
    }

    async fn hold(
        &self,
        incidents: &Incidents,
        incident: &Incident,
        telling: &Telling<'_>,
    ) -> Result<Option<Held>, super::aws::AwsError> {
        for attempt in 1..=TRIES {
            let held = incidents
                .hold(self.aws(), telling.channel, incident, Timestamp::now())
                .await?;
            if held.is_some() {
                return Ok(held);
            }
            if attempt == TRIES || Instant::now() + BETWEEN * 4 > telling.deadline {
                break;
            }
            sleep(BETWEEN.mul_f64(0.5 + fastrand::f64())).await;
        }
        Ok(None)
    }

    /// Does what the step asks for, and writes down what the channel shows then.
    async fn step(
        &self,
        record: &mut Record,
        incident: &Incident,
        telling: &Telling<'_>,
    ) -> (u32, Result<(), PostError>) {
        let step = record.step(incident);
        match (step, record.id.clone()) {
            (Step::Update { again }, Some(id)) => {
                let card = with_beginning(telling.card, record, incident);
                let update = telling.living.update(&card, telling.shape, &id);
                let (retried, updated) = send(
                    self.http(),
                    telling.service,
                    update,
                    Again::Always,
                    telling.deadline,
                )
                .await;
                match updated {
                    Ok(_) => {
                        let loud = record.loud && incident.phase == Phase::Resolved;
                        if !again || !telling.card.mentions.is_empty() {
                            self.line(telling, &id, loud).await;
                        }
                        *record = record.after(incident, Some(id));
                        (retried, Ok(()))
                    }
                    // Somebody deleted it, or it is too old to be changed: the end must be told anyway.
                    Err(error) if error.is_gone() => self.begin(record, incident, telling).await,
                    Err(error) => (retried, Err(error)),
                }
            }
            (Step::Line, Some(id)) => {
                let reply = telling.living.reply(telling.card, &id, false);
                let (retried, told) = send(
                    self.http(),
                    telling.service,
                    reply,
                    Again::Always,
                    telling.deadline,
                )
                .await;
                match told {
                    Err(error) if error.is_gone() => {
                        let (retried, posted) = self.post_new(telling, telling.card, Again::Always).await;
                        (retried, posted.map(drop))
                    }
                    told => (retried, told.map(drop)),
                }
            }
            (Step::Aside, _) => {
                let (retried, posted) = self.post_new(telling, telling.card, Again::Always).await;
                (retried, posted.map(drop))
            }
            _ => self.begin(record, incident, telling).await,
        }
    }

    /// Posts a message of its own, which the record is about from now on.
    async fn begin(
        &self,
        record: &mut Record,
        incident: &Incident,
        telling: &Telling<'_>,
    ) -> (u32, Result<(), PostError>) {
        let found = match record.unsure {
            true => self.find(incident, telling).await,
            false => None,
        };
        let (retried, posted) = match found {
            Some(id) => (0, Ok(Some(id))),
            None => self.post_new(telling, telling.card, Again::IfSure).await,
        };
        let posted = match posted {
            // It may be there although its answer was lost.
            Err(error) if error.is_unsure() => match self.find(incident, telling).await {
                Some(id) => Ok(Some(id)),
                None => Err(error),
            },
            posted => posted,
        };
        match posted {
            Ok(id) => {
                let first = incident.phase == Phase::Firing;
                *record = Record {
                    first: first.then(|| telling.card.headline.plain().chars().take(MAX_FIRST).collect()),
                    loud: first && telling.card.severity >= Severity::Error,
                    ..record.after(incident, id)
                };
                (retried, Ok(()))
            }
            Err(error) => {
                record.unsure = error.is_unsure();
                (retried, Err(error))
            }
        }
    }

    /// Posts a message; returns its id.
    async fn post_new(
        &self,
        telling: &Telling<'_>,
        card: &Card,
        again: Again,
    ) -> (u32, Result<Option<MessageId>, PostError>) {
        let request = telling.service.request(card, telling.shape);
        let (retried, answer) = send(self.http(), telling.service, request, again, telling.deadline).await;
        (retried, answer.map(|answer| telling.living.id(&answer)))
    }

    /// Adds a line to the thread. The message itself shows the step already, so a failure loses nothing.
    async fn line(&self, telling: &Telling<'_>, id: &MessageId, loud: bool) {
        let reply = telling.living.reply(telling.card, id, loud);
        let _ = send(
            self.http(),
            telling.service,
            reply,
            Again::Always,
            telling.deadline,
        )
        .await;
    }

    /// The message of this step, if one is in the channel. Where the app may not read the channel, nobody knows.
    async fn find(&self, incident: &Incident, telling: &Telling<'_>) -> Option<MessageId> {
        let since = Timestamp::now().saturating_sub(LOOKED_BACK).ok()?;
        let search = telling.living.search(since);
        let (_, answer) = send(
            self.http(),
            telling.service,
            search,
            Again::Always,
            telling.deadline,
        )
        .await;
        telling.living.found(&answer.ok()?, incident)
    }
}

/// The card of the end, with the headline of the beginning, which the update replaces.
fn with_beginning(card: &Card, record: &Record, incident: &Incident) -> Card {
    let mut card = card.clone();
    let first = record
        .first
        .as_deref()
        .filter(|_| incident.phase == Phase::Resolved);
    if let Some(text) = first.and_then(|first| Excerpt::of(first, MAX_FIRST)) {
        card.sections.push(Section::Small(Prose { label: None, text }));
    }
    card
}
