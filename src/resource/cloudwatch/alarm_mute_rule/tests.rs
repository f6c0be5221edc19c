use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::delete_alarm_mute_rule::DeleteAlarmMuteRuleOutput;
use aws_sdk_cloudwatch::operation::get_alarm_mute_rule::GetAlarmMuteRuleOutput;
use aws_sdk_cloudwatch::operation::list_alarm_mute_rules::ListAlarmMuteRulesOutput;
use aws_sdk_cloudwatch::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_cloudwatch::operation::put_alarm_mute_rule::{PutAlarmMuteRuleInput, PutAlarmMuteRuleOutput};
use aws_sdk_cloudwatch::operation::tag_resource::TagResourceOutput;
use aws_sdk_cloudwatch::operation::untag_resource::UntagResourceOutput;
use aws_sdk_cloudwatch::types::{AlarmMuteRuleStatus, AlarmMuteRuleSummary};
use aws_smithy_mocks::{RuleMode, mock, mock_client};

use super::read::minutes;
use super::*;
use crate::aws::discovery;
use crate::resource::cloudwatch::alarm::CloudwatchAlarm;
use crate::resource::tests::script::{Script, changes, known, names, node, ours, owned, step, tagged};
use crate::resource::{NodeId, Presence};

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm-mute-rule:";

fn id() -> NodeId {
    node(CloudwatchAlarmMuteRule::KIND, "nightly")
}

fn desired() -> CloudwatchAlarmMuteRule {
    CloudwatchAlarmMuteRule {
        name: "mission-nightly".into(),
        description: Some("Backups".into()),
        expression: "cron(0 2 * * *)".into(),
        minutes: 120,
        timezone: "Asia/Seoul".into(),
        alarms: vec!["mission-disk".into(), "mission-cpu".into()],
        start: Some("2026-12-01T00:00:00Z".parse().unwrap()),
        expire: Some("2027-02-01T00:00:00Z".parse().unwrap()),
        tags: owned(&id()),
    }
}

fn missing() -> (&'static str, String) {
    ("ResourceNotFoundException", "it does not exist".to_owned())
}

type Kept = Arc<Mutex<BTreeMap<String, (PutAlarmMuteRuleInput, Tags)>>>;

/// CloudWatch's mute rules, and the length of windows as it writes them: another form than the one that it was given.
#[derive(Clone, Default)]
struct Fake {
    script: Script,
    rules: Kept,
}

