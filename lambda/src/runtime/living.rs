//! One message per incident: it begins, is updated, and shows its end; each step is a line in its thread.

use super::destinations::Destinations;
use super::incidents::{HOLD_TIMEOUT, Held, Incidents, Record, Step, due_in};
use super::post::{Again, PostError, send};
use super::refusal::Refusal;
use crate::Settings;
use crate::card::{Card, Care, Excerpt, Prose, Section};
use crate::contract::{ChannelKey, Severity};
use crate::destination::{Living, MessageId, Post, Shape};
use crate::event::{Incident, Phase};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long to wait between two tries to hold an incident that another process holds.
const BETWEEN: Duration = Duration::from_millis(350);
/// How far back a message is looked for that may have been posted.
const LOOKED_BACK: SignedDuration = SignedDuration::from_mins(15);
/// Longest headline that is kept of the beginning, in characters.
const MAX_FIRST: usize = 500;

/// What a step needs.
pub(super) struct LivingStep<'a> {
    pub service: &'a dyn Post,
    pub living: &'a dyn Living,
    pub channel: &'a ChannelKey,
    pub card: &'a Card,
    pub shape: Shape,
    pub settings: &'a Settings,
    pub deadline: Instant,
}

impl LivingStep<'_> {
    /// How long after a beginning, and after each time, people are reminded.
    fn remind(&self) -> Option<Duration> {
        self.settings.channels.get(self.channel)?.remind()
    }

    fn has_buttons(&self) -> bool {
        let channel = self.settings.channels.get(self.channel);
        channel.is_some_and(|channel| channel.actions.is_some()) && self.living.hears()
    }

    /// The card of a message of its own: nobody did anything about it yet.
    fn fresh(&self, incident: &Incident) -> Card {
        self.handled(self.card.clone(), &Record::default(), incident)
    }

    /// The card, under which are the buttons for `incident` and what people did about it.
    fn handled(&self, card: Card, record: &Record, incident: &Incident) -> Card {
        let page = card.page().map(str::to_owned);
        let is_open = incident.phase == Phase::Firing;
        let care = || record.care(&incident.key, is_open, page, self.settings);
        Card {
            care: self.has_buttons().then(care),
            ..card
        }
    }
}

impl Destinations {
    /// Takes a step of an incident in a channel; returns the number of retries. A table that does not answer never stops a
    /// message.
    pub async fn take_step(
        &self,
        incidents: &Incidents,
        incident: &Incident,
        step: &LivingStep<'_>,
    ) -> (u32, Result<(), Refusal>) {
        let incident = &Incident {
            at: incident.at.or_else(|| Some(Timestamp::now())),
            ..incident.clone()
        };
        let mut card = Card {
            incident: Some(incident.clone()),
            ..step.card.clone()
        };
        let place = step.living.place();
        let (channel, deadline) = (step.channel, step.deadline);
        let until = deadline.min(Instant::now() + HOLD_TIMEOUT);
        let held = self.hold(incidents, channel, place, &incident.key, until);
        let held = match held.await {
            Ok(Some(held)) => held,
            Ok(None) => return (0, Err(Refusal::busy())),
            Err(error) => {
                super::log::untracked(&error.to_string());
                if card.quiet {
                    return (0, Ok(()));
                }
                let (retried, posted) = self.post_new(step, &card, Again::Always).await;
                return (retried, posted.map(drop).map_err(Refusal::from));
            }
        };
        let mut record = held.record.clone();
        record.forget(incident, step.remind());
        // A step that begins a new message ignores an old snooze.
        if record.is_snoozed(Timestamp::now()) && record.step(incident) != Step::Begin {
            card.mentions.clear();
        }
        let step = &LivingStep { card: &card, ..*step };
        let (retried, outcome) = match card.quiet && !record.firing {
            true => (0, Ok(())),
            false => self.step(&mut record, incident, step).await,
        };
        match incidents
            .release(self.aws(), &held, &record, Timestamp::now())
            .await
        {
            Ok(true) => {}
            Ok(false) => super::log::untracked("another process has the incident: this one was too slow"),
            Err(error) => super::log::untracked(&error.to_string()),
        }
        (retried, outcome.map_err(Refusal::from))
    }

