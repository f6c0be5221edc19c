use super::*;

#[tokio::test(start_paused = true)]
async fn a_topic_is_listed_once_and_a_strangers_subscription_left_alone() {
    let mail = listed("email", "left@example.com", "2");
    let stranger = listed("email", "stranger@example.com", "3");
    let mut fake = Fake::of(&[relay(), mail]);
    fake.list.push(stranger);
    fake.list.push(listed("email", "left@example.com", "Deleted"));
    let seen = fake.observe(&[desired(), to("email", "new@example.com")]).await;
    let mut log = fake.script.log();
    log.sort();
    let expected = [
        "attributes 1",
        "attributes 2",
        "list mission-sns",
        "list mission-sns 2",
        "tags mission-sns",
    ];
    assert_eq!(log, expected);
    assert!(changes(&desired(), ours(&seen.wanted[0]), &known(&[])).is_empty());
    assert_eq!(seen.wanted[1], Presence::Absent);
    let names: Vec<_> = seen
        .orphans
        .iter()
        .map(|(_, live)| SnsSubscription::live_name(live))
        .collect();
    assert_eq!(names, ["email left@example.com → mission-sns"]);
    let mark = mark("email", "left@example.com");
    assert_eq!(
        seen.orphans[0].0.to_string(),
        format!("sns-subscription/mission-sns/email/{mark}")
    );
}

#[tokio::test(start_paused = true)]
async fn subscriptions_of_topics_that_left_the_file_are_found_by_the_topics_tag() {
    let fake = Fake::of(&[relay()]);
    let topic = tagged(TOPIC, fake.tags.lock().unwrap().clone());
    let aws = fake.aws_with(vec![topic]);
    assert_eq!(observe(&aws, &[]).await.orphans.len(), 1);
    assert_eq!(fake.script.count("tags"), 0);
}

#[tokio::test(start_paused = true)]
async fn on_a_strangers_topic_it_is_a_strangers_and_nothing_is_an_orphan() {
    let fake = Fake::of(&[relay(), listed("email", "left@example.com", "2")]);
    fake.tags
        .lock()
        .unwrap()
        .insert("alertctl:stack".into(), "other".into());
    let seen = fake.observe(&[desired()]).await;
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)));
    assert!(seen.orphans.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_between_list_and_read_is_absent() {
    let fake = Fake::of(&[relay()]);
    fake.script
        .refuse("attributes", 1, "NotFound", "Subscription does not exist");
    assert_eq!(fake.observe(&[desired()]).await.wanted, [Presence::Absent]);
    let fake = Fake::of(&[]);
    fake.script.refuse("list", 1, "NotFound", "Topic does not exist");
    fake.script
        .refuse("tags", 1, "ResourceNotFound", "Resource does not exist");
    assert_eq!(fake.observe(&[desired()]).await.wanted, [Presence::Absent]);
}

#[tokio::test(start_paused = true)]
async fn a_pending_one_is_no_change_is_not_asked_for_again_and_says_who_it_waits_for() {
    for word in ["PendingConfirmation", "pending confirmation"] {
        let fake = Fake::of(&[listed("email", "oncall@example.com", word)]);
        let mut wanted = to("email", "oncall@example.com");
        wanted.filter_policy = desired().filter_policy;
        let seen = fake.observe(std::slice::from_ref(&wanted)).await;
        let live = ours(&seen.wanted[0]);
        assert!(changes(&wanted, live, &known(&[])).is_empty());
        let remark = SnsSubscription::about(live).remark.unwrap();
        assert_eq!(remark, "waiting for confirmation by oncall@example.com");
        assert_eq!(fake.script.count("attributes"), 0);
    }
    let fake = Fake::of(&[relay()]);
    let seen = fake.observe(&[desired()]).await;
    assert_eq!(SnsSubscription::about(ours(&seen.wanted[0])).remark, None);
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_one_wins_over_a_pending_one() {
    let pending = listed("email", "oncall@example.com", "PendingConfirmation");
    let fake = Fake::of(&[pending, listed("email", "oncall@example.com", "7")]);
    let seen = fake.observe(&[to("email", "oncall@example.com")]).await;
    assert!(SnsSubscription::output(ours(&seen.wanted[0])).arn.ends_with(":7"));
}

#[tokio::test(start_paused = true)]
async fn a_password_is_compared_as_sns_masks_it_and_shown_nowhere() {
    let shown = "https://user:****@example.com:8443/hooks/token?key=secret";
    assert_eq!(masked(HOOK), shown);
    assert_eq!(masked(shown), shown);
    assert_eq!(masked("https://example.com/a:b@c"), "https://example.com/a:b@c");
    assert_eq!(mark("https", HOOK), mark("https", shown));
    let wanted = to("https", HOOK);
    // An emulated SNS returns it unmasked.
    for endpoint in [shown, HOOK] {
        let fake = Fake::of(&[listed("https", endpoint, "1")]);
        let fake = fake.with("FilterPolicy", None).with("RedrivePolicy", None);
        let seen = fake.observe(std::slice::from_ref(&wanted)).await;
        assert!(changes(&wanted, ours(&seen.wanted[0]), &known(&[])).is_empty());
    }
    let fake = Fake::of(&[listed("https", HOOK, "1")]);
    let seen = fake.observe(std::slice::from_ref(&wanted)).await;
    let live = ours(&seen.wanted[0]);
    let fields = wanted.fields(&known(&[]));
    let shown = format!(
        "{} {} {:?} {:?}",
        wanted.name(),
        SnsSubscription::live_name(live),
        fields,
        SnsSubscription::live_fields(live)
    );
    assert!(
        !shown.contains("pass") && !shown.contains("token") && !shown.contains("secret"),
        "{shown}"
    );
    assert_eq!(wanted.name(), "https https://example.com:8443 → mission-sns");
}
