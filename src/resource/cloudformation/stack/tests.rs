use serde_json::json;

use super::*;
use crate::resource::tests::script::{Script, changes, known, names, node, ours, owned, step, tagged};

mod failing;
mod fake;
mod recovering;

use fake::Fake;

const BUS: &str = "arn:aws:events:eu-west-1:123456789012:event-bus/mission-organization";
const STACKS: &str = "arn:aws:cloudformation:eu-central-1:444455556666:stack/";
const NAME: &str = "mission-organization";
const RECORD: (&str, &str) = (
    "alertctl:spoke:444455556666:eu-central-1",
    "alertctl-deploy mission-organization",
);

fn id() -> NodeId {
    node(record::KIND, "444455556666.eu-central-1")
}

pub(super) fn desired() -> CloudformationStack {
    let bus = node(EventbridgeEventBus::KIND, "organization.members");
    let bus = Ref::named(bus, NAME);
    CloudformationStack {
        name: NAME.into(),
        account: "444455556666".into(),
        role: "alertctl-deploy".into(),
        region: "eu-central-1".into(),
        description: "Forwards to the hub".into(),
        template: json!({ "Resources": { "Alarms": { "Type": "AWS::Events::Rule" } } }),
        parameters: [("HubBus".to_owned(), bus.arn())].into(),
        tags: [("alertctl:hub".to_owned(), "mission".to_owned())].into(),
        bus,
    }
}

/// What is known once the bus is there.
fn now() -> Known {
    known(&[("eventbridge-event-bus/organization.members", BUS, "")])
}

async fn observe(aws: &Aws, wanted: &[CloudformationStack]) -> Observed<Live> {
    let id = id();
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    CloudformationStack::observe(aws, &wanted).await.unwrap()
}

/// What a run does with the stack.
async fn apply(fake: &Fake, desired: &CloudformationStack) -> Result<Live> {
    let aws = fake.aws();
    let cx = step(&aws, now());
    let seen = observe(&aws, std::slice::from_ref(desired)).await;
    let live = match seen.wanted.into_iter().next().unwrap() {
        Presence::Absent => desired.create(&cx).await?,
        Presence::Ours(live) | Presence::Foreign(live) => {
            let changes = changes(desired, &live, &now());
            match changes.is_empty() {
                true => return Ok(live),
                false => desired.update(live, &changes, &cx).await?,
            }
        }
    };
    desired.settle(&live, &cx).await.map(|()| live)
}

/// What differs for the next run.
async fn differs(fake: &Fake) -> Vec<String> {
    let seen = observe(&fake.aws(), &[desired()]).await;
    names(&changes(&desired(), ours(&seen.wanted[0]), &now()))
}

