use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::get_subscription_attributes::GetSubscriptionAttributesOutput;
use aws_sdk_sns::operation::list_subscriptions_by_topic::ListSubscriptionsByTopicOutput;
use aws_sdk_sns::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_sns::operation::set_subscription_attributes::SetSubscriptionAttributesOutput;
use aws_sdk_sns::operation::subscribe::SubscribeOutput;
use aws_sdk_sns::operation::unsubscribe::UnsubscribeOutput;
use aws_sdk_sns::types::{Subscription, Tag};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::resource::Ref;
use crate::resource::Tags;
use crate::resource::tests::script::{Script, changes, known, node, ours, owned, scope, step, tagged};

mod create;
mod observe;
mod settle;

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:mission-sns";
const INVALID: &str = "InvalidParameter";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:123456789012:mission-dead";
const HOOK: &str = "https://user:pass@example.com:8443/hooks/token?key=secret";

fn desired() -> SnsSubscription {
    SnsSubscription {
        topic: SubscribedTopic::Own(Ref::named(node("sns-topic", "alerts"), "mission-sns")),
        protocol: "lambda",
        endpoint: Text::arn("lambda", "function:relay"),
        filter_policy: Some(json!({ "severity": ["high", { "numeric": [">", 3] }] })),
        filter_policy_scope: Some("MessageBody"),
        raw_message_delivery: false,
        dead_letter_queue: Some(Text::arn("sqs", "mission-dead")),
    }
}

fn to(protocol: &'static str, endpoint: &str) -> SnsSubscription {
    SnsSubscription {
        protocol,
        endpoint: endpoint.into(),
        filter_policy: None,
        filter_policy_scope: None,
        dead_letter_queue: None,
        ..desired()
    }
}

/// An entry of SNS's list. `arn` is the last part of the ARN, or the text that SNS returns instead of one.
fn listed(protocol: &str, endpoint: &str, arn: &str) -> Subscription {
    let arn = match arn {
        "PendingConfirmation" | "pending confirmation" | "Deleted" => arn.to_owned(),
        id => format!("{TOPIC}:{id}"),
    };
    Subscription::builder()
        .protocol(protocol)
        .endpoint(endpoint)
        .subscription_arn(arn)
        .topic_arn(TOPIC)
        .build()
}

fn relay() -> Subscription {
    listed(
        "lambda",
        "arn:aws:lambda:eu-west-1:123456789012:function:relay",
        "1",
    )
}

/// An SNS in which every topic has the same subscriptions.
#[derive(Clone)]
struct Fake {
    script: Script,
    tags: Arc<Mutex<Tags>>,
    list: Vec<Subscription>,
    /// No topic lists any subscription before this many Subscribe calls.
    unlisted_for: usize,
    attributes: Arc<Mutex<HashMap<String, String>>>,
    subscribed: &'static str,
}

