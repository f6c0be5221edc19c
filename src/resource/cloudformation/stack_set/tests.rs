use serde_json::json;

use super::*;
use crate::aws::tags::HUB_TAG;
use crate::resource::tests::script::{changes, known, names, node, ours, step};
use crate::resource::{Known, Presence};

mod changing;
mod deleting;
mod failing;
mod fake;
mod missing;
mod scale;

use fake::Fake;

const UNIT: &str = "ou-ab12-11111111";
const A: &str = "111111111111";
const B: &str = "222222222222";
const HUB: &str = "123456789012";
const NAME: &str = "mission-organization";

fn bus() -> Ref<EventbridgeEventBus> {
    let id = node("eventbridge-event-bus", "organization.members");
    Ref::named(id, NAME)
}

fn desired() -> CloudformationStackSet {
    let tags = [(HUB_TAG.to_owned(), "mission".to_owned())];
    CloudformationStackSet {
        name: NAME.into(),
        description: "alertctl stack mission: events of the organization's accounts".into(),
        template: json!({ "Resources": { "Undelivered": { "Type": "AWS::SQS::Queue" } } }),
        parameters: [("HubBus".to_owned(), bus().arn())].into(),
        targets: Targets::Units {
            ous: vec![UNIT.into()],
            except: Vec::new(),
        },
        regions: vec!["us-east-1".into(), "eu-west-1".into()],
        call_as: CallAs::DelegatedAdmin,
        tags: tags.into(),
        bus: bus(),
    }
}

fn by_account(accounts: &[&str]) -> CloudformationStackSet {
    CloudformationStackSet {
        targets: Targets::Accounts(accounts.iter().map(|one| (*one).to_owned()).collect()),
        call_as: CallAs::Own,
        ..desired()
    }
}

fn all_known() -> Known {
    known(&[("eventbridge-event-bus/organization.members", "arn:bus", "")])
}

fn organization() -> Fake {
    Fake::new(&[(UNIT, &[A, B, HUB]), ("ou-ab12-22222222", &["333333333333"])])
}

async fn see(fake: &Fake, wanted: &CloudformationStackSet) -> Presence<Live> {
    let id = node(CloudformationStackSet::KIND, "organization");
    let wanted = [Wanted {
        id: &id,
        desired: wanted,
    }];
    let mut seen = CloudformationStackSet::observe(&fake.aws(), &wanted)
        .await
        .unwrap();
    seen.wanted.remove(0)
}

/// Plans and applies. Returns the fields that changed.
async fn apply(fake: &Fake, wanted: &CloudformationStackSet) -> Result<Vec<String>> {
    let aws = fake.aws();
    let cx = step(&aws, all_known());
    let seen = see(fake, wanted).await;
    fake.script.forget();
    let (live, changed) = match seen {
        Presence::Absent => (wanted.create(&cx).await?, vec!["new".to_owned()]),
        Presence::Ours(live) | Presence::Foreign(live) => {
            let changes = changes(wanted, &live, &all_known());
            if changes.is_empty() {
                return Ok(Vec::new());
            }
            let names = names(&changes);
            (wanted.update(live, &changes, &cx).await?, names)
        }
    };
    wanted.settle(&live, &cx).await?;
    Ok(changed)
}

#[tokio::test(start_paused = true)]
async fn a_set_reaches_every_account_of_its_units_but_the_hubs() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    assert_eq!(
        fake.written(),
        [
            format!("create {NAME}"),
            format!("create-instances {UNIT} DIFFERENCE {HUB} in eu-west-1,us-east-1"),
        ]
    );
    let seen = see(&fake, &desired()).await;
    let live = ours(&seen);
    assert_eq!(live.instances.reach(), "4 stacks: 2 accounts × 2 regions");
    let changes = changes(&desired(), live, &all_known());
    assert!(changes.is_empty(), "{changes:?}");
    let health = CloudformationStackSet::about(live).health.unwrap();
    assert_eq!(health.verdict, crate::resource::Verdict::Healthy);
    // The hub's account would take what carries its own tag for leftovers.
    assert!(!live.tags.keys().any(|key| key == crate::aws::tags::STACK_TAG));
    assert_eq!(live.tags[EXCEPT_TAG], HUB);
    assert_eq!(live.tags[HUB_ACCOUNT_TAG], HUB);
}

