//! Shows what arrives in the local inbox, or why nothing does.

use std::collections::BTreeMap;
use std::time::Duration;

use alertctl_relay::{LogEntry, Outcome};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::App;
use crate::aws::functions;
use crate::local::{self, Session};
use crate::operate::logs::{Said, Tail};
use crate::output::Failure;

/// A message takes well under a second; a cold start may take longer.
const PATIENCE: Duration = Duration::from_secs(45);
/// The same for a message in a buffer: that of a Teams channel lets one through in 25 seconds.
const PATIENCE_WITH_BUFFERS: Duration = Duration::from_secs(70);
/// What is for other channels arrives within this time after the first message.
const SETTLE: Duration = Duration::from_millis(300);
/// Pause between two reads of the inbox.
const PAUSE: Duration = Duration::from_millis(50);
/// Pause between two reads of the functions' logs, which may say why nothing arrives.
const LOOK: Duration = Duration::from_secs(5);

/// The messages in the inbox since a point in time.
pub struct Arrivals<'a> {
    app: &'a App,
    session: &'a Session,
    /// Number of the last message before that time.
    before: u64,
    since: Timestamp,
}

impl<'a> Arrivals<'a> {
    /// Starts watching: only messages sent from now on count.
    pub async fn from_now_on(app: &'a App, session: &'a Session) -> Result<Self, Failure> {
        let since = Timestamp::now();
        let before = session.last_seq().await?;
        Ok(Self {
            app,
            session,
            before,
            since,
        })
    }

    /// Waits until a message has come, at most this long, and does not show it.
    pub async fn let_pass(&self, most: Duration) -> Result<(), Failure> {
        let start = Instant::now();
        while start.elapsed() < most {
            if !self.session.messages_after(self.before).await?.is_empty() {
                sleep(SETTLE).await;
                break;
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Waits for the next messages and shows them; `beside` is added to the JSON output.
    ///
    /// # Errors
    /// Nothing arrives; the error includes what the functions logged.
    pub async fn show(&self, beside: &Value) -> Result<(), Failure> {
        let start = Instant::now();
        let mut looked = start;
        loop {
            if !self.session.messages_after(self.before).await?.is_empty() {
                sleep(SETTLE).await;
                let messages = self.session.messages_after(self.before).await?;
                let shown = messages.iter().map(|message| {
                    format!("── {} ──\n{}", message.place(), local::render_text(&message.body))
                });
                let shown: Vec<_> = shown.collect();
                self.app.out.result(
                    || format!("\n{}", shown.join("\n")),
                    || {
                        let mut document = beside.clone();
                        document["version"] = json!(1);
                        document["messages"] = json!(messages);
                        document
                    },
                )?;
                return Ok(());
            }
            if looked.elapsed() > LOOK {
                looked = Instant::now();
                let outcomes = self.outcomes().await?;
                let waited = start.elapsed();
                let settled = !outcomes.is_empty() && outcomes.values().all(LogEntry::is_final);
                let buffered = |one: &LogEntry<'_>| one.of_message() == Some(Outcome::Buffered);
                let patience = match outcomes.values().any(buffered) {
                    true => PATIENCE_WITH_BUFFERS,
                    false => PATIENCE,
                };
                if settled || waited > patience {
                    return Err(nothing_arrived(waited, &outcomes));
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// The outcome by channel, from the logs of the functions in the local AWS.
    async fn outcomes(&self) -> Result<BTreeMap<String, LogEntry<'static>>, Failure> {
        let mut outcomes = BTreeMap::new();
        for region in self.session.regions()? {
            let aws = self.app.local_aws(self.session, &region).await?;
            let names = functions::names(&aws).await?.into_iter();
            let logs = names.map(|name| (name.clone(), format!("/aws/lambda/{name}")));
            for line in Tail::new(logs, self.since.as_millisecond()).poll(&aws).await? {
                if let Said::Outcome(outcome) = line.said
                    && let Some(channel) = &outcome.channel
                {
                    outcomes.insert(channel.to_string(), *outcome);
                }
            }
        }
        Ok(outcomes)
    }
}

/// Explains why nothing arrived, from the outcome in each channel.
fn nothing_arrived(waited: Duration, outcomes: &BTreeMap<String, LogEntry<'static>>) -> Failure {
    let message = format!("no message arrived in the inbox within {} s", waited.as_secs());
    if outcomes.is_empty() {
        return Failure::new(
            format!("{message}: no function of the local AWS had a message for a channel"),
            "messages arrive only by a path to a channel, since local mode sends no e-mail; `alertctl graph \
             STACK` draws the paths of alerts",
        );
    }
    let reasons: Vec<_> = outcomes
        .iter()
        .map(|(channel, outcome)| format!("channel `{channel}`: {}", in_words(outcome)))
        .collect();
    Failure::new(
        format!("{message}; {}", reasons.join("; ")),
        "`alertctl logs STACK --local --follow` shows what happens to each message",
    )
}

/// An outcome in words for somebody who watches the inbox.
fn in_words(outcome: &LogEntry<'_>) -> String {
    let reason = outcome.reason.as_ref();
    let because = reason.map(|reason| format!(", {reason}")).unwrap_or_default();
    match outcome.of_message() {
        Some(Outcome::Filtered) => "its routes do not accept this message".to_owned(),
        Some(Outcome::Muted) => reason.unwrap_or(&outcome.outcome).to_string(),
        Some(Outcome::Delivered) => {
            "delivered to an address on this machine that is not the inbox's".to_owned()
        }
        Some(Outcome::Duplicate) => "duplicate: the same event was received before".to_owned(),
        Some(Outcome::Buffered) => "still in its buffer".to_owned(),
        Some(Outcome::Deferred) => format!("the relay tries it again{because}"),
        _ => format!("{}{because}", outcome.outcome),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advised(outcomes: &[(&str, &str, Option<&str>)]) -> (String, String) {
        let outcomes = outcomes
            .iter()
            .map(|(channel, outcome, reason)| {
                let outcome = LogEntry {
                    outcome: (*outcome).to_owned().into(),
                    reason: reason.map(|reason| reason.to_owned().into()),
                    ..LogEntry::default()
                };
                ((*channel).to_owned(), outcome)
            })
            .collect();
        let Failure::Problems(mut problems) = nothing_arrived(Duration::from_secs(20), &outcomes) else {
            panic!("no problem");
        };
        let problem = problems.remove(0);
        (problem.message, problem.help.unwrap())
    }

    #[test]
    fn what_did_not_arrive_says_why() {
        let (message, help) = advised(&[]);
        assert!(message.ends_with("had a message for a channel"), "{message}");
        assert!(help.contains("sends no e-mail"), "{help}");
        let (message, help) = advised(&[
            ("log", "filtered", None),
            ("ops", "parked", Some("Slack answers 404 Not Found: no_service")),
        ]);
        assert_eq!(
            message,
            "no message arrived in the inbox within 20 s; channel `log`: its routes do not accept this \
             message; channel `ops`: parked, Slack answers 404 Not Found: no_service"
        );
        assert!(help.contains("alertctl logs"), "{help}");
    }
}
