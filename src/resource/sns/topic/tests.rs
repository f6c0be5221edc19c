use std::sync::{Arc, Mutex};

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::create_topic::CreateTopicOutput;
use aws_sdk_sns::operation::delete_topic::DeleteTopicOutput;
use aws_sdk_sns::operation::get_topic_attributes::GetTopicAttributesOutput;
use aws_sdk_sns::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_sns::operation::set_topic_attributes::SetTopicAttributesOutput;
use aws_sdk_sns::operation::tag_resource::TagResourceOutput;
use aws_sdk_sns::operation::untag_resource::UntagResourceOutput;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use tokio::time::Instant;

use super::*;
use crate::aws::policy::Statement;
use crate::resource::tests::script::{Script, changes, known, node, ours, owned, scope, step, tagged};
use crate::resource::{Presence, Shown};

mod observe;

const ARN: &str = "arn:aws:sns:eu-west-1:123456789012:mission-sns";
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const INVALID: &str = "InvalidParameter";

fn id() -> NodeId {
    node("sns-topic", "alerts")
}

fn desired() -> SnsTopic {
    let alarms = Statement::allow("Alarms", &["sns:Publish"])
        .service("cloudwatch.amazonaws.com")
        .on(Text::arn("sns", "mission-sns"))
        .when("StringEquals", "aws:SourceAccount", Text::account());
    SnsTopic {
        name: "mission-sns".into(),
        display_name: Some("Mission".into()),
        kms_key: Some(Ref::named(node("kms-key", "main"), "alias/mission")),
        policy: Policy::of([alarms]),
        subscriptions: vec![
            ("email", "oncall@example.com".into()),
            ("lambda", Text::arn("lambda", "function:relay")),
        ],
        tags: owned(&id()),
    }
}

fn all_known() -> Known {
    known(&[("kms-key/main", KEY, "11111111-2222-3333-4444-555555555555")])
}

fn relay() -> String {
    mark("lambda", "arn:aws:lambda:eu-west-1:123456789012:function:relay")
}

fn oncall() -> String {
    mark("email", "oncall@example.com")
}

/// An SNS in which every topic is this one.
#[derive(Clone)]
struct Fake {
    script: Script,
    attributes: Arc<Mutex<HashMap<String, String>>>,
    tags: Arc<Mutex<Tags>>,
}