#[tokio::test(start_paused = true)]
async fn accounts_by_name_need_no_units() {
    let fake = organization();
    apply(&fake, &by_account(&[A, B])).await.unwrap();
    assert_eq!(
        fake.written()[1],
        format!("create-instances {A},{B} in eu-west-1,us-east-1")
    );
    let changed = apply(&fake, &by_account(&[B, HUB])).await.unwrap();
    assert_eq!(changed, ["accounts"]);
    assert_eq!(
        fake.written(),
        [
            format!("delete-instances {A} in eu-west-1,us-east-1"),
            format!("create-instances {HUB} in eu-west-1,us-east-1"),
        ]
    );
    assert_eq!(
        apply(&fake, &by_account(&[B, HUB])).await.unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_the_bus_makes_no_call_and_one_with_it_finds_what_is_left() {
    let fake = organization();
    let observed =
        CloudformationStackSet::observe(&fake.with_buses(&["mission-x", "other-organization"]), &[]).await;
    assert!(observed.unwrap().orphans.is_empty() && fake.script.log().is_empty());
    apply(&fake, &desired()).await.unwrap();
    fake.script.forget();
    let orphans = CloudformationStackSet::observe(&fake.aws(), &[])
        .await
        .unwrap()
        .orphans;
    assert_eq!(orphans.len(), 1, "{orphans:?}");
    assert_eq!(fake.script.log()[0], format!("describe {NAME} SELF"));
    let another = Live {
        tags: [(HUB_TAG.to_owned(), "other".to_owned())].into(),
        ..orphans[0].1.clone()
    };
    fake.state.lock().unwrap().sets.get_mut(NAME).unwrap().tags = another.tags;
    assert!(matches!(see(&fake, &desired()).await, Presence::Foreign(_)));
    let orphans = CloudformationStackSet::observe(&fake.aws(), &[])
        .await
        .unwrap()
        .orphans;
    assert!(orphans.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_set_of_a_stack_of_this_name_in_another_account_is_foreign() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    let there = |set: &mut fake::StackSet| set.tags.insert(HUB_ACCOUNT_TAG.into(), A.into());
    { fake.state.lock().unwrap() }
        .sets
        .values_mut()
        .for_each(|set| drop(there(set)));
    assert!(matches!(see(&fake, &desired()).await, Presence::Foreign(_)));
    let aws = fake.aws();
    let fault = desired().create(&step(&aws, all_known())).await.unwrap_err();
    assert!(
        fault.is(&["NameAlreadyExistsException"]) && fault.hint.is_some(),
        "{fault}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_no_delegated_administrator_has_made_no_set_in_that_role() {
    let fake = organization();
    let text = "Account used is not a delegated administrator";
    fake.script
        .pass("describe", 1)
        .refuse("describe", 1, "ValidationError", text);
    let observed = CloudformationStackSet::observe(&fake.aws(), &[]).await.unwrap();
    assert!(observed.orphans.is_empty());
    assert_eq!(fake.script.count("describe"), 2);
}

#[test]
fn many_exceptions_go_into_several_tags() {
    let except = (0..40).map(|number| Text::from(format!("{number:012}")));
    let wanted = CloudformationStackSet {
        targets: Targets::Units {
            ous: vec![UNIT.into()],
            except: except.collect(),
        },
        ..desired()
    };
    let tags = wanted.all_tags(&all_known());
    assert!(tags.values().all(|value| value.len() <= 256), "{tags:?}");
    let listed: usize = tags
        .iter()
        .filter(|(key, _)| key.starts_with(EXCEPT_TAG))
        .map(|(_, list)| list.split(' ').count())
        .sum();
    assert_eq!(listed, 41);
}

#[test]
fn a_template_that_no_call_takes_is_refused_before_anything_is_made() {
    let wanted = CloudformationStackSet {
        template: json!({ "Description": "x".repeat(LARGEST) }),
        ..desired()
    };
    let fault = wanted.template_body().unwrap_err();
    assert!(fault.to_string().contains("51200"), "{fault}");
}
