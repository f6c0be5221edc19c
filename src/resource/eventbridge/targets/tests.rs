use std::collections::HashSet;

use aws_sdk_eventbridge::types as sdk;
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::aws::{Fault, tags::STACK_TAG};
use crate::resource::eventbridge::rule::{RuleState, Trigger};
use crate::resource::tests::eventbridge_fake::Fake;
use crate::resource::tests::script::{changes, known, names, node, ours, owned, step};

mod ids;

const REGION: &str = "eu-west-1";
const RULE: &str = "mission-logins";

fn id() -> NodeId {
    node("eventbridge-targets", "logins")
}

fn rule_id() -> NodeId {
    node("eventbridge-rule", "logins")
}

fn plain(id: &str) -> Target {
    Target {
        id: id.into(),
        arn: Text::arn("lambda", format!("function:{id}")),
        role_arn: None,
        input: None,
        dead_letter_queue: None,
        retry_attempts: None,
        retry_age_seconds: None,
    }
}

fn desired() -> EventbridgeTargets {
    let relay = Target {
        input: Some(Input::Transformer {
            paths: BTreeMap::from([("detail".into(), "$.detail".into())]),
            template: r#"{"rule":<aws.events.rule-name>,"detail":<detail>}"#.into(),
        }),
        dead_letter_queue: Some(Text::arn_of("sqs-queue/relay")),
        retry_attempts: Some(3),
        ..plain("relay")
    };
    let bus = Target {
        role_arn: Some(Text::arn_of("iam-role/forward")),
        input: Some(Input::Path("$.detail".into())),
        ..plain("bus")
    };
    let text = Target {
        input: Some(Input::Constant("\"hello\"".into())),
        retry_age_seconds: Some(60),
        ..plain("text")
    };
    with(vec![relay, bus, text])
}

fn with(targets: Vec<Target>) -> EventbridgeTargets {
    EventbridgeTargets {
        rule: Ref::named(rule_id(), RULE),
        targets,
    }
}

fn all_known() -> Known {
    known(&[
        ("sqs-queue/relay", "arn:aws:sqs:eu-west-1:123456789012:q", ""),
        ("iam-role/forward", "arn:aws:iam::123456789012:role/f", ""),
    ])
}

fn rule() -> EventbridgeRule {
    EventbridgeRule {
        name: RULE.into(),
        description: String::new(),
        bus: None,
        trigger: Trigger::Pattern(json!({ "source": ["x"] })),
        state: RuleState::Enabled,
        tags: owned(&rule_id()),
    }
}

/// An EventBridge that has the rule.
async fn with_rule() -> Fake {
    let fake = Fake::new(REGION);
    let aws = fake.aws();
    rule().create(&step(&aws, known(&[]))).await.unwrap();
    fake.script.forget();
    fake
}

async fn observe(fake: &Fake, wanted: &[EventbridgeTargets]) -> Observed<Live> {
    let id = id();
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    EventbridgeTargets::observe(&fake.aws(), &wanted).await.unwrap()
}

async fn create(fake: &Fake, desired: &EventbridgeTargets) -> Result<Live> {
    let aws = fake.aws();
    // The same run created the rule.
    aws.memory.changed("events");
    desired.create(&step(&aws, all_known())).await
}

async fn live(fake: &Fake) -> Live {
    let seen = observe(fake, &[desired()]).await;
    ours(&seen.wanted[0]).clone()
}

async fn update(fake: &Fake, wanted: &EventbridgeTargets) -> Vec<String> {
    let (aws, live) = (fake.aws(), live(fake).await);
    fake.script.forget();
    let changes = changes(wanted, &live, &all_known());
    let updated = wanted.update(live, &changes, &step(&aws, all_known())).await;
    assert!(crate::resource::tests::script::changes(wanted, &updated.unwrap(), &all_known()).is_empty());
    fake.written()
}

fn edit(fake: &Fake, id: &str, edit: impl FnOnce(&mut sdk::Target)) {
    let mut state = fake.state.lock().unwrap();
    let targets = state.targets.values_mut().flatten();
    edit(targets.into_iter().find(|target| target.id() == id).unwrap());
}

#[tokio::test(start_paused = true)]
async fn one_call_puts_them_all_and_reading_them_back_shows_no_difference() {
    let fake = with_rule().await;
    assert_eq!(observe(&fake, &[desired()]).await.wanted, [Presence::Absent]);
    let made = create(&fake, &desired()).await.unwrap();
    assert_eq!(fake.written(), [format!("put-targets {RULE} relay bus text")]);
    assert!(changes(&desired(), &made, &all_known()).is_empty());
    let live = live(&fake).await;
    assert_eq!(live, made);
    let state = fake.state.lock().unwrap();
    let sent: Vec<_> = state.targets.values().flatten().collect();
    assert!(sent[0].role_arn().is_none() && sent[1].role_arn().is_some());
    let retry = sent[0].retry_policy().unwrap();
    assert_eq!(
        (
            retry.maximum_retry_attempts(),
            retry.maximum_event_age_in_seconds()
        ),
        (Some(3), Some(86_400))
    );
    assert!(sent[1].retry_policy().is_none());
}

