use std::sync::{Arc, Mutex};

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::create_log_group::CreateLogGroupOutput;
use aws_sdk_cloudwatchlogs::operation::delete_log_group::DeleteLogGroupOutput;
use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsOutput;
use aws_sdk_cloudwatchlogs::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_cloudwatchlogs::operation::put_retention_policy::PutRetentionPolicyOutput;
use aws_sdk_cloudwatchlogs::operation::tag_resource::TagResourceOutput;
use aws_sdk_cloudwatchlogs::operation::untag_resource::UntagResourceOutput;
use aws_sdk_cloudwatchlogs::types;
use aws_smithy_mocks::{RuleMode, mock, mock_client};

use super::*;
use crate::resource::Presence;
use crate::resource::tests::script::{Script, changes, known, names, node, ours, owned, step, tagged};

const NAME: &str = "/aws/lambda/mission-relay";
const ARN: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/mission-relay";

fn desired() -> LogGroup {
    LogGroup {
        name: NAME.into(),
        retention_days: 30,
        tags: owned(&node(LogGroup::KIND, "relay")),
    }
}

/// The group exactly as [`desired`].
fn live() -> Live {
    Live {
        name: NAME.into(),
        arn: ARN.into(),
        retention_days: Some(30),
        tags: desired().tags,
    }
}

/// A CloudWatch Logs that holds these groups, and stores nothing.
#[derive(Clone, Default)]
struct Fake {
    script: Script,
    groups: Arc<Mutex<Vec<Live>>>,
}

impl Fake {
    fn holding(groups: Vec<Live>) -> Self {
        Self {
            script: Script::default(),
            groups: Arc::new(Mutex::new(groups)),
        }
    }

    fn aws(&self, listed: &[Live]) -> Aws {
        let (script, described, tagged_groups) = (&self.script, self.groups.clone(), self.groups.clone());
        let rules = [
            script.rule(
                "describe",
                mock!(Client::describe_log_groups),
                |r| r.log_group_name_prefix().unwrap().to_owned(),
                move |r| {
                    let prefix = r.log_group_name_prefix().unwrap();
                    let groups = described.lock().unwrap();
                    let found = groups.iter().filter(|group| group.name.starts_with(prefix));
                    let found = found.map(|group| {
                        types::LogGroup::builder()
                            .log_group_name(&group.name)
                            .arn(format!("{}:*", group.arn))
                            .set_retention_in_days(group.retention_days)
                            .build()
                    });
                    DescribeLogGroupsOutput::builder()
                        .set_log_groups(Some(found.collect()))
                        .build()
                },
            ),
            script.rule_or(
                "tags",
                mock!(Client::list_tags_for_resource),
                |r| r.resource_arn().unwrap().to_owned(),
                move |r| {
                    let groups = tagged_groups.lock().unwrap();
                    let found = groups.iter().find(|group| r.resource_arn() == Some(&group.arn));
                    let found = found.ok_or(("ResourceNotFoundException", "no group".to_owned()))?;
                    Ok(ListTagsForResourceOutput::builder()
                        .set_tags(Some(tags::hashed(&found.tags)))
                        .build())
                },
            ),
            script.rule(
                "create",
                mock!(Client::create_log_group),
                |r| r.log_group_name().unwrap().to_owned(),
                |_| CreateLogGroupOutput::builder().build(),
            ),
            script.rule(
                "retention",
                mock!(Client::put_retention_policy),
                |r| {
                    format!(
                        "{} {}",
                        r.log_group_name().unwrap(),
                        r.retention_in_days().unwrap()
                    )
                },
                |_| PutRetentionPolicyOutput::builder().build(),
            ),
            script.rule(
                "tag",
                mock!(Client::tag_resource),
                |r| format!("{} {:?}", r.resource_arn().unwrap(), r.tags().unwrap()),
                |_| TagResourceOutput::builder().build(),
            ),
            script.rule(
                "untag",
                mock!(Client::untag_resource),
                |r| format!("{} {:?}", r.resource_arn().unwrap(), r.tag_keys()),
                |_| UntagResourceOutput::builder().build(),
            ),
            script.rule(
                "delete",
                mock!(Client::delete_log_group),
                |r| r.log_group_name().unwrap().to_owned(),
                |_| DeleteLogGroupOutput::builder().build(),
            ),
        ];
        let listed = listed.iter().map(|live| tagged(&live.arn, live.tags.clone()));
        Aws::mocked(listed.collect(), |clients| {
            clients.logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, &rules);
        })
    }
}

async fn observe(aws: &Aws) -> Observed<Live> {
    let (id, desired) = (node(LogGroup::KIND, "relay"), desired());
    let wanted = [Wanted {
        id: &id,
        desired: &desired,
    }];
    LogGroup::observe(aws, &wanted).await.unwrap()
}

