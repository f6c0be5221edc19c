use super::*;

#[tokio::test(start_paused = true)]
async fn one_call_makes_the_function_with_all_it_has_and_a_second_reserves() {
    let fake = Fake::default();
    let made = create(&fake, &desired()).await.unwrap();
    let (log, (_, mark)) = (fake.script.log(), desired().relay_tag());
    assert_eq!(
        log,
        [
            format!(r#"encrypt {KEY} {{"LambdaFunctionName": "relay"}}"#),
            format!(
                "create relay {ROLE} provided.al2023 bootstrap [X8664] zip=Some(8) 128MB 30s publish=false {KEY} \
                 env=[\"HOOK\", \"HOOK_DIGEST\", \"LOCALE\"] group=Some(\"/aws/lambda/relay\") \
                 {{\"alertctl:node\": \"lambda-function/notify\", \"alertctl:relay\": \"{mark}\", \
                 \"alertctl:role-id\": \"AROA1\", \
                 \"alertctl:stack\": \"mission\"}}"
            ),
            "reserve 5".to_owned(),
        ]
    );
    assert_eq!(LambdaFunction::output(&made).arn, ARN);
    assert!(changes(&desired(), &made, &all_known()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_lambda_does_not_see_yet_is_tried_for_five_minutes() {
    let texts = [
        "The role defined for the function cannot be assumed by Lambda.",
        "Lambda was throttled by EC2 during function setup",
        "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
        "Lambda was unable to configure access to your environment variables because the KMS key is invalid \
         for CreateGrant. Please check your KMS key settings.",
    ];
    for text in texts {
        let fake = Fake::default();
        fake.script.refuse("create", 30, INVALID, text);
        create(&fake, &desired()).await.unwrap();
        assert_eq!(fake.script.count("create"), 31, "{text}");

        let fake = Fake::default();
        fake.script.refuse("create", 10_000, INVALID, text);
        let start = Instant::now();
        let fault = create(&fake, &desired()).await.unwrap_err();
        let tried = start.elapsed().as_secs();
        assert!((280..=300).contains(&tried), "{tried} s");
        assert!(fault.to_string().contains(" in 5 min)"));

        let fake = Fake::default();
        fake.script.refuse("configure", 30, INVALID, text);
        let changed = live(|function| function.memory_size = Some(256)).await;
        update(&fake, &desired(), changed).await.unwrap();
        assert_eq!(fake.script.count("configure"), 31, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mistake_is_not_tried_again() {
    let fake = Fake::default();
    fake.script
        .refuse("create", 1, INVALID, "Could not unzip uploaded file");
    create(&fake, &desired()).await.unwrap_err();
    assert_eq!(fake.script.count("create"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_our_function_and_that_is_success() {
    let fake = Fake::default();
    fake.script
        .refuse("create", 1, CONFLICT, "Function already exist: relay");
    let mut same = there(|_| {});
    same.concurrency = None;
    create(fake.holds(same), &desired()).await.unwrap();
    let log = fake.script.log();
    assert_eq!(first_words(&log), ["encrypt", "create", "get", "reserve"]);
}

/// A CreateFunction that is sent again after a lost answer may remove the tags of the function that the first one
/// created.
#[tokio::test(start_paused = true)]
async fn our_function_that_lost_its_tags_to_a_second_request_gets_them_again() {
    let fake = Fake::default();
    fake.script
        .refuse("create", 1, CONFLICT, "Function already exist: relay");
    let mut untagged = there(|_| {});
    untagged.tags = None;
    create(fake.holds(untagged), &desired()).await.unwrap();
    let log = fake.script.log();
    assert_eq!(first_words(&log), ["encrypt", "create", "get", "tag", "reserve"]);
    assert!(
        log[3].contains("alertctl:role-id") && log[3].contains("alertctl:relay"),
        "{log:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_that_came_in_between_is_refused_at_once() {
    let different = || there(|function| function.code_sha256 = Some("b3RoZXI=".into()));
    let mut untagged = different();
    untagged.tags = None;
    for other in [different(), untagged] {
        let fake = Fake::default();
        fake.script
            .refuse("create", 10, CONFLICT, "Function already exist: relay");
        let fault = create(fake.holds(other), &desired()).await.unwrap_err();
        assert!(fault.is(&[CONFLICT]));
        assert_eq!(fake.script.count("create"), 1);
        assert_eq!(fake.script.count("reserve"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn hints_say_the_way_on() {
    let pass = "User: arn:aws:iam::1:user/ci is not authorized to perform: iam:PassRole on resource: arn";
    let full = "Specified ReservedConcurrentExecutions for function decreases account's \
                UnreservedConcurrentExecution below its minimum value of [100].";
    let cases = [
        (
            "create",
            "AccessDeniedException",
            pass,
            "`iam:PassedToService` = `lambda.amazonaws.com`",
        ),
        (
            "create",
            "CodeStorageExceededException",
            "Code storage limit exceeded.",
            "quota",
        ),
        (
            "create",
            "RequestTooLargeException",
            "",
            "larger than Lambda allows",
        ),
        (
            "create",
            "RequestEntityTooLargeException",
            "Request must be smaller",
            "larger than Lambda allows",
        ),
        ("reserve", INVALID, full, "some executions unreserved"),
    ];
    for (operation, code, text, hint) in cases {
        let fake = Fake::default();
        fake.script.refuse(operation, 1, code, text);
        let fault = create(&fake, &desired()).await.unwrap_err();
        assert_eq!(fake.script.count(operation), 1);
        assert!(fault.hint.clone().unwrap_or_default().contains(hint), "{fault:?}");
    }
    let fake = Fake::default();
    fake.script.refuse(
        "create",
        1,
        "AccessDeniedException",
        "not authorized to perform: lambda:CreateFunction",
    );
    let fault = create(&fake, &desired()).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("`lambda:CreateFunction`"));
}

#[tokio::test(start_paused = true)]
async fn settle_waits_until_the_function_is_made_and_tells_why_it_is_not() {
    use LastUpdateStatus::{Failed, InProgress, Successful};
    let settle = async |states: &[(State, LastUpdateStatus)]| {
        let fake = Fake::default();
        let aws = fake.says(states).aws();
        let cx = step(&aws, all_known());
        let result = desired().settle(&live(|_| {}).await, &cx).await;
        result.map(|()| fake.script.count("get"))
    };
    let pending = [
        (State::Pending, InProgress),
        (State::Active, InProgress),
        (State::Active, Successful),
    ];
    assert_eq!(settle(&pending).await, Ok(3));
    assert_eq!(settle(&[(State::ActiveNonInvocable, Successful)]).await, Ok(1));
    // The function was idle for weeks: the next invocation activates it.
    assert_eq!(settle(&[(State::Inactive, Successful)]).await, Ok(1));
    let fault = settle(&[(State::Pending, InProgress), (State::Failed, InProgress)]).await;
    assert!(fault.is_err(), "{fault:?}");
    let fault = settle(&[(State::Failed, Successful)]).await.unwrap_err();
    assert!(fault.message.contains("the role is gone"), "{fault}");
    let fault = settle(&[(State::Active, Failed)]).await.unwrap_err();
    assert!(fault.message.contains("the image is broken"), "{fault}");
    let start = Instant::now();
    let fault = settle(&vec![(State::Pending, Successful); 10_000])
        .await
        .unwrap_err();
    assert!(fault.is(&["Timeout"]));
    assert!((590..=600).contains(&start.elapsed().as_secs()));
}
