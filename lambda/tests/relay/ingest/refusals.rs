//! An alert that some or all destinations refuse, and what is sent again.

use super::*;

#[tokio::test]
async fn what_all_refuse_for_good_is_stored() {
    let mut function = endpoint(|_| {}).await;
    {
        let mut script = lock(&function.script);
        script.sns_refusals = [(403, "AuthorizationError")].into();
        script.slack_answers = [(404, "no_service".to_owned())].into();
    }
    let body = alert("1").to_string();
    assert_eq!(status(&mut function, &request(&body)).await, 202);
    let record = &dead_letters(&function)[0];
    let wrapper = &record["alertctl"];
    assert_eq!(
        (&wrapper["channels"], &wrapper["topics"]),
        (&json!(["project"]), &json!([TOPIC]))
    );
    let reason = wrapper["parked"]["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("no_service") && reason.contains("SNS answers AuthorizationError: no"),
        "{reason}"
    );
    assert_eq!(record["event"], alert("1"));
    // The alert is in the queue, so the sender need not retry it.
    assert_eq!(status(&mut function, &request(&body)).await, 200);
    assert_eq!(shown(&function), (1, 1));
    let (lines, _) = log(function).await;
    assert_eq!(
        (&lines[0]["kind"], &lines[0]["outcome"]),
        (&json!("failed"), &json!("stored"))
    );
}

#[tokio::test]
async fn what_one_has_is_stored_for_the_others() {
    let mut function = endpoint(|_| {}).await;
    lock(&function.script).slack_always = Some((500, "rollup_error"));
    let body = alert("1").to_string();
    assert_eq!(status(&mut function, &request(&body)).await, 202);
    let wrapper = &dead_letters(&function)[0]["alertctl"];
    assert_eq!(
        (&wrapper["channels"], wrapper.get("topics")),
        (&json!(["project"]), None)
    );
    // If the queue fails, too, the sender must retry the whole alert.
    {
        let mut script = lock(&function.script);
        script.slack_always = Some((404, "no_service"));
        script.sqs_refusals = [(400, "AWS.SimpleQueueService.NonExistentQueue")].into();
    }
    assert_eq!(
        status(&mut function, &request(&alert("2").to_string())).await,
        503
    );
    log(function).await;
}

#[tokio::test]
async fn what_nobody_takes_now_comes_again() {
    let mut function = endpoint(|_| {}).await;
    {
        let mut script = lock(&function.script);
        script.sns_refusals = [(403, "AuthorizationError")].into();
        script.slack_always = Some((503, "busy"));
    }
    assert_eq!(
        status(&mut function, &request(&alert("1").to_string())).await,
        503
    );
    assert!(dead_letters(&function).is_empty());
    let (lines, _) = log(function).await;
    assert!(lines[0]["reason"].as_str().expect("a reason").contains("busy"));
}

#[tokio::test]
async fn silence_is_not_waited_for() {
    let silent: [(&[&str], u64, usize); 4] = [
        (&["slack", "SNS"], 503, 0),
        (&["KMS", "SNS"], 503, 0),
        (&["slack"], 202, 1),
        (&["slack", "SQS"], 503, 0),
    ];
    let mut cases = Vec::new();
    for (services, expected, stored) in silent {
        cases.push(tokio::spawn(async move {
            let mut function = endpoint(|_| {}).await;
            lock(&function.script).silent = services.iter().copied().collect();
            assert_eq!(
                status(&mut function, &request(&alert("1").to_string())).await,
                expected,
                "{services:?}"
            );
            assert_eq!(dead_letters(&function).len(), stored, "{services:?}");
            log(function).await;
        }));
    }
    for case in cases {
        case.await.expect("the case holds");
    }
}

#[tokio::test]
async fn what_is_parked_and_sent_again_goes_to_those_without_it() {
    let mut function = endpoint(|_| {}).await;
    lock(&function.script).slack_answers = [(404, "no_service".to_owned())].into();
    status(&mut function, &request(&alert("1").to_string())).await;
    // One that cannot be shown, and is stored as it came.
    let mut compressed = request("{\"a\":");
    compressed["headers"]["content-encoding"] = "br".into();
    status(&mut function, &compressed).await;
    let letters = dead_letters(&function);
    assert_eq!(shown(&function), (1, 1));
    let answer = function.succeed(&letters[0]).await;
    assert_eq!(answer, json!({ "delivered": 1, "parked": 0 }));
    assert_eq!(shown(&function), (1, 2));
    // A body that is not JSON is shown as text.
    let answer = function.succeed(&letters[1]).await;
    assert_eq!(answer, json!({ "delivered": 2, "parked": 0 }));
    let message = lock(&function.script).slack_messages[2].1.to_string();
    assert!(message.contains("{\\\"a\\\":"), "{message}");
    // Destinations that have the alert by now do not get it again. A new failure is reported, or becomes a dead
    // letter again.
    function.succeed(&letters[1]).await;
    assert_eq!(shown(&function), (2, 3));
    let mut letter = letters[0].clone();
    letter["alertctl"]["parked"]["at"] = "later".into();
    lock(&function.script).slack_answers = [(410, "channel_is_archived".to_owned())].into();
    assert_eq!(
        function.succeed(&letter).await,
        json!({ "delivered": 0, "parked": 1 })
    );
    assert_eq!(dead_letters(&function)[2]["event"], alert("1"));
    lock(&function.script).slack_always = Some((500, "rollup_error"));
    function.runtime.hurry(Duration::from_secs(3));
    letter["alertctl"]["parked"]["at"] = "later still".into();
    assert!(function.fail(&letter).await.contains("rollup_error"));
    log(function).await;
}
