//! An SNS topic with its access policy.

use std::collections::HashMap;

use alertctl_relay::{console_page, topic_name};
use serde_json::Value;

use crate::aws::Scope;
use crate::aws::fault::{found, gone};
use crate::aws::policy::{self, Policy};
use crate::resource::access::Access;
use crate::resource::kms::key::KmsKey;
use crate::resource::sns::subscription::mark;
use crate::resource::{
    Aws, Changes, Context, Fault, Fields, Handling, Known, NodeId, Observed, Output, Ref, Resource, Result,
    Tags, Text, Wanted, converge, named, tags,
};

mod template;

/// The desired topic.
#[derive(Debug, Clone)]
pub struct SnsTopic {
    pub name: String,
    /// The sender's name in e-mails.
    pub display_name: Option<String>,
    /// Encrypts messages at rest.
    pub kms_key: Option<Ref<KmsKey>>,
    pub policy: Policy,
    /// Protocol and endpoint of the subscriptions that this stack makes. They distinguish these from other people's
    /// subscriptions.
    pub subscriptions: Vec<(&'static str, Text)>,
    pub tags: Tags,
}

/// A topic as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    name: String,
    arn: String,
    display_name: Option<String>,
    kms_key: Option<String>,
    policy: Value,
    /// Every mark in the topic's tag, including marks of subscriptions that left the stack file.
    marks: Vec<String>,
    /// How many of the wanted subscriptions are marked.
    marked: usize,
    tags: Tags,
}

/// Contains the marks of the subscriptions that this stack made, because a subscription has no tags. The marks are
/// written before the subscriptions are made, so that an interrupted run leaves no subscription without an owner.
const MARKS_TAG: &str = "alertctl:subscriptions";
/// How many marks fit into the 256 characters of a tag: each has eight characters, with a space between two.
const MARKS: usize = 28;

pub(super) const TOPIC: &str = "arn:{partition}:sns:{region}:{account}:{prefix}";