#[tokio::test(start_paused = true)]
async fn the_hub_remembers_the_stack_before_it_is_made_and_until_it_is_gone() {
    let fake = Fake::new();
    apply(&fake, &desired()).await.unwrap();
    assert_eq!(fake.written(), ["tag 1", "create mission-organization"]);
    assert_eq!(fake.records(), [(RECORD.0.to_owned(), RECORD.1.to_owned())]);
    assert!(differs(&fake).await.is_empty());
    let stack = fake.cloud().find(NAME).unwrap().clone();
    let body: Value = serde_json::from_str(&stack.body).unwrap();
    assert_eq!(body["Description"], "Forwards to the hub");
    assert_eq!(stack.parameters[0].parameter_value(), Some(BUS));

    // The target left the file, and the index still knows nothing of the bus's new tag.
    fake.script.forget();
    let aws = fake.aws();
    let seen = observe(&aws, &[]).await;
    let [(orphan, live)] = &seen.orphans[..] else {
        panic!("{seen:?}")
    };
    assert_eq!(*orphan, id());
    assert_eq!(CloudformationStack::output(live).arn, stack.id);
    let cx = step(&aws, now());
    CloudformationStack::delete(live.clone(), &cx).await.unwrap();
    assert_eq!(
        fake.written(),
        [format!("delete {}", stack.id), format!("untag {}", RECORD.0)]
    );
    assert!(fake.records().is_empty() && fake.cloud().find(NAME).is_none());
    assert!(observe(&fake.aws(), &[]).await.orphans.is_empty());
    CloudformationStack::delete(live.clone(), &cx).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_an_organization_makes_no_call() {
    let fake = Fake::new();
    let other = "arn:aws:events:eu-west-1:123456789012:event-bus/mission-security";
    let id = node(EventbridgeEventBus::KIND, "security");
    let aws = fake.aws_with(vec![tagged(other, owned(&id))]);
    assert!(observe(&aws, &[]).await.orphans.is_empty());
    assert!(fake.script.log().is_empty());
    // A target leads to the bus even if the index does not list it yet.
    fake.remember(
        "alertctl:spoke:444455556666:eu-central-1",
        "alertctl-deploy another-name",
    );
    let seen = observe(&fake.aws_with(Vec::new()), &[desired()]).await;
    assert!(matches!(seen.wanted[..], [Presence::Absent]));
    assert_eq!(seen.orphans[0].1.place.name, "another-name");
}

#[tokio::test(start_paused = true)]
async fn what_differs_is_updated_and_nothing_else() {
    let fake = Fake::new();
    apply(&fake, &desired()).await.unwrap();
    fake.script.forget();
    apply(&fake, &desired()).await.unwrap();
    assert!(fake.written().is_empty());

    let mut other = desired();
    other.template["Resources"]["Logins"] = json!({ "Type": "AWS::Events::Rule" });
    other.description = "Forwards".into();
    other.tags.insert("team".into(), "a".into());
    let seen = observe(&fake.aws(), &[desired()]).await;
    let changed = changes(&other, ours(&seen.wanted[0]), &now());
    assert_eq!(names(&changed), ["description", "template", "tags.team"]);
    apply(&fake, &other).await.unwrap();
    assert_eq!(fake.written(), ["tag 1", "update mission-organization"]);
    assert_eq!(fake.cloud().find(NAME).unwrap().status, "UPDATE_COMPLETE");
}

#[tokio::test(start_paused = true)]
async fn another_role_is_remembered_and_needs_no_update_of_the_stack() {
    let fake = Fake::new();
    apply(&fake, &desired()).await.unwrap();
    let other = CloudformationStack {
        role: "ops/other".into(),
        ..desired()
    };
    fake.script.forget();
    apply(&fake, &other).await.unwrap();
    // "No updates are to be performed."
    assert_eq!(fake.written(), ["tag 1", "update mission-organization"]);
    assert_eq!(fake.records()[0].1, "ops/other mission-organization");
    assert_eq!(other.subject(), "444455556666:role/ops/other");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_made_is_left_alone_until_it_is_adopted() {
    let fake = Fake::new();
    apply(&fake, &desired()).await.unwrap();
    let strange = aws_sdk_cloudformation::types::Tag::builder()
        .key("team")
        .value("b")
        .build();
    fake.cloud().find(NAME).unwrap().tags = vec![strange];
    let aws = fake.aws();
    let seen = observe(&aws, &[desired()]).await;
    let [Presence::Foreign(live)] = &seen.wanted[..] else {
        panic!("{seen:?}")
    };
    // A target that left the file is only forgotten.
    let left = observe(&fake.aws(), &[]).await.orphans.remove(0).1;
    fake.script.forget();
    CloudformationStack::delete(left, &step(&aws, now()))
        .await
        .unwrap();
    assert_eq!(fake.written(), [format!("untag {}", RECORD.0)]);
    // One that appears while the run is at work is not touched, and not remembered.
    let fault = desired().create(&step(&aws, now())).await.unwrap_err();
    assert!(
        fault.to_string().contains("this stack did not make it"),
        "{fault}"
    );
    assert!(fake.records().is_empty());

    let changes = changes(&desired(), live, &now());
    let taken = desired()
        .update(live.clone(), &changes, &step(&aws, now()))
        .await
        .unwrap();
    desired().settle(&taken, &step(&aws, now())).await.unwrap();
    assert!(differs(&fake).await.is_empty());
    let tags = fake.cloud().find(NAME).unwrap().tags.clone();
    let keys: Vec<_> = tags.iter().filter_map(|tag| tag.key()).collect();
    assert_eq!(
        keys,
        [
            "alertctl:hub",
            "alertctl:hub-account",
            "alertctl:hub-region",
            "team"
        ]
    );
}
