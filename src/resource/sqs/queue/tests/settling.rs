use super::*;

#[tokio::test(start_paused = true)]
async fn it_waits_until_sqs_shows_the_new_attributes() {
    let shown = mock!(Client::get_queue_attributes)
        .sequence()
        .output(|| {
            attributes(&Live {
                retention_seconds: 60,
                ..live()
            })
        })
        .times(20)
        .build();
    let rules: Vec<_> = [shown.clone()].into_iter().chain(holding(&[live()])).collect();
    let aws = sqs(&[], RuleMode::MatchAny, &rules);
    let cx = cx(&aws).await;
    desired().settle(&live(), &cx).await.unwrap();
    assert_eq!((shown.num_calls(), cx.notes.take().len()), (20, 0));
}

#[tokio::test(start_paused = true)]
async fn one_server_that_shows_them_is_not_all() {
    let former = || {
        attributes(&Live {
            retention_seconds: 60,
            ..live()
        })
    };
    let now = || attributes(&live());
    let shown = mock!(Client::get_queue_attributes)
        .sequence()
        .output(now)
        .output(former)
        .output(now)
        .times(5)
        .build();
    let rules: Vec<_> = [shown.clone()].into_iter().chain(holding(&[live()])).collect();
    let aws = sqs(&[], RuleMode::MatchAny, &rules);
    desired().settle(&live(), &cx(&aws).await).await.unwrap();
    assert_eq!(shown.num_calls(), 7);
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_is_told_and_no_failure() {
    let start = Instant::now();
    let rules = holding(&[Live {
        retention_seconds: 60,
        ..live()
    }]);
    let aws = sqs(&[], RuleMode::MatchAny, &rules);
    let cx = cx(&aws).await;
    desired().settle(&live(), &cx).await.unwrap();
    assert!(start.elapsed() <= ATTRIBUTES);
    assert!(cx.notes.take()[0].contains("15 minutes"));
}