impl Resource for SnsTopic {
    const KIND: &'static str = "sns-topic";
    const HANDLING: Handling = Handling {
        deleted_after: &[
            "sns-subscription",
            "cloudwatch-alarm",
            "cloudwatch-composite-alarm",
            "eventbridge-targets",
        ],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["sns:GetTopicAttributes", "sns:ListTagsForResource"], &[TOPIC]),
        Access::write(&["sns:CreateTopic", "sns:TagResource"], &[TOPIC]),
        Access::change(&["sns:SetTopicAttributes", "sns:UntagResource"], &[TOPIC]),
        Access::delete(&["sns:DeleteTopic"], &[TOPIC]),
    ];
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        self.kms_key.iter().map(|key| key.id().clone()).collect()
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let listed = async || Ok(listed(aws).await?.into_iter().map(|(name, ..)| name).collect());
        let read = async |name: &str, desired: Option<&Self>| {
            let scope = aws.scope().await?;
            read(aws, &arn(name, scope), desired.map(|desired| (desired, scope))).await
        };
        named::observe(aws, wanted, listed, read, |live| &live.tags).await
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            name,
            display_name,
            kms_key,
            policy,
            subscriptions,
            tags,
        } = self;
        Fields::default()
            .set("name", name.as_str())
            .set_some("display_name", display_name.as_deref())
            .text_some("kms_key", kms_key.as_ref().map(Ref::arn), known)
            .policy("policy", policy, known)
            .set_some("marked_subscriptions", count(subscriptions.len().min(MARKS)))
            .tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            name,
            arn: _,
            display_name,
            kms_key,
            policy,
            marks: _,
            marked,
            tags,
        } = live;
        Fields::default()
            .set("name", name.as_str())
            .set_some("display_name", display_name.as_deref())
            .set_some("kms_key", kms_key.as_deref())
            .set("policy", policy.clone())
            .set_some("marked_subscriptions", count(*marked))
            .live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output::of_arn(live.arn.clone())
    }

    fn console_page(_name: &str, output: &Output, region: &str) -> Option<String> {
        console_page(region, "sns/v3/home", &format!("/topic/{}", output.arn))
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let live = self.expected(&[], cx)?;
        let mut tags = live.tags.clone();
        tags.extend(marks_tag(&live.marks));
        let mut attributes = HashMap::from([("Policy".to_owned(), cx.policy(&self.policy)?)]);
        attributes.extend(
            live.display_name
                .iter()
                .map(|name| (DISPLAY_NAME.to_owned(), name.clone())),
        );
        attributes.extend(live.kms_key.iter().map(|key| (KMS_KEY.to_owned(), key.clone())));
        let request = cx.aws.connection.clients.sns.create_topic();
        let request = request
            .name(&self.name)
            .set_attributes(Some(attributes))
            .set_tags(Some(to_sdk(&tags)));
        match cx.aws.call("sns:CreateTopic", || request.clone().send()).await {
            // Created after the plan, by a request whose answer was lost or by somebody else.
            Err(fault) if invalid(&fault, "already exists with different") => {
                match read(cx.aws, &live.arn, Some((self, &cx.known.scope))).await? {
                    Some(live) if cx.aws.owns(&live.tags) => converge(self, live, cx).await,
                    _ => Err(fault.hint(
                        "somebody created it after the plan: run the same command again to see what it is",
                    )),
                }
            }
            result => result.map(|_| live),
        }
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let expected = self.expected(&live.marks, cx)?;
        // One after the other: AWS does not document what SNS does with two concurrent changes of one topic.
        if changes.touch("display_name") {
            let name = expected.display_name.clone().unwrap_or_default();
            set(cx.aws, &live.arn, DISPLAY_NAME, name).await?;
        }
        if changes.touch("kms_key") {
            let key = expected.kms_key.clone().unwrap_or_default();
            set(cx.aws, &live.arn, KMS_KEY, key).await?;
        }
        if changes.touch("policy") {
            set(cx.aws, &live.arn, "Policy", cx.policy(&self.policy)?).await?;
        }
        let mut tags = self.tags.clone();
        if changes.touch("marked_subscriptions") {
            tags.extend(marks_tag(&expected.marks));
        }
        let sns = &cx.aws.connection.clients.sns;
        tags::sync(
            &live.tags,
            &tags,
            async |remove| {
                let request = sns.untag_resource().resource_arn(&live.arn);
                let request = request.set_tag_keys(Some(remove));
                cx.aws.call("sns:UntagResource", || request.clone().send()).await
            },
            async |put| {
                let request = sns.tag_resource().resource_arn(&live.arn);
                let request = request.set_tags(Some(to_sdk(&put)));
                cx.aws.call("sns:TagResource", || request.clone().send()).await
            },
        )
        .await?;
        Ok(expected)
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let sns = &cx.aws.connection.clients.sns;
        let request = sns.delete_topic().topic_arn(&live.arn);
        gone(cx.aws.call("sns:DeleteTopic", || request.clone().send()).await)
    }
}

const DISPLAY_NAME: &str = "DisplayName";
const KMS_KEY: &str = "KmsMasterKeyId";

impl SnsTopic {
    /// The wanted state of the topic, in the form in which it will be read back. `marks` are the existing marks.
    fn expected(&self, marks: &[String], cx: &Context<'_>) -> Result<Live> {
        let wanted = self.marks(&cx.known.scope);
        let stale = marks.iter().filter(|mark| !wanted.contains(mark)).cloned();
        let key = self.kms_key.as_ref().map(|key| cx.text(&key.arn())).transpose()?;
        Ok(Live {
            name: self.name.clone(),
            arn: arn(&self.name, &cx.known.scope),
            display_name: self.display_name.clone(),
            kms_key: key,
            policy: policy::parse(&cx.policy(&self.policy)?),
            marked: wanted.len(),
            // A subscription that left the stack file keeps its mark until it is deleted.
            marks: wanted.iter().cloned().chain(stale).take(MARKS).collect(),
            tags: self.tags.clone(),
        })
    }

    /// The marks of the wanted subscriptions. Their endpoints are literal or computed.
    fn marks(&self, scope: &Scope) -> Vec<String> {
        let marks = self.subscriptions.iter().filter_map(|(protocol, endpoint)| {
            let endpoint = endpoint.fill_computed(scope).ok()?;
            Some(mark(protocol, &endpoint))
        });
        marks.take(MARKS).collect()
    }
}

/// Name, ARN and tags of the stack's topics, found by tag.
pub(super) async fn listed(aws: &Aws) -> Result<Vec<(&str, &str, &Tags)>> {
    let tagged = aws.tagged().await?.iter();
    Ok(tagged
        .filter(|tagged| tagged.service() == "sns" && !tagged.resource().contains(':'))
        .map(|tagged| (tagged.resource(), tagged.arn.as_str(), &tagged.tags))
        .collect())
}

