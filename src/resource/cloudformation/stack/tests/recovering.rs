//! After a run that was killed, or a stack that somebody else brought into a bad state.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_run_that_was_killed_before_the_stack_leaves_a_record_that_the_next_run_uses_or_removes() {
    let fake = Fake::new();
    fake.remember(RECORD.0, RECORD.1);
    let seen = observe(&fake.aws(), &[desired()]).await;
    let live = ours(&seen.wanted[0]);
    assert_eq!(
        CloudformationStack::about(live).health.unwrap().verdict,
        Verdict::Failed
    );
    assert!(names(&changes(&desired(), live, &now())).contains(&"status".to_owned()));
    apply(&fake, &desired()).await.unwrap();
    assert!(differs(&fake).await.is_empty());

    let fake = Fake::new();
    fake.remember(RECORD.0, RECORD.1);
    let aws = fake.aws();
    let live = observe(&aws, &[]).await.orphans.remove(0).1;
    assert_eq!(CloudformationStack::output(&live).arn, "");
    CloudformationStack::delete(live, &step(&aws, now()))
        .await
        .unwrap();
    assert_eq!(fake.written(), [format!("untag {}", RECORD.0)]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_killed_while_the_stack_is_made_is_finished_by_the_next() {
    let fake = Fake::new();
    let aws = fake.aws();
    desired().create(&step(&aws, now())).await.unwrap();
    fake.cloud().find(NAME).unwrap().next = [CREATING, CREATING, CREATING, "CREATE_COMPLETE"].into();
    assert_eq!(differs(&fake).await, ["status"]);
    apply(&fake, &desired()).await.unwrap();
    assert_eq!(fake.cloud().find(NAME).unwrap().status, "CREATE_COMPLETE");
    assert_eq!(fake.script.count("create"), 1);
    assert!(differs(&fake).await.is_empty());

    // The killed run's stack failed, and CloudFormation deletes it.
    let stack = fake.cloud().find(NAME).unwrap().id.clone();
    fake.cloud().find(NAME).unwrap().status = "DELETE_IN_PROGRESS".into();
    fake.cloud().find(NAME).unwrap().next =
        ["DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"].into();
    apply(&fake, &desired()).await.unwrap();
    assert_ne!(fake.cloud().find(NAME).unwrap().id, stack);
    assert!(differs(&fake).await.is_empty());
}

const CREATING: &str = "CREATE_IN_PROGRESS";

#[tokio::test(start_paused = true)]
async fn deleting_waits_for_what_is_under_way() {
    let fake = Fake::new();
    apply(&fake, &desired()).await.unwrap();
    let aws = fake.aws();
    let live = observe(&aws, &[]).await.orphans.remove(0).1;
    let cx = step(&aws, now());
    fake.cloud().find(NAME).unwrap().status = "UPDATE_IN_PROGRESS".into();
    fake.cloud().find(NAME).unwrap().next =
        ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"].into();
    CloudformationStack::delete(live, &cx).await.unwrap();
    assert_eq!(fake.script.count("delete"), 1);

    // Another run deletes it already.
    apply(&fake, &desired()).await.unwrap();
    let live = observe(&fake.aws(), &[]).await.orphans.remove(0).1;
    fake.cloud().find(NAME).unwrap().status = "DELETE_IN_PROGRESS".into();
    fake.cloud().find(NAME).unwrap().next = ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"].into();
    CloudformationStack::delete(live, &cx).await.unwrap();
    assert_eq!(fake.script.count("delete"), 1);
    assert!(fake.records().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_beyond_repair_is_made_anew() {
    for status in [
        "ROLLBACK_COMPLETE",
        "CREATE_FAILED",
        "DELETE_FAILED",
        "REVIEW_IN_PROGRESS",
    ] {
        let fake = Fake::new();
        apply(&fake, &desired()).await.unwrap();
        status.clone_into(&mut fake.cloud().find(NAME).unwrap().status);
        assert_eq!(differs(&fake).await, ["status"], "{status}");
        fake.script.forget();
        apply(&fake, &desired()).await.unwrap();
        let written = fake.written();
        assert_eq!(written.len(), 3, "{written:?}");
        assert!(
            written[1].starts_with("delete ") && written[2].starts_with("create "),
            "{written:?}"
        );
        assert!(differs(&fake).await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_makes_no_second_stack() {
    let fake = Fake::new();
    let aws = fake.aws();
    let cx = step(&aws, now());
    let first = desired().create(&cx).await.unwrap();
    // The same run: the same token.
    assert_eq!(
        desired()
            .make(&desired().place().there(&aws).await.unwrap(), &cx)
            .await
            .unwrap()
            .id,
        id_of(&first)
    );
    fake.script.refuse(
        "create",
        1,
        "AlreadyExistsException",
        "Stack [mission-organization] already exists",
    );
    let again = desired()
        .make(&desired().place().there(&aws).await.unwrap(), &cx)
        .await
        .unwrap();
    assert_eq!(again.id, id_of(&first));
}

fn id_of(live: &Live) -> String {
    CloudformationStack::output(live).arn
}
