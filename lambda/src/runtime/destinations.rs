//! The destinations of alerts: channels through their services, topics through SNS.

use super::Variables;
use super::aws::{Aws, AwsError, Call, Service};
use super::chart::Charts;
use super::http::Http;
use super::in_order::Step;
use super::incidents::{Incidents, LONGEST_STEP};
use super::kms::Kms;
use super::living::Telling;
use super::post::{Again, PostError, send};
use super::services::{NoAddress, Services};
use crate::contract::{Arn, ChannelKey, INCIDENTS, MAIL_ATTRIBUTE, TEST_ATTRIBUTE};
use crate::destination::{AllowLoopback, Post, Probe, Shape, Why};
use crate::{Card, Letter, Receivers, Settings};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Why a destination did not accept a message. Never contains a part of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Refusal {
    /// Whether a retry may help.
    pub transient: bool,
    pub reason: String,
    /// HTTP status of the service's response.
    pub status: Option<u16>,
    /// Number of retries.
    pub retried: u32,
    /// How long the service asks to wait.
    pub pause: Option<Duration>,
    /// The service refuses the message for its form. For a digest, the cause may be only one of its alerts.
    pub malformed: bool,
    /// In a simpler form it may take it.
    pub as_text: bool,
    /// Another process is about to tell of the same: the channel itself takes others.
    pub busy: bool,
    /// A permission is missing. Right after a deployment that may be because IAM has not spread it yet.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>
    pub denied: bool,
}

/// How long a message that is not taken is tried again; a person looks at it then.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(4 * 24 * 60 * 60);
/// How long the retry queue keeps a step of an incident of which another process tells.
const BUSY: Duration = Duration::from_secs(5);
/// How long a missing permission may be one that IAM has not spread yet.
const SPREADING: Duration = Duration::from_secs(10 * 60);

/// The parameters of a message's attributes: the name, the type and the value of each.
const ATTRIBUTES: [[&str; 3]; 2] = [
    [
        "MessageAttributes.entry.1.Name",
        "MessageAttributes.entry.1.Value.DataType",
        "MessageAttributes.entry.1.Value.StringValue",
    ],
    [
        "MessageAttributes.entry.2.Name",
        "MessageAttributes.entry.2.Value.DataType",
        "MessageAttributes.entry.2.Value.StringValue",
    ],
];

impl Refusal {
    pub fn transient(reason: String) -> Self {
        Self {
            transient: true,
            reason,
            ..Self::default()
        }
    }

    /// Another process tells of the same incident.
    pub fn busy() -> Self {
        Self {
            pause: Some(BUSY),
            busy: true,
            ..Self::transient("another process tells of the same incident".to_owned())
        }
    }

    /// Whether another try may help a message that has waited for `age`.
    pub fn may_pass(&self, age: Duration) -> bool {
        let time = match (self.transient, self.denied) {
            (true, _) => GIVEN_UP_AFTER,
            (false, true) => SPREADING,
            (false, false) => return false,
        };
        age < time
    }

    /// Whether the destination would refuse other messages now, too.
    pub fn is_of_all(&self) -> bool {
        (self.transient && !self.busy) || self.denied
    }

    /// How long the message itself has to wait, whatever its channel does.
    pub fn own_pause(&self) -> Duration {
        self.pause.filter(|_| self.busy).unwrap_or_default()
    }

    /// The same refusal of a message that is given up after it has waited for `age`.
    pub fn after(self, age: Duration) -> Self {
        match self.transient {
            false => self,
            true => Self {
                transient: false,
                reason: format!("after {} days: {}", age.as_secs() / 86_400, self.reason),
                ..self
            },
        }
    }

    /// The refusal for a failed call to `service`.
    pub fn by(service: &str, error: &AwsError) -> Self {
        Self {
            transient: error.is_transient(),
            denied: error.is_denied(),
            reason: format!("{service} {error}"),
            ..Self::default()
        }
    }

