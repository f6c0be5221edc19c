//! An SQS queue for alerts that wait to be processed, or that could not be delivered.

use std::collections::HashMap;
use std::time::Duration;

use alertctl_relay::{console_page, encode_fragment};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::Value;

use crate::aws::fault::gone;
use crate::aws::policy::Policy;
use crate::aws::wait;
use crate::partition::Partition;
use crate::resource::access::Access;
use crate::resource::{
    About, Aws, Changes, Context, Fields, Handling, Health, Known, Observed, Output, Regions, Resource,
    Result, Tags, Text, Verdict, Wanted, converge, named, tags,
};

mod dying;
mod read;
mod redelivery;
mod template;

pub(in crate::resource) use read::messages;
use read::read;
pub use redelivery::Redelivery;

/// How long SQS may take to show changed attributes.
const ATTRIBUTES: Duration = Duration::from_secs(60);
/// How often in a row it must show them. SQS has many servers: until all of them have the new attributes, one may
/// still refuse an allowed message, and that message is lost.
const SHOWN: u32 = 5;

/// In bytes, SQS's maximum: Lambda and EventBridge put events of up to 1 MB into a dead-letter queue, and drop one that is
/// too long for it. Queues made before August 2025 take 256 KiB.
const MAXIMUM_MESSAGE_SIZE: i32 = 1_048_576;

/// The desired queue.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    pub name: String,
    /// How long a message is kept.
    pub retention_seconds: i32,
    /// Who may send to it, in addition to the account's own IAM policies.
    pub policy: Option<Policy>,
    /// For a queue with a consumer: when a message becomes visible again. Otherwise SQS's defaults stay, or what
    /// somebody changed them to.
    pub redelivery: Option<Redelivery>,
    pub tags: Tags,
}

/// A queue as it is. Attributes that alertctl does not set are left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    name: String,
    url: String,
    arn: String,
    retention_seconds: i32,
    maximum_message_size: i32,
    sqs_managed_sse: bool,
    /// The KMS key, if the queue is encrypted with one.
    kms_key: Option<String>,
    policy: Option<Value>,
    /// Read only if it is wanted.
    redelivery: Option<redelivery::Live>,
    /// The approximate number of messages in the queue, including those that were received but not deleted yet.
    messages: u64,
    /// Messages that nobody consumes move to another queue: here they only wait, and are not parked for good.
    passes_on: bool,
    tags: Tags,
}

const QUEUE: &str = "arn:{partition}:sqs:{region}:{account}:{prefix}";