    /// Holds an incident of a channel; `None` if another process does for as long as it is tried.
    pub(super) async fn hold(
        &self,
        incidents: &Incidents,
        channel: &ChannelKey,
        place: &str,
        key: &str,
        until: Instant,
    ) -> Result<Option<Held>, super::aws::AwsError> {
        // A channel of the stack may get another place in its service.
        let name = format!("{channel}/{place}#{key}");
        let owner = format!("{:032x}", fastrand::u128(..));
        loop {
            let held = incidents
                .hold(self.aws(), &name, &owner, Timestamp::now())
                .await?;
            if held.is_some() || Instant::now() + BETWEEN > until {
                return Ok(held);
            }
            sleep(BETWEEN.mul_f64(0.5 + fastrand::f64())).await;
        }
    }

    /// Does what the step asks for, and writes down what the channel shows then.
    async fn step(
        &self,
        record: &mut Record,
        incident: &Incident,
        step: &LivingStep<'_>,
    ) -> (u32, Result<(), PostError>) {
        match (record.step(incident), record.id.clone()) {
            (Step::Update { again }, Some(id)) => self.update(record, incident, step, id, again).await,
            (Step::Line, Some(id)) => {
                let reply = step.living.reply(step.card, step.shape, &id, false);
                let (retried, answer) =
                    send(self.http(), step.service, reply, Again::Always, step.deadline).await;
                match answer {
                    Err(error) if error.is_gone() => {
                        let (retried, posted) = self.post_new(step, step.card, Again::Always).await;
                        (retried, posted.map(drop))
                    }
                    answer => (retried, answer.map(drop)),
                }
            }
            (Step::Aside, _) => {
                let (retried, posted) = self.post_new(step, step.card, Again::Always).await;
                (retried, posted.map(drop))
            }
            _ => self.begin(record, incident, step).await,
        }
    }

    /// Shows the step in the message; its thread gets a line unless `again`.
    async fn update(
        &self,
        record: &mut Record,
        incident: &Incident,
        step: &LivingStep<'_>,
        id: MessageId,
        again: bool,
    ) -> (u32, Result<(), PostError>) {
        let card = step.handled(with_beginning(step.card, record, incident), record, incident);
        let update = step.living.update(&card, step.shape, &id);
        let (service, deadline) = (step.service, step.deadline);
        let (retried, updated) = send(self.http(), service, update, Again::Always, deadline).await;
        match updated {
            Ok(_) => {
                let loud = record.loud && incident.phase == Phase::Resolved;
                let loud = loud && !record.is_snoozed(Timestamp::now());
                if !again || !step.card.mentions.is_empty() {
                    self.line(step, &id, loud).await;
                }
                *record = record.after(incident, Some(id), step.remind());
                record.shows(&card, step);
                (retried, Ok(()))
            }
            // Somebody deleted it, or it is too old to be changed: the step must be told anyway, and what people did stays.
            Err(error) if error.is_gone() => {
                let (retried, posted) = self.post_new(step, &card, Again::Always).await;
                let posted = posted.map(|id| {
                    *record = record.after(incident, id, step.remind());
                    record.shows(&card, step);
                });
                (retried, posted)
            }
            Err(error) => (retried, Err(error)),
        }
    }

