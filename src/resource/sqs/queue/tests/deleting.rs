use super::*;

async fn delete(live: Live, rule: Rule) -> (Result<()>, Vec<String>) {
    let url = mock!(Client::get_queue_url).then_http_response(|| gone(0));
    let aws = sqs(&[], RuleMode::MatchAny, &[rule, url]);
    let cx = cx(&aws).await;
    let result = SqsQueue::delete(live, &cx).await;
    (result, cx.notes.take())
}

#[tokio::test(start_paused = true)]
async fn it_tells_how_many_messages_went_with_it() {
    let deleted = || mock!(Client::delete_queue).then_output(|| DeleteQueueOutput::builder().build());
    assert_eq!(delete(live(), deleted()).await, (Ok(()), vec![]));
    let (result, notes) = delete(
        Live {
            messages: 3,
            ..live()
        },
        deleted(),
    )
    .await;
    result.unwrap();
    let note = "the queue `mission-dead-letters` held about 3 undelivered messages; they are lost";
    assert_eq!(notes, [note]);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_gone_is_done_in_either_form() {
    for form in [0, 1] {
        let rule = mock!(Client::delete_queue).then_http_response(move || gone(form));
        assert_eq!(delete(live(), rule).await.0, Ok(()));
    }
}

#[test]
fn whatever_parks_messages_in_it_goes_first() {
    for kind in [
        "sns-subscription",
        "lambda-event-invoke-config",
        "lambda-function",
        "eventbridge-targets",
    ] {
        assert!(SqsQueue::HANDLING.deleted_after.contains(&kind));
    }
}

/// Queues of rules in other regions have no alarm, so the plan reports their messages.
#[test]
fn what_could_not_be_delivered_is_remarked_upon() {
    let remark = |messages, passes_on| {
        SqsQueue::about(&Live {
            messages,
            passes_on,
            ..live()
        })
        .remark
    };
    let shown = remark(3, false).unwrap();
    assert!(
        shown.starts_with("undelivered messages: about 3") && shown.contains("`alertctl redrive`"),
        "{shown}"
    );
    assert_eq!((remark(0, false), remark(3, true)), (None, None));
}

/// Some of SQS's servers still know the queue for up to a minute: a run that looked then would keep a dying queue.
#[tokio::test(start_paused = true)]
async fn it_is_over_once_no_server_knows_the_queue() {
    let delete = mock!(Client::delete_queue).then_output(|| DeleteQueueOutput::builder().build());
    let there = || GetQueueUrlOutput::builder().queue_url("https://q").build();
    let url = mock!(Client::get_queue_url)
        .sequence()
        .output(there)
        .http_response(|| gone(0))
        .output(there)
        .http_response(|| gone(1))
        .times(5)
        .build();
    let aws = sqs(&[], RuleMode::MatchAny, &[delete, url.clone()]);
    let cx = cx(&aws).await;
    SqsQueue::delete(live(), &cx).await.unwrap();
    assert_eq!(url.num_calls(), 8);
    assert!(cx.notes.take().is_empty());
}
