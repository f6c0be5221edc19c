//! A subscription of an endpoint to an SNS topic.
//!
//! It has no tags. Instead, a tag of the topic contains a mark of each subscription that alertctl made, and all
//! others are left alone. Protocol and endpoint are its identity: changing either makes another subscription.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use alertctl_relay::console_page;
use serde_json::Value;
use tokio::time::Instant;

use crate::aws::concurrently;
use crate::aws::fault::gone;
use crate::aws::{Scope, wait};
use crate::resource::access::{ANY, Access};
use crate::resource::lambda::permission;
use crate::resource::sns::topic::{self, SnsTopic, invalid};
use crate::resource::{
    About, Aws, Changes, Context, Fields, Health, Known, NodeId, Observed, Output, Presence, Resource,
    Result, Text, Verdict, Wanted, converge,
};

mod endpoint;
pub(in crate::resource) mod listed;
mod read;
mod settings;
mod subscribed;
mod template;

pub(super) use endpoint::mark;
use endpoint::{label, masked, shown};
use listed::confirmed;
use read::{Topic, list, list_of_any, of_functions, read};
use settings::Settings;
pub use subscribed::SubscribedTopic;

/// The desired subscription.
#[derive(Debug, Clone)]
pub struct SnsSubscription {
    pub topic: SubscribedTopic,
    /// `lambda`, `email`, `https`, `http` or `sqs`.
    pub protocol: &'static str,
    /// Literal or computed.
    pub endpoint: Text,
    pub filter_policy: Option<Value>,
    /// `MessageAttributes` or `MessageBody`.
    pub filter_policy_scope: Option<&'static str>,
    pub raw_message_delivery: bool,
    /// The ARN of a dead letter queue for messages that cannot be delivered.
    pub dead_letter_queue: Option<Text>,
}

/// A subscription as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    topic_name: String,
    topic_arn: String,
    protocol: String,
    /// Without a password.
    endpoint: String,
    /// `None` until the endpoint's owner has confirmed it.
    arn: Option<String>,
    settings: Settings,
}

const NO_RESOURCE: &str = "SNS subscriptions cannot be named as resources in a policy";

