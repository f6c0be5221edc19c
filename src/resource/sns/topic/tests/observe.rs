use super::*;

#[tokio::test(start_paused = true)]
async fn observing_reads_wanted_and_listed_topics_and_tells_whose_they_are() {
    let fake = Fake::new();
    let listed = ["mission-sns", "old", "old:11111111-2222-3333-4444-555555555555"];
    let arn = |name: &str| format!("arn:aws:sns:eu-west-1:123456789012:{name}");
    let listed = listed.map(|name| tagged(&arn(name), owned(&id())));
    let seen = observe(&fake.aws_with(listed.to_vec()), &[desired()]).await;
    let mut log = fake.script.log();
    log.sort();
    assert_eq!(
        log,
        [
            "attributes mission-sns",
            "attributes old",
            "tags mission-sns",
            "tags old"
        ]
    );
    assert!(changes(&desired(), ours(&seen.wanted[0]), &all_known()).is_empty());
    assert_eq!(seen.orphans.len(), 1);
    assert_eq!(SnsTopic::live_name(&seen.orphans[0].1), "old");

    let fake = Fake::new();
    fake.script
        .refuse("attributes", 1, "NotFound", "Topic does not exist");
    fake.script
        .refuse("tags", 1, "ResourceNotFound", "Resource does not exist");
    assert_eq!(
        observe(&fake.aws(), &[desired()]).await.wanted,
        [Presence::Absent]
    );

    let fake = Fake::new();
    fake.tags
        .lock()
        .unwrap()
        .insert("alertctl:stack".into(), "other".into());
    let seen = observe(
        &fake.aws_with(vec![tagged(&arn("old"), owned(&id()))]),
        &[desired()],
    )
    .await;
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)));
    // The index still lists it, but it is no longer ours, so it is no orphan.
    assert!(seen.orphans.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_bare_id_of_the_key_is_no_difference() {
    let live = Fake::new()
        .with("KmsMasterKeyId", KEY.rsplit('/').next().unwrap())
        .live()
        .await;
    assert!(changes(&desired(), &live, &all_known()).is_empty());
    // A key that does not exist yet is a change that is known after apply.
    let changes = changes(&desired(), &live, &known(&[]));
    let after = Some(Shown::AfterApply("kms-key/main".into()));
    assert!(changes.iter().all(|change| change.to == after) && changes.touch("kms_key"));
}
