//! Targets that somebody else named.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_target_of_the_same_arn_keeps_the_id_that_somebody_gave_it() {
    let fake = with_rule().await;
    let by = |id: &str, target: Target| Target {
        id: id.into(),
        ..target
    };
    let theirs = with(vec![by("Id1", plain("relay")), by("terraform-2", plain("text"))]);
    create(&fake, &theirs).await.unwrap();
    let wanted = with(vec![plain("relay"), plain("text")]);
    assert!(changes(&wanted, &live(&fake).await, &all_known()).is_empty());
    assert_eq!(update(&fake, &wanted).await, [""; 0]);

    let retried = Target {
        retry_attempts: Some(3),
        ..plain("relay")
    };
    let wanted = with(vec![retried, plain("text"), plain("bus")]);
    let found = changes(&wanted, &live(&fake).await, &all_known());
    assert_eq!(names(&found), ["target.Id1.retry_attempts", "target.bus.arn"]);
    let calls = [format!("put-targets {RULE} Id1 bus")];
    assert_eq!(update(&fake, &wanted).await, calls);

    // Of two that send to the same, the one with the wanted id stays, or the first one.
    let twice = with(vec![
        by("a", plain("relay")),
        by("b", plain("relay")),
        plain("text"),
    ]);
    let fake = with_rule().await;
    create(&fake, &twice).await.unwrap();
    let calls = [format!("remove-targets {RULE} b")];
    assert_eq!(
        update(&fake, &with(vec![plain("relay"), plain("text")])).await,
        calls
    );
    // Its id is no reason to send twice for a moment.
    let calls = [format!("remove-targets {RULE} a")];
    assert_eq!(update(&fake, &with(vec![by("a", plain("text"))])).await, calls);
}

#[tokio::test(start_paused = true)]
async fn ids_that_somebody_gave_to_each_others_arns_are_kept() {
    let by = |id: &str, target: Target| Target {
        id: id.into(),
        ..target
    };
    let fake = with_rule().await;
    let swapped = with(vec![by("text", plain("relay")), by("Id2", plain("text"))]);
    create(&fake, &swapped).await.unwrap();
    let wanted = with(vec![plain("relay"), plain("text")]);
    assert!(changes(&wanted, &live(&fake).await, &all_known()).is_empty());
    assert_eq!(update(&fake, &wanted).await, [""; 0]);

    // A new target whose id somebody gave to another one gets an id of its own, and keeps it.
    let fake = with_rule().await;
    create(&fake, &with(vec![by("text", plain("relay"))]))
        .await
        .unwrap();
    let calls = [format!("put-targets {RULE} text-2")];
    assert_eq!(update(&fake, &wanted).await, calls);
    assert!(changes(&wanted, &live(&fake).await, &all_known()).is_empty());
}
