//! Bodies that are no alert, or that cannot be read.

use super::*;

#[tokio::test]
async fn what_cannot_be_shown_is_stored() {
    let mut function = endpoint(|command| {
        command.env("BODY_LIMIT", "1000");
    })
    .await;
    let header = |name: &str, value: &str| {
        let mut request = request("{}");
        request["headers"][name] = value.into();
        request
    };
    let cases = [
        (request(&format!(r#"{{"a":"{}"}}"#, "x".repeat(1_000))), "larger"),
        (header("content-encoding", "br"), "not with gzip"),
        (header("content-encoding", "gzip"), "not gzip"),
    ];
    for (index, (request, reason)) in cases.iter().enumerate() {
        let (status, body) = answer(&mut function, request).await;
        assert_eq!(status, 202, "{request}");
        let message = body["message"].as_str().expect("a text");
        assert!(
            message.contains("stored") && message.contains(reason),
            "{message}"
        );
        let parked = dead_letters(&function);
        assert_eq!(parked.len(), index + 1);
        let why = &parked[index]["alertctl"]["parked"];
        assert!(
            why["reason"].as_str().expect("a reason").contains(reason),
            "{why}"
        );
        assert_eq!(why["requestId"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    }
    let wrapper = &dead_letters(&function)[0]["alertctl"];
    assert_eq!(
        (&wrapper["endpoint"], &wrapper["channels"], &wrapper["topics"]),
        (&json!("elastalert"), &json!(["project"]), &json!([TOPIC]))
    );
    assert_eq!(shown(&function), (0, 0));
    lock(&function.script).sqs_refusals = [(400, "AccessDenied")].into();
    assert_eq!(status(&mut function, &cases[1].0).await, 503);
    let (lines, _) = log(function).await;
    assert!(
        lines[..3]
            .iter()
            .all(|line| line["kind"] == "refused" && line["outcome"] == "stored")
    );
    assert_eq!(
        (&lines[3]["kind"], &lines[3]["outcome"]),
        (&json!("failed"), &json!("unavailable"))
    );
}

#[tokio::test]
async fn what_is_no_alert_is_shown_as_the_text_it_is() {
    let mut function = endpoint(|_| {}).await;
    let mut base64 = request("{}");
    base64["isBase64Encoded"] = true.into();
    let mut euc_kr = base64.clone();
    euc_kr["body"] = BASE64_STANDARD.encode([b'"', 0xb0, 0xa1, b'"']).into();
    let mut empty = request("");
    empty["body"] = Value::Null;
    let cases = [
        (request("disk full on db-1"), "not JSON", "disk full on db-1"),
        (request("{\"a\":"), "not JSON", "{\"a\":"),
        (request(&"[".repeat(900)), "nested", "[[[["),
        (request("[{\"a\":1}]"), "not a JSON object", "[{\"a\":1}]"),
        (empty, "not JSON", ""),
        (euc_kr, "not in UTF-8", "\u{fffd}"),
        (base64, "not Base64", "{}"),
    ];
    for (index, (request, reason, text)) in cases.iter().enumerate() {
        let (status, body) = answer(&mut function, request).await;
        assert_eq!(status, 200, "{request}");
        let message = body["message"].as_str().expect("a text");
        assert!(
            message.contains("as text") && message.contains(reason),
            "{message}"
        );
        let (_, slack) = function.messages().pop().expect("a message");
        assert!(crate::support::headline(&slack).contains("elastalert"));
        let mail = lock(&function.script).sns_messages[index].clone();
        let blocks = slack["attachments"].to_string();
        let quoted = json!(text).to_string();
        assert!(blocks.contains(quoted.trim_matches('"')), "{text}: {blocks}");
        assert!(mail["Message"].contains(text), "{mail:?}");
    }
    assert!(dead_letters(&function).is_empty());
    // While nobody takes it, the sender keeps it.
    {
        let mut script = lock(&function.script);
        script.sns_refusals = [(429, "Throttled")].into();
        script.slack_always = Some((500, "rollup_error"));
    }
    assert_eq!(status(&mut function, &request("again")).await, 503);
    lock(&function.script).slack_always = None;
    log(function).await;
}

#[tokio::test]
async fn what_python_sends_is_read() {
    let mut function = endpoint(|_| {}).await;
    let plain = "\u{feff}{\"rule\": \"NaN\", \"value\": NaN, \"list\": [-Infinity, 1]}";
    let mut encoded = request(&BASE64_STANDARD.encode("{\"rule\": \"\\ud55c\", \"value\": 2}"));
    encoded["isBase64Encoded"] = true.into();
    encoded["headers"]["content-type"] = "application/json; charset=UTF-8".into();
    assert_eq!(status(&mut function, &request(plain)).await, 200);
    assert_eq!(status(&mut function, &encoded).await, 200);
    let messages = lock(&function.script).sns_messages.clone();
    assert_eq!(messages[0]["Subject"], "ElastAlert: NaN");
    assert!(messages[0]["Message"].contains("\"value\": null"), "{messages:?}");
    assert_eq!(messages[1]["Subject"], "ElastAlert: 한");
    log(function).await;
}
