use super::*;

#[tokio::test(start_paused = true)]
async fn one_call_subscribes_with_all_settings() {
    let fake = Fake::of(&[]);
    let (made, notes) = fake.create(&desired()).await.unwrap();
    assert_eq!(fake.script.log(), [SUBSCRIBED]);
    assert!(notes.is_empty());
    assert!(changes(&desired(), &made, &known(&[])).is_empty());
    assert_eq!(SnsSubscription::output(&made).arn, fake.subscribed);
}

#[tokio::test(start_paused = true)]
async fn who_has_to_confirm_is_told_without_showing_tokens() {
    let notes = async |desired: SnsSubscription| {
        let mut fake = Fake::of(&[]);
        fake.subscribed = "pending confirmation";
        let (made, notes) = fake.create(&desired).await.unwrap();
        assert_eq!(SnsSubscription::output(&made).arn, "");
        notes
    };
    let email = notes(to("email", "oncall@example.com")).await;
    assert_eq!(
        email,
        ["confirm the e-mail sent to oncall@example.com: its link is good for 2 days"]
    );
    let https = notes(to("https", HOOK)).await;
    assert_eq!(
        https,
        ["https://example.com:8443 has to confirm the subscription within 2 days"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_topic_made_a_moment_ago_is_waited_for() {
    let fake = Fake::of(&[]);
    fake.script
        .refuse("subscribe", 5, "NotFound", "Topic does not exist");
    fake.create(&desired()).await.unwrap();
    assert_eq!(fake.script.count("subscribe"), 6);
    let fake = Fake::of(&[]);
    fake.script
        .refuse("subscribe", 1_000, "NotFound", "Topic does not exist");
    let start = Instant::now();
    fake.create(&desired()).await.unwrap_err();
    assert!(start.elapsed() <= crate::aws::retry::LIMIT);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_there_with_other_settings_is_brought_to_what_is_wanted() {
    let text = "Invalid parameter: Attributes Reason: Subscription already exists with different attributes";
    let fake = Fake::of(&[relay()]).with("RedrivePolicy", None);
    fake.script.refuse("subscribe", 1, INVALID, text);
    let (made, _) = fake.create(&desired()).await.unwrap();
    let redrive = format!(r#"set RedrivePolicy={{"deadLetterTargetArn":"{QUEUE}"}}"#);
    assert_eq!(fake.written()[1..], [redrive]);
    assert!(changes(&desired(), &made, &known(&[])).is_empty());

    // The subscription is pending, so its settings cannot be changed yet.
    let fake = Fake::of(&[listed("email", "oncall@example.com", "PendingConfirmation")]);
    fake.script.refuse("subscribe", 1, INVALID, text);
    fake.create(&to("email", "oncall@example.com")).await.unwrap();
    assert_eq!(fake.written().len(), 1);

    let fake = Fake::of(&[]);
    fake.script
        .refuse("subscribe", 1, INVALID, "Invalid parameter: Endpoint");
    fake.create(&desired()).await.unwrap_err();
    assert_eq!(fake.script.log().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_filter_quota_is_a_fault_with_a_way_on() {
    let fake = Fake::of(&[]);
    fake.script
        .refuse("subscribe", 1, "FilterPolicyLimitExceeded", "");
    let fault = fake.create(&desired()).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("10,000 filter policies"));
}