impl Fake {
    fn of(list: &[Subscription]) -> Self {
        let marks: Vec<_> = list
            .iter()
            .map(|one| mark(one.protocol().unwrap(), one.endpoint().unwrap()))
            .collect();
        let mut tags = owned(&node("sns-topic", "alerts"));
        tags.insert("alertctl:subscriptions".into(), marks.join(" "));
        let attributes = [
            // In another order than it was sent.
            ("FilterPolicy", r#"{"severity": ["high", {"numeric": [">", 3]}]}"#),
            ("FilterPolicyScope", "MessageBody"),
            ("RawMessageDelivery", "false"),
            (
                "RedrivePolicy",
                &format!(r#"{{"deadLetterTargetArn": "{QUEUE}"}}"#),
            ),
            ("PendingConfirmation", "false"),
        ];
        Self {
            script: Script::default(),
            tags: Arc::new(Mutex::new(tags)),
            list: list.to_vec(),
            unlisted_for: 0,
            attributes: Arc::new(Mutex::new(
                attributes
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
            )),
            subscribed: "arn:aws:sns:eu-west-1:123456789012:mission-sns:new",
        }
    }

    fn aws(&self) -> Aws {
        self.aws_with(Vec::new())
    }

    fn aws_with(&self, tagged: Vec<crate::aws::tags::Tagged>) -> Aws {
        let script = &self.script;
        let last = |arn: Option<&str>| {
            arn.and_then(|arn| arn.rsplit(':').next())
                .unwrap_or_default()
                .to_owned()
        };
        let (tags, list, attributes) = (self.tags.clone(), self.list.clone(), self.attributes.clone());
        let (subscribed, shown, unlisted_for) = (self.subscribed, script.clone(), self.unlisted_for);
        let rules = [
            script.rule(
                "tags",
                mock!(Client::list_tags_for_resource),
                move |r| last(r.resource_arn()),
                move |_| {
                    let tags = tags.lock().unwrap().clone().into_iter();
                    let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build().unwrap());
                    ListTagsForResourceOutput::builder()
                        .set_tags(Some(tags.collect()))
                        .build()
                },
            ),
            script.rule(
                "list",
                mock!(Client::list_subscriptions_by_topic),
                move |r| format!("{} {}", last(r.topic_arn()), r.next_token().unwrap_or_default()),
                // Two pages.
                move |r| {
                    let list = match shown.count("subscribe") < unlisted_for {
                        true => &[],
                        false => &list[..],
                    };
                    let half = list.len() / 2;
                    let (page, next) = match r.next_token() {
                        None => (&list[..half], Some("2".to_owned())),
                        Some(_) => (&list[half..], None),
                    };
                    ListSubscriptionsByTopicOutput::builder()
                        .set_subscriptions(Some(page.to_vec()))
                        .set_next_token(next)
                        .build()
                },
            ),
            script.rule(
                "attributes",
                mock!(Client::get_subscription_attributes),
                move |r| last(r.subscription_arn()),
                move |_| {
                    let attributes = Some(attributes.lock().unwrap().clone());
                    GetSubscriptionAttributesOutput::builder()
                        .set_attributes(attributes)
                        .build()
                },
            ),
            script.rule(
                "subscribe",
                mock!(Client::subscribe),
                |r| {
                    let attributes: Tags = r.attributes().cloned().unwrap_or_default().into_iter().collect();
                    format!(
                        "{} {} {} arn={:?} {attributes:?}",
                        r.topic_arn().unwrap_or_default(),
                        r.protocol().unwrap_or_default(),
                        r.endpoint().unwrap_or_default(),
                        r.return_subscription_arn(),
                    )
                },
                move |_| SubscribeOutput::builder().subscription_arn(subscribed).build(),
            ),
            script.rule(
                "set",
                mock!(Client::set_subscription_attributes),
                |r| {
                    format!(
                        "{}={}",
                        r.attribute_name().unwrap(),
                        r.attribute_value().unwrap_or("(none)")
                    )
                },
                |_| SetSubscriptionAttributesOutput::builder().build(),
            ),
            script.rule(
                "unsubscribe",
                mock!(Client::unsubscribe),
                move |r| last(r.subscription_arn()),
                |_| UnsubscribeOutput::builder().build(),
            ),
        ];
        Aws::mocked(tagged, |clients| {
            clients.sns = mock_client!(aws_sdk_sns, RuleMode::MatchAny, &rules);
        })
    }

    fn with(self, name: &str, value: Option<&str>) -> Self {
        let mut attributes = self.attributes.lock().unwrap();
        match value {
            Some(value) => attributes.insert(name.into(), value.into()),
            None => attributes.remove(name),
        };
        drop(attributes);
        self
    }

    async fn observe(&self, wanted: &[SnsSubscription]) -> Observed<Live> {
        observe(&self.aws(), wanted).await
    }

    /// Observes, plans, and applies the changes.
    async fn update(&self, desired: &SnsSubscription) -> Vec<String> {
        let live = ours(&self.observe(std::slice::from_ref(desired)).await.wanted[0]).clone();
        let (aws, known) = (self.aws(), known(&[]));
        let changes = changes(desired, &live, &known);
        desired.update(live, &changes, &step(&aws, known)).await.unwrap();
        self.written()
    }

    /// Creates the subscription. Returns it with the notes.
    async fn create(&self, desired: &SnsSubscription) -> Result<(Live, Vec<String>)> {
        let aws = self.aws();
        let cx = step(&aws, known(&[]));
        let live = desired.create(&cx).await?;
        Ok((live, cx.notes.take()))
    }

    fn written(&self) -> Vec<String> {
        let read = |line: &String| {
            ["attributes ", "tags ", "list "]
                .iter()
                .any(|word| line.starts_with(word))
        };
        self.script.log().into_iter().filter(|line| !read(line)).collect()
    }
}

async fn observe(aws: &Aws, wanted: &[SnsSubscription]) -> Observed<Live> {
    let id = node("sns-subscription", "alerts/notify");
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    SnsSubscription::observe(aws, &wanted).await.unwrap()
}

const SUBSCRIBED: &str = r#"subscribe arn:aws:sns:eu-west-1:123456789012:mission-sns lambda arn:aws:lambda:eu-west-1:123456789012:function:relay arn=Some(true) {"FilterPolicy": "{\"severity\":[\"high\",{\"numeric\":[\">\",3]}]}", "FilterPolicyScope": "MessageBody", "RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:eu-west-1:123456789012:mission-dead\"}"}"#;

#[tokio::test(start_paused = true)]
async fn attributes_are_set_one_by_one_and_cleared_in_snss_words() {
    let fake = Fake::of(&[relay()]);
    assert_eq!(fake.update(&desired()).await, Vec::<String>::new());
    let mut wanted = to("lambda", "");
    wanted.endpoint = desired().endpoint;
    wanted.raw_message_delivery = true;
    let fake = Fake::of(&[relay()]);
    assert_eq!(
        fake.update(&wanted).await,
        [
            "set FilterPolicy={}",
            "set RawMessageDelivery=true",
            "set RedrivePolicy=(none)"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_scope_widens_before_the_filter_and_narrows_after_it() {
    let flat = r#"{"severity":["high"]}"#;
    let fake = Fake::of(&[relay()])
        .with("FilterPolicy", Some(flat))
        .with("FilterPolicyScope", Some("MessageAttributes"));
    let log = fake.update(&desired()).await;
    assert_eq!(log[0], "set FilterPolicyScope=MessageBody");
    assert!(log[1].starts_with("set FilterPolicy={\"severity\":[\"high\",{"));

    let mut wanted = desired();
    wanted.filter_policy = Some(json!({ "severity": ["high"] }));
    // The default scope.
    wanted.filter_policy_scope = None;
    let log = Fake::of(&[relay()]).update(&wanted).await;
    assert_eq!(
        log,
        [
            format!("set FilterPolicy={flat}"),
            "set FilterPolicyScope=MessageAttributes".into()
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn delete_unsubscribes_and_leaves_a_pending_one_to_expire() {
    let live = async |one: Subscription| {
        let fake = Fake::of(&[one]);
        let topic = tagged(TOPIC, fake.tags.lock().unwrap().clone());
        observe(&fake.aws_with(vec![topic]), &[])
            .await
            .orphans
            .remove(0)
            .1
    };
    let delete = async |fake: &Fake, live: Live| {
        let aws = fake.aws();
        let cx = step(&aws, known(&[]));
        SnsSubscription::delete(live, &cx).await.map(|()| cx.notes.take())
    };
    let fake = Fake::of(&[]);
    assert_eq!(delete(&fake, live(relay()).await).await, Ok(Vec::new()));
    assert_eq!(fake.script.log(), ["unsubscribe 1"]);

    let fake = Fake::of(&[]);
    fake.script
        .refuse("unsubscribe", 1, "NotFound", "Subscription does not exist");
    assert_eq!(delete(&fake, live(relay()).await).await, Ok(Vec::new()));

    let pending = live(listed("https", HOOK, "PendingConfirmation")).await;
    assert!(
        SnsSubscription::about(&pending)
            .data_loss
            .is_some_and(|loss| loss.contains("3 days"))
    );
    let fake = Fake::of(&[]);
    let notes = delete(&fake, pending).await.unwrap();
    assert!(
        notes[0].contains("3 days") && notes[0].contains("https://example.com:8443 to"),
        "{notes:?}"
    );
    assert!(!notes[0].contains("token"));
    assert!(fake.script.log().is_empty());

    let fake = Fake::of(&[]);
    let text = "Invalid parameter: This subscription is pending. Cannot unsubscribe a subscription that is pending confirmation";
    fake.script.refuse("unsubscribe", 1, INVALID, text);
    assert_eq!(delete(&fake, live(relay()).await).await.unwrap().len(), 1);

    let fake = Fake::of(&[]);
    fake.script
        .refuse("unsubscribe", 1, INVALID, "Invalid parameter: SubscriptionArn");
    delete(&fake, live(relay()).await).await.unwrap_err();
}

#[test]
fn its_name_tells_protocol_endpoint_and_topic_before_the_account_is_known() {
    assert_eq!(desired().name(), "lambda relay → mission-sns");
    let filled = desired().endpoint.fill_computed(&scope()).unwrap();
    assert_eq!(named("lambda", &filled, "mission-sns"), desired().name());
}

#[test]
fn it_waits_for_its_topic_and_dies_with_it() {
    assert_eq!(desired().refs(), [node("sns-topic", "alerts")]);
    assert_eq!(desired().parent(), Some(node("sns-topic", "alerts")));
}
