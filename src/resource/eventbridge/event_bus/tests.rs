use aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusOutput;

use super::*;
use crate::aws::tags::Tagged;
use crate::resource::NodeId;
use crate::resource::tests::eventbridge_fake::Fake;
use crate::resource::tests::script::{changes, known, names, node, ours, owned, step};

const REGION: &str = "eu-west-1";

fn id() -> NodeId {
    node("eventbridge-event-bus", "security")
}

fn desired() -> EventbridgeEventBus {
    EventbridgeEventBus {
        name: "mission-security".into(),
        description: Some("sign-ins".into()),
        policy: None,
        tags: owned(&id()),
    }
}

async fn observe(fake: &Fake, wanted: &[EventbridgeEventBus]) -> Observed<Live> {
    let id = id();
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    EventbridgeEventBus::observe(&fake.aws(), &wanted).await.unwrap()
}

async fn create(fake: &Fake) -> Result<Live> {
    let aws = fake.aws();
    desired().create(&step(&aws, known(&[]))).await
}

#[tokio::test(start_paused = true)]
async fn one_call_makes_it_and_reading_it_back_shows_no_difference() {
    let fake = Fake::new(REGION);
    let made = create(&fake).await.unwrap();
    assert_eq!(
        fake.written(),
        ["create-bus mission-security Some(\"sign-ins\") tags=2"]
    );
    assert!(changes(&desired(), &made, &known(&[])).is_empty());
    let seen = observe(&fake, &[desired()]).await;
    assert_eq!(ours(&seen.wanted[0]), &made);
    assert!(seen.orphans.is_empty());
    assert_eq!(observe(&fake, &[]).await.orphans, [(id(), made)]);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_there_is_brought_up_to_date_when_ours_and_else_refused() {
    let fake = Fake::new(REGION);
    create(&fake).await.unwrap();
    fake.state
        .lock()
        .unwrap()
        .buses
        .get_mut("mission-security")
        .unwrap()
        .description = None;
    assert_eq!(
        create(&fake).await.unwrap().description.as_deref(),
        Some("sign-ins")
    );
    assert_eq!(fake.script.count("update-bus"), 1);

    fake.state.lock().unwrap().tags.values_mut().for_each(Tags::clear);
    let fault = create(&fake).await.unwrap_err();
    assert!(fault.is(&["ResourceAlreadyExistsException"]) && fault.hint.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_new_description_leaves_the_key_of_somebody_else_in_place() {
    let fake = Fake::new(REGION);
    create(&fake).await.unwrap();
    let with_key = |bus: &mut DescribeEventBusOutput| bus.kms_key_identifier = Some("key".into());
    fake.state.lock().unwrap().buses.values_mut().for_each(with_key);
    let wanted = EventbridgeEventBus {
        description: None,
        ..desired()
    };
    let seen = observe(&fake, std::slice::from_ref(&wanted)).await;
    let live = ours(&seen.wanted[0]).clone();
    let changes = changes(&wanted, &live, &known(&[]));
    assert_eq!(names(&changes), ["description"]);
    let aws = fake.aws();
    wanted
        .update(live, &changes, &step(&aws, known(&[])))
        .await
        .unwrap();
    assert_eq!(
        fake.written()[1..],
        ["update-bus mission-security Some(\"\") Some(\"key\")"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_default_bus_is_nobodys_orphan() {
    let fake = Fake::new(REGION);
    let arn = fake.state.lock().unwrap().bus_arn("default");
    let tagged = Tagged {
        arn,
        tags: owned(&id()),
    };
    let aws = Aws::mocked(vec![tagged], |clients| fake.put(clients));
    let seen = EventbridgeEventBus::observe(&aws, &[]).await.unwrap();
    assert!(seen.orphans.is_empty() && fake.script.log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn delete_waits_for_rules_to_go_and_then_names_what_holds_it() {
    let fake = Fake::new(REGION);
    let live = create(&fake).await.unwrap();
    let aws = fake.aws();
    let cx = step(&aws, known(&[]));
    let text = "Event bus can't be deleted since it has rules.";
    fake.script.refuse("delete-bus", 3, "ValidationException", text);
    EventbridgeEventBus::delete(live.clone(), &cx).await.unwrap();
    fake.script
        .refuse("delete-bus", 1, "ResourceNotFoundException", "");
    EventbridgeEventBus::delete(live.clone(), &cx).await.unwrap();
    fake.script
        .refuse("delete-bus", 1000, "ValidationException", text);
    let fault = EventbridgeEventBus::delete(live, &cx).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("not this stack's"));
    for kind in ["eventbridge-rule", "eventbridge-targets"] {
        assert!(EventbridgeEventBus::HANDLING.deleted_after.contains(&kind));
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_service_is_asked_again() {
    let fake = Fake::new(REGION);
    fake.script
        .refuse("create-bus", 2, "ConcurrentModificationException", "")
        .refuse("create-bus", 2, "InternalException", "");
    create(&fake).await.unwrap();
    assert_eq!(fake.script.count("create-bus"), 5);
}

#[test]
fn a_full_quota_is_a_fault_with_a_way_on() {
    for action in ["events:CreateEventBus", "events:PutRule", "events:PutTargets"] {
        let fault = Fault::new(action, "LimitExceededException", "too many");
        let hint = crate::resource::eventbridge::explained(fault).hint.unwrap();
        assert!(hint.contains("Service Quotas"), "{hint}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_it_remembers_of_stacks_in_other_accounts_stays_and_keeps_it_until_they_were_looked_at() {
    let fake = Fake::new(REGION);
    let live = create(&fake).await.unwrap();
    let record = (
        "alertctl:spoke:444455556666:us-east-1".to_owned(),
        "deploy hub".to_owned(),
    );
    let state = || fake.state.lock().unwrap();
    state().tags.get_mut(&live.arn).unwrap().extend([record]);
    let seen = observe(&fake, &[desired()]).await;
    let live = ours(&seen.wanted[0]).clone();
    assert!(changes(&desired(), &live, &known(&[])).is_empty());
    let other = EventbridgeEventBus {
        description: None,
        ..desired()
    };
    let aws = fake.aws();
    let cx = step(&aws, known(&[]));
    let changes = changes(&other, &live, &known(&[]));
    other.update(live.clone(), &changes, &cx).await.unwrap();
    assert_eq!(fake.script.count("untag"), 0);
    let fault = EventbridgeEventBus::delete(live, &cx).await.unwrap_err();
    assert!(fault.to_string().contains("444455556666, us-east-1"), "{fault}");
    assert_eq!(fake.script.count("delete-bus"), 0);
}