impl Resource for SnsSubscription {
    const KIND: &'static str = "sns-subscription";
    const ACCESS: &'static [Access] = &[
        Access::read(
            &["sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"],
            &[topic::TOPIC],
        ),
        Access::read(&["sns:GetSubscriptionAttributes"], ANY).because(NO_RESOURCE),
        Access::read(&[listed::ALL], ANY)
            .because("SNS tells another account of its subscriptions to a topic only among all others"),
        Access::write(&["sns:Subscribe"], &[topic::TOPIC]),
        Access::write(&["sns:Subscribe"], &["arn:{partition}:sns:{region}:*:{prefix}"])
            .because("an existing topic may be in another account"),
        Access::change(&["sns:SetSubscriptionAttributes"], ANY).because(NO_RESOURCE),
        Access::delete(&["sns:Unsubscribe"], ANY).because(NO_RESOURCE),
    ];
    type Live = Live;

    fn uses(&self, access: &Access) -> bool {
        let elsewhere = access.actions == [listed::ALL] || access.on.iter().any(|on| on.contains(":*:"));
        !elsewhere || self.is_elsewhere()
    }

    fn parent(&self) -> Option<NodeId> {
        match &self.topic {
            SubscribedTopic::Own(topic) => Some(topic.id().clone()),
            SubscribedTopic::Existing(_) => None,
        }
    }

    fn name(&self) -> String {
        let endpoint = label(&self.endpoint);
        named(self.protocol, &endpoint, &self.topic.name())
    }

    fn subject(&self) -> String {
        self.topic.name()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let scope = aws.scope().await?;
        let arns = wanted
            .iter()
            .map(|w| (w.desired.topic.arn(scope), w.desired.is_elsewhere()));
        let (existing, own): (BTreeSet<_>, BTreeSet<_>) = arns.partition(|(_, elsewhere)| *elsewhere);
        let named = concurrently(&own, async |(arn, _)| {
            let (tags, list) = futures::try_join!(topic::read_tags(aws, arn), list(aws, arn))?;
            Ok(Topic::new(aws, tags.unwrap_or_default(), list))
        });
        let left = async {
            let left = topic::listed(aws).await?.into_iter();
            concurrently(
                left.filter(|(_, arn, _)| !own.contains(&((*arn).to_owned(), false))),
                async |(_, arn, tags)| Ok(Topic::new(aws, tags.clone(), list(aws, arn).await?)),
            )
            .await
        };
        let existing = async {
            let mut heard = permission::topics(aws).await?;
            heard.extend(existing.into_iter().map(|(arn, _)| arn));
            let listed: Vec<_> = topic::listed(aws).await?.iter().map(|(_, arn, _)| *arn).collect();
            heard.retain(|arn| !own.contains(&(arn.clone(), false)) && !listed.contains(&arn.as_str()));
            let endpoints = wanted.iter().filter(|w| w.desired.is_elsewhere());
            let endpoints = endpoints.filter_map(|w| w.desired.endpoint.fill_computed(scope).ok());
            of_functions(aws, heard, endpoints.collect()).await
        };
        let (mut topics, left, existing): (Vec<Topic>, Vec<Topic>, Vec<Topic>) =
            futures::try_join!(named, left, existing)?;
        topics.extend(left);
        topics.extend(existing);

        let present = concurrently(wanted, async |wanted| {
            let on = |topic: &Topic| Some((topic.ours, topic.find(wanted.desired, scope)?.clone()));
            let Some((ours, live)) = topics.iter().find_map(on) else {
                return Ok(Presence::Absent);
            };
            let live = match live.arn {
                Some(_) => read(aws, live).await?,
                // It cannot be read until it is confirmed, and subscribing again would only send another e-mail.
                None => Some(Live {
                    settings: Settings::of(wanted.desired, scope),
                    ..live
                }),
            };
            Ok(match live {
                None => Presence::Absent,
                Some(live) if ours => Presence::Ours(live),
                Some(live) => Presence::Foreign(live),
            })
        });
        let unwanted = topics.iter().flat_map(Topic::marked);
        let unwanted = unwanted.filter(|live| !wanted.iter().any(|w| w.desired.is(live, scope)));
        let orphans = concurrently(unwanted, |live| read(aws, live.clone()));
        let (present, orphans): (_, Vec<_>) = futures::try_join!(present, orphans)?;
        let orphan = |live: Live| {
            let mark = mark(&live.protocol, &live.endpoint);
            let key = format!("{}/{}/{mark}", live.topic_name, live.protocol);
            (
                NodeId {
                    kind: Self::KIND,
                    key,
                },
                live,
            )
        };
        Ok(Observed {
            wanted: present,
            orphans: orphans.into_iter().flatten().map(orphan).collect(),
        })
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            topic,
            protocol,
            endpoint,
            filter_policy: _,
            filter_policy_scope: _,
            raw_message_delivery: _,
            dead_letter_queue,
        } = self;
        let endpoint = endpoint.fill(known).map(|endpoint| shown(protocol, &endpoint));
        let fields = Fields::default()
            .set("topic", topic.name())
            .set("protocol", *protocol)
            .when_known("endpoint", endpoint);
        let fields = Settings::of(self, &known.scope).fields(fields);
        fields.text_some("dead_letter_queue", dead_letter_queue.as_ref(), known)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            topic_name,
            topic_arn: _,
            protocol,
            endpoint,
            arn: _,
            settings,
        } = live;
        let fields = Fields::default()
            .set("topic", topic_name.as_str())
            .set("protocol", protocol.as_str())
            .set("endpoint", shown(protocol, endpoint));
        settings
            .fields(fields)
            .set_some("dead_letter_queue", settings.dead_letter_queue.as_deref())
    }

    fn live_name(live: &Live) -> String {
        named(&live.protocol, &live.endpoint, &live.topic_name)
    }

    fn output(live: &Live) -> Output {
        Output::of_arn(live.arn.clone().unwrap_or_default())
    }

    fn console_page(_name: &str, output: &Output, region: &str) -> Option<String> {
        // A subscription has no ARN until it is confirmed.
        let arn = Some(&output.arn).filter(|arn| !arn.is_empty())?;
        console_page(region, "sns/v3/home", &format!("/subscription/{arn}"))
    }

    fn about(live: &Live) -> About {
        let by = shown(&live.protocol, &live.endpoint);
        let confirmed = live.arn.is_some();
        let health = match confirmed {
            true => Health::new(Verdict::Healthy, "confirmed"),
            false => Health::new(Verdict::Waiting, "pending confirmation"),
        };
        let expires = "never confirmed: AWS keeps it until it expires by itself, 3 days after its creation";
        About {
            health: Some(health.with("confirmed", confirmed)),
            remark: (!confirmed).then(|| format!("waiting for confirmation by {by}")),
            data_loss: (!confirmed).then(|| expires.to_owned()),
            lives_in: Some((SnsTopic::KIND, live.topic_name.clone())),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let scope = &cx.known.scope;
        let (topic_arn, endpoint) = (self.topic.arn(scope), cx.text(&self.endpoint)?);
        let settings = Settings::of(self, scope);
        let arn = match self.subscribe(cx).await {
            // Created after the plan.
            Err(fault) if invalid(&fault, "already exists with different attributes") => {
                let list = list_of_any(cx.aws, &topic_arn).await?;
                let Some(live) = list.into_iter().find(|live| self.is(live, scope)) else {
                    return Err(fault);
                };
                return self.bring(live, cx).await;
            }
            result => result?,
        };
        let to = shown(self.protocol, &endpoint);
        match self.protocol {
            "email" | "email-json" => cx.note(format!(
                "confirm the e-mail sent to {to}: its link is good for 2 days"
            )),
            "http" | "https" => cx.note(format!("{to} has to confirm the subscription within 2 days")),
            _ => {}
        }
        Ok(Live {
            topic_name: self.topic.name(),
            topic_arn,
            protocol: self.protocol.to_owned(),
            endpoint: masked(&endpoint),
            arn,
            settings,
        })
    }

    /// SNS may answer with the subscription of a deleted topic of the same name, which the new topic does not have.
    /// So this checks that the topic lists it, and subscribes again if it does not.
    /// <https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-sns/pull/70>
    async fn settle(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        // Other protocols wait for somebody to confirm the subscription, and the local AWS keeps nothing of deleted
        // topics.
        if !matches!(self.protocol, "lambda" | "sqs") || cx.aws.connection.emulated {
            return Ok(());
        }
        let asked = Cell::new(Instant::now());
        let what = format!("the subscription {}", Self::live_name(live));
        wait::until(LISTED, "sns:ListSubscriptionsByTopic", &what, async || {
            let listed = list_of_any(cx.aws, &live.topic_arn).await?;
            if listed.iter().any(|one| self.is(one, &cx.known.scope)) {
                return Ok(Some(()));
            }
            if asked.get().elapsed() > LOST {
                self.subscribe(cx).await?;
                asked.set(Instant::now());
            }
            Ok(None)
        })
        .await
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let settings = Settings::of(self, &cx.known.scope);
        if let Some(arn) = &live.arn {
            settings::put(cx.aws, arn, &settings, changes).await?;
        }
        Ok(Live { settings, ..live })
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let pending = || {
            let (to, topic) = (shown(&live.protocol, &live.endpoint), &live.topic_name);
            cx.note(format!(
                "the subscription of {to} to {topic} was never confirmed: AWS keeps it until it expires by \
                 itself, 3 days after its creation, or goes with its topic"
            ));
        };
        let Some(arn) = &live.arn else {
            pending();
            return Ok(());
        };
        let sns = &cx.aws.connection.clients.sns;
        let request = sns.unsubscribe().subscription_arn(arn);
        match cx.aws.call("sns:Unsubscribe", || request.clone().send()).await {
            Err(fault) if invalid(&fault, "pending confirmation") => {
                pending();
                Ok(())
            }
            result => gone(result),
        }
    }
}

