//! What an update does with the set and its instances.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_new_template_goes_to_all_and_keeps_others_tags() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    let mark = |set: &mut fake::StackSet| set.tags.insert("auto".into(), "tagger".into());
    { fake.state.lock().unwrap() }
        .sets
        .values_mut()
        .for_each(|set| drop(mark(set)));
    let wanted = CloudformationStackSet {
        template: json!({ "Resources": {} }),
        ..desired()
    };
    assert_eq!(apply(&fake, &wanted).await.unwrap(), ["template"]);
    assert_eq!(fake.written(), ["update all, auto Some(true)"]);
    let state = fake.state.lock().unwrap();
    assert_eq!(state.sets[NAME].tags["auto"], "tagger");
    assert_eq!(state.sets[NAME].template, r#"{"Resources":{}}"#);
}

#[tokio::test(start_paused = true)]
async fn units_and_regions_come_and_go() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    let other = "ou-ab12-22222222";
    let wanted = CloudformationStackSet {
        targets: Targets::Units {
            ous: vec![other.into(), UNIT.into()],
            except: Vec::new(),
        },
        regions: vec!["eu-west-1".into(), "ap-northeast-2".into()],
        ..desired()
    };
    assert_eq!(apply(&fake, &wanted).await.unwrap(), ["ous", "regions"]);
    assert_eq!(
        fake.written(),
        [
            format!("delete-instances {UNIT} NONE  in us-east-1").replace("  in", " in"),
            format!("create-instances {other} DIFFERENCE {HUB} in ap-northeast-2,eu-west-1"),
            format!("create-instances {UNIT} DIFFERENCE {HUB} in ap-northeast-2"),
        ]
    );
    assert_eq!(apply(&fake, &wanted).await.unwrap(), Vec::<String>::new());
    assert_eq!(apply(&fake, &desired()).await.unwrap(), ["ous", "regions"]);
    let reach = ours(&see(&fake, &desired()).await).instances.reach();
    assert_eq!(reach, "4 stacks: 2 accounts × 2 regions");
}

/// The unit that leaves may be below one that stays: the deletion takes the instances of both.
#[tokio::test(start_paused = true)]
async fn a_unit_that_leaves_does_not_take_what_another_one_wants() {
    let fake = organization();
    let other = "ou-ab12-22222222";
    let both = CloudformationStackSet {
        targets: Targets::Units {
            ous: vec![other.into(), UNIT.into()],
            except: Vec::new(),
        },
        ..desired()
    };
    apply(&fake, &both).await.unwrap();
    fake.written();
    apply(&fake, &desired()).await.unwrap();
    let written = fake.written();
    assert!(
        written[0].starts_with(&format!("delete-instances {other} ")),
        "{written:?}"
    );
    assert!(
        written[1].starts_with(&format!("create-instances {UNIT} ")),
        "{written:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_excepted_loses_its_stacks_and_gets_them_back() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    let without = CloudformationStackSet {
        targets: Targets::Units {
            ous: vec![UNIT.into()],
            except: vec![Text::from(B)],
        },
        ..desired()
    };
    assert_eq!(apply(&fake, &without).await.unwrap(), ["tags.alertctl:except"]);
    let left = ours(&see(&fake, &without).await).instances.accounts();
    assert_eq!(left, [A]);
    assert_eq!(apply(&fake, &without).await.unwrap(), Vec::<String>::new());
    apply(&fake, &desired()).await.unwrap();
    assert_eq!(ours(&see(&fake, &desired()).await).instances.accounts(), [A, B]);
}

#[tokio::test(start_paused = true)]
async fn units_beyond_fifty_are_in_several_calls() {
    let names: Vec<_> = (0..120).map(|number| format!("ou-ab12-{number:08}")).collect();
    let units: Vec<(&str, &[&str])> = names.iter().map(|unit| (unit.as_str(), [].as_slice())).collect();
    let fake = Fake::new(&units);
    let wanted = CloudformationStackSet {
        targets: Targets::Units {
            ous: names.clone(),
            except: Vec::new(),
        },
        ..desired()
    };
    apply(&fake, &wanted).await.unwrap();
    assert_eq!(fake.script.count("create-instances"), 3);
    // Units without accounts have no instances, and nothing is missing in them.
    assert_eq!(apply(&fake, &wanted).await.unwrap(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_set_that_takes_one_operation_at_a_time_is_waited_for() {
    let fake = organization();
    apply(&fake, &desired()).await.unwrap();
    {
        let mut state = fake.state.lock().unwrap();
        state.looks = 3;
        state.sets.get_mut(NAME).unwrap().managed = false;
    }
    let wanted = CloudformationStackSet {
        regions: vec!["ap-northeast-2".into()],
        ..desired()
    };
    apply(&fake, &wanted).await.unwrap();
    let reach = ours(&see(&fake, &wanted).await).instances.reach();
    assert_eq!(reach, "2 stacks: 2 accounts × 1 region");
}

#[tokio::test(start_paused = true)]
async fn a_killed_run_finds_its_operation_again() {
    let fake = organization();
    let aws = fake.aws();
    fake.state.lock().unwrap().looks = 5;
    // Killed between the two calls: there is a set and no instance.
    fake.script
        .refuse("create-instances", 1, "AccessDenied", "killed");
    desired().create(&step(&aws, all_known())).await.unwrap_err();
    assert_eq!(apply(&fake, &desired()).await.unwrap(), ["ous", "regions"]);
    // Killed while it waits.
    let wanted = CloudformationStackSet {
        template: json!({ "Resources": {} }),
        ..desired()
    };
    let live = ours(&see(&fake, &wanted).await).clone();
    let cx = step(&aws, all_known());
    let planned = changes(&wanted, &live, &all_known());
    let first = wanted.update(live.clone(), &planned, &cx).await.unwrap();
    // The next run plans from what it saw before, and starts nothing twice.
    let second = wanted.update(live, &planned, &cx).await.unwrap();
    assert_eq!(first.started, second.started);
    assert_eq!(fake.script.count("update"), 1);
    wanted.settle(&second, &cx).await.unwrap();
    assert_eq!(apply(&fake, &wanted).await.unwrap(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_is_no_second_operation() {
    let fake = organization();
    let exists = "OperationIdAlreadyExistsException";
    apply(&fake, &desired()).await.unwrap();
    let wanted = CloudformationStackSet {
        description: "another".into(),
        ..desired()
    };
    fake.script.refuse("update", 1, exists, "");
    // The id is taken, and the operation under it is unknown or over: the next attempt has another id.
    assert_eq!(apply(&fake, &wanted).await.unwrap(), ["description"]);
    assert_eq!(fake.script.count("update"), 2);
}
