use super::*;

/// The result and duration of settling the subscription, and the number of Subscribe calls meanwhile.
async fn settle(fake: &Fake, desired: &SnsSubscription) -> (Result<()>, Duration, usize) {
    let aws = fake.aws();
    let cx = step(&aws, known(&[]));
    let live = desired.create(&cx).await.unwrap();
    let (start, before) = (Instant::now(), fake.script.count("subscribe"));
    let settled = desired.settle(&live, &cx).await;
    let shown = fake.script.count("subscribe") - before;
    (settled, start.elapsed(), shown)
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_its_topic_lists_is_settled_at_once() {
    let (settled, elapsed, shown) = settle(&Fake::of(&[relay()]), &desired()).await;
    assert_eq!((settled, elapsed, shown), (Ok(()), Duration::ZERO, 0));
}

/// Subscribe returned a subscription of the deleted topic with the same name, which the new topic does not have.
#[tokio::test(start_paused = true)]
async fn a_subscription_of_a_former_topic_is_made_again() {
    let fake = Fake {
        unlisted_for: 2,
        ..Fake::of(&[relay()])
    };
    let (settled, elapsed, shown) = settle(&fake, &desired()).await;
    assert_eq!((settled, shown), (Ok(()), 1));
    assert!(
        elapsed > LOST && elapsed < LOST + Duration::from_secs(5),
        "{elapsed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_never_shows_is_a_fault_and_the_relay_does_not_stay_deaf() {
    let fake = Fake {
        unlisted_for: usize::MAX,
        ..Fake::of(&[relay()])
    };
    let (settled, elapsed, shown) = settle(&fake, &desired()).await;
    let fault = settled.unwrap_err();
    assert!(elapsed <= LISTED && elapsed > LISTED - LOST, "{elapsed:?}");
    assert_eq!((fault.code.as_str(), shown), ("Timeout", 4));
    let text = fault.to_string();
    assert!(
        text.contains("the subscription lambda relay → mission-sns"),
        "{text}"
    );
    assert!(
        fault.help().contains("run the same command again"),
        "{}",
        fault.help()
    );
}

#[tokio::test(start_paused = true)]
async fn what_somebody_has_to_confirm_is_not_waited_for() {
    let mut fake = Fake::of(&[]);
    fake.subscribed = "pending confirmation";
    let (settled, elapsed, shown) = settle(&fake, &to("email", "oncall@example.com")).await;
    assert_eq!((settled, elapsed, shown), (Ok(()), Duration::ZERO, 0));
    assert_eq!(fake.script.count("list"), 0);
}
