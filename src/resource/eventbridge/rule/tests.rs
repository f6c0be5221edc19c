use aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusOutput;
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::aws::tags::Tagged;
use crate::resource::tests::eventbridge_fake::Fake;
use crate::resource::tests::script::{changes, known, names, node, ours, owned, step};

const REGION: &str = "eu-west-1";
const NAME: &str = "mission-logins";

fn id() -> NodeId {
    node("eventbridge-rule", "logins")
}

fn desired() -> EventbridgeRule {
    EventbridgeRule {
        name: NAME.into(),
        description: "sign-ins".into(),
        bus: None,
        trigger: Trigger::Pattern(json!({ "source": ["aws.signin"], "detail": { "a": [1], "b": [2] } })),
        state: RuleState::Enabled,
        tags: owned(&id()),
    }
}

fn on_own_bus() -> EventbridgeRule {
    let bus = node("eventbridge-event-bus", "security");
    EventbridgeRule {
        bus: Some(Ref::named(bus, "mission-security")),
        ..desired()
    }
}

fn with_bus(fake: &Fake) {
    let bus = DescribeEventBusOutput::builder().build();
    let mut state = fake.state.lock().unwrap();
    state.buses.insert("mission-security".into(), bus);
}

async fn observe(aws: &Aws, wanted: &[EventbridgeRule]) -> Observed<Live> {
    let id = id();
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    EventbridgeRule::observe(aws, &wanted).await.unwrap()
}

async fn create(fake: &Fake, desired: &EventbridgeRule) -> Result<Live> {
    let aws = fake.aws();
    desired.create(&step(&aws, known(&[]))).await
}

async fn live(fake: &Fake, desired: &EventbridgeRule) -> Live {
    let seen = observe(&fake.aws(), std::slice::from_ref(desired)).await;
    ours(&seen.wanted[0]).clone()
}

async fn update(fake: &Fake, wanted: &EventbridgeRule) -> Vec<String> {
    let (aws, live) = (fake.aws(), live(fake, wanted).await);
    let changes = changes(wanted, &live, &known(&[]));
    let before = fake.written().len();
    let updated = wanted.update(live, &changes, &step(&aws, known(&[]))).await;
    updated.unwrap();
    fake.written()[before..].to_vec()
}

fn edit(fake: &Fake, edit: impl FnOnce(&mut sdk::Rule)) {
    let mut state = fake.state.lock().unwrap();
    edit(state.rules.values_mut().next().unwrap());
}

#[tokio::test(start_paused = true)]
async fn one_call_makes_it_and_reading_it_back_shows_no_difference() {
    for desired in [desired(), on_own_bus()] {
        let fake = Fake::new(REGION);
        with_bus(&fake);
        let made = create(&fake, &desired).await.unwrap();
        assert_eq!(
            fake.script.log(),
            [format!("describe {NAME}"), format!("put {NAME} ENABLED tags=2")]
        );
        assert!(changes(&desired, &made, &known(&[])).is_empty());
        assert_eq!(EventbridgeRule::live_name(&made), desired.name());
        assert_eq!(live(&fake, &desired).await, made);
    }
}