impl Fake {
    fn new() -> Self {
        // The policy as SNS may return it: one-element lists as strings, and keys in another order.
        let policy = r#"{"Statement":{"Sid":"Alarms","Resource":"arn:aws:sns:eu-west-1:123456789012:mission-sns",
            "Effect":"Allow","Action":"sns:Publish","Principal":{"Service":"cloudwatch.amazonaws.com"},
            "Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}},"Version":"2012-10-17"}"#;
        let attributes = [
            ("DisplayName", "Mission"),
            ("KmsMasterKeyId", KEY),
            ("Policy", policy),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut tags = owned(&id());
        tags.insert(MARKS_TAG.into(), format!("{} {}", oncall(), relay()));
        Self {
            script: Script::default(),
            attributes: Arc::new(Mutex::new(attributes.into())),
            tags: Arc::new(Mutex::new(tags)),
        }
    }

    fn aws(&self) -> Aws {
        self.aws_with(Vec::new())
    }

    fn aws_with(&self, tagged: Vec<crate::aws::tags::Tagged>) -> Aws {
        let script = &self.script;
        let (attributes, tags) = (self.attributes.clone(), self.tags.clone());
        let name = |arn: Option<&str>| {
            arn.and_then(|arn| arn.rsplit(':').next())
                .unwrap_or_default()
                .to_owned()
        };
        let rules = [
            script.rule(
                "attributes",
                mock!(Client::get_topic_attributes),
                move |r| name(r.topic_arn()),
                move |_| {
                    let attributes = Some(attributes.lock().unwrap().clone());
                    GetTopicAttributesOutput::builder()
                        .set_attributes(attributes)
                        .build()
                },
            ),
            script.rule(
                "tags",
                mock!(Client::list_tags_for_resource),
                move |r| name(r.resource_arn()),
                move |_| {
                    let tags = Some(to_sdk(&tags.lock().unwrap()));
                    ListTagsForResourceOutput::builder().set_tags(tags).build()
                },
            ),
            script.rule(
                "create",
                mock!(Client::create_topic),
                |r| {
                    let attributes: Tags = r.attributes().cloned().unwrap_or_default().into_iter().collect();
                    let tags = r
                        .tags()
                        .iter()
                        .map(|tag| format!("{}={}", tag.key(), tag.value()));
                    let tags = tags.collect::<Vec<_>>().join(", ");
                    format!("{} {attributes:?} {tags}", r.name().unwrap_or_default())
                },
                |_| CreateTopicOutput::builder().topic_arn(ARN).build(),
            ),
            script.rule(
                "set",
                mock!(Client::set_topic_attributes),
                |r| {
                    let (name, value) = (r.attribute_name(), r.attribute_value());
                    format!("{}={}", name.unwrap_or_default(), value.unwrap_or_default())
                },
                |_| SetTopicAttributesOutput::builder().build(),
            ),
            script.rule(
                "tag",
                mock!(Client::tag_resource),
                |r| {
                    let tags = r
                        .tags()
                        .iter()
                        .map(|tag| format!("{}={}", tag.key(), tag.value()));
                    tags.collect::<Vec<_>>().join(", ")
                },
                |_| TagResourceOutput::builder().build(),
            ),
            script.rule(
                "untag",
                mock!(Client::untag_resource),
                |r| r.tag_keys().join(", "),
                |_| UntagResourceOutput::builder().build(),
            ),
            script.rule(
                "delete",
                mock!(Client::delete_topic),
                |r| r.topic_arn().unwrap_or_default().to_owned(),
                |_| DeleteTopicOutput::builder().build(),
            ),
        ];
        Aws::mocked(tagged, |clients| {
            clients.sns = mock_client!(aws_sdk_sns, RuleMode::MatchAny, &rules);
        })
    }

    fn with(self, name: &str, value: &str) -> Self {
        self.attributes.lock().unwrap().insert(name.into(), value.into());
        self
    }

    async fn create(&self) -> Result<Live> {
        let aws = self.aws();
        desired().create(&step(&aws, all_known())).await
    }

    /// Observes, plans, and applies the changes.
    async fn update(&self, desired: &SnsTopic) -> Result<Live> {
        let (aws, known) = (self.aws(), all_known());
        let live = ours(&observe(&aws, std::slice::from_ref(desired)).await.wanted[0]).clone();
        let changes = changes(desired, &live, &known);
        desired.update(live, &changes, &step(&aws, known)).await
    }

    async fn live(&self) -> Live {
        ours(&observe(&self.aws(), &[desired()]).await.wanted[0]).clone()
    }

    fn written(&self) -> Vec<String> {
        let read = |line: &String| line.starts_with("attributes ") || line.starts_with("tags ");
        self.script.log().into_iter().filter(|line| !read(line)).collect()
    }
}

async fn observe(aws: &Aws, wanted: &[SnsTopic]) -> Observed<Live> {
    let id = id();
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    SnsTopic::observe(aws, &wanted).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_call_makes_the_topic_with_all_it_has() {
    let fake = Fake::new();
    let made = fake.create().await.unwrap();
    let log = fake.script.log();
    assert_eq!(log.len(), 1);
    for part in [
        "create mission-sns",
        r#""DisplayName": "Mission""#,
        &format!("\"KmsMasterKeyId\": \"{KEY}\""),
        r#"\"Service\":[\"cloudwatch.amazonaws.com\"]"#,
        "alertctl:node=sns-topic/alerts",
        "alertctl:stack=mission",
        &format!("alertctl:subscriptions={} {}", oncall(), relay()),
    ] {
        assert!(log[0].contains(part), "{part} in {}", log[0]);
    }
    assert!(changes(&desired(), &made, &all_known()).is_empty());
    assert_eq!(SnsTopic::output(&made).arn, ARN);
}

#[tokio::test(start_paused = true)]
async fn principals_made_a_moment_ago_are_tried_for_two_minutes_and_mistakes_are_not() {
    let texts = [
        "Invalid parameter: Policy Error: PrincipalNotFound",
        "Invalid parameter: Policy statement has invalid principals",
    ];
    for text in texts {
        let fake = Fake::new();
        fake.script.refuse("create", 10, INVALID, text);
        fake.create().await.unwrap();
        assert_eq!(fake.script.count("create"), 11);
        let fake = Fake::new();
        fake.script.refuse("create", 1_000, INVALID, text);
        let start = Instant::now();
        fake.create().await.unwrap_err();
        assert!((100..=120).contains(&start.elapsed().as_secs()));
        let fake = Fake::new().with("Policy", "{}");
        fake.script.refuse("set", 10, INVALID, text);
        fake.update(&desired()).await.unwrap();
        assert_eq!(fake.script.count("set"), 11);
    }
    let mistake = "Invalid parameter: Policy Error: null";
    let fake = Fake::new().with("Policy", "{}");
    fake.script
        .refuse("create", 1, INVALID, mistake)
        .refuse("set", 1, INVALID, mistake);
    fake.create().await.unwrap_err();
    fake.update(&desired()).await.unwrap_err();
    assert_eq!((fake.script.count("create"), fake.script.count("set")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_topic_made_since_the_plan_is_brought_to_what_is_wanted_when_it_is_ours() {
    let texts = [
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
        "Invalid parameter: Tags Reason: Topic already exists with different tags",
    ];
    for text in texts {
        let fake = Fake::new().with("DisplayName", "Old");
        fake.script.refuse("create", 1, INVALID, text);
        let made = fake.create().await.unwrap();
        assert_eq!(fake.written()[1..], ["set DisplayName=Mission"]);
        assert!(changes(&desired(), &made, &all_known()).is_empty());

        let fake = Fake::new();
        fake.script.refuse("create", 5, INVALID, text);
        fake.tags.lock().unwrap().remove("alertctl:stack");
        let fault = fake.create().await.unwrap_err();
        assert!(fault.is(&[INVALID]));
        assert_eq!((fake.script.count("create"), fake.script.count("set")), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_differs_is_set() {
    let fake = Fake::new();
    fake.update(&desired()).await.unwrap();
    assert_eq!(fake.written(), Vec::<String>::new());

    let mut bare = desired();
    bare.display_name = None;
    bare.kms_key = None;
    let fake = Fake::new();
    fake.update(&bare).await.unwrap();
    assert_eq!(fake.written(), ["set DisplayName=", "set KmsMasterKeyId="]);

    let mut team = desired();
    team.tags = tags::owned("mission", &id(), &Tags::from([("team".into(), "a".into())]));
    let fake = Fake::new();
    fake.update(&team).await.unwrap();
    assert_eq!(fake.written(), ["tag alertctl:tags=team, team=a"]);

    let fake = Fake::new();
    fake.tags.lock().unwrap().extend(team.tags);
    fake.update(&desired()).await.unwrap();
    assert_eq!(fake.written(), ["untag alertctl:tags, team"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_subscription_is_marked_and_one_that_left_stays_recognisable() {
    let mut wanted = desired();
    wanted.subscriptions[0].1 = "new@example.com".into();
    let new = mark("email", "new@example.com");
    let fake = Fake::new();
    fake.update(&wanted).await.unwrap();
    assert_eq!(
        fake.written(),
        [format!("tag {MARKS_TAG}={new} {} {}", relay(), oncall())]
    );

    // If fewer subscriptions are wanted than are marked, nothing is written: the topic has no difference.
    wanted.subscriptions.truncate(0);
    let fake = Fake::new();
    let aws = fake.aws();
    let seen = observe(&aws, std::slice::from_ref(&wanted)).await;
    assert!(changes(&wanted, ours(&seen.wanted[0]), &all_known()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn marks_never_outgrow_a_tag() {
    let many = |from: usize, to: usize| (from..to).map(|n| ("email", Text::from(format!("{n}@example.com"))));
    let mut wanted = desired();
    wanted.subscriptions = many(0, 20).collect();
    let old: Vec<_> = many(100, 128)
        .map(|(protocol, to)| mark(protocol, &to.fill_computed(&scope()).unwrap()))
        .collect();
    let fake = Fake::new();
    fake.tags.lock().unwrap().insert(MARKS_TAG.into(), old.join(" "));
    fake.update(&wanted).await.unwrap();
    let log = fake.written();
    let marks: Vec<_> = log[0].split_once('=').unwrap().1.split(' ').collect();
    assert_eq!(marks.len(), 28);
    assert!(marks.join(" ").len() <= 256);
    let fresh = many(0, 20).map(|(protocol, to)| mark(protocol, &to.fill_computed(&scope()).unwrap()));
    assert!(
        fresh.zip(&marks).all(|(wanted, mark)| wanted == *mark),
        "the wanted ones come first"
    );

    // The checks of the stack file refuse more subscriptions than fit. Here it must only not cause a permanent
    // difference.
    wanted.subscriptions = many(0, 40).collect();
    let fake = Fake::new();
    let made = fake.update(&wanted).await.unwrap();
    assert!(changes(&wanted, &made, &all_known()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn delete_takes_one_call_after_what_uses_the_topic() {
    let fake = Fake::new();
    let live = fake.live().await;
    fake.script
        .refuse("delete", 1, "NotFound", "Topic does not exist");
    let aws = fake.aws();
    SnsTopic::delete(live, &step(&aws, all_known())).await.unwrap();
    assert_eq!(fake.written(), [format!("delete {ARN}")]);
    assert_eq!(
        SnsTopic::HANDLING.deleted_after,
        [
            "sns-subscription",
            "cloudwatch-alarm",
            "cloudwatch-composite-alarm",
            "eventbridge-targets"
        ]
    );
}