/// The marks in a topic's tags.
pub(super) fn marks_in(tags: &Tags) -> impl Iterator<Item = &str> {
    tags.get(MARKS_TAG)
        .into_iter()
        .flat_map(|marks| marks.split_whitespace())
}

/// The tags of a topic. `None` if there is no such topic.
pub async fn read_tags(aws: &Aws, arn: &str) -> Result<Option<Tags>> {
    let sns = &aws.connection.clients.sns;
    let request = sns.list_tags_for_resource().resource_arn(arn);
    let answer = found(
        aws.call("sns:ListTagsForResource", || request.clone().send())
            .await,
    )?;
    let pair = |tag: &aws_sdk_sns::types::Tag| (tag.key().to_owned(), tag.value().to_owned());
    Ok(answer.map(|answer| answer.tags().iter().map(pair).collect()))
}

/// The ARN of the topic `name`.
pub(super) fn arn(name: &str, scope: &Scope) -> String {
    Text::arn("sns", name).fill_computed(scope).unwrap_or_default()
}

/// True if SNS rejects a parameter as invalid with a message that contains `text`.
pub(super) fn invalid(fault: &Fault, text: &str) -> bool {
    ["InvalidParameter", "InvalidParameterException"]
        .iter()
        .any(|code| fault.says(code, text))
}

async fn set(aws: &Aws, arn: &str, name: &str, value: String) -> Result<()> {
    let sns = &aws.connection.clients.sns;
    let request = sns
        .set_topic_attributes()
        .topic_arn(arn)
        .attribute_name(name)
        .attribute_value(&value);
    aws.call("sns:SetTopicAttributes", || request.clone().send())
        .await
        .map(drop)
}

/// The attributes of any topic. `None` if there is no such topic.
pub async fn attributes(aws: &Aws, arn: &str) -> Result<Option<HashMap<String, String>>> {
    let sns = &aws.connection.clients.sns;
    let request = sns.get_topic_attributes().topic_arn(arn);
    let answer = found(
        aws.call("sns:GetTopicAttributes", || request.clone().send())
            .await,
    )?;
    Ok(answer.map(|answer| answer.attributes.unwrap_or_default()))
}

async fn read(aws: &Aws, arn: &str, wanted: Option<(&SnsTopic, &Scope)>) -> Result<Option<Live>> {
    let (attributes, tags) = futures::try_join!(attributes(aws, arn), read_tags(aws, arn))?;
    let Some(attributes) = attributes else {
        return Ok(None);
    };
    let text = |name: &str| attributes.get(name).filter(|text| !text.is_empty()).cloned();
    let mut tags = tags.unwrap_or_default();
    let marks: Vec<_> = marks_in(&tags).map(str::to_owned).collect();
    tags.remove(MARKS_TAG);
    let wanted = wanted
        .map(|(topic, scope)| topic.marks(scope))
        .unwrap_or_default();
    Ok(Some(Live {
        name: topic_name(arn).to_owned(),
        arn: arn.to_owned(),
        display_name: text(DISPLAY_NAME),
        kms_key: text(KMS_KEY).map(|key| key_arn(arn, key)),
        policy: policy::parse(&text("Policy").unwrap_or_default()),
        marked: wanted.iter().filter(|mark| marks.contains(mark)).count(),
        marks,
        tags,
    }))
}

/// SNS returns the key as it was set: an ARN, an alias, or the bare id of a key in the topic's own account and
/// region.
fn key_arn(topic_arn: &str, key: String) -> String {
    let place: Vec<_> = topic_arn.split(':').collect();
    match place[..] {
        ["arn", partition, "sns", region, account, _] if !key.contains([':', '/']) => {
            format!("arn:{partition}:kms:{region}:{account}:key/{key}")
        }
        _ => key,
    }
}

fn marks_tag(marks: &[String]) -> Option<(String, String)> {
    (!marks.is_empty()).then(|| (MARKS_TAG.to_owned(), marks.join(" ")))
}

fn count(number: usize) -> Option<usize> {
    (number > 0).then_some(number)
}

fn to_sdk(tags: &Tags) -> Vec<aws_sdk_sns::types::Tag> {
    let tag = |(key, value): (&String, &String)| {
        let tag = aws_sdk_sns::types::Tag::builder().key(key).value(value);
        tag.build().expect("key and value are set")
    };
    tags.iter().map(tag).collect()
}

#[cfg(test)]
mod tests;
