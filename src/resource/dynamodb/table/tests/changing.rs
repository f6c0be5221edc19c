use super::*;

/// Records what `UpdateTable` is asked for, one text a call.
fn updating(asked: &Arc<Mutex<Vec<String>>>) -> Rule {
    let asked = asked.clone();
    mock!(Client::update_table).then_compute_output(move |ask| {
        let mut parts = Vec::new();
        parts.extend(ask.billing_mode().map(|mode| mode.as_str().to_owned()));
        let enabled = ask
            .sse_specification()
            .and_then(|encryption| encryption.enabled());
        parts.extend(enabled.map(|enabled| format!("sse {enabled}")));
        parts.extend(
            ask.deletion_protection_enabled()
                .map(|enabled| format!("protection {enabled}")),
        );
        asked.lock().unwrap().push(parts.join(", "));
        UpdateTableOutput::builder().build()
    })
}

/// Puts back what was changed by hand.
async fn updated(aws: &Aws, by_hand: Live) -> Result<Live> {
    let (desired, cx) = (desired(), cx(aws).await);
    let changes = changes(&by_hand, &desired);
    desired.update(by_hand, &changes, &cx).await
}

#[tokio::test]
async fn each_setting_is_put_back_by_a_call_of_its_own() {
    let asked = Arc::default();
    let aws = dynamodb(&[], RuleMode::MatchAny, &[updating(&asked)]);
    let by_hand = Live {
        billing_mode: "PROVISIONED".into(),
        kms_key: Some("k".into()),
        deletion_protection: true,
        ..live()
    };
    assert_eq!(updated(&aws, by_hand).await.unwrap(), live());
    let asked = asked.lock().unwrap();
    assert_eq!(*asked, ["PAY_PER_REQUEST", "sse false", "protection false"]);
}

/// DynamoDB refuses the next change of a table's tags until the last one is done.
#[tokio::test(start_paused = true)]
async fn tags_are_removed_then_put() {
    let node = id();
    let older = Live {
        tags: tags::owned("mission", &node, &Tags::from([("team".into(), "a".into())])),
        ..live()
    };
    let wanted = DynamodbTable {
        tags: tags::owned("mission", &node, &Tags::from([("owner".into(), "b".into())])),
        ..desired()
    };
    let untag = mock!(Client::untag_resource)
        .match_requests(|ask| ask.tag_keys() == ["team"])
        .then_output(|| UntagResourceOutput::builder().build());
    let tag = mock!(Client::tag_resource)
        .sequence()
        .http_response(|| refusal("LimitExceededException", "Table tags are being updated"))
        .output(|| TagResourceOutput::builder().build())
        .build();
    let rules = [untag, tag];
    let aws = dynamodb(&[], RuleMode::MatchAny, &rules);
    let changed = changes(&older, &wanted);
    wanted.update(older, &changed, &cx(&aws).await).await.unwrap();
    assert_eq!(rules.map(|rule| rule.num_calls()), [1, 2]);
}

#[tokio::test]
async fn aws_makes_it_on_demand_only_so_often() {
    let text = "Subscriber limit exceeded: Update to PayPerRequest mode are limited to once in 1 day(s).";
    let update =
        mock!(Client::update_table).then_http_response(move || refusal("LimitExceededException", text));
    let aws = dynamodb(&[], RuleMode::MatchAny, &[update]);
    let by_hand = Live {
        billing_mode: "PROVISIONED".into(),
        ..live()
    };
    let fault = updated(&aws, by_hand).await.unwrap_err();
    assert!(fault.help().contains("a few times a day"), "{}", fault.help());
}

/// Settles a table with this time to live against these answers to `UpdateTimeToLive`. Returns what was asked for and
/// the notes.
async fn settled(ttl: Option<&str>, answers: &[Option<&'static str>]) -> (Vec<String>, Vec<String>) {
    let before = Live {
        ttl: ttl.map(str::to_owned),
        ..live()
    };
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let (asks, answers) = (asked.clone(), answers.to_vec());
    let update = mock!(Client::update_time_to_live).then_compute_response(move |ask| {
        let wanted = ask.time_to_live_specification().unwrap();
        let mut asks = asks.lock().unwrap();
        asks.push(format!("{} {}", wanted.attribute_name(), wanted.enabled()));
        match answers[asks.len() - 1] {
            Some(text) => MockResponse::Http(refusal("ValidationException", text)),
            None => MockResponse::Output(UpdateTimeToLiveOutput::builder().build()),
        }
    });
    let rules: Vec<_> = holding(std::slice::from_ref(&before))
        .into_iter()
        .chain([update])
        .collect();
    let aws = dynamodb(&[], RuleMode::MatchAny, &rules);
    let cx = cx(&aws).await;
    desired().settle(&before, &cx).await.unwrap();
    (asked.lock().unwrap().clone(), cx.notes.take())
}

#[tokio::test]
async fn the_time_to_live_is_put_back_or_left_to_the_next_apply() {
    const SOON: &str = "Time to live has been modified multiple times within a fixed interval";
    let (asked, notes) = settled(Some("ttl"), &[]).await;
    assert!(asked.is_empty() && notes.is_empty());

    let (asked, notes) = settled(None, &[None]).await;
    assert_eq!(asked, ["ttl true"]);
    assert!(notes.is_empty());

    // The answer of an earlier attempt was lost.
    let (asked, notes) = settled(None, &[Some("TimeToLive is already enabled")]).await;
    assert_eq!(asked, ["ttl true"]);
    assert!(notes.is_empty());

    let (asked, notes) = settled(None, &[Some(SOON)]).await;
    assert_eq!(asked, ["ttl true"]);
    assert!(
        notes.len() == 1 && notes[0].contains("run `alertctl apply` again in an hour"),
        "{notes:?}"
    );

    let (asked, notes) = settled(Some("expires"), &[None, Some(SOON)]).await;
    assert_eq!(asked, ["expires false", "ttl true"]);
    assert_eq!(notes.len(), 1);

    // While the other one is on, DynamoDB refuses ours.
    let (asked, notes) = settled(Some("expires"), &[Some(SOON)]).await;
    assert_eq!(asked, ["expires false"]);
    assert_eq!(notes.len(), 1);
}
