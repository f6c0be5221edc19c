//! Reminders of incidents that go on: a line in the thread of each, which the channel shows, too; one message for many.

use super::destinations::Destinations;
use super::failure::Failure;
use super::incidents::{Due, Incidents, due_in};
use super::log;
use super::post::{Again, send};
use crate::card::{Remembered, reminder};
use crate::contract::ChannelKey;
use crate::destination::{Living, Post, Shape};
use crate::settings::Settings;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// More incidents of a channel at once are one message.
const EACH: usize = 5;
/// Between two messages to a channel.
const BETWEEN: Duration = Duration::from_secs(1);
/// How many items of the table are changed at the same time.
const AT_ONCE: usize = 20;
/// How often the stack's schedule looks for what is due.
pub(super) const LOOKS: SignedDuration = SignedDuration::from_mins(5);
/// How long people are reminded: the end of an alarm may never be told, and then nothing else stops it.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// What must be left of the time to write down that people were reminded.
const RESERVE: Duration = Duration::from_secs(4);

/// A channel that reminds people.
struct Reminding<'a> {
    incidents: &'a Incidents,
    service: &'a dyn Post,
    living: &'a dyn Living,
    settings: &'a Settings,
    every: Duration,
    deadline: Instant,
}

impl Destinations {
    /// Reminds people of what is due until half of the next look is over. What the service does not take is due again then.
    ///
    /// # Errors
    /// The table cannot be read, and a person has to mend that.
    pub async fn remind(&self, deadline: Instant) -> Result<Value, Failure> {
        let Some(incidents) = self.incidents() else {
            return Ok(json!({ "reminded": 0 }));
        };
        let deadline = deadline.checked_sub(RESERVE).unwrap_or(deadline);
        let by = after(LOOKS / 2).unwrap_or(Timestamp::MAX);
        // The other half of the time is for what is found.
        let begun = Instant::now();
        let looked = begun + deadline.saturating_duration_since(begun) / 2;
        let due = match incidents.due(self.aws(), by, looked).await {
            Ok(due) => due,
            Err(error) if error.is_transient() => {
                log::untracked(&error.to_string());
                Vec::new()
            }
            Err(error) => {
                return Err(Failure::Undelivered {
                    problems: vec![format!("reminders: DynamoDB {error}")],
                    delivered: 0,
                });
            }
        };
        let mut channels: BTreeMap<ChannelKey, Vec<Due>> = BTreeMap::new();
        for one in due {
            channels.entry(one.channel()).or_default().push(one);
        }
        let told = channels
            .into_iter()
            .map(|(channel, due)| self.remind_of(incidents, channel, due, deadline));
        let reminded: usize = join_all(told).await.into_iter().sum();
        Ok(json!({ "reminded": reminded }))
    }

    /// Reminds a channel; returns of how many incidents.
    async fn remind_of(
        &self,
        incidents: &Incidents,
        channel: ChannelKey,
        due: Vec<Due>,
        deadline: Instant,
    ) -> usize {
        let settings = self.settings();
        let every = settings.channels.get(&channel).and_then(|known| known.remind());
        let service = match self.service_by(&channel, deadline).await {
            Ok(service) => service,
            Err(refusal) => {
                log::reminded(&settings.stack, &channel, 0, due.len(), Some(&refusal.reason));
                return 0;
            }
        };
        let living = service.living();
        let (mut due, past): (Vec<_>, Vec<_>) = due.into_iter().partition(|one| {
            let is_long = Timestamp::now().duration_since(one.since) > LONGEST;
            let is_here = living.is_some_and(|living| one.is_at(living.place()));
            every.is_some() && is_here && !is_long
        });
        self.put_off(incidents, past, None).await;
        let (Some(every), Some(living)) = (every, living) else {
            return 0;
        };
        if due.is_empty() {
            return 0;
        }
        due.sort_by_key(|one| one.since);
        let count = due.len();
        let reminding = Reminding {
            incidents,
            service: &*service,
            living,
            settings,
            every,
            deadline,
        };
        let told = match count > EACH {
            true => self.together(&reminding, due).await,
            false => self.each(&reminding, due).await,
        };
        log::reminded(&settings.stack, &channel, told, count - told, None);
        told
    }

    /// Sets when these are due next; returns those that no other process took, and that are not over.
    async fn put_off(&self, incidents: &Incidents, mut due: Vec<Due>, next: Option<Timestamp>) -> Vec<Due> {
        let mut mine = Vec::with_capacity(due.len());
        for some in due.chunks_mut(AT_ONCE) {
            let done = some.iter_mut().map(async |one| {
                let done = incidents.put_off(self.aws(), one, next).await;
                done.map(|done| done.then(|| one.clone()))
            });
            for done in join_all(done).await {
                match done {
                    Ok(one) => mine.extend(one),
                    Err(error) => log::untracked(&error.to_string()),
                }
            }
        }
        mine
    }

    /// One message for all; returns how many it tells of.
    async fn together(&self, reminding: &Reminding<'_>, due: Vec<Due>) -> usize {
        let mine = self.put_off(reminding.incidents, due, after(LOOKS)).await;
        let remembered: Vec<_> = mine.iter().map(Due::remembered).collect();
        let card = reminder(&remembered, reminding.settings);
        let request = reminding.service.request(&card, Shape::Usual);
        let (service, deadline) = (reminding.service, reminding.deadline);
        let (_, posted) = send(self.http(), service, request, Again::Always, deadline).await;
        if mine.is_empty() || posted.is_err() {
            return 0;
        }
        let count = mine.len();
        self.put_off(reminding.incidents, mine, reminding.next()).await;
        count
    }

    /// A line for each; returns how many of them are there.
    async fn each(&self, reminding: &Reminding<'_>, due: Vec<Due>) -> usize {
        let mut told = 0;
        for one in due {
            if told > 0 {
                sleep(BETWEEN).await;
            }
            // At the last moment: it may have ended in between.
            let mine = self.put_off(reminding.incidents, vec![one], after(LOOKS)).await;
            for one in mine {
                let card = reminder(&[one.remembered()], reminding.settings);
                // In a thread, `@here` and `@channel` call nobody.
                let request = match card.mentions.iter().any(|who| who.starts_with('@')) {
                    true => reminding.service.request(&card, Shape::Usual),
                    false => reminding.living.reply(&card, Shape::Usual, &one.id, true),
                };
                let (service, deadline) = (reminding.service, reminding.deadline);
                let (_, posted) = send(self.http(), service, request, Again::Always, deadline).await;
                // Somebody who deleted the message wants to hear no more of it for a while.
                if posted.is_ok() || posted.is_err_and(|error| error.is_gone()) {
                    self.put_off(reminding.incidents, vec![one], reminding.next())
                        .await;
                    told += 1;
                }
            }
        }
        told
    }
}

impl Reminding<'_> {
    /// When people are reminded again.
    fn next(&self) -> Option<Timestamp> {
        due_in(Some(self.every))
    }
}

impl Due {
    fn remembered(&self) -> Remembered<'_> {
        Remembered {
            headline: &self.first,
            lasts: Timestamp::now().duration_since(self.since).unsigned_abs(),
            called: &self.called,
        }
    }
}

fn after(time: SignedDuration) -> Option<Timestamp> {
    Timestamp::now().checked_add(time).ok()
}
