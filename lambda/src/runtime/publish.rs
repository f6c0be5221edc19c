//! What the relay publishes to topics: what an endpoint or the guard could not, and the mails to the subscribers of a topic
//! that it brings to channels.

use super::defect::caught;
use super::dispatcher::{Attempt, Dispatcher};
use super::log;
use super::pauses::growing;
use super::refusal::Refusal;
use crate::contract::{Kind, LogEntry, Outcome};
use crate::destination::text;
use crate::event::Content;
use crate::item::Item;
use crate::sns_text::SnsText;
use crate::{Duty, Settings, compose};
use std::borrow::Cow;
use tokio::time::Instant;

impl Dispatcher {
    /// Publishes `sns_text` about `item` to a topic, or puts it into the retry queue if SNS does not take it now.
    pub async fn publish(
        &self,
        item: &Item,
        arn: &str,
        sns_text: &SnsText,
        attempt: Attempt<'_>,
    ) -> Result<Outcome, Refusal> {
        let destinations = self.network.destinations();
        let Err(refusal) = destinations.publish(arn, sns_text, attempt.budget.deliver).await else {
            return Ok(Outcome::Delivered);
        };
        let envelope = item.envelope.for_topic(arn);
        self.defer(&envelope, growing(0, &refusal), &refusal, attempt)
            .await?;
        Ok(Outcome::Deferred)
    }
}

/// An item on its way to a topic.
#[derive(Clone, Copy)]
pub(super) struct Publication<'a> {
    pub dispatcher: &'a Dispatcher,
    pub item: &'a Item,
    /// Of the topic.
    pub arn: &'a str,
    pub request_id: &'a str,
}

impl Publication<'_> {
    /// What the topic gets.
    ///
    /// # Errors
    /// A defect of ours in writing it.
    pub fn sns_text(&self) -> Result<SnsText, Refusal> {
        caught(|| sns_text(self.item, self.arn, &self.dispatcher.settings))
    }

    /// Puts what the topic will never take into the dead-letter queue, for this topic alone; logs that, or that it is not
    /// there. Returns the problem if no queue took it.
    pub async fn dead_letter(&self, refusal: Refusal, deadline: Instant) -> Result<(), String> {
        let reason = format!("topic `{}`: {}", self.arn, refusal.reason);
        let why = self.dispatcher.dead_letter_reason(&reason, self.request_id);
        let envelope = self.item.envelope.for_topic(self.arn);
        let Err(error) = self.dispatcher.dead_letter(envelope, why, deadline).await else {
            self.log(Outcome::DeadLettered, Some(&refusal));
            return Ok(());
        };
        let refusal = Refusal {
            reason: format!("{}; dead-letter queue: {error}", refusal.reason),
            ..refusal
        };
        self.log(Outcome::Undelivered, Some(&refusal));
        Err(format!("topic `{}`: {refusal}", self.arn))
    }

    /// Logs what became of it.
    pub fn log(&self, outcome: Outcome, refusal: Option<&Refusal>) {
        self.log_because(outcome, refusal.map(|refusal| refusal.reason.as_str()));
    }

    /// Logs what became of it, and why.
    pub fn log_because(&self, outcome: Outcome, reason: Option<&str>) {
        let kind = match outcome {
            Outcome::DeadLettered | Outcome::Undelivered => Kind::Failed,
            _ => Kind::Done,
        };
        log::entry(LogEntry {
            topic: Some(self.arn.into()),
            kind: Some(kind.name().into()),
            outcome: outcome.name().into(),
            duty: Some(Duty::Notify.name().into()),
            reason: reason.map(Cow::from),
            ..self.dispatcher.entry(self.item, self.request_id)
        });
    }
}

/// An item for the subscribers of the topic with this ARN: as the endpoint or the guard that could not publish it had
/// written it, or, of what came from the topic itself, as the channels show it.
fn sns_text(item: &Item, arn: &str, settings: &Settings) -> SnsText {
    let locale = settings.locale;
    if item.came_from(arn) {
        return mail(item, settings);
    }
    let endpoint = item.envelope.endpoint.as_deref().unwrap_or_default();
    let sns_text = match &item.notice.content {
        Content::Guard(guarded) => guarded.sns_text(settings),
        Content::Text { subject, text } => SnsText::new(subject.as_deref().unwrap_or(endpoint), text, locale),
        Content::Json { subject, value } => {
            let subject = subject.as_deref().unwrap_or(endpoint);
            SnsText::of_json(subject, "", value, locale)
        }
        Content::Alarm(_) | Content::Event(_) => {
            let card = compose(&item.notice, settings);
            SnsText::new(&card.headline.plain(), &text(&card), locale)
        }
    };
    match &item.notice.test {
        Some(id) => sns_text.marked(id, locale),
        None => sns_text,
    }
}

/// The card as text. If it shows only the beginning of a text or of JSON, all of that follows, because a mail has room.
fn mail(item: &Item, settings: &Settings) -> SnsText {
    let (card, locale) = (compose(&item.notice, settings), settings.locale);
    let (subject, shown) = (card.headline.plain(), text(&card));
    let sns_text = match &item.notice.content {
        Content::Text { text, .. } if card.is_cut() => {
            SnsText::new(&subject, &format!("{shown}\n\n{text}"), locale)
        }
        Content::Json { value, .. } if card.is_cut() => {
            SnsText::of_json(&subject, &format!("{shown}\n\n"), value, locale)
        }
        _ => SnsText::new(&subject, &shown, locale),
    };
    SnsText {
        test: item.notice.test.clone(),
        mail: true,
        ..sns_text
    }
}
