//! What Slack refuses, and when it is tried again.

use super::*;

#[tokio::test]
async fn what_slack_will_never_take_is_parked_at_once() {
    let mut function = relay().await;
    lock(&function.script).slack_answers = [
        (404, "no_service".to_owned()),
        (400, "invalid_payload".to_owned()),
        (400, "no_text".to_owned()),
        (403, format!("nothing at /services/T0/B0/{SECRET}")),
    ]
    .into();
    for (id, reason) in [
        ("1", "Slack answers 404 Not Found: no_service"),
        ("2", "Slack answers 400 Bad Request: invalid_payload"),
        (
            "3",
            "Slack answers 403 Forbidden: (an answer that repeats the webhook)",
        ),
    ] {
        let answer = function.succeed(&text(id)).await;
        assert_eq!(answer, json!({ "delivered": 0, "parked": 1 }));
        let parked = function.queue("dead").pop().expect("a dead letter");
        assert_eq!(parked["alertctl"]["channels"], json!(["project"]));
        assert_eq!(parked["alertctl"]["parked"]["reason"], reason);
        assert_eq!(parked["alertctl"]["parked"]["function"], "mission-lambda");
        assert_eq!(parked["event"], text(id));
        // Lambda may retry the event because of another channel.
        let answer = function.succeed(&text(id)).await;
        assert_eq!(answer, json!({ "delivered": 0, "duplicates": 1 }));
    }
    assert_eq!((function.messages().len(), function.queue("dead").len()), (4, 3));
    // A redriven dead letter is delivered again, but only once.
    let parked = function.queue("dead").remove(0);
    assert_eq!(function.succeed(&parked).await, json!({ "delivered": 1 }));
    assert_eq!(
        function.succeed(&parked).await,
        json!({ "delivered": 0, "duplicates": 1 })
    );
    let lines = function.log().await;
    let parked = lines.iter().filter(|line| line["Parked"] == 1);
    let statuses: Vec<_> = parked.map(|line| line["status"].clone()).collect();
    assert_eq!(statuses, [404, 400, 403]);
}

#[tokio::test]
async fn without_a_place_to_park_the_invocation_fails() {
    let mut function = Function::start().await;
    lock(&function.script).slack_always = Some((410, "channel_is_archived"));
    let error = function.fail(&text("1")).await;
    assert_eq!(
        error,
        "channel `project` (#project): Slack answers 410 Gone: channel_is_archived; dead-letter queue: the \
         function has none (0 delivered)"
    );
    function.stop().await;
    let mut function = relay().await;
    {
        let mut script = lock(&function.script);
        script.slack_always = Some((410, "channel_is_archived"));
        script.sqs_refusals = [(400, "AWS.SimpleQueueService.NonExistentQueue")].into();
    }
    assert!(function.fail(&text("1")).await.contains("NonExistentQueue"));
    function.succeed(&text("1")).await;
    assert_eq!(function.queue("dead").len(), 1);
    assert!(!function.stop().await.contains("\"Parked\":2"));
}

#[tokio::test]
async fn a_moment_of_trouble_is_overcome() {
    let mut function = Function::start().await;
    lock(&function.script).slack_answers =
        [(500, "rollup_error".to_owned()), (503, "busy".to_owned())].into();
    assert_eq!(function.succeed(&text("1")).await, json!({ "delivered": 1 }));
    assert_eq!(function.messages().len(), 3);
    assert_eq!(function.log().await[0]["Retried"], 2);
}

#[tokio::test]
async fn lasting_trouble_fails_the_invocation_in_time() {
    let mut function = relay().await;
    lock(&function.script).slack_always = Some((500, "rollup_error"));
    function.runtime.hurry(std::time::Duration::from_secs(4));
    let started = Instant::now();
    let error = function.fail(&text("1")).await;
    assert!(started.elapsed().as_secs_f64() < 4.0);
    assert_eq!(
        error,
        "channel `project` (#project): Slack answers 500 Internal Server Error: rollup_error (0 delivered)"
    );
    // A pause that exceeds the remaining time is not started.
    lock(&function.script).slack_always = Some((429, "rate_limited"));
    lock(&function.script).slack_pause = Some(60);
    function.runtime.hurry(std::time::Duration::from_secs(6));
    let before = function.messages().len();
    assert!(function.fail(&text("2")).await.contains("429 Too Many Requests"));
    assert_eq!(function.messages().len(), before + 1);
    // Nor does it wait for a server that does not answer.
    lock(&function.script).silent = ["slack"].into();
    let started = Instant::now();
    let error = function.fail(&text("3")).await;
    assert!(error.contains("does not answer in the time there is"), "{error}");
    assert!(started.elapsed().as_secs_f64() < 6.0);
    assert!(function.queue("dead").is_empty());
    function.stop().await;
}

/// The server closes the connection during the TLS handshake.
#[tokio::test]
async fn a_connection_that_fails_is_tried_again() {
    let mut function = Function::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let attempts = Arc::new(AtomicUsize::new(0));
    let counter = attempts.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    lock(&function.script).plaintext = format!("http://{address}/services/T0/B0/{SECRET}");
    let error = function.fail(&fixture("text")).await;
    assert!(error.contains("Slack cannot be reached: "), "{error}");
    assert!(!error.contains(&address.to_string()), "{error}");
    assert_eq!(attempts.load(Ordering::SeqCst), 6);
    function.stop().await;
}

#[tokio::test]
async fn slack_is_given_the_pause_it_asks_for() {
    let mut function = Function::start().await;
    lock(&function.script).slack_answers = [(429, "rate_limited".to_owned())].into();
    let started = Instant::now();
    function.succeed(&fixture("text")).await;
    assert!(started.elapsed().as_secs_f64() >= 1.0);
    assert_eq!(function.messages().len(), 2);
    assert_eq!(function.log().await[0]["Retried"], 1);
}

#[tokio::test]
async fn what_slack_refuses_for_its_form_comes_as_text() {
    let mut function = relay().await;
    lock(&function.script).slack_answers = [(400, "invalid_blocks".to_owned())].into();
    let event = fixture("alarm-in-alarm");
    assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));
    let messages = function.messages();
    let [(_, refused), (_, shown)] = messages.as_slice() else {
        panic!("{messages:#?}");
    };
    assert!(refused["attachments"].is_array());
    assert!(shown.get("attachments").is_none(), "{shown:#}");
    let (refused, shown) = (refused["text"].as_str(), shown["text"].as_str());
    assert!(shown.expect("a text").starts_with(refused.expect("a headline")));
    let lines = function.log().await;
    assert_eq!(lines[0]["outcome"], "delivered");
    assert_eq!(lines[0]["status"], 400);
    assert_eq!(lines[0]["Retried"], 1);
    assert_eq!(
        lines[0]["reason"],
        "Slack answers 400 Bad Request: invalid_blocks"
    );
}