    pub fn lasting(reason: String) -> Self {
        Self {
            reason,
            ..Self::default()
        }
    }
}

/// A channel of the stack, or the ARN of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Destination {
    Channel(ChannelKey),
    Topic(String),
}

impl Destination {
    /// All destinations, without duplicates.
    pub fn all(receivers: &Receivers) -> Vec<Self> {
        let channels = receivers.channels.iter().cloned().map(Self::Channel);
        let topics = receivers.topics.iter().cloned().map(Self::Topic);
        let mut all: Vec<_> = channels.chain(topics).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The destination's name for people.
    pub fn name(&self, settings: &Settings) -> String {
        match self {
            Self::Channel(channel) => format!("channel {}", settings.channel_name(channel)),
            Self::Topic(arn) => format!("topic `{}`", arn.rsplit(':').next().unwrap_or(arn)),
        }
    }
}

pub(super) struct Destinations {
    http: Http,
    aws: Aws,
    kms: Kms,
    services: Services,
    /// What channels show of incidents, in a stack that has such channels.
    incidents: Option<Incidents>,
    settings: Arc<Settings>,
    charts: Charts,
}

impl Destinations {
    pub fn new(aws: Aws, http: Http, settings: Arc<Settings>, variable: Variables) -> Self {
        Self {
            charts: Charts::default(),
            http,
            kms: Kms::new(aws.clone(), variable),
            aws,
            services: Services::of(&settings, variable),
            settings,
            incidents: variable(INCIDENTS)
                .filter(|table| !table.is_empty())
                .map(Incidents::new),
        }
    }

    pub fn http(&self) -> &Http {
        &self.http
    }

    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn charts(&self) -> &Charts {
        &self.charts
    }

    pub fn incidents(&self) -> Option<&Incidents> {
        self.incidents.as_ref()
    }

