use super::*;

const DEAD: &str = "arn:aws:sqs:eu-west-1:123456789012:dead";

fn buffer() -> SqsQueue {
    SqsQueue {
        redelivery: Some(Redelivery {
            visibility_seconds: 360,
            dead_letter_queue: Text::arn("sqs", "dead"),
            max_receive_count: 1000,
        }),
        ..desired()
    }
}

fn redrive(count: Value) -> String {
    serde_json::json!({ "deadLetterTargetArn": DEAD, "maxReceiveCount": count }).to_string()
}

/// What SQS holds for [`buffer`].
fn held_by(redrive: Option<String>) -> [Rule; 3] {
    let more = [
        (Attribute::VisibilityTimeout, "360".to_owned()),
        (Attribute::RedrivePolicy, redrive.unwrap_or_default()),
        (Attribute::ApproximateNumberOfMessages, "2".into()),
        (Attribute::ApproximateNumberOfMessagesNotVisible, "40".into()),
    ];
    let [url, _, tags] = holding(&[live()]);
    let read = mock!(Client::get_queue_attributes).then_compute_output(move |_| {
        let mut all = attributes(&live()).attributes.unwrap();
        all.extend(more.clone());
        GetQueueAttributesOutput::builder()
            .set_attributes(Some(all))
            .build()
    });
    [url, read, tags]
}

async fn seen(redrive: Option<String>) -> Live {
    let aws = sqs(&[], RuleMode::MatchAny, &held_by(redrive));
    read(&aws, NAME, Some(&buffer())).await.unwrap().unwrap()
}

fn differing(live: &Live) -> Vec<String> {
    let changes = changes(live, &buffer());
    changes.iter().map(|change| change.field.clone()).collect()
}

async fn sent(from: Live) -> Vec<(Attribute, String)> {
    let sent = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = sent.clone();
    let set = mock!(Client::set_queue_attributes).then_compute_output(move |ask| {
        seen.lock().unwrap().extend(ask.attributes().unwrap().clone());
        SetQueueAttributesOutput::builder().build()
    });
    let aws = sqs(&[], RuleMode::MatchAny, &[set]);
    let changes = changes(&from, &buffer());
    let now = buffer().update(from, &changes, &cx(&aws).await).await.unwrap();
    assert_eq!(differing(&now), [""; 0]);
    let mut sent = sent.lock().unwrap().clone();
    sent.sort();
    sent
}

#[tokio::test]
async fn a_count_is_the_same_as_a_number_and_as_a_text() {
    for count in [serde_json::json!(1000), serde_json::json!("1000")] {
        assert_eq!(differing(&seen(Some(redrive(count))).await), [""; 0]);
    }
}

#[tokio::test]
async fn what_somebody_changed_of_it_is_put_right_alone() {
    let fewer = seen(Some(redrive(serde_json::json!(3)))).await;
    assert_eq!(differing(&fewer), ["max_receive_count"]);
    let whole = (Attribute::RedrivePolicy, redrive(serde_json::json!(1000)));
    assert_eq!(sent(fewer).await, std::slice::from_ref(&whole));

    let removed = seen(None).await;
    assert_eq!(differing(&removed), ["dead_letter_queue", "max_receive_count"]);
    assert_eq!(sent(removed).await, [whole]);

    let mut sooner = seen(Some(redrive(serde_json::json!(1000)))).await;
    sooner.redelivery.as_mut().unwrap().visibility_seconds = 30;
    assert_eq!(differing(&sooner), ["visibility_seconds"]);
    let visibility = (Attribute::VisibilityTimeout, "360".to_owned());
    assert_eq!(sent(sooner).await, [visibility]);
}

#[tokio::test(start_paused = true)]
async fn it_travels_in_the_creating_call_and_waits_for_the_queue_it_leads_to() {
    let refused = || {
        let text =
            "Value {} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.";
        let [_, compatible] = refusals("InvalidParameterValue", "InvalidParameterValue", text);
        compatible
    };
    let create = mock!(Client::create_queue)
        .match_requests(|ask| {
            let of = |name| ask.attributes().unwrap()[&name].as_str();
            of(Attribute::VisibilityTimeout) == "360"
                && of(Attribute::RedrivePolicy) == redrive(serde_json::json!(1000))
        })
        .sequence()
        .http_response(refused)
        .output(|| CreateQueueOutput::builder().queue_url(url(NAME)).build())
        .build();
    let aws = sqs(&[], RuleMode::Sequential, &[create]);
    let made = buffer().create(&cx(&aws).await).await.unwrap();
    assert_eq!(differing(&made), [""; 0]);
}

#[tokio::test]
async fn what_is_received_and_not_deleted_counts_as_held() {
    let live = seen(None).await;
    let loss = SqsQueue::about(&live).data_loss.unwrap();
    assert!(loss.contains("about 42 undelivered messages"), "{loss}");
}

/// A queue without a consumer keeps SQS's defaults, or what somebody changed them to.
#[tokio::test]
async fn where_nothing_is_wanted_nothing_is_read() {
    let aws = sqs(&[], RuleMode::MatchAny, &held_by(None));
    let live = read(&aws, NAME, Some(&desired())).await.unwrap().unwrap();
    assert!(changes(&live, &desired()).is_empty());
}
