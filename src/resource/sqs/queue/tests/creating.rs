use super::*;

fn created() -> CreateQueueOutput {
    CreateQueueOutput::builder().queue_url(url(NAME)).build()
}

#[tokio::test]
async fn attributes_and_ownership_travel_in_the_creating_call() {
    let create = mock!(Client::create_queue)
        .match_requests(|ask| {
            let of = |name| ask.attributes().unwrap()[&name].as_str();
            of(Attribute::MessageRetentionPeriod) == "1209600"
                && of(Attribute::SqsManagedSseEnabled) == "true"
                && of(Attribute::Policy).contains("sns.amazonaws.com")
                && ask.tags() == Some(&tags::hashed(&desired().tags))
        })
        .then_output(created);
    let aws = sqs(&[], RuleMode::Sequential, &[create]);
    assert_eq!(desired().create(&cx(&aws).await).await.unwrap(), live());
}

#[tokio::test(start_paused = true)]
async fn a_name_used_a_moment_ago_is_waited_for_in_either_form() {
    let old = "AWS.SimpleQueueService.QueueDeletedRecently";
    let text = "You must wait 60 seconds after deleting a queue before you can create another with the \
                same name.";
    for form in [0, 1] {
        let refusal = move || {
            refusals("QueueDeletedRecently", old, text)
                .into_iter()
                .nth(form)
                .unwrap()
        };
        let start = Instant::now();
        let create = mock!(Client::create_queue)
            .sequence()
            .http_response(refusal)
            .times(20)
            .output(created)
            .build();
        let aws = sqs(&[], RuleMode::MatchAny, &[create]);
        desired().create(&cx(&aws).await).await.unwrap();
        assert!(start.elapsed().as_secs() > 45);

        let start = Instant::now();
        let never = mock!(Client::create_queue).then_http_response(refusal);
        let aws = sqs(&[], RuleMode::MatchAny, &[never]);
        let fault = desired().create(&cx(&aws).await).await.unwrap_err();
        assert_eq!(fault.message, text);
        assert!((60..=300).contains(&start.elapsed().as_secs()));
    }
}

#[tokio::test]
async fn one_that_exists_is_brought_up_to_date_when_ours_and_else_refused() {
    for form in [0, 1] {
        let exists = || {
            mock!(Client::create_queue).then_http_response(move || {
                refusals("QueueNameExists", "QueueAlreadyExists", "")
                    .into_iter()
                    .nth(form)
                    .unwrap()
            })
        };
        let set = mock!(Client::set_queue_attributes)
            .match_requests(|ask| {
                let attributes = ask.attributes().unwrap();
                attributes.len() == 1 && attributes[&Attribute::MessageRetentionPeriod] == "1209600"
            })
            .then_output(|| SetQueueAttributesOutput::builder().build());
        let older = Live {
            retention_seconds: 60,
            ..live()
        };
        let rules: Vec<_> = holding(&[older]).into_iter().chain([exists(), set]).collect();
        let aws = sqs(&[], RuleMode::MatchAny, &rules);
        assert_eq!(desired().create(&cx(&aws).await).await.unwrap(), live());

        let foreign = Live {
            tags: Tags::new(),
            ..live()
        };
        let rules: Vec<_> = holding(&[foreign]).into_iter().chain([exists()]).collect();
        let aws = sqs(&[], RuleMode::MatchAny, &rules);
        assert!(desired().create(&cx(&aws).await).await.is_err());
    }
}

#[tokio::test]
async fn its_arn_is_one_of_its_own_region() {
    let there = sqs(&[], RuleMode::Sequential, &[]).and_in("us-east-1", Vec::new(), |clients| {
        let create = mock!(Client::create_queue).then_output(created);
        clients.sqs = mock_client!(aws_sdk_sqs, [&create]);
    });
    let there = there.at("us-east-1");
    // The context fills placeholders with the stack's home region.
    let live = desired()
        .create(&Context::mocked(&there, known().scope))
        .await
        .unwrap();
    assert_eq!(
        SqsQueue::output(&live).arn,
        format!("arn:aws:sqs:us-east-1:123456789012:{NAME}")
    );
}
