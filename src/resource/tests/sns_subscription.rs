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

use super::super::script::{Script, changes, known, names, node, ours, owned, scope, step, tagged};
use super::*;
use crate::resource::Tags;

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:mission-sns";
const INVALID: &str = "InvalidParameter";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:123456789012:mission-dead";
const HOOK: &str = "https://user:pass@example.com:8443/hooks/token?key=secret";

fn desired() -> SnsSubscription {
    SnsSubscription {
        topic: Ref::mint(node("sns-topic", "alerts")),
        topic_name: "mission-sns".into(),
        protocol: "lambda",
        endpoint: Text::arn("lambda", "function:relay"),
        filter_policy: Some(json!({ "severity": ["high", { "numeric": [">", 3] }] })),
        filter_policy_scope: Some("MessageBody"),
        raw_message_delivery: false,
        dead_letter_queue: Some(Text::arn("sqs", "mission-dead")),
        gates: vec![node("lambda-permission", "alerts/notify")],
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

/// A line of SNS's list; `arn` is the last part of it, or what SNS says in its place.
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

    fn aws_with(&self, tagged: Vec<crate::aws::discovery::Tagged>) -> Aws {
        let script = &self.script;
        let last = |arn: Option<&str>| {
            arn.and_then(|arn| arn.rsplit(':').next())
                .unwrap_or_default()
                .to_owned()
        };
        let (tags, list, attributes) = (self.tags.clone(), self.list.clone(), self.attributes.clone());
        let subscribed = self.subscribed;
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

    /// Observes, plans, and makes the changes.
    async fn update(&self, desired: &SnsSubscription) -> Vec<String> {
        let live = ours(&self.observe(std::slice::from_ref(desired)).await.wanted[0]).clone();
        let (aws, known) = (self.aws(), known(&[]));
        let changes = changes(desired, &live, &known);
        desired.update(live, &changes, &step(&aws, known)).await.unwrap();
        self.written()
    }

    /// Creates; returns the notes.
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
async fn one_call_subscribes_with_all_settings() {
    let fake = Fake::of(&[]);
    let (made, notes) = fake.create(&desired()).await.unwrap();
    assert_eq!(fake.script.log(), [SUBSCRIBED]);
    assert!(notes.is_empty());
    assert!(changes(&desired(), &made, &known(&[])).is_empty());
    assert_eq!(SnsSubscription::output(&made).arn, fake.subscribed);
}

#[tokio::test(start_paused = true)]
async fn who_has_to_confirm_is_told_without_showing_tokens() {
    let notes = async |desired: SnsSubscription| {
        let mut fake = Fake::of(&[]);
        fake.subscribed = "pending confirmation";
        let (made, notes) = fake.create(&desired).await.unwrap();
        assert_eq!(SnsSubscription::output(&made).arn, "");
        notes
    };
    let email = notes(to("email", "oncall@example.com")).await;
    assert_eq!(
        email,
        ["confirm the e-mail sent to oncall@example.com (valid 2 days)"]
    );
    let https = notes(to("https", HOOK)).await;
    assert_eq!(
        https,
        ["https://example.com:8443 has to confirm the subscription (valid 2 days)"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_topic_made_a_moment_ago_is_tried_for_half_a_minute() {
    let fake = Fake::of(&[]);
    fake.script
        .refuse("subscribe", 5, "NotFound", "Topic does not exist");
    fake.create(&desired()).await.unwrap();
    assert_eq!(fake.script.count("subscribe"), 6);
    let fake = Fake::of(&[]);
    fake.script
        .refuse("subscribe", 1_000, "NotFound", "Topic does not exist");
    let start = Instant::now();
    fake.create(&desired()).await.unwrap_err();
    assert!(start.elapsed() <= Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_there_with_other_settings_is_brought_to_what_is_wanted() {
    let text = "Invalid parameter: Attributes Reason: Subscription already exists with different attributes";
    let fake = Fake::of(&[relay()]).with("RedrivePolicy", None);
    fake.script.refuse("subscribe", 1, INVALID, text);
    let (made, _) = fake.create(&desired()).await.unwrap();
    let redrive = format!(r#"set RedrivePolicy={{"deadLetterTargetArn":"{QUEUE}"}}"#);
    assert_eq!(fake.written()[1..], [redrive]);
    assert!(changes(&desired(), &made, &known(&[])).is_empty());

    // Pending: its settings cannot be changed yet.
    let fake = Fake::of(&[listed("email", "oncall@example.com", "PendingConfirmation")]);
    fake.script.refuse("subscribe", 1, INVALID, text);
    fake.create(&to("email", "oncall@example.com")).await.unwrap();
    assert_eq!(fake.written().len(), 1);

    let fake = Fake::of(&[]);
    fake.script
        .refuse("subscribe", 1, INVALID, "Invalid parameter: Endpoint");
    fake.create(&desired()).await.unwrap_err();
    assert_eq!(fake.script.log().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_filter_quota_is_a_fault_with_a_way_on() {
    let fake = Fake::of(&[]);
    fake.script
        .refuse("subscribe", 1, "FilterPolicyLimitExceeded", "");
    let fault = fake.create(&desired()).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("10,000 filter policies"));
}

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
    // The default.
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
async fn a_topic_is_listed_once_and_a_strangers_subscription_left_alone() {
    let mail = listed("email", "left@example.com", "2");
    let stranger = listed("email", "stranger@example.com", "3");
    let mut fake = Fake::of(&[relay(), mail]);
    fake.list.push(stranger);
    fake.list.push(listed("email", "left@example.com", "Deleted"));
    let seen = fake.observe(&[desired(), to("email", "new@example.com")]).await;
    let mut log = fake.script.log();
    log.sort();
    let expected = [
        "attributes 1",
        "attributes 2",
        "list mission-sns",
        "list mission-sns 2",
        "tags mission-sns",
    ];
    assert_eq!(log, expected);
    assert!(changes(&desired(), ours(&seen.wanted[0]), &known(&[])).is_empty());
    assert_eq!(seen.wanted[1], Presence::Absent);
    let names: Vec<_> = seen
        .orphans
        .iter()
        .map(|(_, live)| SnsSubscription::live_name(live))
        .collect();
    assert_eq!(names, ["email left@example.com → mission-sns"]);
    let mark = mark("email", "left@example.com");
    assert_eq!(
        seen.orphans[0].0.to_string(),
        format!("sns-subscription/mission-sns/email/{mark}")
    );
}

#[tokio::test(start_paused = true)]
async fn subscriptions_of_topics_that_left_the_file_are_found_by_the_topics_tag() {
    let fake = Fake::of(&[relay()]);
    let topic = tagged(TOPIC, fake.tags.lock().unwrap().clone());
    let aws = fake.aws_with(vec![topic]);
    assert_eq!(observe(&aws, &[]).await.orphans.len(), 1);
    assert_eq!(fake.script.count("tags"), 0);
}

#[tokio::test(start_paused = true)]
async fn on_a_strangers_topic_it_is_a_strangers_and_nothing_is_an_orphan() {
    let fake = Fake::of(&[relay(), listed("email", "left@example.com", "2")]);
    fake.tags
        .lock()
        .unwrap()
        .insert("alertctl:stack".into(), "other".into());
    let seen = fake.observe(&[desired()]).await;
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)));
    assert!(seen.orphans.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_between_list_and_read_is_absent() {
    let fake = Fake::of(&[relay()]);
    fake.script
        .refuse("attributes", 1, "NotFound", "Subscription does not exist");
    assert_eq!(fake.observe(&[desired()]).await.wanted, [Presence::Absent]);
    let fake = Fake::of(&[]);
    fake.script.refuse("list", 1, "NotFound", "Topic does not exist");
    fake.script
        .refuse("tags", 1, "ResourceNotFound", "Resource does not exist");
    assert_eq!(fake.observe(&[desired()]).await.wanted, [Presence::Absent]);
}

#[tokio::test(start_paused = true)]
async fn a_pending_one_is_no_change_is_not_asked_for_again_and_says_who_it_waits_for() {
    for word in ["PendingConfirmation", "pending confirmation"] {
        let fake = Fake::of(&[listed("email", "oncall@example.com", word)]);
        let mut wanted = to("email", "oncall@example.com");
        wanted.filter_policy = desired().filter_policy;
        let seen = fake.observe(std::slice::from_ref(&wanted)).await;
        let live = ours(&seen.wanted[0]);
        assert!(changes(&wanted, live, &known(&[])).is_empty());
        let remark = SnsSubscription::remark(live).unwrap();
        assert_eq!(remark, "waiting for confirmation by oncall@example.com");
        assert_eq!(fake.script.count("attributes"), 0);
    }
    let fake = Fake::of(&[relay()]);
    let seen = fake.observe(&[desired()]).await;
    assert_eq!(SnsSubscription::remark(ours(&seen.wanted[0])), None);
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_one_wins_over_a_pending_one() {
    let pending = listed("email", "oncall@example.com", "PendingConfirmation");
    let fake = Fake::of(&[pending, listed("email", "oncall@example.com", "7")]);
    let seen = fake.observe(&[to("email", "oncall@example.com")]).await;
    assert!(SnsSubscription::output(ours(&seen.wanted[0])).arn.ends_with(":7"));
}

#[tokio::test(start_paused = true)]
async fn each_setting_that_differs_is_a_change() {
    for (field, name, value) in [
        ("filter_policy", "FilterPolicy", Some(r#"{"severity":["low"]}"#)),
        (
            "filter_policy_scope",
            "FilterPolicyScope",
            Some("MessageAttributes"),
        ),
        ("raw_message_delivery", "RawMessageDelivery", Some("true")),
        (
            "dead_letter_queue",
            "RedrivePolicy",
            Some(r#"{"deadLetterTargetArn":"arn:other"}"#),
        ),
        ("dead_letter_queue", "RedrivePolicy", None),
    ] {
        let seen = Fake::of(&[relay()]).with(name, value).observe(&[desired()]).await;
        assert_eq!(
            names(&changes(&desired(), ours(&seen.wanted[0]), &known(&[]))),
            [field]
        );
    }
    let seen = Fake::of(&[relay()])
        .with("FilterPolicy", Some("{}"))
        .observe(&[desired()])
        .await;
    let changes = changes(&desired(), ours(&seen.wanted[0]), &known(&[]));
    assert_eq!(names(&changes), ["filter_policy", "filter_policy_scope"]);
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

#[tokio::test(start_paused = true)]
async fn a_password_is_compared_as_sns_masks_it_and_shown_nowhere() {
    let told = "https://user:****@example.com:8443/hooks/token?key=secret";
    assert_eq!(masked(HOOK), told);
    assert_eq!(masked(told), told);
    assert_eq!(masked("https://example.com/a:b@c"), "https://example.com/a:b@c");
    assert_eq!(mark("https", HOOK), mark("https", told));
    let wanted = to("https", HOOK);
    // An emulated SNS tells it as it is.
    for endpoint in [told, HOOK] {
        let fake = Fake::of(&[listed("https", endpoint, "1")]);
        let fake = fake.with("FilterPolicy", None).with("RedrivePolicy", None);
        let seen = fake.observe(std::slice::from_ref(&wanted)).await;
        assert!(changes(&wanted, ours(&seen.wanted[0]), &known(&[])).is_empty());
    }
    let fake = Fake::of(&[listed("https", HOOK, "1")]);
    let seen = fake.observe(std::slice::from_ref(&wanted)).await;
    let live = ours(&seen.wanted[0]);
    let fields = wanted.fields(&known(&[]));
    let told = format!(
        "{} {} {:?} {:?}",
        wanted.name(),
        SnsSubscription::live_name(live),
        fields,
        SnsSubscription::live_fields(live)
    );
    assert!(
        !told.contains("pass") && !told.contains("token") && !told.contains("secret"),
        "{told}"
    );
    assert_eq!(wanted.name(), "https https://example.com:8443 → mission-sns");
}

#[test]
fn its_name_tells_protocol_endpoint_and_topic_before_the_account_is_known() {
    assert_eq!(desired().name(), "lambda relay → mission-sns");
    let filled = desired().endpoint.fill_computed(&scope()).unwrap();
    assert_eq!(named("lambda", &filled, "mission-sns"), desired().name());
}

#[test]
fn it_waits_for_its_topic_and_its_gates_and_dies_with_the_topic() {
    let refs: Vec<_> = desired().refs().iter().map(ToString::to_string).collect();
    assert_eq!(refs, ["lambda-permission/alerts/notify", "sns-topic/alerts"]);
    assert_eq!(desired().parent(), Some(node("sns-topic", "alerts")));
}
