//! A set goes with all its instances.

use super::*;

async fn delete(fake: &Fake, live: Live) -> Result<Vec<String>> {
    let aws = fake.aws();
    let cx = step(&aws, all_known());
    fake.script.forget();
    CloudformationStackSet::delete(live, &cx).await?;
    Ok(cx.notes.take())
}

async fn made(fake: &Fake) -> Live {
    apply(fake, &desired()).await.unwrap();
    ours(&see(fake, &desired()).await).clone()
}

#[tokio::test(start_paused = true)]
async fn auto_deployment_goes_before_the_instances_and_they_before_the_set() {
    let fake = organization();
    let live = made(&fake).await;
    assert_eq!(delete(&fake, live.clone()).await.unwrap(), Vec::<String>::new());
    assert_eq!(
        fake.written(),
        [
            "update all, auto Some(false)".to_owned(),
            format!("delete-instances {UNIT} NONE in eu-west-1,us-east-1"),
            format!("delete {NAME}"),
        ]
    );
    assert!(fake.state.lock().unwrap().sets.is_empty());
    // It is already gone.
    delete(&fake, live).await.unwrap();
    assert!(fake.written().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_our_run_still_does_is_stopped() {
    let fake = organization();
    fake.state.lock().unwrap().looks = 1_000;
    let aws = fake.aws();
    let live = desired().create(&step(&aws, all_known())).await.unwrap();
    fake.state.lock().unwrap().looks = 1;
    delete(&fake, live).await.unwrap();
    assert!(
        fake.written()[0].starts_with("stop alertctl-"),
        "{:?}",
        fake.written()
    );
    assert!(fake.state.lock().unwrap().sets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_somebody_can_mend_is_an_error_and_goes_on_later() {
    let fake = organization();
    let live = made(&fake).await;
    let place = (A.to_owned(), "eu-west-1".to_owned());
    let reason = "the stack has termination protection".to_owned();
    fake.state.lock().unwrap().failing.insert(place, reason);
    let fault = delete(&fake, live.clone()).await.unwrap_err();
    assert!(
        fault
            .message
            .contains(&format!("termination protection: {A} (eu-west-1)")),
        "{fault}"
    );
    assert_eq!(fake.script.count("delete"), 0);
    fake.state.lock().unwrap().failing.clear();
    delete(&fake, live).await.unwrap();
    assert!(fake.state.lock().unwrap().sets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_nobody_can_delete_stays_and_is_named() {
    let fake = organization();
    let live = made(&fake).await;
    fake.state
        .lock()
        .unwrap()
        .stuck
        .insert((A.to_owned(), "eu-west-1".to_owned()));
    let notes = delete(&fake, live).await.unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains(A) && notes[0].contains("delete-stack --region eu-west-1"),
        "{notes:?}"
    );
    assert!(fake.written().contains(&format!(
        "delete-instances {UNIT} INTERSECTION {A} in eu-west-1 retained"
    )));
    assert!(fake.state.lock().unwrap().sets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_account_that_left_does_not_keep_the_set() {
    let fake = organization();
    let live = made(&fake).await;
    fake.state
        .lock()
        .unwrap()
        .units
        .get_mut(UNIT)
        .unwrap()
        .retain(|account| account != A);
    let notes = delete(&fake, live).await.unwrap();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(fake.state.lock().unwrap().sets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_set_of_named_accounts_has_no_auto_deployment_to_end() {
    let fake = organization();
    let wanted = by_account(&[A, B]);
    apply(&fake, &wanted).await.unwrap();
    let live = ours(&see(&fake, &wanted).await).clone();
    delete(&fake, live).await.unwrap();
    assert_eq!(
        fake.written(),
        [
            format!("delete-instances {A},{B} in eu-west-1,us-east-1"),
            format!("delete {NAME}"),
        ]
    );
}
