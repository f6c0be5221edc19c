use super::*;

async fn update(aws: &Aws, from: Live, to: &KmsKey) -> Result<Live> {
    let changes = changes(&from, to);
    let scope = aws.scope().await.unwrap().clone();
    to.update(from, &changes, &Context::mocked(aws, scope)).await
}

fn tagged() -> Rule {
    mock!(Client::tag_resource).then_output(|| TagResourceOutput::builder().build())
}

fn enabled() -> Rule {
    mock!(Client::enable_key).then_output(|| EnableKeyOutput::builder().build())
}

#[tokio::test]
async fn a_pending_key_is_kept_then_enabled_then_changed() {
    let from = Live {
        rotation: false,
        description: "old".into(),
        policy: Value::Null,
        ..pending("k", "2026-11-28")
    };
    let to = KmsKey {
        deletion_window_days: 9,
        ..desired()
    };
    let rules = [
        mock!(Client::cancel_key_deletion).then_output(|| CancelKeyDeletionOutput::builder().build()),
        enabled(),
        mock!(Client::tag_resource)
            .match_requests(|ask| ask.tags().len() == 1 && ask.tags()[0].tag_value() == "9")
            .then_output(|| TagResourceOutput::builder().build()),
        mock!(Client::update_key_description)
            .match_requests(|ask| ask.description() == Some("alerts"))
            .then_output(|| UpdateKeyDescriptionOutput::builder().build()),
        mock!(Client::enable_key_rotation).then_output(|| EnableKeyRotationOutput::builder().build()),
        mock!(Client::put_key_policy)
            .match_requests(|ask| ask.policy().is_some_and(|policy| policy.contains("kms:*")))
            .then_output(|| PutKeyPolicyOutput::builder().build()),
    ];
    let aws = Aws::mocked(vec![], |clients| clients.kms = in_order(&rules));
    let now = update(&aws, from, &to).await.unwrap();
    assert!(changes(&now, &to).is_empty());
    assert!(rules.iter().all(|rule| rule.num_calls() == 1));
}

#[tokio::test]
async fn a_disabled_key_is_enabled_and_nothing_else() {
    let from = Live {
        state: "Disabled".into(),
        ..live("k")
    };
    let aws = Aws::mocked(vec![], |clients| clients.kms = in_order(&[enabled()]));
    assert_eq!(update(&aws, from, &desired()).await.unwrap(), live("k"));
}

