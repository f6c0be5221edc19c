use super::*;

fn created() -> CreateKeyOutput {
    CreateKeyOutput::builder()
        .key_metadata(metadata(&live("new")))
        .build()
}

fn rotated() -> Rule {
    mock!(Client::enable_key_rotation).then_output(|| EnableKeyRotationOutput::builder().build())
}

async fn create(aws: &Aws) -> Result<Live> {
    let scope = aws.scope().await.unwrap().clone();
    let cx = Context::mocked(aws, scope);
    let live = desired().create(&cx).await?;
    desired().settle(&live, &cx).await?;
    Ok(live)
}

#[tokio::test]
async fn ownership_and_policy_travel_in_the_creating_call() {
    let create_key = mock!(Client::create_key)
        .match_requests(|ask| {
            let tag = |key: &str| ask.tags().iter().any(|tag| tag.tag_key() == key);
            ask.description() == Some("alerts")
                && ask.policy().is_some_and(|policy| policy.contains(":root"))
                && [STACK_TAG, NODE_TAG, WINDOW_TAG, ALIAS_TAG].into_iter().all(tag)
        })
        .then_output(created);
    // The stack owns nothing yet, so nothing is looked for.
    let rotation = rotated();
    let aws = Aws::mocked(vec![], |clients| {
        clients.kms = in_order(&[create_key, rotation.clone()]);
    });
    let made = Live {
        rotation: false,
        ..live("new")
    };
    assert_eq!(create(&aws).await.unwrap(), made);
    assert_eq!(rotation.num_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn rotation_waits_for_kms_to_know_the_key() {
    let create_key = mock!(Client::create_key).then_output(created);
    let rotation = mock!(Client::enable_key_rotation)
        .sequence()
        .http_response(|| refusal(400, "NotFoundException", "Key does not exist"))
        .times(10)
        .output(|| EnableKeyRotationOutput::builder().build())
        .build();
    let aws = Aws::mocked(vec![], |clients| {
        clients.kms = kms(&[create_key.clone(), rotation.clone()]);
    });
    create(&aws).await.unwrap();
    assert_eq!((create_key.num_calls(), rotation.num_calls()), (1, 11));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_key_when_the_index_knows_the_first() {
    for lost in [
        || refusal(500, "KMSInternalException", ""),
        || refusal(503, "DependencyTimeoutException", ""),
        || HttpResponse::new(502.try_into().unwrap(), SdkBody::from("<html>Bad Gateway</html>")),
        || HttpResponse::new(503.try_into().unwrap(), SdkBody::empty()),
        // The request was carried out, but its answer was cut short.
        || HttpResponse::new(200.try_into().unwrap(), SdkBody::from("{\"KeyMeta")),
    ] {
        let create_key = mock!(Client::create_key).then_http_response(lost);
        // Another key's alias points to it, so only the index shows it.
        let mut rules = holding(&[live("k")], &[("alias/other", "k")]);
        rules.push(create_key.clone());
        let aws = Aws::mocked(vec![], |clients| {
            clients.kms = kms(&rules);
            clients.tagging = indexing(&["k"]);
        });
        assert_eq!(create(&aws).await.unwrap().id, "k");
        assert_eq!(create_key.num_calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_key_when_only_kms_lists_the_first_and_late() {
    let create_key =
        mock!(Client::create_key).then_http_response(|| refusal(500, "KMSInternalException", ""));
    let late = mock!(Client::list_keys)
        .sequence()
        .output(|| ListKeysOutput::builder().build())
        .times(3)
        .build();
    let mut rules = vec![create_key.clone(), late];
    rules.extend(holding(&[live("k")], &[]));
    let aws = Aws::mocked(vec![], |clients| {
        clients.kms = kms(&rules);
        clients.tagging = indexing(&[]);
    });
    assert_eq!(create(&aws).await.unwrap().id, "k");
    assert_eq!(create_key.num_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_answer_only_keys_that_were_not_there_before_are_asked() {
    let stranger = Live {
        tags: Tags::new(),
        ..live("stranger")
    };
    let create_key =
        mock!(Client::create_key).then_http_response(|| refusal(500, "KMSInternalException", ""));
    let asked = mock!(Client::list_resource_tags)
        .match_requests(|ask| ask.key_id() == Some("stranger"))
        .then_output(|| ListResourceTagsOutput::builder().build());
    // When the account is observed there is only one key.
    let before = mock!(Client::list_keys)
        .sequence()
        .output(|| {
            let key = aws_sdk_kms::types::KeyListEntry::builder().key_id("stranger");
            ListKeysOutput::builder().keys(key.build()).build()
        })
        .times(1)
        .build();
    let mut rules = vec![asked.clone(), create_key, before];
    rules.extend(holding(&[stranger, live("k")], &[]));
    let aws = Aws::mocked(vec![], |clients| {
        clients.kms = kms(&rules);
        clients.tagging = indexing(&[]);
    });
    assert_eq!(observe(&aws).await.wanted, [Presence::Absent]);
    assert_eq!(asked.num_calls(), 1);
    assert_eq!(create(&aws).await.unwrap().id, "k");
    assert_eq!(asked.num_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_made_no_key_is_sent_again_three_times_in_all() {
    let start = Instant::now();
    let create_key =
        mock!(Client::create_key).then_http_response(|| refusal(500, "KMSInternalException", ""));
    let mut rules = holding(&[], &[]);
    rules.push(create_key.clone());
    let aws = Aws::mocked(vec![], |clients| {
        clients.kms = kms(&rules);
        clients.tagging = indexing(&[]);
    });
    let fault = create(&aws).await.unwrap_err();
    assert_eq!(
        (fault.code.as_str(), create_key.num_calls()),
        ("KMSInternalException", 3)
    );
    let took = start.elapsed().as_secs();
    assert!((45..60).contains(&took), "{took} s");
    assert!(fault.hint.unwrap().contains("which looks for it first"));
}

#[tokio::test(start_paused = true)]
async fn a_second_try_may_succeed() {
    let create_key = mock!(Client::create_key)
        .sequence()
        .http_response(|| refusal(500, "KMSInternalException", ""))
        .output(created)
        .build();
    let mut rules = holding(&[], &[]);
    rules.extend([create_key.clone(), rotated()]);
    let aws = Aws::mocked(vec![], |clients| {
        clients.kms = kms(&rules);
        clients.tagging = indexing(&[]);
    });
    assert_eq!(create(&aws).await.unwrap().id, "new");
}

#[tokio::test(start_paused = true)]
async fn throttling_is_waited_out_without_a_search() {
    let create_key = mock!(Client::create_key)
        .sequence()
        .http_response(|| refusal(400, "ThrottlingException", "Rate exceeded"))
        .times(5)
        .output(created)
        .build();
    let aws = Aws::mocked(vec![], |clients| clients.kms = kms(&[create_key, rotated()]));
    assert_eq!(create(&aws).await.unwrap().id, "new");
}

#[tokio::test(start_paused = true)]
async fn a_principal_made_a_moment_ago_is_waited_for() {
    let text = "Policy contains a statement with one or more invalid principals.";
    let create_key = mock!(Client::create_key)
        .sequence()
        .http_response(move || refusal(400, "MalformedPolicyDocumentException", text))
        .times(8)
        .output(created)
        .build();
    let aws = Aws::mocked(vec![], |clients| clients.kms = kms(&[create_key, rotated()]));
    assert_eq!(create(&aws).await.unwrap().id, "new");

    let start = Instant::now();
    let never = mock!(Client::create_key)
        .then_http_response(move || refusal(400, "MalformedPolicyDocumentException", text));
    let aws = Aws::mocked(vec![], |clients| clients.kms = kms(&[never]));
    let fault = create(&aws).await.unwrap_err();
    assert!(start.elapsed() <= crate::aws::retry::LIMIT);
    assert!(fault.tried.is_some());
}

#[tokio::test(start_paused = true)]
async fn any_other_malformed_policy_is_refused_at_once() {
    let text = "The new key policy will not allow you to update the key policy in the future.";
    let create_key = mock!(Client::create_key)
        .then_http_response(move || refusal(400, "MalformedPolicyDocumentException", text));
    let aws = Aws::mocked(vec![], |clients| {
        clients.kms = kms(std::slice::from_ref(&create_key))
    });
    assert_eq!(create(&aws).await.unwrap_err().message, text);
    assert_eq!(create_key.num_calls(), 1);
}

#[tokio::test]
async fn a_used_up_quota_says_what_to_do() {
    let create_key = mock!(Client::create_key)
        .then_http_response(|| refusal(400, "LimitExceededException", "Limit exceeded"));
    let aws = Aws::mocked(vec![], |clients| clients.kms = kms(&[create_key]));
    assert!(
        create(&aws)
            .await
            .unwrap_err()
            .hint
            .unwrap()
            .contains("Service Quotas")
    );
}