#[test]
fn what_another_resource_comes_to_is_shown_as_known_after_apply() {
    let fields = desired().fields(&known(&[]));
    let waits: Vec<_> = fields
        .iter()
        .filter(|(_, shown)| matches!(shown, crate::resource::Shown::AfterApply(_)))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(waits, ["target.relay.dead_letter_queue", "target.bus.role_arn"]);
    assert_eq!(desired().refs(), [rule_id()]);
    assert_eq!(desired().parent(), Some(rule_id()));
}

#[tokio::test(start_paused = true)]
async fn defaults_of_aws_are_no_difference() {
    let fake = with_rule().await;
    create(&fake, &with(vec![plain("relay")])).await.unwrap();
    let written = sdk::RetryPolicy::builder()
        .maximum_retry_attempts(185)
        .maximum_event_age_in_seconds(86_400)
        .build();
    for written in [Some(written), Some(sdk::RetryPolicy::builder().build()), None] {
        edit(&fake, "relay", |target| target.retry_policy = written);
        let explicit = Target {
            retry_attempts: Some(185),
            retry_age_seconds: Some(86_400),
            ..plain("relay")
        };
        let live = live(&fake).await;
        for target in [plain("relay"), explicit] {
            let wanted = with(vec![target]);
            assert!(changes(&wanted, &live, &all_known()).is_empty());
        }
        assert_eq!(update(&fake, &with(vec![plain("relay")])).await, [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_changed_is_put_and_what_is_not_wanted_goes_last() {
    let fake = with_rule().await;
    create(&fake, &desired()).await.unwrap();
    let mut wanted = desired();
    wanted.targets[0].retry_attempts = None;
    wanted.targets.pop();
    let changes = changes(&wanted, &live(&fake).await, &all_known());
    assert_eq!(
        names(&changes),
        [
            "target.relay.retry_attempts",
            "target.text.arn",
            "target.text.input",
            "target.text.retry_age_seconds"
        ]
    );
    let calls = [
        format!("put-targets {RULE} relay"),
        format!("remove-targets {RULE} text"),
    ];
    assert_eq!(update(&fake, &wanted).await, calls);
    assert!(crate::resource::tests::script::changes(&wanted, &live(&fake).await, &all_known()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_full_rule_makes_room_first() {
    let fake = with_rule().await;
    let five = |first| with((first..first + 5).map(|at| plain(&format!("t{at}"))).collect());
    create(&fake, &five(0)).await.unwrap();
    let calls = [
        format!("remove-targets {RULE} t0"),
        format!("put-targets {RULE} t5"),
    ];
    assert_eq!(update(&fake, &five(1)).await, calls);
}

#[tokio::test(start_paused = true)]
async fn settings_of_somebody_else_are_shown_and_put_back() {
    let fake = with_rule().await;
    create(&fake, &desired()).await.unwrap();
    edit(&fake, "bus", |target| {
        let group = sdk::SqsParameters::builder().message_group_id("g").build();
        target.sqs_parameters = Some(group);
    });
    let found = changes(&desired(), &live(&fake).await, &all_known());
    assert_eq!(names(&found), ["target.bus.other_settings"]);
    assert_eq!(
        update(&fake, &desired()).await,
        [format!("put-targets {RULE} bus")]
    );
    assert!(changes(&desired(), &live(&fake).await, &all_known()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_target_that_was_refused_in_a_good_answer_is_a_fault_that_names_it() {
    let fake = with_rule().await;
    let fail = |code, text: &str| {
        let failure = (code, text.to_owned());
        fake.state.lock().unwrap().failures.push_back(failure);
    };
    fail("ValidationException", "Parameter Arn is not valid.");
    let fault = create(&fake, &desired()).await.unwrap_err();
    assert_eq!(
        fault.to_string(),
        "events:PutTargets: ValidationException: target `relay`: Parameter Arn is not valid."
    );
    fail("LimitExceededException", "too many");
    let fault = create(&fake, &desired()).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("5 targets"));
    assert_eq!(fake.script.count("put-targets"), 2);

    for code in [
        "ConcurrentModificationException",
        "InternalException",
        "ThrottlingException",
    ] {
        fail(code, "");
    }
    let live = create(&fake, &desired()).await.unwrap();
    fail("ManagedRuleException", "managed");
    let aws = fake.aws();
    let cx = step(&aws, all_known());
    let fault = EventbridgeTargets::delete(live.clone(), &cx).await.unwrap_err();
    assert!(fault.message.contains("`relay`") && fault.hint.is_some());
    // One target is already gone, or the rule with all its targets.
    fail("ResourceNotFoundException", "no such target");
    EventbridgeTargets::delete(live.clone(), &cx).await.unwrap();
    fake.script
        .refuse("remove-targets", 1, "ResourceNotFoundException", "");
    EventbridgeTargets::delete(live, &cx).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_new_rule_and_a_new_role_are_waited_for() {
    let fake = with_rule().await;
    let text = "Provided role 'arn' cannot be assumed by principal 'events.amazonaws.com'.";
    fake.script
        .refuse(
            "put-targets",
            5,
            "ResourceNotFoundException",
            "Rule does not exist.",
        )
        .refuse("put-targets", 5, "ValidationException", text);
    create(&fake, &desired()).await.unwrap();
    let start = Instant::now();
    fake.script
        .refuse("put-targets", 1000, "ValidationException", text);
    let fault = create(&fake, &desired()).await.unwrap_err();
    assert!(fault.says("ValidationException", "cannot be assumed"));
    assert!((110..=120).contains(&start.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn calls_take_ten_at_most() {
    let fake = with_rule().await;
    let many = with((0..12).map(|at| plain(&format!("t{at}"))).collect());
    let live = create(&fake, &many).await.unwrap();
    let aws = fake.aws();
    EventbridgeTargets::delete(live, &step(&aws, all_known()))
        .await
        .unwrap();
    assert_eq!(
        (
            fake.script.count("put-targets"),
            fake.script.count("remove-targets")
        ),
        (2, 2)
    );
    assert_eq!(observe(&fake, &[desired()]).await.wanted, [Presence::Absent]);
}

#[tokio::test(start_paused = true)]
async fn targets_of_our_rules_that_nobody_wants_are_orphans_of_the_rules_key() {
    let fake = with_rule().await;
    let made = create(&fake, &desired()).await.unwrap();
    assert!(observe(&fake, &[desired()]).await.orphans.is_empty());
    assert_eq!(observe(&fake, &[]).await.orphans, [(id(), made)]);
    // The targets are no orphans if their rule lost the stack's tag after the index was written.
    let tagged = fake.tagged();
    let give_away = |tags: &mut crate::resource::Tags| drop(tags.remove(STACK_TAG));
    fake.state.lock().unwrap().tags.values_mut().for_each(give_away);
    let aws = Aws::mocked(tagged, |clients| fake.put(clients));
    let seen = EventbridgeTargets::observe(&aws, &[]).await.unwrap();
    assert!(seen.orphans.is_empty());
}

/// AWS allows fifty calls per second of each kind: sequential calls would take twice as long.
#[tokio::test(start_paused = true)]
async fn of_many_orphans_tags_and_targets_are_asked_for_side_by_side() {
    let fake = Fake::new(REGION);
    let aws = fake.aws();
    for n in 0..150 {
        let rule = EventbridgeRule {
            name: format!("mission-{n}"),
            ..rule()
        };
        rule.create(&step(&aws, known(&[]))).await.unwrap();
        let targets = EventbridgeTargets {
            rule: Ref::named(rule_id(), &rule.name),
            ..with(vec![plain("relay")])
        };
        targets.create(&step(&aws, all_known())).await.unwrap();
    }
    let start = Instant::now();
    assert_eq!(observe(&fake, &[]).await.orphans.len(), 150);
    let elapsed = start.elapsed();
    assert!(elapsed.as_millis() < 2500, "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn rules_and_targets_share_what_they_read() {
    let fake = with_rule().await;
    create(&fake, &desired()).await.unwrap();
    let aws = fake.aws();
    fake.script.forget();
    let (rule_id, id, rule, targets) = (rule_id(), id(), rule(), desired());
    let rules = [Wanted {
        id: &rule_id,
        desired: &rule,
    }];
    let targets = [Wanted {
        id: &id,
        desired: &targets,
    }];
    let both = futures::try_join!(
        EventbridgeRule::observe(&aws, &rules),
        EventbridgeTargets::observe(&aws, &targets)
    );
    both.unwrap();
    let log: HashSet<_> = fake.script.log().into_iter().collect();
    // The index contains the rule's tags.
    assert_eq!((log.len(), fake.script.log().len()), (2, 2), "{log:?}");
}

#[test]
fn a_count_without_entries_is_a_fault_too() {
    let fault: Fault = calls::all_taken("events:PutTargets", 2, [].into_iter()).unwrap_err();
    assert!(fault.message.contains("2 targets"));
}
