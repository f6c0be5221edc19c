//! An SQS queue: where alerts wait that could not be delivered.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::Value;

use super::{
    Aws, Changes, Cx, Fault, Fields, Known, NodeId, Observed, Output, Presence, Resource, Result, Tags,
    Wanted, named, tags,
};
use crate::aws::fault::{found, gone};
use crate::aws::policy::{self, Policy};
use crate::aws::wait;

/// SQS refuses a name for 60 s after the queue was deleted.
const NAME_REUSE: Duration = Duration::from_secs(90);
/// How long SQS may take to show changed attributes.
const ATTRIBUTES: Duration = Duration::from_secs(60);

/// The desired queue.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    pub name: String,
    /// How long a message is kept.
    pub retention_seconds: i32,
    /// Who may send to it, beyond the account's own IAM policies.
    pub policy: Option<Policy>,
    /// What must exist first: in another region, the role that leads there.
    pub gates: Vec<NodeId>,
    pub tags: Tags,
}

/// A queue as it is. Attributes that this tool does not set are left as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    name: String,
    url: String,
    arn: String,
    retention_seconds: i32,
    sqs_managed_sse: bool,
    /// The KMS key, where it is encrypted with one.
    kms_key: Option<String>,
    policy: Option<Value>,
    /// About how many messages it holds.
    messages: u64,
    tags: Tags,
}

impl Resource for SqsQueue {
    const KIND: &'static str = "sqs-queue";
    // Nothing may still send what it cannot deliver to a queue that is gone.
    const DELETED_AFTER: &'static [&'static str] = &[
        "sns-subscription",
        "lambda-event-invoke-config",
        "lambda-function",
        "eventbridge-targets",
    ];
    // A rule's dead-letter queue is in the rule's region.
    const IN_OTHER_REGIONS: bool = true;
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        self.gates.clone()
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        named::observe(
            aws,
            wanted,
            async || aws.tagged_names("sqs", "").await,
            async |name, _| read(aws, name).await,
            |live| &live.tags,
        )
        .await
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            name,
            retention_seconds,
            policy,
            gates: _,
            tags,
        } = self;
        let fields = Fields::default()
            .set("name", name.as_str())
            .set("retention_seconds", *retention_seconds)
            .set("sqs_managed_sse", true);
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
            sqs_managed_sse,
            kms_key,
            policy,
            messages: _,
            tags,
        } = live;
        Fields::default()
            .set("name", name.as_str())
            .set("retention_seconds", *retention_seconds)
            .set("sqs_managed_sse", *sqs_managed_sse)
            .set_some("kms_key", kms_key.as_deref())
            .set_some("policy", policy.clone())
            .live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output {
            arn: live.arn.clone(),
            id: String::new(),
        }
    }

    fn loss(live: &Live) -> Option<String> {
        let messages = live.messages;
        (messages > 0).then(|| format!("about {messages} undelivered messages in it are lost"))
    }

    async fn create(&self, cx: &Cx<'_>) -> Result<Live> {
        let sqs = &cx.aws.connection.clients.sqs;
        let mut attributes = HashMap::from([
            (
                Attribute::MessageRetentionPeriod,
                self.retention_seconds.to_string(),
            ),
            (Attribute::SqsManagedSseEnabled, "true".to_owned()),
        ]);
        if let Some(policy) = &self.policy {
            attributes.insert(Attribute::Policy, cx.policy(policy)?);
        }
        let created = wait::retry(NAME_REUSE, deleted_recently, async || {
            let send = sqs
                .create_queue()
                .queue_name(&self.name)
                .set_attributes(Some(attributes.clone()))
                .set_tags(Some(hashed(&self.tags)))
                .send();
            cx.aws.call("sqs:CreateQueue", send).await
        })
        .await;
        let url = match created {
            Err(fault) if fault.is(&["QueueNameExists", "QueueAlreadyExists"]) => {
                // With other attributes: made by an earlier run whose answer was lost, or somebody else's.
                let Some(live) = read(cx.aws, &self.name).await? else {
                    return Err(fault);
                };
                let Presence::Ours(live) = Presence::by_tag(cx.aws, &live.tags.clone(), live) else {
                    return Err(fault);
                };
                return self.converge(live, cx).await;
            }
            result => result?.queue_url.unwrap_or_default(),
        };
        Ok(Live {
            name: self.name.clone(),
            url,
            arn: super::Text::arn("sqs", &self.name)
                .fill_computed(cx.aws.scope().await?)
                .unwrap_or_default(),
            retention_seconds: self.retention_seconds,
            sqs_managed_sse: true,
            kms_key: None,
            policy: self.rendered(cx)?,
            messages: 0,
            tags: self.tags.clone(),
        })
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Cx<'_>) -> Result<Live> {
        let sqs = &cx.aws.connection.clients.sqs;
        // Ownership first: what fails behind it is then finished by the next run.
        self.put_tags(&live, cx).await?;
        let mut attributes = HashMap::new();
        if changes.touch("retention_seconds") {
            attributes.insert(
                Attribute::MessageRetentionPeriod,
                self.retention_seconds.to_string(),
            );
        }
        if changes.touch_any(&["sqs_managed_sse", "kms_key"]) {
            attributes.insert(Attribute::SqsManagedSseEnabled, "true".to_owned());
            // SQS takes one kind of encryption at a time.
            if live.kms_key.is_some() {
                attributes.insert(Attribute::KmsMasterKeyId, String::new());
            }
        }
        if changes.touch("policy") {
            let policy = self.policy.as_ref().map(|policy| cx.policy(policy)).transpose()?;
            // An empty text removes the policy.
            attributes.insert(Attribute::Policy, policy.unwrap_or_default());
        }
        if !attributes.is_empty() {
            let send = sqs.set_queue_attributes().queue_url(&live.url);
            let send = send.set_attributes(Some(attributes)).send();
            cx.aws.call("sqs:SetQueueAttributes", send).await?;
        }
        Ok(Live {
            retention_seconds: self.retention_seconds,
            sqs_managed_sse: true,
            kms_key: None,
            policy: self.rendered(cx)?,
            tags: self.tags.clone(),
            ..live
        })
    }

    async fn settle(&self, live: &Live, cx: &Cx<'_>) -> Result<()> {
        let settled = wait::until(
            ATTRIBUTES,
            "sqs:GetQueueAttributes",
            "the queue's attributes",
            async || {
                let now = read(cx.aws, &live.name).await?;
                Ok(now
                    .filter(|now| Self::live_fields(now) == Self::live_fields(live))
                    .map(drop))
            },
        );
        match settled.await {
            // The queue works meanwhile, and AWS finishes by itself.
            Err(fault) if fault.is(&["Timeout"]) => {
                cx.note(format!(
                    "SQS still shows former attributes of `{}`; it may take up to 15 minutes",
                    live.name
                ));
                Ok(())
            }
            result => result,
        }
    }

    async fn delete(live: Live, cx: &Cx<'_>) -> Result<()> {
        let send = cx.aws.connection.clients.sqs.delete_queue().queue_url(&live.url);
        gone(cx.aws.call("sqs:DeleteQueue", send.send()).await)?;
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
    fn rendered(&self, cx: &Cx<'_>) -> Result<Option<Value>> {
        let policy = self.policy.as_ref();
        policy
            .map(|policy| policy.render(&cx.known))
            .transpose()
            .map_err(Cx::too_early)
    }

    async fn put_tags(&self, live: &Live, cx: &Cx<'_>) -> Result<()> {
        let sqs = &cx.aws.connection.clients.sqs;
        let (put, remove) = tags::patch(&live.tags, &self.tags);
        if !put.is_empty() {
            let send = sqs.tag_queue().queue_url(&live.url);
            let send = send.set_tags(Some(hashed(&put))).send();
            cx.aws.call("sqs:TagQueue", send).await?;
        }
        if !remove.is_empty() {
            let send = sqs.untag_queue().queue_url(&live.url);
            let send = send.set_tag_keys(Some(remove)).send();
            cx.aws.call("sqs:UntagQueue", send).await?;
        }
        Ok(())
    }
}