impl Fake {
    fn aws(&self, has_alarms: bool) -> Aws {
        let mocked: Vec<_> = self.rules().into_iter().chain(self.tagging()).collect();
        let alarm = node(CloudwatchAlarm::KIND, "cpu");
        let arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:mission-cpu";
        let listed = has_alarms.then(|| tagged(arn, owned(&alarm)));
        Aws::mocked(listed.into_iter().collect(), |clients| {
            clients.cloudwatch = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, &mocked);
        })
    }

    /// The rules themselves.
    fn rules(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (put, get, list, delete) = (
            self.rules.clone(),
            self.rules.clone(),
            self.rules.clone(),
            self.rules.clone(),
        );
        vec![
            script.rule(
                "put",
                mock!(Client::put_alarm_mute_rule),
                |r| r.name().unwrap().to_owned(),
                move |r| {
                    let mut rules = put.lock().unwrap();
                    // The tags of an existing rule stay.
                    let old = rules.get(r.name().unwrap()).map(|(_, tags)| tags.clone());
                    let tags = old.unwrap_or_else(|| discovery::cloudwatch_tags(r.tags()));
                    rules.insert(r.name().unwrap().to_owned(), (r.clone(), tags));
                    PutAlarmMuteRuleOutput::builder().build()
                },
            ),
            script.rule_or(
                "get",
                mock!(Client::get_alarm_mute_rule),
                |r| r.alarm_mute_rule_name().unwrap().to_owned(),
                move |r| {
                    let rules = get.lock().unwrap();
                    let (rule, _) = rules.get(r.alarm_mute_rule_name().unwrap()).ok_or_else(missing)?;
                    let schedule = rule.rule().unwrap().schedule().unwrap();
                    let schedule = Schedule::builder()
                        .set_expression(schedule.expression.clone())
                        .duration("PT120M")
                        .set_timezone(schedule.timezone.clone());
                    Ok(GetAlarmMuteRuleOutput::builder()
                        .set_name(rule.name.clone())
                        .set_description(rule.description.clone())
                        .rule(Rule::builder().schedule(schedule.build()).build())
                        .set_mute_targets(rule.mute_targets.clone())
                        .set_start_date(rule.start_date)
                        .set_expire_date(rule.expire_date)
                        .status(AlarmMuteRuleStatus::Scheduled)
                        .build())
                },
            ),
            script.rule(
                "list",
                mock!(Client::list_alarm_mute_rules),
                |r| r.next_token().unwrap_or_default().to_owned(),
                move |r| {
                    // One a page.
                    let rules = list.lock().unwrap();
                    let at = r.next_token().map_or(0, |token| token.parse().unwrap());
                    let one = |name: &String| {
                        let arn = format!("{ARN}{name}");
                        AlarmMuteRuleSummary::builder().alarm_mute_rule_arn(arn).build()
                    };
                    let page = rules.keys().skip(at).take(1).map(one);
                    ListAlarmMuteRulesOutput::builder()
                        .set_alarm_mute_rule_summaries(Some(page.collect()))
                        .set_next_token((at + 1 < rules.len()).then(|| (at + 1).to_string()))
                        .build()
                },
            ),
            script.rule(
                "delete",
                mock!(Client::delete_alarm_mute_rule),
                |r| r.alarm_mute_rule_name().unwrap().to_owned(),
                move |r| {
                    delete.lock().unwrap().remove(r.alarm_mute_rule_name().unwrap());
                    DeleteAlarmMuteRuleOutput::builder().build()
                },
            ),
        ]
    }

    /// Their tags.
    fn tagging(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (tags, tag, untag) = (self.rules.clone(), self.rules.clone(), self.rules.clone());
        let of_arn = |rules: &Kept, arn: Option<&str>| {
            let name = arn.unwrap().strip_prefix(ARN).unwrap().to_owned();
            rules.lock().unwrap().get(&name).map(|(_, tags)| tags.clone())
        };
        vec![
            script.rule_or(
                "tags",
                mock!(Client::list_tags_for_resource),
                |r| r.resource_arn().unwrap().strip_prefix(ARN).unwrap().to_owned(),
                move |r| {
                    let tags = of_arn(&tags, r.resource_arn()).ok_or_else(missing)?;
                    Ok(ListTagsForResourceOutput::builder()
                        .set_tags(Some(common::to_sdk(&tags)))
                        .build())
                },
            ),
            script.rule(
                "tag",
                mock!(Client::tag_resource),
                |r| format!("{} tags", r.tags().len()),
                move |r| {
                    let name = r.resource_arn().unwrap().strip_prefix(ARN).unwrap();
                    let mut rules = tag.lock().unwrap();
                    rules
                        .get_mut(name)
                        .unwrap()
                        .1
                        .extend(discovery::cloudwatch_tags(r.tags()));
                    TagResourceOutput::builder().build()
                },
            ),
            script.rule(
                "untag",
                mock!(Client::untag_resource),
                |r| r.tag_keys().join(" "),
                move |r| {
                    let name = r.resource_arn().unwrap().strip_prefix(ARN).unwrap();
                    let mut rules = untag.lock().unwrap();
                    let tags = &mut rules.get_mut(name).unwrap().1;
                    r.tag_keys().iter().for_each(|key| drop(tags.remove(key)));
                    UntagResourceOutput::builder().build()
                },
            ),
        ]
    }

    /// A rule that exists.
    async fn with(&self, name: &str, tags: Tags) {
        let rule = CloudwatchAlarmMuteRule {
            name: name.to_owned(),
            tags,
            ..desired()
        };
        rule.put(&self.aws(true)).await.unwrap();
        self.script.forget();
    }
}

async fn observe(aws: &Aws, wanted: &[CloudwatchAlarmMuteRule]) -> Observed<Live> {
    let id = id();
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    CloudwatchAlarmMuteRule::observe(aws, &wanted).await.unwrap()
}

fn orphans(seen: &Observed<Live>) -> Vec<String> {
    seen.orphans.iter().map(|(id, _)| id.to_string()).collect()
}

#[tokio::test]
async fn one_call_makes_it_and_reading_it_back_shows_no_difference() {
    let fake = Fake::default();
    let aws = fake.aws(true);
    let made = desired().create(&step(&aws, known(&[]))).await.unwrap();
    assert_eq!(fake.script.log(), ["put mission-nightly"]);
    assert_eq!(
        CloudwatchAlarmMuteRule::output(&made).arn,
        format!("{ARN}mission-nightly")
    );
    assert!(changes(&desired(), &made, &known(&[])).is_empty());
    let seen = observe(&aws, &[desired()]).await;
    let none = changes(&desired(), ours(&seen.wanted[0]), &known(&[]));
    assert!(none.is_empty(), "{none:?}");
    assert!(seen.orphans.is_empty());
    let rules = fake.rules.lock().unwrap();
    let (sent, _) = &rules["mission-nightly"];
    let schedule = sent.rule().unwrap().schedule().unwrap();
    assert_eq!(schedule.duration(), Some("PT2H"));
    assert_eq!(sent.start_date().unwrap().secs(), 1_796_083_200);
}

