//! Requests in the form that AWS requires, and the handling of responses.

use super::*;
use ::http::HeaderMap;
use ::http::header::AUTHORIZATION;
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn aws(endpoint: Option<&str>) -> Aws {
    Aws::new(Http::new(), |name| {
        let value = match name {
            "AWS_REGION" => "ap-northeast-2",
            "AWS_ACCESS_KEY_ID" => "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY" => SECRET,
            "AWS_SESSION_TOKEN" => "session",
            _ => return endpoint.map(str::to_owned),
        };
        Some(value.to_owned())
    })
}

fn decrypt() -> Call {
    Call::json(Service::KMS, "Decrypt", &json!({ "CiphertextBlob": "YQ==" }))
}

fn publish() -> Call {
    Call::query(Service::SNS, "Publish", &[("Subject", "a & b")])
}

/// Status, headers and body of a response.
type Answer = (u16, Vec<(&'static str, String)>, &'static str);

/// The requests that a fake AWS received, and its next responses. After the last one it answers 200 `{}`.
#[derive(Default)]
struct Script {
    requests: Vec<(String, HeaderMap, Bytes)>,
    answers: VecDeque<Answer>,
}

/// A client for a fake AWS that sends these responses and asks for no pause.
async fn fake(answers: Vec<Answer>) -> (Aws, Arc<Mutex<Script>>) {
    let script = Arc::new(Mutex::new(Script {
        answers: answers.into(),
        ..Script::default()
    }));
    let router = Router::new().fallback(answer).with_state(script.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (aws(Some(&format!("http://{address}"))), script)
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    request: axum::extract::Request,
) -> axum::response::Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    let mut script = script.lock().expect("not poisoned");
    let line = format!("{} {}", head.method, head.uri);
    script.requests.push((line, head.headers, body));
    let (status, headers, body) = script.answers.pop_front().unwrap_or((200, Vec::new(), "{}"));
    let status = ::http::StatusCode::from_u16(status).expect("a status");
    let mut answer = (status, [("x-amz-retry-after", "0")], body).into_response();
    for (name, value) in headers {
        let value = HeaderValue::from_str(&value).expect("a value");
        answer.headers_mut().insert(name, value);
    }
    answer
}

/// The expected signatures were computed by hand from AWS's description.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
#[test]
fn requests_are_signed_for_their_service_and_region() {
    let send = Call::json(Service::SQS, "SendMessage", &json!({ "QueueUrl": "q" }));
    for (call, region, host, headers, signature) in [
        (
            decrypt(),
            "ap-northeast-2",
            "kms.ap-northeast-2.amazonaws.com",
            "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
            "07d4413d8ec2a3a984149caed14474a0499f9ef25a50c728100225289d49ebc2",
        ),
        (
            send,
            "cn-north-1",
            "sqs.cn-north-1.amazonaws.com.cn",
            "content-type;host;x-amz-date;x-amz-security-token;x-amz-target;x-amzn-query-mode",
            "e96117ab4509f3eb9d3eaeeb3f792ce5e1efaad6fa2709232411e6dad4861b8a",
        ),
        (
            publish(),
            "eusc-de-east-1",
            "sns.eusc-de-east-1.amazonaws.eu",
            "content-type;host;x-amz-date;x-amz-security-token",
            "b10461ccb2b16ffd6a82df43408fa50fa68f5e81f3340f23baae3f58ca69e489",
        ),
    ] {
        let aws = aws(None);
        let address = aws.address(region, &call).expect("an address");
        assert_eq!(address.to_string(), format!("https://{host}/"));
        let time: Timestamp = "2026-11-20T05:00:00Z".parse().expect("a time");
        let request = aws.request(&address, region, &call, time);
        let request = request.expect("a request");
        let service = call.service.id;
        assert_eq!(
            request.headers()[AUTHORIZATION],
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/{region}/{service}/aws4_request, \
                 SignedHeaders={headers}, Signature={signature}"
            )
        );
        assert!(request.headers()["x-amz-security-token"].is_sensitive());
        let shown = format!("{request:?}");
        assert!(!shown.contains(SECRET) && !shown.contains("session"), "{shown}");
    }
}

#[tokio::test]
async fn each_protocol_has_its_headers_and_its_body() {
    let (aws, script) = fake(vec![(200, Vec::new(), "answer")]).await;
    assert_eq!(aws.call("us-east-1", &decrypt()).await, Ok("answer".into()));
    let status = Call::json(Service::CLOUDTRAIL, "GetTrailStatus", &json!({ "Name": "t" }));
    aws.call("us-east-1", &status).await.expect("an answer");
    let letter = Call::query(
        Service::SNS,
        "Publish",
        &[("Subject", "5 % & 경보 = +1~*"), ("Message", "")],
    );
    aws.call("us-east-1", &letter).await.expect("an answer");
    let invoke = Call::invoke("mission-relay", &json!({ "a": 1 }));
    aws.call("us-east-1", &invoke).await.expect("an answer");

    let script = script.lock().expect("not poisoned");
    let expected = [
        (
            "/",
            "application/x-amz-json-1.1",
            Some("TrentService.Decrypt"),
            r#"{"CiphertextBlob":"YQ=="}"#,
        ),
        (
            "/",
            "application/x-amz-json-1.1",
            Some("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetTrailStatus"),
            r#"{"Name":"t"}"#,
        ),
        (
            "/",
            "application/x-www-form-urlencoded",
            None,
            "Action=Publish&Version=2010-03-31&Subject=5+%25+%26+%EA%B2%BD%EB%B3%B4+%3D+%2B1%7E*&Message=",
        ),
        (
            "/2015-03-31/functions/mission-relay/invocations",
            "application/json",
            None,
            r#"{"a":1}"#,
        ),
    ];
    assert_eq!(script.requests.len(), expected.len());
    for ((line, headers, body), (path, content_type, target, expected)) in
        script.requests.iter().zip(expected)
    {
        assert_eq!(
            (line.as_str(), &body[..]),
            (format!("POST {path}").as_str(), expected.as_bytes())
        );
        assert_eq!(headers["content-type"], content_type);
        let found = headers.get("x-amz-target");
        assert_eq!(found.map(HeaderValue::as_bytes), target.map(str::as_bytes));
        assert_eq!(headers["x-amz-security-token"], "session");
        assert!(headers.contains_key("x-amz-date") && headers.contains_key(AUTHORIZATION));
    }
    let (_, headers, _) = script.requests.last().expect("one");
    assert_eq!(headers["x-amz-invocation-type"], "Event");
}