    /// Posts a card to a channel before `deadline`; returns the number of retries.
    pub async fn post(
        &self,
        channel: &ChannelKey,
        card: &Card,
        shape: Shape,
        deadline: Instant,
    ) -> Result<u32, Refusal> {
        let service = self.service_by(channel, deadline).await?;
        let (retried, outcome) = match (service.living(), &self.incidents, &card.incident) {
            (Some(living), Some(incidents), Some(incident)) => {
                let telling = Telling {
                    service: &*service,
                    living,
                    channel,
                    card,
                    shape,
                    settings: &self.settings,
                    deadline: deadline.min(Instant::now() + LONGEST_STEP),
                };
                self.tell(incidents, incident, &telling).await
            }
            (None, Some(incidents), Some(incident)) if self.has_order(channel, card) => {
                let step = Step {
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
                let (retried, outcome) = send(&self.http, &*service, request, Again::Always, deadline).await;
                (retried, outcome.map(drop).map_err(Refusal::from))
            }
        };
        outcome.map(|()| retried).map_err(|refusal| Refusal {
            retried,
            as_text: refusal.malformed && service.has_plain(),
            ..refusal
        })
    }

    /// Whether the card is a step of an incident, and the channel's service does not order those by itself. A test is none, and
    /// of what is known to be overtaken nothing more is to be found out.
    fn has_order(&self, channel: &ChannelKey, card: &Card) -> bool {
        let known = self.settings.channels.get(channel);
        let keeps = known.is_some_and(|known| known.channel_type.keeps_incidents());
        keeps && !card.test && !card.overtaken
    }

    /// Whether the channel's service would take a message now. Of a service that cannot be asked without posting one, only
    /// whether the channel has an address.
    pub async fn probe(&self, channel: &ChannelKey, deadline: Instant) -> Result<(), Refusal> {
        let service = self.service_by(channel, deadline).await?;
        let (request, refused_when_well) = match service.probe() {
            None => return Ok(()),
            Some(Probe::Harmless(request)) => (request, false),
            Some(Probe::Empty(request)) => (request, true),
        };
        let (_, answer) = send(&self.http, &*service, request, Again::Always, deadline).await;
        match answer {
            Err(error) if refused_when_well && error.is_because(Why::Malformed) => Ok(()),
            // It is there, and busy.
            Err(error) if error.is_because(Why::Throttled) => Ok(()),
            answer => answer.map(drop).map_err(Refusal::from),
        }
    }

    /// The channel's service, if its address can be had in time.
    pub async fn service_by(
        &self,
        channel: &ChannelKey,
        deadline: Instant,
    ) -> Result<Arc<dyn Post>, Refusal> {
        let late = |_| Refusal::transient("KMS does not answer in the time there is".to_owned());
        let service = timeout_at(deadline, self.service(channel)).await;
        Ok(service.map_err(late)??)
    }

    async fn service(&self, channel: &ChannelKey) -> Result<Arc<dyn Post>, NoAddress> {
        let loopback = match self.aws.endpoint() {
            Some(_) => AllowLoopback::Yes,
            None => AllowLoopback::No,
        };
        self.services.get(channel, &self.kms, loopback).await
    }

    /// Publishes a letter to a topic before `deadline`.
    pub async fn publish(&self, arn: &str, letter: &Letter, deadline: Instant) -> Result<(), Refusal> {
        let late = |_| Refusal::transient("SNS does not answer in the time there is".to_owned());
        timeout_at(deadline, self.send(arn, letter)).await.map_err(late)?
    }

    async fn send(&self, arn: &str, letter: &Letter) -> Result<(), Refusal> {
        // SNS accepts a message only in the region of the topic.
        let region = Arn::parse(arn).and_then(|arn| arn.region);
        let region = region.ok_or_else(|| Refusal::lasting(format!("`{arn}` is not the ARN of a topic")))?;
        let mut input = vec![
            ("TopicArn", arn),
            ("Subject", &letter.subject),
            ("Message", &letter.text),
        ];
        let test = letter.test.as_deref().map(|id| (TEST_ATTRIBUTE, id));
        // Any value will do: the filters ask whether the attribute is there.
        let mail = letter.mail.then_some((MAIL_ATTRIBUTE, "true"));
        for ((name, value), [name_key, type_key, value_key]) in test.into_iter().chain(mail).zip(ATTRIBUTES) {
            input.extend([(name_key, name), (type_key, "String"), (value_key, value)]);
        }
        let call = Call::query(Service::SNS, "Publish", &input);
        match self.aws.call(&region, &call).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Refusal::by("SNS", &error)),
        }
    }
}

/// Problems that only a person can fix (a key that is disabled, denied or deleted, an address that was encrypted
/// for another function) do not go away within minutes. Such a message becomes a dead letter at once, with
/// instructions for the fix, and is redriven afterwards. Only what may be a permission that IAM has not spread yet is tried
/// for some minutes.
impl From<NoAddress> for Refusal {
    fn from(error: NoAddress) -> Self {
        Self {
            transient: matches!(&error, NoAddress::Kms(error) if error.is_transient()),
            // While an apply moves addresses, a function may have new variables and old settings for a moment.
            denied: match &error {
                NoAddress::Kms(error) => error.is_denied(),
                NoAddress::Missing(_) | NoAddress::Address(_) => true,
                NoAddress::NotBase64(_) => false,
            },
            reason: error.to_string(),
            ..Self::default()
        }
    }
}

impl From<PostError> for Refusal {
    fn from(error: PostError) -> Self {
        let (status, pause, malformed) = match &error {
            PostError::Refused { status, refused, .. } => (
                Some(status.as_u16()),
                refused.pause,
                refused.why == Why::Malformed,
            ),
            _ => (None, None, false),
        };
        Self {
            malformed,
            transient: error.is_transient(),
            reason: error.to_string(),
            status,
            pause,
            ..Self::default()
        }
    }
}