/// "You must wait 60 seconds after deleting a queue before you can create another with the same name."
fn deleted_recently(fault: &Fault) -> bool {
    fault.is(&[
        "QueueDeletedRecently",
        "AWS.SimpleQueueService.QueueDeletedRecently",
    ])
}

async fn read(aws: &Aws, name: &str) -> Result<Option<Live>> {
    let sqs = &aws.connection.clients.sqs;
    let send = sqs.get_queue_url().queue_name(name).send();
    let Some(url) = found(aws.call("sqs:GetQueueUrl", send).await)?.and_then(|answer| answer.queue_url)
    else {
        return Ok(None);
    };
    let attributes = async {
        let send = sqs.get_queue_attributes().queue_url(&url);
        let send = send.attribute_names(Attribute::All).send();
        found(aws.call("sqs:GetQueueAttributes", send).await)
    };
    let tags = async {
        let send = sqs.list_queue_tags().queue_url(&url).send();
        found(aws.call("sqs:ListQueueTags", send).await)
    };
    let (attributes, tags) = futures::try_join!(attributes, tags)?;
    let Some(attributes) = attributes.and_then(|answer| answer.attributes) else {
        return Ok(None);
    };
    let text = |name: Attribute| attributes.get(&name).filter(|text| !text.is_empty());
    Ok(Some(Live {
        name: name.to_owned(),
        arn: text(Attribute::QueueArn).cloned().unwrap_or_default(),
        retention_seconds: text(Attribute::MessageRetentionPeriod)
            .and_then(|seconds| seconds.parse().ok())
            .unwrap_or_default(),
        sqs_managed_sse: text(Attribute::SqsManagedSseEnabled).is_some_and(|enabled| enabled == "true"),
        kms_key: text(Attribute::KmsMasterKeyId).cloned(),
        policy: text(Attribute::Policy).map(|policy| policy::parse(policy)),
        messages: text(Attribute::ApproximateNumberOfMessages)
            .and_then(|number| number.parse().ok())
            .unwrap_or_default(),
        tags: tags
            .and_then(|answer| answer.tags)
            .unwrap_or_default()
            .into_iter()
            .collect(),
        url,
    }))
}

fn hashed(tags: &Tags) -> HashMap<String, String> {
    tags.clone().into_iter().collect()
}

#[cfg(test)]
#[path = "tests/sqs_queue.rs"]
mod tests;