/// How long a topic may take to list a subscription, and after how long the subscription is requested again.
const LISTED: Duration = Duration::from_secs(90);
const LOST: Duration = Duration::from_secs(20);

impl SnsSubscription {
    /// Sends Subscribe. Returns the ARN, unless the subscription must be confirmed first.
    async fn subscribe(&self, cx: &Context<'_>) -> Result<Option<String>> {
        let scope = &cx.known.scope;
        let request = cx.aws.connection.clients.sns.subscribe();
        let request = request
            .topic_arn(self.topic.arn(scope))
            .protocol(self.protocol)
            .endpoint(cx.text(&self.endpoint)?)
            .set_attributes(Some(Settings::of(self, scope).attributes()))
            .return_subscription_arn(true);
        let answer = cx.aws.call("sns:Subscribe", || request.clone().send()).await;
        let answer = answer.map_err(|fault| {
            match fault.is(&["FilterPolicyLimitExceeded", "FilterPolicyLimitExceededException"]) {
                true => fault.hint("a region holds 10,000 filter policies: ask AWS for more"),
                false => fault,
            }
        })?;
        Ok(answer.subscription_arn().and_then(confirmed))
    }

    fn is_elsewhere(&self) -> bool {
        matches!(self.topic, SubscribedTopic::Existing(_))
    }

    fn is(&self, live: &Live, scope: &Scope) -> bool {
        live.topic_arn == self.topic.arn(scope)
            && live.protocol == self.protocol
            && self
                .endpoint
                .fill_computed(scope)
                .map(|endpoint| masked(&endpoint))
                == Ok(live.endpoint.clone())
    }

    /// Brings an existing subscription to the desired state.
    async fn bring(&self, live: Live, cx: &Context<'_>) -> Result<Live> {
        let live = match live.arn {
            Some(_) => read(cx.aws, live.clone()).await?.unwrap_or(live),
            None => live,
        };
        converge(self, live, cx).await
    }
}

fn named(protocol: &str, endpoint: &str, topic: &str) -> String {
    format!("{protocol} {} → {topic}", shown(protocol, endpoint))
}

#[cfg(test)]
mod tests;