#[tokio::test]
async fn one_that_is_read_back_shows_no_difference_and_another_name_with_its_prefix_is_not_it() {
    let longer = Live {
        name: format!("{NAME}-2"),
        arn: format!("{ARN}-2"),
        ..live()
    };
    let seen = observe(&Fake::holding(vec![live(), longer.clone()]).aws(&[])).await;
    assert_eq!(ours(&seen.wanted[0]), &live());
    assert!(changes(&desired(), ours(&seen.wanted[0]), &known(&[])).is_empty());
    let seen = observe(&Fake::holding(vec![longer]).aws(&[])).await;
    assert_eq!(seen.wanted, [Presence::Absent]);
}

#[tokio::test]
async fn it_belongs_to_whom_its_tags_say_and_one_that_left_the_file_is_an_orphan() {
    let theirs = Live {
        tags: Tags::new(),
        ..live()
    };
    let old = Live {
        name: "/aws/lambda/mission-old".into(),
        arn: "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/mission-old".into(),
        retention_days: None,
        tags: owned(&node(LogGroup::KIND, "old")),
    };
    let fake = Fake::holding(vec![theirs.clone(), old.clone()]);
    let seen = observe(&fake.aws(std::slice::from_ref(&old))).await;
    assert_eq!(seen.wanted, [Presence::Foreign(theirs)]);
    assert_eq!(seen.orphans, [(node(LogGroup::KIND, "old"), old)]);
}

#[tokio::test]
async fn a_new_group_gets_its_retention_once() {
    let fake = Fake::default();
    let aws = fake.aws(&[]);
    let cx = step(&aws, known(&[]));
    let made = desired().create(&cx).await.unwrap();
    desired().settle(&made, &cx).await.unwrap();
    let retention = format!("retention {NAME} 30");
    assert_eq!(fake.script.log(), [format!("create {NAME}"), retention]);
    fake.script.forget();
    desired().settle(&live(), &cx).await.unwrap();
    assert_eq!(fake.script.log(), [""; 0]);
}

#[tokio::test]
async fn one_of_a_lost_answer_is_kept_and_a_strangers_is_refused() {
    let theirs = Live {
        tags: Tags::new(),
        ..live()
    };
    for (group, is_kept) in [(live(), true), (theirs, false)] {
        let fake = Fake::holding(vec![group]);
        fake.script
            .refuse("create", 1, "ResourceAlreadyExistsException", "exists");
        let aws = fake.aws(&[]);
        match desired().create(&step(&aws, known(&[]))).await {
            Ok(made) => assert!(is_kept, "{made:?}"),
            Err(fault) => {
                assert!(!is_kept);
                assert_eq!(fault.code, "ResourceAlreadyExistsException");
            }
        }
    }
}

#[tokio::test]
async fn only_what_differs_is_changed() {
    let fake = Fake::default();
    let aws = fake.aws(&[]);
    let cx = step(&aws, known(&[]));
    let mut before = Live {
        retention_days: None,
        ..live()
    };
    let retention = changes(&desired(), &before, &known(&[]));
    assert_eq!(names(&retention), ["retention_days"]);
    let now = desired().update(before.clone(), &retention, &cx).await.unwrap();
    assert_eq!(now, live());
    assert_eq!(fake.script.log(), [format!("retention {NAME} 30")]);

    fake.script.forget();
    before = live();
    let (key, value) = before.tags.pop_first().unwrap();
    let missing = changes(&desired(), &before, &known(&[]));
    let now = desired().update(before, &missing, &cx).await.unwrap();
    assert_eq!(now, live());
    assert_eq!(fake.script.log(), [format!("tag {ARN} {{{key:?}: {value:?}}}")]);

    fake.script.forget();
    let team = Tags::from([("team".to_owned(), "ops".to_owned())]);
    before = Live {
        tags: tags::owned("mission", &node(LogGroup::KIND, "relay"), &team),
        ..live()
    };
    let left = changes(&desired(), &before, &known(&[]));
    let now = desired().update(before, &left, &cx).await.unwrap();
    assert_eq!(now, live());
    assert!(
        fake.script.log()[0].contains("\"team\""),
        "{:?}",
        fake.script.log()
    );
    assert_eq!((fake.script.count("untag"), fake.script.count("tag")), (1, 0));
}

#[tokio::test]
async fn a_protected_one_says_what_to_do_and_one_that_is_gone_is_done() {
    let fake = Fake::default();
    let aws = fake.aws(&[]);
    let cx = step(&aws, known(&[]));
    LogGroup::delete(live(), &cx).await.unwrap();
    fake.script.refuse("delete", 1, "ResourceNotFoundException", "");
    LogGroup::delete(live(), &cx).await.unwrap();
    let protected = "The log group has deletion protection enabled";
    for (code, text, is_hinted) in [
        ("ValidationException", protected, true),
        ("ValidationException", "no", false),
    ] {
        fake.script.refuse("delete", 1, code, text);
        let fault = LogGroup::delete(live(), &cx).await.unwrap_err();
        let hint = fault.hint.unwrap_or_default();
        assert_eq!(hint.contains("turn off"), is_hinted, "{hint}");
    }
}