#[tokio::test(start_paused = true)]
async fn kms_may_see_the_old_state_for_a_while() {
    let text = "arn is pending deletion.";
    let cancel = mock!(Client::cancel_key_deletion)
        .then_http_response(|| refusal(400, "KMSInvalidStateException", "arn is not pending deletion."));
    let enable = mock!(Client::enable_key)
        .sequence()
        .http_response(move || refusal(400, "KMSInvalidStateException", text))
        .times(4)
        .output(|| EnableKeyOutput::builder().build())
        .build();
    let rotation = mock!(Client::enable_key_rotation)
        .sequence()
        .http_response(|| refusal(400, "DisabledException", "arn is disabled."))
        .times(4)
        .output(|| EnableKeyRotationOutput::builder().build())
        .build();
    let rules = [cancel, enable.clone(), rotation.clone()];
    let aws = Aws::mocked(vec![], |clients| clients.kms = kms(&rules));
    let from = Live {
        rotation: false,
        ..pending("k", "2026-11-28")
    };
    update(&aws, from, &desired()).await.unwrap();
    assert_eq!((enable.num_calls(), rotation.num_calls()), (5, 5));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_stays_unusable_ends_the_wait() {
    let start = Instant::now();
    let enable = mock!(Client::enable_key)
        .then_http_response(|| refusal(400, "KMSInvalidStateException", "arn is pending deletion."));
    let aws = Aws::mocked(vec![], |clients| clients.kms = kms(&[enable]));
    let from = Live {
        state: "Disabled".into(),
        ..live("k")
    };
    let fault = update(&aws, from, &desired()).await.unwrap_err();
    assert!(fault.tried.is_some());
    assert!(start.elapsed() <= crate::aws::retry::LIMIT);
}

#[tokio::test(start_paused = true)]
async fn a_policy_with_a_new_principal_is_waited_for() {
    let text = "Policy contains a statement with one or more invalid principals.";
    let put = mock!(Client::put_key_policy)
        .sequence()
        .http_response(move || refusal(400, "MalformedPolicyDocumentException", text))
        .times(3)
        .output(|| PutKeyPolicyOutput::builder().build())
        .build();
    let aws = Aws::mocked(vec![], |clients| clients.kms = kms(std::slice::from_ref(&put)));
    let from = Live {
        policy: Value::Null,
        ..live("k")
    };
    update(&aws, from, &desired()).await.unwrap();
    assert_eq!(put.num_calls(), 4);
}

#[tokio::test]
async fn an_adopted_key_gets_ownership_before_anything_else_that_can_fail() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = order.clone();
    let tag = mock!(Client::tag_resource).then_compute_output(move |ask| {
        seen.lock()
            .unwrap()
            .extend(ask.tags().iter().map(|tag| tag.tag_key().to_owned()));
        TagResourceOutput::builder().build()
    });
    let fails = mock!(Client::update_key_description)
        .then_http_response(|| refusal(400, "AccessDeniedException", ""));
    let aws = Aws::mocked(vec![], |clients| clients.kms = in_order(&[tag, fails]));
    let from = Live {
        tags: Tags::new(),
        description: String::new(),
        ..live("k")
    };
    update(&aws, from, &desired()).await.unwrap_err();
    assert_eq!(
        *order.lock().unwrap(),
        [ALIAS_TAG, WINDOW_TAG, NODE_TAG, STACK_TAG]
    );
}

#[tokio::test]
async fn rotation_is_switched_off_and_a_dropped_tag_removed() {
    let mut from = live("k");
    from.tags = tags::owned("mission", &id(), &Tags::from([("team".into(), "x".into())]));
    from.tags.insert("stranger".into(), "y".into());
    let untag = mock!(Client::untag_resource)
        .match_requests(|ask| ask.tag_keys() == ["alertctl:tags", "team"])
        .then_output(|| UntagResourceOutput::builder().build());
    let off = mock!(Client::disable_key_rotation).then_output(|| DisableKeyRotationOutput::builder().build());
    let aws = Aws::mocked(vec![], |clients| clients.kms = in_order(&[untag, tagged(), off]));
    let to = KmsKey {
        rotation: false,
        ..desired()
    };
    assert!(!update(&aws, from, &to).await.unwrap().rotation);
}

#[tokio::test]
async fn a_key_that_cannot_serve_is_refused_and_not_touched() {
    let key = || {
        KeyMetadata::builder()
            .key_id("k")
            .arn(arn("k"))
            .key_state(KeyState::Enabled)
    };
    let cases = [
        (key().key_manager(KeyManagerType::Aws), "AWS manages"),
        (key().key_spec(KeySpec::Rsa2048), "RSA_2048"),
        (
            key()
                .key_spec(KeySpec::Hmac256)
                .key_usage(KeyUsageType::GenerateVerifyMac),
            "HMAC_256",
        ),
        (key().key_state(KeyState::PendingImport), "no key material"),
        (key().key_state(KeyState::Unavailable), "key store"),
    ];
    for (key, reason) in cases {
        let from = Live {
            tags: Tags::new(),
            ..Live::of(&key.build().unwrap())
        };
        assert!(!changes(&from, &desired()).replace(), "{reason}");
        assert!(KmsKey::about(&from).remark.unwrap().contains(reason));
        // No call is expected, so any would panic.
        let aws = Aws::mocked(vec![], |clients| clients.kms = kms(&[]));
        let fault = update(&aws, from, &desired()).await.unwrap_err();
        assert!(fault.message.contains(reason), "{fault}");
        assert!(fault.hint.unwrap().contains("another alias"));
    }
    // A replica of a multi-Region key encrypts like any other.
    assert_eq!(
        Live::of(&key().multi_region(true).build().unwrap()).unusable,
        None
    );
}