#[tokio::test(start_paused = true)]
async fn patterns_are_compared_by_meaning() {
    let fake = Fake::new(REGION);
    create(&fake, &desired()).await.unwrap();
    let set = |text: &str| edit(&fake, |rule| rule.event_pattern = Some(text.to_owned()));
    set(r#"{ "detail": {"b":[2], "a":[1]},  "source": ["aws.signin"] }"#);
    let changed = async || names(&changes(&desired(), &live(&fake, &desired()).await, &known(&[])));
    assert!(changed().await.is_empty());
    set(r#"{"source":["aws.signin"]}"#);
    assert_eq!(changed().await, ["pattern"]);
    set("no JSON");
    assert_eq!(changed().await, ["pattern"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_puts_the_whole_rule_and_tags_have_their_own_calls() {
    let fake = Fake::new(REGION);
    create(&fake, &desired()).await.unwrap();
    let wanted = EventbridgeRule {
        state: RuleState::EnabledWithAllManagementEvents,
        ..desired()
    };
    let state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
    assert_eq!(
        update(&fake, &wanted).await,
        [format!("put {NAME} {state} tags=0")]
    );
    // The same call resets what somebody else added.
    edit(&fake, |rule| {
        rule.schedule_expression = Some("rate(1 day)".into());
        rule.role_arn = Some("arn:r".into());
    });
    let seen = live(&fake, &wanted).await;
    assert_eq!(
        names(&changes(&wanted, &seen, &known(&[]))),
        ["schedule", "role_arn"]
    );
    assert_eq!(
        update(&fake, &wanted).await,
        [format!("put {NAME} {state} tags=0")]
    );
    assert!(changes(&wanted, &live(&fake, &wanted).await, &known(&[])).is_empty());
    let mut tagged = wanted.clone();
    tagged.tags = tags::owned("mission", &id(), &Tags::from([("team".into(), "a".into())]));
    assert_eq!(update(&fake, &tagged).await, ["tag 2"]);
    assert_eq!(update(&fake, &wanted).await, ["untag alertctl:tags team"]);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_somebody_made_since_the_plan_is_not_overwritten() {
    let fake = Fake::new(REGION);
    create(&fake, &desired()).await.unwrap();
    // After a lost answer: the rule is ours.
    assert!(create(&fake, &desired()).await.is_ok());
    fake.state.lock().unwrap().tags.values_mut().for_each(Tags::clear);
    let before = fake.written();
    let fault = create(&fake, &desired()).await.unwrap_err();
    assert!(fault.is(&["RuleAlreadyExists"]) && fault.hint.is_some());
    assert_eq!(fake.written(), before);
}

#[tokio::test(start_paused = true)]
async fn a_rule_of_an_aws_service_is_foreign_whatever_its_tags() {
    let fake = Fake::new(REGION);
    create(&fake, &desired()).await.unwrap();
    edit(&fake, |rule| {
        rule.managed_by = Some("states.amazonaws.com".into())
    });
    let seen = observe(&fake.aws(), &[desired()]).await;
    let Presence::Foreign(live) = &seen.wanted[0] else {
        panic!("{seen:?}")
    };
    assert!(
        EventbridgeRule::about(live)
            .remark
            .unwrap()
            .contains("states.amazonaws.com")
    );
    assert!(observe(&fake.aws(), &[]).await.orphans.is_empty());
    assert!(
        create(&fake, &desired())
            .await
            .unwrap_err()
            .is(&["RuleAlreadyExists"])
    );
    fake.script.refuse("put", 1, "ManagedRuleException", "");
    edit(&fake, |rule| rule.managed_by = None);
    let fault = create(&fake, &desired()).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("choose another name"));
}

#[tokio::test(start_paused = true)]
async fn a_bus_is_listed_once_over_its_pages_and_only_wanted_rules_are_asked_for_tags() {
    let fake = Fake::new(REGION);
    with_bus(&fake);
    let named = |name: String| EventbridgeRule { name, ..desired() };
    let all: Vec<_> = (0..7).map(|at| named(format!("rule-{at}"))).collect();
    for rule in &all {
        create(&fake, rule).await.unwrap();
    }
    create(&fake, &on_own_bus()).await.unwrap();
    fake.state.lock().unwrap().page = 3;
    fake.script.forget();
    // The index does not know them yet.
    let aws = Aws::mocked(Vec::new(), |clients| fake.put(clients));
    let wanted = [all[0].clone(), all[6].clone(), on_own_bus(), named("new".into())];
    let seen = observe(&aws, &wanted).await;
    assert_eq!(ours(&seen.wanted[1]).name, "rule-6");
    assert_eq!(ours(&seen.wanted[2]).bus_name, "mission-security");
    assert_eq!(seen.wanted[3], Presence::Absent);
    assert_eq!((fake.script.count("rules"), fake.script.count("tags")), (4, 3));
    assert_eq!(fake.script.log().len(), 7);
}

/// Tags are taken from the index only if it has the wanted ones. If it has others, it may just lag behind.
#[tokio::test(start_paused = true)]
async fn tags_are_asked_for_where_the_index_does_not_tell_the_wanted_ones() {
    let fake = Fake::new(REGION);
    let named = |name: &str| EventbridgeRule {
        name: name.into(),
        ..desired()
    };
    let (first, second) = (named("first"), named("second"));
    for rule in [&first, &second] {
        create(&fake, rule).await.unwrap();
    }
    fake.script.forget();
    let wanted = [first, second];
    let seen = observe(&fake.aws(), &wanted).await;
    assert_eq!(ours(&seen.wanted[1]).tags, wanted[1].tags);
    assert_eq!(fake.script.log(), ["rules default"]);

    let mut tagged = fake.tagged();
    let behind = tagged.iter_mut().find(|one| one.arn.ends_with("second")).unwrap();
    behind
        .tags
        .insert("alertctl:node".into(), "eventbridge-rule/old".into());
    let aws = Aws::mocked(tagged, |clients| fake.put(clients));
    let seen = observe(&aws, &wanted).await;
    assert_eq!(ours(&seen.wanted[1]).tags, wanted[1].tags);
    assert_eq!(fake.script.count("tags"), 1);

    // Somebody removed a tag: the plan shows the difference.
    fake.state.lock().unwrap().tags.values_mut().for_each(|tags| {
        tags.remove("alertctl:node");
    });
    let seen = observe(&fake.aws(), &wanted).await;
    assert!(!ours(&seen.wanted[0]).tags.contains_key("alertctl:node"));
}

#[tokio::test(start_paused = true)]
async fn what_the_index_still_tells_of_is_no_orphan_unless_it_is_there_and_ours() {
    let fake = Fake::new(REGION);
    with_bus(&fake);
    create(&fake, &desired()).await.unwrap();
    create(&fake, &on_own_bus()).await.unwrap();
    let seen = observe(&fake.aws(), &[desired()]).await;
    assert_eq!(seen.orphans.len(), 1);
    assert_eq!(seen.orphans[0].0, id());
    assert_eq!(
        EventbridgeRule::live_name(&seen.orphans[0].1),
        "mission-security/mission-logins"
    );

    let mut tagged = fake.tagged();
    let arns =
        ["rule/gone", "rule/no-bus/gone"].map(|name| fake.state.lock().unwrap().rule_arn("default", name));
    tagged.extend(arns.map(|arn| Tagged {
        arn,
        tags: owned(&id()),
    }));
    fake.state.lock().unwrap().tags.values_mut().for_each(Tags::clear);
    let aws = Aws::mocked(tagged, |clients| fake.put(clients));
    assert!(observe(&aws, &[]).await.orphans.is_empty());
}

#[tokio::test(start_paused = true)]
async fn refusals_that_pass_are_waited_for_and_others_explained() {
    let fake = Fake::new(REGION);
    fake.script
        .refuse("put", 2, "ConcurrentModificationException", "")
        .refuse("put", 2, "InternalException", "")
        .refuse("put", 3, "ResourceNotFoundException", "Event bus does not exist.");
    let aws = fake.aws();
    // The same run created the bus. A run that created no bus does not wait for one.
    aws.memory.changed("events");
    on_own_bus().create(&step(&aws, known(&[]))).await.unwrap();

    let fake = Fake::new(REGION);
    fake.script.refuse("put", 1, "ResourceNotFoundException", "no");
    assert!(create(&fake, &desired()).await.is_err());
    let reason = "Event pattern is not valid. Reason: Unrecognized match type x";
    fake.script
        .refuse("put", 1, "InvalidEventPatternException", reason);
    let fault = create(&fake, &desired()).await.unwrap_err();
    assert!(fault.to_string().contains("Unrecognized match type") && fault.hint.is_some());
    assert_eq!(fake.script.count("put"), 2);
}

#[tokio::test(start_paused = true)]
async fn delete_removes_targets_that_are_still_there() {
    let fake = Fake::new(REGION);
    let live = create(&fake, &desired()).await.unwrap();
    let target = sdk::Target::builder().id("late").arn("arn:t").build().unwrap();
    let place = ("default".to_owned(), NAME.to_owned());
    fake.state.lock().unwrap().targets.insert(place, vec![target]);
    let aws = fake.aws();
    let cx = step(&aws, known(&[]));
    EventbridgeRule::delete(live.clone(), &cx).await.unwrap();
    let expected = [
        format!("delete {NAME}"),
        format!("remove-targets {NAME} late"),
        format!("delete {NAME}"),
    ];
    assert_eq!(fake.written()[1..], expected);

    fake.script.refuse("delete", 1, "ResourceNotFoundException", "");
    EventbridgeRule::delete(live.clone(), &cx).await.unwrap();
    let start = Instant::now();
    let text = "Rule can't be deleted since it has targets.";
    fake.script.refuse("delete", 1000, "ValidationException", text);
    assert!(EventbridgeRule::delete(live, &cx).await.is_err());
    assert!((290..=300).contains(&start.elapsed().as_secs()));
    assert_eq!(EventbridgeRule::HANDLING.deleted_after, ["eventbridge-targets"]);
}
