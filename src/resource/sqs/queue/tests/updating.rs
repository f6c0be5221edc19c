use super::*;

async fn set(from: Live, to: SqsQueue) -> Vec<(Attribute, String)> {
    let sent = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = sent.clone();
    let set = mock!(Client::set_queue_attributes).then_compute_output(move |ask| {
        assert_eq!(ask.queue_url(), Some(url(NAME).as_str()));
        seen.lock().unwrap().extend(ask.attributes().unwrap().clone());
        SetQueueAttributesOutput::builder().build()
    });
    let aws = sqs(&[], RuleMode::MatchAny, &[set]);
    let changes = changes(&from, &to);
    let now = to.update(from, &changes, &cx(&aws).await).await.unwrap();
    assert!(self::changes(&now, &to).is_empty());
    let mut sent = sent.lock().unwrap().clone();
    sent.sort();
    sent
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    assert_eq!(set(live(), desired()).await, []);
    let retention = (Attribute::MessageRetentionPeriod, "60".to_owned());
    assert_eq!(
        set(
            live(),
            SqsQueue {
                retention_seconds: 60,
                ..desired()
            }
        )
        .await,
        [retention]
    );
    let from = Live {
        policy: None,
        ..live()
    };
    let sent = set(from, desired()).await;
    assert!(sent.len() == 1 && sent[0].1.contains("sns.amazonaws.com"));
}

#[tokio::test]
async fn an_empty_text_removes_the_policy() {
    let to = SqsQueue {
        policy: None,
        ..desired()
    };
    assert_eq!(set(live(), to).await, [(Attribute::Policy, String::new())]);
}

#[tokio::test]
async fn one_kind_of_encryption_takes_the_place_of_the_other() {
    let sse = || (Attribute::SqsManagedSseEnabled, "true".to_owned());
    let open = Live {
        sqs_managed_sse: false,
        ..live()
    };
    assert_eq!(set(open, desired()).await, [sse()]);
    let keyed = Live {
        sqs_managed_sse: false,
        kms_key: Some("alias/k".into()),
        ..live()
    };
    assert_eq!(
        set(keyed, desired()).await,
        [(Attribute::KmsMasterKeyId, String::new()), sse()]
    );
}

#[tokio::test]
async fn ownership_comes_first() {
    let mut from = Live {
        retention_seconds: 60,
        ..live()
    };
    from.tags = tags::owned("other", &id(), &Tags::from([("team".into(), "x".into())]));
    let tag = mock!(Client::tag_queue)
        .match_requests(|ask| ask.tags().unwrap()[STACK_TAG] == "mission")
        .then_output(|| TagQueueOutput::builder().build());
    let untag = mock!(Client::untag_queue)
        .match_requests(|ask| ask.tag_keys() == ["alertctl:tags", "team"])
        .then_output(|| UntagQueueOutput::builder().build());
    let set = mock!(Client::set_queue_attributes).then_output(|| SetQueueAttributesOutput::builder().build());
    let aws = sqs(&[], RuleMode::Sequential, &[untag, tag, set]);
    let changes = changes(&from, &desired());
    assert_eq!(
        desired().update(from, &changes, &cx(&aws).await).await.unwrap(),
        live()
    );
}