#[tokio::test]
async fn what_differs_is_put_and_tags_by_their_own_calls() {
    let fake = Fake::default();
    let aws = fake.aws(true);
    let live = desired().create(&step(&aws, known(&[]))).await.unwrap();
    let mut other = CloudwatchAlarmMuteRule {
        alarms: vec!["mission-cpu".into()],
        description: None,
        expire: None,
        ..desired()
    };
    let changed = changes(&other, &live, &known(&[]));
    assert_eq!(names(&changed), ["alarms", "description", "expire"]);
    let live = other
        .update(live, &changed, &step(&aws, known(&[])))
        .await
        .unwrap();
    assert_eq!(fake.script.count("put"), 2);
    assert_eq!(fake.script.count("tag") + fake.script.count("untag"), 0);

    other.tags.insert("team".into(), "a".into());
    let changed = changes(&other, &live, &known(&[]));
    assert_eq!(names(&changed), ["tags.team"]);
    other
        .update(live, &changed, &step(&aws, known(&[])))
        .await
        .unwrap();
    assert_eq!((fake.script.count("put"), fake.script.count("tag")), (2, 1));
}

#[tokio::test]
async fn only_the_stacks_own_rules_are_leftovers() {
    let fake = Fake::default();
    fake.with("mission-nightly", owned(&id())).await;
    fake.with(
        "mission-other",
        owned(&node(CloudwatchAlarmMuteRule::KIND, "other")),
    )
    .await;
    fake.with(
        "mission-adhoc-1",
        owned(&node(CloudwatchAlarmMuteRule::KIND, "adhoc.1")),
    )
    .await;
    fake.with("mission-strange", Tags::new()).await;
    fake.with(
        "elsewhere",
        owned(&node(CloudwatchAlarmMuteRule::KIND, "elsewhere")),
    )
    .await;
    let mut aws = fake.aws(true);
    let seen = observe(&aws, &[desired()]).await;
    assert_eq!(orphans(&seen), ["cloudwatch-alarm-mute-rule/other"]);
    // A name that does not begin as the stack's is not even read.
    assert_eq!(
        fake.script
            .log()
            .iter()
            .filter(|call| call.contains("elsewhere"))
            .count(),
        0
    );
    assert_eq!(fake.script.count("list"), 5);

    let mut all: Vec<_> = of_stack(&aws)
        .await
        .unwrap()
        .into_iter()
        .map(|live| live.name)
        .collect();
    all.sort();
    assert_eq!(all, ["mission-adhoc-1", "mission-nightly", "mission-other"]);

    aws.takes_ad_hoc = true;
    let mut all = orphans(&observe(&aws, &[]).await);
    all.sort();
    let kind = CloudwatchAlarmMuteRule::KIND;
    assert_eq!(
        all,
        ["adhoc.1", "nightly", "other"].map(|key| format!("{kind}/{key}"))
    );
}

#[tokio::test]
async fn without_alarms_nothing_is_listed_until_the_stack_goes() {
    let fake = Fake::default();
    fake.with("mission-nightly", owned(&id())).await;
    let mut aws = fake.aws(false);
    assert!(observe(&aws, &[]).await.orphans.is_empty());
    assert!(fake.script.log().is_empty());
    aws.takes_ad_hoc = true;
    assert_eq!(observe(&aws, &[]).await.orphans.len(), 1);
}

#[tokio::test]
async fn one_that_is_gone_is_no_failure_and_a_full_region_is_told() {
    let fake = Fake::default();
    let aws = fake.aws(true);
    let cx = step(&aws, known(&[]));
    let live = desired().create(&cx).await.unwrap();
    CloudwatchAlarmMuteRule::delete(live.clone(), &cx).await.unwrap();
    CloudwatchAlarmMuteRule::delete(live, &cx).await.unwrap();
    assert!(matches!(
        observe(&aws, &[desired()]).await.wanted[..],
        [Presence::Absent]
    ));
    fake.script.refuse("put", 1, "LimitExceeded", "too many");
    let fault = desired().create(&cx).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("2,000"));
}

#[test]
fn lengths_are_read_as_cloudwatch_may_write_them() {
    for (text, read) in [
        ("PT1M", Some(1)),
        ("PT90M", Some(90)),
        ("P2DT12H", Some(3600)),
        ("P15D", Some(21_600)),
        ("PT30S", None),
        ("2h", None),
        ("", None),
    ] {
        assert_eq!(minutes(text), read, "{text}");
    }
    assert_eq!(
        [1, 120, 1440, 3600].map(mute_duration),
        ["PT1M", "PT2H", "P1D", "PT60H"]
    );
}
