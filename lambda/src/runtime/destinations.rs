//! The destinations of alerts: channels through their services, topics through SNS.

use super::Variables;
use super::aws::{Aws, Call, Service};
use super::chart::wanted::Charts;
use super::http::Http;
use super::incidents::Incidents;
use super::kms::Kms;
use super::post::{Again, send};
use super::refusal::Refusal;
use super::services::{NoAddress, Services};
use crate::contract::{Arn, ChannelKey, INCIDENTS, MAIL_ATTRIBUTE, TEST_ATTRIBUTE, topic_name};
use crate::destination::{AllowLoopback, Post, Probe, Why};
use crate::{Receivers, Settings, SnsText};
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

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
            Self::Topic(arn) => format!("topic `{}`", topic_name(arn)),
        }
    }
}

/// Posts to channels and publishes to topics; shared by everything that one process sends.
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
    pub async fn publish(&self, arn: &str, sns_text: &SnsText, deadline: Instant) -> Result<(), Refusal> {
        let late = |_| Refusal::transient("SNS does not answer in the time there is".to_owned());
        timeout_at(deadline, self.send(arn, sns_text))
            .await
            .map_err(late)?
    }

    async fn send(&self, arn: &str, sns_text: &SnsText) -> Result<(), Refusal> {
        // SNS accepts a message only in the region of the topic.
        let region = Arn::parse(arn).and_then(|arn| arn.region);
        let region = region.ok_or_else(|| Refusal::lasting(format!("`{arn}` is not the ARN of a topic")))?;
        let mut input = vec![
            ("TopicArn", arn),
            ("Subject", &sns_text.subject),
            ("Message", &sns_text.text),
        ];
        let test = sns_text.test.as_deref().map(|id| (TEST_ATTRIBUTE, id));
        // Any value will do: the filters ask whether the attribute is there.
        let mail = sns_text.mail.then_some((MAIL_ATTRIBUTE, "true"));
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
