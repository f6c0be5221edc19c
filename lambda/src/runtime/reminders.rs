//! Reminders of incidents that go on: a line in the thread of each, which the channel shows, too; one message for many.

use super::destinations::Destinations;
use super::incidents::{Due, Incidents};
use super::log;
use super::post::{Again, send};
use crate::card::{Remembered, reminder};
use crate::contract::ChannelKey;
use crate::destination::{Living, MessageId, Post, Shape};
use crate::settings::Settings;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// More incidents of a channel at once are one message.
const EACH: usize = 5;
/// Between two messages to a channel.
const BETWEEN: Duration = Duration::from_secs(1);
/// How many items of the table are changed at the same time.
const AT_ONCE: usize = 20;
/// After how long a reminder is tried again that the service did not take.
const AGAIN: Duration = Duration::from_secs(5 * 60);

impl Destinations {
    /// Reminds people of what is due. What the service does not take is due again soon.
    pub async fn remind(&self, settings: &Settings, deadline: Instant) -> Value {
        let mut reminded = 0;
        if let Some(incidents) = self.incidents() {
            match incidents.due(self.aws(), Timestamp::now()).await {
                Ok(due) => {
                    let mut channels: BTreeMap<ChannelKey, Vec<Due>> = BTreeMap::new();
                    for one in due {
                        channels.entry(one.channel()).or_default().push(one);
                    }
                    let told = channels
                        .into_iter()
                        .map(|(channel, due)| self.remind_of(incidents, channel, due, settings, deadline));
                    reminded = join_all(told).await.into_iter().sum();
                }
                Err(error) => log::untracked(&error.to_string()),
            }
        }
        json!({ "reminded": reminded })
    }

    /// Reminds a channel; returns of how many.
    async fn remind_of(
        &self,
        incidents: &Incidents,
        channel: ChannelKey,
        due: Vec<Due>,
        settings: &Settings,
        deadline: Instant,
    ) -> usize {
        let known = settings.channels.get(&channel);
        let next = known.and_then(|known| Timestamp::now().checked_add(known.remind()?).ok());
        // Before anybody is told: two processes may look at the same time.
        let mine = self.put_off(incidents, due, next).await;
        // The channel reminds of nothing any more.
        if next.is_none() || mine.is_empty() {
            return 0;
        }
        let service = self.service(&channel).await;
        let told = match service.as_deref().map(|service| (service, service.living())) {
            Ok((service, Some(living))) => self.tell_due(service, living, &mine, settings, deadline).await,
            _ => BTreeSet::new(),
        };
        let untold: Vec<_> = mine.into_iter().filter(|one| !told.contains(&one.id.0)).collect();
        log::reminded(&settings.stack, &channel, told.len(), untold.len());
        self.put_off(incidents, untold, Timestamp::now().checked_add(AGAIN).ok())
            .await;
        told.len()
    }

    /// Sets when these are due next; returns those that no other process took, and that are not over, the oldest first.
    async fn put_off(&self, incidents: &Incidents, due: Vec<Due>, next: Option<Timestamp>) -> Vec<Due> {
        let mut mine = Vec::with_capacity(due.len());
        for some in due.chunks(AT_ONCE) {
            let done = some.iter().map(|one| incidents.put_off(self.aws(), one, next));
            for (one, done) in some.iter().zip(join_all(done).await) {
                match done {
                    Ok(true) => mine.push(Due {
                        due: next.unwrap_or(one.due),
                        ..one.clone()
                    }),
                    Ok(false) => {}
                    Err(error) => log::untracked(&error.to_string()),
                }
            }
        }
        mine.sort_by_key(|one| one.since);
        mine
    }

    /// The messages that the channel was reminded of, or that are gone.
    async fn tell_due(
        &self,
        service: &dyn Post,
        living: &dyn Living,
        due: &[Due],
        settings: &Settings,
        deadline: Instant,
    ) -> BTreeSet<String> {
        let now = Timestamp::now();
        let going_on = |one: &Due| now.duration_since(one.since).unsigned_abs();
        let remembered: Vec<_> = due
            .iter()
            .map(|one| Remembered {
                headline: &one.first,
                lasts: going_on(one),
                called: &one.called,
            })
            .collect();
        if due.len() > EACH {
            let request = service.request(&reminder(&remembered, settings), Shape::Usual);
            let (_, posted) = send(self.http(), service, request, Again::Always, deadline).await;
            let all = due.iter().filter(|_| posted.is_ok());
            return all.map(|one| one.id.0.clone()).collect();
        }
        let mut told = BTreeSet::new();
        for (
            Due {
                id: MessageId(name), ..
            },
            remembered,
        ) in due.iter().zip(&remembered)
        {
            if !told.is_empty() {
                sleep(BETWEEN).await;
            }
            let card = reminder(std::slice::from_ref(remembered), settings);
            let request = living.reply(&card, Shape::Usual, &MessageId(name.clone()), true);
            let (_, posted) = send(self.http(), service, request, Again::Always, deadline).await;
            // Somebody who deleted the message wants to hear no more of it for a while.
            if posted.is_ok() || posted.is_err_and(|error| error.is_gone()) {
                told.insert(name.clone());
            }
        }
        told
    }
}
