use super::*;

#[tokio::test(start_paused = true)]
async fn alarms_are_described_a_hundred_a_call_and_tags_come_from_the_list() {
    let fake = Fake::default();
    let wanted: Vec<_> = (0..250)
        .map(|n| CloudwatchAlarm {
            name: format!("alarm-{n}"),
            ..desired()
        })
        .collect();
    for alarm in &wanted[..150] {
        fake.create(alarm).await.unwrap();
    }
    let arn = |name: &str| format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}");
    let listed = wanted[..149]
        .iter()
        .map(|alarm| tagged(&arn(&alarm.name), owned(&id())));
    let before = fake.script.log().len();
    let seen = observe(&fake.aws_with(listed.collect()), &wanted).await;
    let types = "[MetricAlarm, CompositeAlarm, LogAlarm]";
    let mut log = fake.script.log()[before..].to_vec();
    log.sort();
    // The alarm that the index does not contain yet is asked for its tags directly.
    let describes = [100, 100, 50].map(|n| format!("describe {n} {types}"));
    assert_eq!(log[..3], describes);
    assert_eq!(log[3..], [format!("tags {ARN}")]);
    assert!(
        seen.wanted[..150]
            .iter()
            .all(|one| matches!(one, Presence::Ours(_)))
    );
    assert!(seen.wanted[150..].iter().all(|one| *one == Presence::Absent));
    assert!(seen.orphans.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_left_the_file_is_found_by_tag_and_a_strangers_alarm_is_foreign() {
    let fake = Fake::default();
    fake.create(&desired()).await.unwrap();
    let aws = fake.aws_with(vec![tagged(ARN, owned(&id()))]);
    let seen = observe(&aws, &[]).await;
    assert_eq!(seen.orphans[0].0, id());
    // An alarm that would be deleted is asked for its owner.
    assert_eq!(fake.script.count("tags"), 1);

    fake.tags.lock().unwrap().clear();
    let seen = observe(&fake.aws(), &[desired()]).await;
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)));
}

/// The tagging index still has the tags of the deleted alarm with this name.
#[tokio::test(start_paused = true)]
async fn an_alarm_that_somebody_made_anew_is_neither_changed_nor_deleted() {
    let fake = Fake::default();
    fake.create(&desired()).await.unwrap();
    *fake.tags.lock().unwrap() = Tags::from([("team".into(), "other".into())]);
    let index = || fake.aws_with(vec![tagged(ARN, owned(&id()))]);
    assert!(observe(&index(), &[]).await.orphans.is_empty());
    let changed = CloudwatchAlarm {
        condition: Some(Condition {
            threshold: Some(80.0),
            ..condition()
        }),
        ..desired()
    };
    let seen = observe(&index(), &[changed]).await;
    let Presence::Foreign(live) = &seen.wanted[0] else {
        panic!("{seen:?}");
    };
    assert_eq!(live.tags, *fake.tags.lock().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_change_of_tags_is_not_told_again_while_the_index_is_behind() {
    let fake = Fake::default();
    let mut wanted = desired();
    wanted.tags = tags::owned("mission", &id(), &Tags::from([("team".into(), "a".into())]));
    fake.create(&wanted).await.unwrap();
    let aws = fake.aws_with(vec![tagged(ARN, owned(&id()))]);
    let seen = observe(&aws, std::slice::from_ref(&wanted)).await;
    let changes = changes(&wanted, ours(&seen.wanted[0]), &known(&[]));
    assert!(changes.is_empty(), "{changes:?}");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_goes_while_it_is_looked_at_is_absent() {
    let fake = Fake::default();
    fake.create(&desired()).await.unwrap();
    fake.script.refuse("tags", 2, "ResourceNotFoundException", "");
    let seen = observe(&fake.aws(), &[desired()]).await;
    assert_eq!(seen.wanted, [Presence::Absent]);
    let seen = observe(&fake.aws_with(vec![tagged(ARN, owned(&id()))]), &[]).await;
    assert!(seen.orphans.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_composite_alarm_of_the_same_name_is_a_conflict_and_adopting_replaces_it() {
    let fake = Fake::default();
    let composite = CompositeAlarm::builder()
        .alarm_name("mission-cpu")
        .alarm_arn(ARN)
        .build();
    fake.composite.lock().unwrap().push(composite);
    let seen = observe(&fake.aws(), &[desired()]).await;
    let Presence::Foreign(live) = &seen.wanted[0] else {
        panic!("{seen:?}");
    };
    assert!(changes(&desired(), live, &known(&[])).replace());
}