    /// Posts a message of its own, which the record is about from now on, unless one is there whose id nobody wrote down.
    async fn begin(
        &self,
        record: &mut Record,
        incident: &Incident,
        step: &LivingStep<'_>,
    ) -> (u32, Result<(), PostError>) {
        if record.unsure
            && let Some((id, at)) = self.find(record, incident, step).await
        {
            // It is about something that nobody did anything about yet.
            record.renew();
            let again = Some(at) == incident.at;
            let outcome = self.update(record, incident, step, id, again).await;
            if incident.phase == Phase::Firing && outcome.1.is_ok() {
                record.begun(incident, record.id.clone(), &step.fresh(incident), step);
            }
            return outcome;
        }
        let card = step.fresh(incident);
        let (retried, posted) = self.post_new(step, &card, Again::IfSure).await;
        let posted = match posted {
            // It may be there although its answer was lost.
            Err(error) if error.is_unsure() => match self.find(record, incident, step).await {
                Some((id, _)) => Ok(Some(id)),
                None => Err(error),
            },
            posted => posted,
        };
        match posted {
            Ok(id) => {
                self.charts().want(step.channel, step.card, id.as_ref());
                record.begun(incident, id, &card, step);
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
        step: &LivingStep<'_>,
        card: &Card,
        again: Again,
    ) -> (u32, Result<Option<MessageId>, PostError>) {
        let request = step.service.request(card, step.shape);
        let (retried, answer) = send(self.http(), step.service, request, again, step.deadline).await;
        (retried, answer.map(|answer| step.living.id(&answer)))
    }

    /// Adds a line to the thread. The message itself shows the step already, so a failure loses nothing.
    async fn line(&self, step: &LivingStep<'_>, id: &MessageId, loud: bool) {
        let reply = step.living.reply(step.card, step.shape, id, loud);
        let _ = send(self.http(), step.service, reply, Again::Always, step.deadline).await;
    }

    /// The last message about the incident that the record does not know, if one is in the channel. Where the app may not read
    /// the channel, nobody knows.
    async fn find(
        &self,
        record: &Record,
        incident: &Incident,
        step: &LivingStep<'_>,
    ) -> Option<(MessageId, Timestamp)> {
        let since = Timestamp::now().saturating_sub(LOOKED_BACK).ok()?;
        let search = step.living.search(since);
        let (service, deadline) = (step.service, step.deadline);
        let (_, answer) = send(self.http(), service, search, Again::Always, deadline).await;
        step.living.found(&answer.ok()?, &incident.key, record.at)
    }
}

impl Record {
    /// The channel has a message of its own about this step from now on.
    fn begun(&mut self, incident: &Incident, id: Option<MessageId>, card: &Card, step: &LivingStep<'_>) {
        let first = incident.phase == Phase::Firing;
        let headline = card.in_time.as_ref().unwrap_or(&card.headline);
        let headline = || headline.plain().chars().take(MAX_FIRST).collect();
        // Whatever went on before, this begins now.
        self.firing = false;
        self.renew();
        *self = Self {
            first: first.then(headline),
            loud: first && card.severity >= Severity::Error,
            called: card.mentions.clone(),
            ..self.after(incident, id, step.remind())
        };
        self.shows(card, step);
    }

    /// Nobody did anything about it.
    fn renew(&mut self) {
        self.acknowledged = None;
        self.snoozed = None;
        self.pressed = None;
    }

    /// Where nobody told of the end, what begins anew ends what people did for as long as the incident lasts.
    fn forget(&mut self, incident: &Incident, remind: Option<Duration>) {
        if !incident.begins || incident.at <= self.at || !self.firing {
            return;
        }
        let was_acknowledged = self.acknowledged.take().is_some();
        let was_snoozed = self.snoozed.take_if(|by| by.until.is_none()).is_some();
        if was_acknowledged || was_snoozed {
            self.since = incident.at;
            self.due = due_in(remind);
        }
    }

    /// The message shows this card from now on. What may have to be shown again is kept until it is over.
    fn shows(&mut self, card: &Card, step: &LivingStep<'_>) {
        // What came as text alone has no place for buttons.
        let kept = self.firing && step.has_buttons() && step.shape == Shape::Usual;
        self.content = kept.then(|| step.living.content(card, step.shape));
        self.page = card.page().filter(|_| kept).map(str::to_owned);
        let alarm = card.incident.as_ref().and_then(|incident| incident.alarm.clone());
        self.alarm = alarm.filter(|_| kept);
    }

    /// What people did about the incident with this key, and may do if it `is_open`.
    pub(super) fn care(&self, key: &str, is_open: bool, page: Option<String>, settings: &Settings) -> Care {
        let acknowledged = self.acknowledged.iter().map(|by| by.line(settings));
        let snoozed = self.snoozed.iter().map(|by| by.line(settings));
        Care {
            incident: key.to_owned(),
            is_open,
            is_acknowledged: self.acknowledged.is_some(),
            is_snoozed: self.snoozed.is_some(),
            lines: acknowledged.chain(snoozed).collect(),
            page,
        }
    }

    /// Whether nobody is to be called because of the incident.
    pub(super) fn is_snoozed(&self, now: Timestamp) -> bool {
        self.firing && self.snoozed.as_ref().is_some_and(|by| by.is_on(now))
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