#[tokio::test]
async fn an_error_is_read_wherever_it_stands() {
    let header = |name, value: &str| vec![(name, value.to_owned())];
    let cases: [(Answer, &str); 7] = [
        (
            (
                400,
                Vec::new(),
                r#"{"__type":"com.amazonaws.kms#NotFoundException:http://x","Message":"gone"}"#,
            ),
            "answers NotFoundException: gone",
        ),
        (
            (400, Vec::new(), r#"{"code":"A","__type":"B","message":"m"}"#),
            "answers A: m",
        ),
        (
            (400, header("x-amzn-errortype", "A:http://x"), r#"{"__type":"B"}"#),
            "answers A: ",
        ),
        (
            (
                400,
                header(
                    "x-amzn-query-error",
                    "AWS.SimpleQueueService.NonExistentQueue;Sender",
                ),
                r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no queue"}"#,
            ),
            "answers AWS.SimpleQueueService.NonExistentQueue: no queue",
        ),
        (
            (
                403,
                Vec::new(),
                "<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code>\n\
                 <Message>&quot;a&quot; &lt;b&gt; &amp;amp; &#39;&#xAC00; &no; &</Message></Error></ErrorResponse>",
            ),
            "answers AuthorizationError: \"a\" <b> &amp; '가 &no; &",
        ),
        ((404, Vec::new(), "<html>"), "answers an unnamed error: "),
        ((403, Vec::new(), "[]"), "answers an unnamed error: "),
    ];
    for (answer, expected) in cases {
        let (aws, script) = fake(vec![answer]).await;
        let error = aws.call("us-east-1", &publish()).await.expect_err("an error");
        assert_eq!(error.to_string(), expected);
        assert!(!error.is_transient(), "{error}");
        assert_eq!(script.lock().expect("not poisoned").requests.len(), 1);
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_not_forever() {
    let throttled = || (400, Vec::new(), r#"{"__type":"ThrottlingException"}"#);
    let failed = || (503, Vec::new(), "");
    let (aws, script) = fake(vec![throttled(), failed()]).await;
    assert_eq!(aws.call("us-east-1", &decrypt()).await, Ok("{}".into()));
    assert_eq!(script.lock().expect("not poisoned").requests.len(), 3);

    for attempts in [3, 5] {
        let (aws, script) = fake(vec![throttled(); 9]).await;
        let call = decrypt().attempts(attempts);
        let error = aws.call("us-east-1", &call).await.expect_err("an error");
        assert!(error.is_transient(), "{error}");
        let requests = script.lock().expect("not poisoned").requests.len();
        assert_eq!(requests, attempts as usize);
    }
}

#[tokio::test]
async fn nobody_there_is_said_without_the_address() {
    let nobody = aws(Some("http://127.0.0.1:1"));
    let call = decrypt().attempts(1);
    let error = nobody.call("us-east-1", &call).await.expect_err("nobody");
    assert_eq!(
        error.to_string(),
        "cannot be reached: no connection (connection refused)"
    );
    assert!(error.is_transient());
    let nowhere = aws(Some("no address"));
    let error = nowhere.call("us-east-1", &decrypt()).await.expect_err("nowhere");
    assert!(matches!(error, AwsError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn silence_ends_an_attempt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let call = decrypt().attempts(1);
    let error = aws(Some(&format!("http://{address}")))
        .call("us-east-1", &call)
        .await;
    assert_eq!(
        error.expect_err("silence").to_string(),
        "cannot be reached: no answer within 2.5 s"
    );
}

#[tokio::test]
async fn a_clock_that_is_wrong_goes_by_awss() {
    let tomorrow = Timestamp::now() + SignedDuration::from_hours(24);
    let date = tomorrow.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let late = || {
        (
            403,
            vec![("date", date.clone())],
            r#"{"__type":"InvalidSignatureException","message":"Signature expired"}"#,
        )
    };
    let (aws, script) = fake(vec![late()]).await;
    assert_eq!(aws.call("us-east-1", &decrypt()).await, Ok("{}".into()));
    let signed = |number: usize| {
        let script = script.lock().expect("not poisoned");
        let date = &script.requests[number].1["x-amz-date"];
        date.to_str().expect("ASCII")[..8].to_owned()
    };
    assert_ne!(signed(0), tomorrow.strftime("%Y%m%d").to_string());
    assert_eq!(signed(1), tomorrow.strftime("%Y%m%d").to_string());

    // If AWS refuses a request even with the right time, the cause is another one.
    let (aws, script) = fake(vec![late(), late(), late()]).await;
    let error = aws.call("us-east-1", &decrypt()).await.expect_err("refused");
    assert_eq!(
        error.to_string(),
        "answers InvalidSignatureException: Signature expired"
    );
    assert_eq!(script.lock().expect("not poisoned").requests.len(), 2);
}
