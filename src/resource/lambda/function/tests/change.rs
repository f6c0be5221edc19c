use super::*;

#[tokio::test(start_paused = true)]
async fn configuration_comes_before_code_and_lambda_rests_in_between() {
    let old = live(|function| {
        function.memory_size = Some(256);
        function.code_sha256 = Some("b2xk".into());
    })
    .await;
    let fake = Fake::default();
    fake.says(&[(State::Active, LastUpdateStatus::InProgress)]);
    update(&fake, &desired(), old).await.unwrap();
    let log = fake.script.log();
    assert_eq!(first_words(&log), ["configure", "get", "get", "code", "tag"]);
    assert_eq!(log[0], format!("configure key={KEY} HOOK={SEALED}"));
}

#[tokio::test(start_paused = true)]
async fn only_what_differs_is_called_for() {
    let calls = async |desired: &LambdaFunction, live: Live| {
        let fake = Fake::default();
        update(&fake, desired, live).await.unwrap();
        fake.script.log()
    };
    let code = live(|function| function.code_sha256 = Some("b2xk".into())).await;
    let (_, mark) = desired().relay_tag();
    assert_eq!(
        calls(&desired(), code).await,
        [
            "code [X8664]".to_owned(),
            format!("tag {{\"alertctl:relay\": \"{mark}\"}}")
        ]
    );
    let unchanged = live(|_| {}).await;
    let mut wanted = desired();
    wanted.reserved_concurrency = Some(7);
    assert_eq!(calls(&wanted, unchanged.clone()).await, ["reserve 7"]);
    wanted.reserved_concurrency = None;
    assert_eq!(calls(&wanted, unchanged.clone()).await, ["unreserve"]);
    let mut wanted = desired();
    wanted.tags = tags::owned("mission", &id(), &Tags::from([("team".into(), "a".into())]));
    let log = calls(&wanted, unchanged.clone()).await;
    assert!(
        log.len() == 1 && log[0].starts_with("tag {") && log[0].contains("\"team\": \"a\""),
        "{log:?}"
    );
    let tagged = Live {
        tags: wanted.tags,
        ..unchanged
    };
    assert_eq!(
        calls(&desired(), tagged).await,
        [r#"untag ["alertctl:tags", "team"]"#]
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_under_way_is_waited_for_first() {
    let busy = live(|function| {
        function.last_update_status = Some(LastUpdateStatus::InProgress);
        function.memory_size = Some(256);
    })
    .await;
    let fake = Fake::default();
    fake.says(&[(State::Active, LastUpdateStatus::InProgress)]);
    update(&fake, &desired(), busy).await.unwrap();
    assert_eq!(first_words(&fake.script.log()), ["get", "get", "configure"]);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_with_a_change_under_way_passes_and_another_does_not() {
    let texts = [
        "The operation cannot be performed at this time. An update is in progress for resource: arn",
        "The operation cannot be performed at this time. The function is currently in the following state: Pending",
    ];
    for text in texts {
        let old = live(|function| {
            function.memory_size = Some(256);
            function.code_sha256 = Some("b2xk".into());
        });
        let fake = Fake::default();
        fake.script
            .refuse("configure", 4, CONFLICT, text)
            .refuse("code", 4, CONFLICT, text);
        update(&fake, &desired(), old.await).await.unwrap();
        assert_eq!(
            (fake.script.count("configure"), fake.script.count("code")),
            (5, 5)
        );
        let fake = Fake::default();
        fake.script.refuse("reserve", 4, CONFLICT, text);
        create(&fake, &desired()).await.unwrap();
        assert_eq!(fake.script.count("reserve"), 5);
    }
    let fake = Fake::default();
    fake.script.refuse("configure", 10_000, CONFLICT, texts[0]);
    let start = Instant::now();
    let old = live(|function| function.memory_size = Some(256)).await;
    update(&fake, &desired(), old).await.unwrap_err();
    assert!(start.elapsed().as_secs() <= 300);
    let fake = Fake::default();
    fake.script.refuse("configure", 1, CONFLICT, "It already exists");
    let old = live(|function| function.memory_size = Some(256)).await;
    update(&fake, &desired(), old).await.unwrap_err();
    assert_eq!(fake.script.count("configure"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_takes_the_environment_along_encrypted_anew() {
    let old = live(|function| function.kms_key_arn = Some("arn:aws:kms:eu-west-1:1:key/old".into())).await;
    let fake = Fake::default();
    update(&fake, &desired(), old).await.unwrap();
    assert_eq!(fake.script.log(), [format!("configure key={KEY} HOOK={SEALED}")]);
}

#[tokio::test(start_paused = true)]
async fn a_role_made_again_gets_a_new_grant_and_the_mark_comes_last() {
    let mut old = live(|_| {}).await;
    old.role_id = Some("AROA0".into());
    assert_eq!(names(&changes(&desired(), &old, &all_known())), ["role_id"]);
    let fake = Fake::default();
    fake.says(&[(State::Active, LastUpdateStatus::InProgress)]);
    update(&fake, &desired(), old.clone()).await.unwrap();
    let steps = [
        format!("configure key= HOOK={SEALED}"),
        "get relay".into(),
        "get relay".into(),
        format!("configure key={KEY} HOOK={SEALED}"),
        "get relay".into(),
        r#"tag {"alertctl:role-id": "AROA1"}"#.into(),
    ];
    assert_eq!(fake.script.log(), steps);

    // The run is interrupted between the two calls: the mark is still the old one.
    let fake = Fake::default();
    fake.says(&[(State::Active, LastUpdateStatus::Failed)]);
    update(&fake, &desired(), old).await.unwrap_err();
    assert_eq!(fake.script.count("tag"), 0);
}

#[tokio::test(start_paused = true)]
async fn another_role_or_key_gets_its_grant_by_itself() {
    let mut old = live(|function| function.role = Some("arn:aws:iam::1:role/old".into())).await;
    old.role_id = Some("AROA0".into());
    let fake = Fake::default();
    update(&fake, &desired(), old).await.unwrap();
    assert_eq!(first_words(&fake.script.log()), ["configure", "get", "tag"]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_function_is_replaced_and_a_failed_change_is_made_again() {
    for state in [State::Failed, State::Deleting] {
        let broken = live(|function| function.state = Some(state)).await;
        assert!(changes(&desired(), &broken, &all_known()).replace());
    }
    let stale = live(|function| function.last_update_status = Some(LastUpdateStatus::Failed)).await;
    assert!(!changes(&desired(), &stale, &all_known()).replace());
    let fake = Fake::default();
    update(&fake, &desired(), stale).await.unwrap();
    assert_eq!(
        first_words(&fake.script.log()),
        ["configure", "get", "code", "tag"]
    );
}

/// Reads the function with this tag, or without one. Returns its state and the calls that bring it to `desired`.
async fn tagged_with(mark: Option<&str>) -> (Live, Vec<String>) {
    let mut function = there(|_| {});
    let tags = function.tags.as_mut().unwrap();
    tags.remove("alertctl:relay");
    tags.extend(mark.map(|mark| ("alertctl:relay".to_owned(), mark.to_owned())));
    let fake = Fake::default();
    let seen = fake.holds(function).observe(&[desired()]).await.unwrap();
    let live = ours(&seen.wanted[0]).clone();
    let fake = Fake::default();
    update(&fake, &desired(), live.clone()).await.unwrap();
    (live, fake.script.log())
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_between_the_code_and_its_tag_is_mended_by_the_tag_alone() {
    let (_, mark) = desired().relay_tag();
    let old = mark.replace("c29tZQ==", "b2xk");
    for left in [None, Some(old.as_str())] {
        let (live, log) = tagged_with(left).await;
        assert_eq!(names(&changes(&desired(), &live, &all_known())), ["relay"]);
        assert_eq!(log, [format!("tag {{\"alertctl:relay\": \"{mark}\"}}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_newer_relay_is_not_replaced_without_a_word() {
    let (_, mark) = desired().relay_tag();
    for (version, warned) in [("0.3.0", true), ("0.2.0", false), ("0.1.9", false)] {
        let (live, log) = tagged_with(Some(&mark.replace("0.2.0", version))).await;
        let caution = desired().caution(&live).unwrap_or_default();
        let shown = "runs relay 0.3.0, this alertctl ships 0.2.0";
        assert_eq!(caution.contains(shown), warned, "{version}: {caution}");
        // The bytes are the same, whatever the tag says about them.
        assert_eq!(log.len(), usize::from(version != "0.2.0"), "{log:?}");
    }
}

/// The plan shows deployed settings, which are read from the end of the deployed package.
#[tokio::test]
async fn settings_that_run_are_read_from_where_aws_offers_them() {
    use std::io::{Read as _, Write as _};
    let before = SETTINGS.replace("en", "ko");
    let header = [
        &b"PK\x03\x04"[..],
        &[0; 14],
        &u32::try_from(before.len()).unwrap().to_le_bytes(),
        &[0; 4],
        &[13, 0, 0, 0],
        b"settings.json",
        before.as_bytes(),
    ]
    .concat();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let head = format!(
            "HTTP/1.1 206 Partial Content\r\ncontent-length: {}\r\n\r\n",
            header.len()
        );
        stream.write_all(&[head.as_bytes(), &header].concat()).unwrap();
    });
    let mut other = desired();
    other.code.settings = Settings::of(&before).into();
    let mut function = there(|_| {});
    function.tags.as_mut().unwrap().extend([other.relay_tag()]);
    function.code = Some(
        aws_sdk_lambda::types::FunctionCodeLocation::builder()
            .location(url)
            .build(),
    );
    let fake = Fake::default();
    let seen = fake.holds(function).observe(&[desired()]).await.unwrap();
    server.join().unwrap();
    let found = changes(&desired(), ours(&seen.wanted[0]), &all_known());
    assert_eq!(names(&found), ["settings", "settings.locale"]);
    let locale = found.iter().nth(1).unwrap();
    assert_eq!(locale.from, Some(Shown::Value("ko".into())));
    assert_eq!(locale.to, Some(Shown::Value("en".into())));
}

#[tokio::test(start_paused = true)]
async fn code_of_an_earlier_version_is_replaced_and_that_is_said() {
    let mut function = there(|function| function.code_sha256 = Some("b2xk".into()));
    function.tags.as_mut().unwrap().remove("alertctl:relay");
    let fake = Fake::default();
    let seen = fake.holds(function).observe(&[desired()]).await.unwrap();
    let live = ours(&seen.wanted[0]).clone();
    assert!(
        LambdaFunction::about(&live)
            .remark
            .unwrap()
            .contains("an earlier version of alertctl")
    );
    let fake = Fake::default();
    let live = update(&fake, &desired(), live).await.unwrap();
    assert_eq!(first_words(&fake.script.log()), ["code", "tag"]);
    assert_eq!(LambdaFunction::about(&live).remark, None);
    assert!(changes(&desired(), &live, &all_known()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn delete_outlasts_a_pending_function_and_waits_until_it_is_gone() {
    let fake = Fake::default();
    fake.says(&vec![(State::Deleting, LastUpdateStatus::Successful); 3]);
    let pending = "The function is currently in the following state: Pending";
    fake.script.refuse("delete", 5, CONFLICT, pending);
    fake.script
        .pass("get", 3)
        .refuse("get", 1, "ResourceNotFoundException", "Function not found");
    let aws = fake.aws();
    LambdaFunction::delete(live(|_| {}).await, &step(&aws, all_known()))
        .await
        .unwrap();
    assert_eq!((fake.script.count("delete"), fake.script.count("get")), (6, 4));
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_gone_already_is_deleted() {
    let fake = Fake::default();
    let missing = "ResourceNotFoundException";
    fake.script
        .refuse("delete", 1, missing, "Function not found")
        .refuse("get", 1, missing, "");
    let aws = fake.aws();
    LambdaFunction::delete(live(|_| {}).await, &step(&aws, all_known()))
        .await
        .unwrap();

    let fake = Fake::default();
    let aws = fake
        .says(&vec![(State::Deleting, LastUpdateStatus::Successful); 10_000])
        .aws();
    let fault = LambdaFunction::delete(live(|_| {}).await, &step(&aws, all_known()))
        .await
        .unwrap_err();
    assert!(
        fault.is(&["Timeout"]) && fault.message.contains("to be deleted"),
        "{fault}"
    );
}