impl Resource for SqsQueue {
    const KIND: &'static str = "sqs-queue";
    const HANDLING: Handling = Handling {
        // No resource may still send undeliverable messages to a queue that is gone.
        deleted_after: &[
            "sns-subscription",
            "lambda-event-invoke-config",
            "lambda-function",
            "lambda-event-source-mapping",
            "eventbridge-targets",
        ],
        // A rule's dead letter queue is in the rule's region.
        regions: Regions::Any,
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(
            &["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"],
            &[QUEUE],
        ),
        Access::write(&["sqs:CreateQueue", "sqs:TagQueue"], &[QUEUE]),
        Access::change(&["sqs:SetQueueAttributes", "sqs:UntagQueue"], &[QUEUE]),
        Access::delete(&["sqs:DeleteQueue"], &[QUEUE]),
    ];
    type Live = Live;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn arn(&self) -> Option<Text> {
        Some(Text::arn("sqs", self.name.as_str()))
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        named::observe(
            aws,
            wanted,
            async || aws.tagged_names("sqs", "").await,
            async |name, wanted| read(aws, name, wanted).await,
            |live| &live.tags,
        )
        .await
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            name,
            retention_seconds,
            policy,
            redelivery,
            tags,
        } = self;
        let fields = Fields::default()
            .set("name", name.as_str())
            .set("retention_seconds", *retention_seconds)
            .set("maximum_message_size", MAXIMUM_MESSAGE_SIZE)
            .set("sqs_managed_sse", true);
        let fields = match redelivery {
            Some(redelivery) => redelivery.fields(fields, known),
            None => fields,
        };
        match policy {
            Some(policy) => fields.policy("policy", policy, known),
            None => fields,
        }
        .tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            name,
            url: _,
            arn: _,
            retention_seconds,
            maximum_message_size,
            sqs_managed_sse,
            kms_key,
            policy,
            redelivery,
            messages: _,
            passes_on: _,
            tags,
        } = live;
        let fields = Fields::default()
            .set("name", name.as_str())
            .set("retention_seconds", *retention_seconds)
            .set("maximum_message_size", *maximum_message_size)
            .set("sqs_managed_sse", *sqs_managed_sse)
            .set_some("kms_key", kms_key.as_deref());
        match redelivery {
            Some(redelivery) => redelivery.fields(fields),
            None => fields,
        }
        .set_some("policy", policy.clone())
        .live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output::of_arn(live.arn.clone())
    }

    fn console_page(name: &str, output: &Output, region: &str) -> Option<String> {
        let account = output
            .arn
            .split(':')
            .nth(4)
            .filter(|account| !account.is_empty())?;
        let domain = Partition::of_region(region).dns_suffix;
        let url = format!("https://sqs.{region}.{domain}/{account}/{name}");
        console_page(
            region,
            "sqs/v3/home",
            &format!("/queues/{}", encode_fragment(&url)),
        )
    }

    fn about(live: &Live) -> About {
        let (messages, has_dead_letters) = (live.messages, !live.passes_on);
        let (verdict, holds) = match (messages, has_dead_letters) {
            (0, _) => (Verdict::Healthy, "empty".to_owned()),
            (_, false) => (Verdict::Healthy, format!("{messages} waiting")),
            (_, true) => (Verdict::Attention, format!("{messages} parked")),
        };
        let health = Health::new(verdict, holds).with("messages", messages);
        let remark =
            || format!("undelivered messages: about {messages}; `alertctl redrive` lists and resends them");
        let loss = || format!("about {messages} undelivered messages in it are lost");
        About {
            health: Some(health.with("dead_letters", has_dead_letters)),
            // No alarm watches a queue in another region.
            remark: (messages > 0 && has_dead_letters).then(remark),
            data_loss: (messages > 0).then(loss),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let mut attributes = HashMap::from([
            (
                Attribute::MessageRetentionPeriod,
                self.retention_seconds.to_string(),
            ),
            (Attribute::MaximumMessageSize, MAXIMUM_MESSAGE_SIZE.to_string()),
            (Attribute::SqsManagedSseEnabled, "true".to_owned()),
        ]);
        if let Some(policy) = &self.policy {
            attributes.insert(Attribute::Policy, cx.policy(policy)?);
        }
        let redelivery = self.expected_redelivery(cx)?;
        attributes.extend(redelivery.iter().flat_map(|expected| expected.attributes(None)));
        let request = cx.aws.connection.clients.sqs.create_queue();
        let request = request
            .queue_name(&self.name)
            .set_attributes(Some(attributes))
            .set_tags(Some(tags::hashed(&self.tags)));
        let url = match cx.aws.call("sqs:CreateQueue", || request.clone().send()).await {
            Err(fault) if fault.is(&["QueueNameExists", "QueueAlreadyExists"]) => {
                // It has other attributes: an earlier run created it and its answer was lost, or it is somebody
                // else's.
                return match read(cx.aws, &self.name, Some(self)).await? {
                    Some(live) if cx.aws.owns(&live.tags) => converge(self, live, cx).await,
                    _ => Err(fault),
                };
            }
            result => result?.queue_url.unwrap_or_default(),
        };
        Ok(Live {
            name: self.name.clone(),
            url,
            arn: Text::arn("sqs", &self.name)
                .fill_computed(cx.aws.scope().await?)
                .unwrap_or_default(),
            retention_seconds: self.retention_seconds,
            maximum_message_size: MAXIMUM_MESSAGE_SIZE,
            sqs_managed_sse: true,
            kms_key: None,
            policy: self.rendered(cx)?,
            passes_on: redelivery.is_some(),
            redelivery,
            messages: 0,
            tags: self.tags.clone(),
        })
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let sqs = &cx.aws.connection.clients.sqs;
        // Ownership first: if a later call fails, the next run finishes the rest.
        self.put_tags(&live, cx).await?;
        let mut attributes = HashMap::new();
        if changes.touch("retention_seconds") {
            attributes.insert(
                Attribute::MessageRetentionPeriod,
                self.retention_seconds.to_string(),
            );
        }
        if changes.touch("maximum_message_size") {
            attributes.insert(Attribute::MaximumMessageSize, MAXIMUM_MESSAGE_SIZE.to_string());
        }
        if changes.touch_any(&["sqs_managed_sse", "kms_key"]) {
            attributes.insert(Attribute::SqsManagedSseEnabled, "true".to_owned());
            // SQS allows only one kind of encryption at a time.
            if live.kms_key.is_some() {
                attributes.insert(Attribute::KmsMasterKeyId, String::new());
            }
        }
        if changes.touch("policy") {
            let policy = self.policy.as_ref().map(|policy| cx.policy(policy)).transpose()?;
            // An empty text removes the policy.
            attributes.insert(Attribute::Policy, policy.unwrap_or_default());
        }
        let redelivery = self.expected_redelivery(cx)?;
        attributes.extend(
            redelivery
                .iter()
                .flat_map(|expected| expected.attributes(Some(changes))),
        );
        if !attributes.is_empty() {
            let request = sqs.set_queue_attributes().queue_url(&live.url);
            let request = request.set_attributes(Some(attributes));
            let send = || request.clone().send();
            cx.aws.call("sqs:SetQueueAttributes", send).await?;
        }
        Ok(Live {
            retention_seconds: self.retention_seconds,
            maximum_message_size: MAXIMUM_MESSAGE_SIZE,
            sqs_managed_sse: true,
            kms_key: None,
            policy: self.rendered(cx)?,
            redelivery,
            tags: self.tags.clone(),
            ..live
        })
    }

    async fn settle(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        // An emulated AWS has a single server.
        let times = if cx.aws.connection.emulated { 1 } else { SHOWN };
        let (action, what) = ("sqs:GetQueueAttributes", "the queue's attributes");
        let settled = wait::steadily(ATTRIBUTES, times, action, what, async || {
            let now = read(cx.aws, &live.name, Some(self)).await?;
            Ok(now.is_some_and(|now| Self::live_fields(&now) == Self::live_fields(live)))
        });
        match settled.await {
            // The queue works meanwhile, and AWS finishes the change by itself.
            Err(fault) if fault.is(&["Timeout"]) => {
                cx.note(format!(
                    "SQS still shows old attributes of `{}`; it may take up to 15 minutes",
                    live.name
                ));
                Ok(())
            }
            result => result,
        }
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let request = cx.aws.connection.clients.sqs.delete_queue().queue_url(&live.url);
        gone(cx.aws.call("sqs:DeleteQueue", || request.clone().send()).await)?;
        dying::until_gone(&live, cx).await?;
        if live.messages > 0 {
            let Live { name, messages, .. } = live;
            cx.note(format!(
                "the queue `{name}` held about {messages} undelivered messages; they are lost"
            ));
        }
        Ok(())
    }
}

impl SqsQueue {
    fn rendered(&self, cx: &Context<'_>) -> Result<Option<Value>> {
        let policy = self.policy.as_ref();
        policy
            .map(|policy| policy.render(&cx.known))
            .transpose()
            .map_err(Context::too_early)
    }

    fn expected_redelivery(&self, cx: &Context<'_>) -> Result<Option<redelivery::Live>> {
        let redelivery = self.redelivery.as_ref();
        redelivery.map(|redelivery| redelivery.expected(cx)).transpose()
    }

    async fn put_tags(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        let sqs = &cx.aws.connection.clients.sqs;
        tags::sync(
            &live.tags,
            &self.tags,
            async |remove| {
                let request = sqs.untag_queue().queue_url(&live.url);
                let request = request.set_tag_keys(Some(remove));
                cx.aws.call("sqs:UntagQueue", || request.clone().send()).await
            },
            async |put| {
                let request = sqs.tag_queue().queue_url(&live.url);
                let request = request.set_tags(Some(tags::hashed(&put)));
                cx.aws.call("sqs:TagQueue", || request.clone().send()).await
            },
        )
        .await
    }
}

#[cfg(test)]
mod tests;
