use super::*;

#[tokio::test(start_paused = true)]
async fn an_unchanged_secret_is_no_change_and_keeps_its_ciphertext() {
    let old = live(|function| function.memory_size = Some(256)).await;
    let changes = changes(&desired(), &old, &all_known());
    assert_eq!(names(&changes), ["memory_mb"]);
    let fake = Fake::default();
    update(&fake, &desired(), old).await.unwrap();
    assert_eq!(fake.script.count("encrypt"), 0);
}

#[tokio::test(start_paused = true)]
async fn another_secret_or_a_ciphertext_changed_by_hand_is_encrypted_anew() {
    let mut wanted = desired();
    let other = Secret::from(SecretString::from("https://hooks.slack.com/services/T/B/other"));
    wanted.environment.insert("HOOK".into(), EnvValue::Secret(other));
    let with = |hook: &'static str| {
        live(move |function| {
            let environment = function.environment.as_mut().unwrap().variables.as_mut().unwrap();
            environment.insert("HOOK".into(), hook.into());
        })
    };
    for (wanted, live) in [
        (wanted, with(SEALED).await),
        (desired(), with("dGFtcGVyZWQ=").await),
    ] {
        let changes = changes(&wanted, &live, &all_known());
        assert_eq!(names(&changes), ["environment.HOOK"]);
        assert!(
            changes
                .iter()
                .all(|change| matches!(change.to, Some(Shown::Secret(_))))
        );
        let fake = Fake::default();
        update(&fake, &wanted, live).await.unwrap();
        assert_eq!(first_words(&fake.script.log()), ["encrypt", "configure"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_waits_for_its_key() {
    let known = known(&[("iam-role/notify", ROLE, "AROA1")]);
    let fields = desired().fields(&known);
    let (_, shown) = fields
        .iter()
        .find(|(name, _)| *name == "environment.HOOK")
        .unwrap();
    assert_eq!(*shown, Shown::AfterApply("kms-key/main".into()));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_put_into_the_environment_is_never_shown() {
    let stranger = live(|function| {
        let environment = function.environment.as_mut().unwrap().variables.as_mut().unwrap();
        environment.insert("PASSWORD".into(), "hunter2".into());
        environment.insert("HOOK".into(), "https://hooks.slack.com/pasted".into());
        environment.remove("HOOK_DIGEST");
    })
    .await;
    let changes = changes(&desired(), &stranger, &all_known());
    assert_eq!(names(&changes), ["environment.HOOK", "environment.PASSWORD"]);
    let written = format!("{}{stranger:?}", serde_json::to_string(&changes).unwrap());
    assert!(
        !written.contains("hunter2") && !written.contains("pasted"),
        "{written}"
    );
    assert!(!format!("{:?}", desired()).contains("token"));
}

#[tokio::test(start_paused = true)]
async fn an_environment_that_may_not_be_read_is_a_fault_that_names_the_permission() {
    let unreadable = |code: &str| {
        let error = EnvironmentError::builder()
            .error_code(code)
            .message("Lambda was unable to decrypt your environment variables")
            .build();
        there(|function| function.environment = Some(EnvironmentResponse::builder().error(error).build()))
    };
    let fake = Fake::default();
    let fault = fake
        .holds(unreadable("AccessDeniedException"))
        .observe(&[desired()])
        .await
        .unwrap_err();
    assert!(fault.hint.unwrap().contains("kms:Decrypt"));
    // A disabled key will be repaired by the plan for which this observation is made.
    let seen = fake
        .holds(unreadable("DisabledException"))
        .observe(&[desired()])
        .await
        .unwrap();
    let changes = changes(&desired(), ours(&seen.wanted[0]), &all_known());
    assert_eq!(names(&changes), ["environment.HOOK", "environment.LOCALE"]);
    // A function that is to be deleted need not be readable. Another owner's function is a conflict, not an error.
    let aws = fake
        .holds(unreadable("AccessDeniedException"))
        .aws_with(vec![tagged(ARN, owned(&id()))]);
    assert_eq!(observe(&aws, &[]).await.unwrap().orphans.len(), 1);
    let mut strangers = unreadable("AccessDeniedException");
    strangers.tags = None;
    let seen = fake.holds(strangers).observe(&[desired()]).await.unwrap();
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)));
}
