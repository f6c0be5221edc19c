//! The real executable between a fake Lambda, KMS and Slack.

#[path = "support/fakes.rs"]
mod fakes;
mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use fakes::{Outcome, Runtime, Script, Shared};
use serde_json::{Value, json};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::fixture;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

const SECRET: &str = "XXXXsecretXXXX";
const PATIENCE: Duration = Duration::from_secs(20);

/// The relay as a process, with everything it talks to.
struct Function {
    runtime: Runtime,
    script: Shared,
    process: Child,
}

impl Function {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts the relay after `change` has had its way with the command.
    async fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        let script = Shared::new(Mutex::new(Script::default()));
        let services = fakes::services(script.clone()).await;
        lock(&script).plaintext = format!("http://{services}/services/T0/B0/{SECRET}");
        let runtime = Runtime::start().await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_bootstrap"));
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "mission-lambda")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/mission-lambda")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .env("AWS_REGION", "ap-northeast-2")
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_SESSION_TOKEN", "session")
            .env("AWS_ENDPOINT_URL", format!("http://{services}"))
            .env("ROUTES", r#"{"mission-sns":["project"]}"#)
            .env("CHANNELS", r##"{"project":"#project"}"##)
            .env("WEBHOOK_project", BASE64_STANDARD.encode("ciphertext"))
            .env("DIGEST_project", "0123abcd")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        change(&mut command);
        let process = command.spawn().expect("the relay starts");
        Self {
            runtime,
            script,
            process,
        }
    }

    async fn invoke(&mut self, event: &Value) -> Outcome {
        timeout(PATIENCE, self.runtime.invoke(event))
            .await
            .expect("an outcome in time")
    }

    async fn succeed(&mut self, event: &Value) -> Value {
        match self.invoke(event).await {
            Outcome::Success(answer) => answer,
            Outcome::Failure(report) => panic!("the invocation failed: {report}"),
        }
    }

    /// The error message of an invocation that must fail.
    async fn fail(&mut self, event: &Value) -> String {
        match self.invoke(event).await {
            Outcome::Success(answer) => panic!("the invocation succeeded: {answer}"),
            Outcome::Failure(report) => {
                assert!(!report.to_string().contains(SECRET), "{report}");
                report["errorMessage"]
                    .as_str()
                    .expect("an error message")
                    .to_owned()
            }
        }
    }

    fn messages(&self) -> Vec<(String, Value)> {
        lock(&self.script).slack_messages.clone()
    }

    fn kms_requests(&self) -> Vec<Value> {
        lock(&self.script).kms_requests.clone()
    }

    /// Ends the relay and answers with what it wrote, which never holds the secret.
    async fn stop(mut self) -> String {
        self.process.start_kill().expect("the relay still runs");
        let Output { stdout, stderr, .. } = self.process.wait_with_output().await.expect("its output");
        let said = String::from_utf8([stdout, stderr].concat()).expect("UTF-8");
        assert!(!said.contains(SECRET), "{said}");
        said
    }
}

fn lock(script: &Arc<Mutex<Script>>) -> std::sync::MutexGuard<'_, Script> {
    script.lock().expect("not poisoned")
}

#[tokio::test]
async fn an_alarm_reaches_the_channel_once() {
    let mut function = Function::start().await;
    let event = fixture("alarm-in-alarm");
    assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));

    let expected = alertctl_relay::render(&event, &support::english()).deliveries;
    let messages = function.messages();
    assert_eq!(
        messages,
        [(format!("/services/T0/B0/{SECRET}"), json!(expected[0].message))]
    );
    assert_eq!(
        function.kms_requests(),
        [json!({
            "CiphertextBlob": BASE64_STANDARD.encode("ciphertext"),
            "EncryptionContext": { "LambdaFunctionName": "mission-lambda" },
        })]
    );
    assert_eq!(function.stop().await, "");
}

#[tokio::test]
async fn a_webhook_is_decrypted_once_per_process() {
    let mut function = Function::start().await;
    for _ in 0..3 {
        function.succeed(&fixture("text")).await;
    }
    assert_eq!((function.messages().len(), function.kms_requests().len()), (3, 1));
    function.stop().await;
}

#[tokio::test]
async fn what_slack_refuses_fails_the_invocation() {
    let mut function = Function::start().await;
    lock(&function.script).slack_answers = [
        (500, "rollup_error".to_owned()),
        (404, "no_service".to_owned()),
        (404, format!("nothing at /services/T0/B0/{SECRET}")),
    ]
    .into();
    let event = fixture("alarm-ok");
    let error = function.fail(&event).await;
    assert_eq!(
        error,
        "channel `project` (#project): Slack answers 500 Internal Server Error: rollup_error (0 delivered)"
    );
    assert!(function.fail(&event).await.contains("404 Not Found: no_service"));
    assert!(
        function
            .fail(&event)
            .await
            .contains("an answer that repeats the webhook")
    );
    // A refusal is not tried again here: Lambda does that.
    assert_eq!(function.messages().len(), 3);
    assert!(function.stop().await.contains("rollup_error"));
}

#[tokio::test]
async fn the_other_records_and_channels_still_get_theirs() {
    let mut function = Function::start_with(|command| {
        command.env("ROUTES", r#"{"mission-sns":["project","broken-one"]}"#);
    })
    .await;
    let error = function.fail(&fixture("injection")).await;
    assert!(
        error.contains("channel `broken-one`: the variable WEBHOOK_broken_one is not set"),
        "{error}"
    );
    assert!(error.ends_with("(2 delivered)"), "{error}");
    assert_eq!(function.messages().len(), 2);
    function.stop().await;
}

#[tokio::test]
async fn a_failed_decryption_is_explained_and_tried_again() {
    let mut function = Function::start().await;
    let denied = "The ciphertext refers to a customer master key that does not exist, does not exist in \
                  this region, or you are not allowed to access.";
    lock(&function.script).kms_refusals = [
        (400, json!({ "__type": "InvalidCiphertextException" })),
        (
            400,
            json!({ "__type": "AccessDeniedException", "message": denied }),
        ),
        (
            400,
            json!({ "__type": "DisabledException", "message": "arn:aws:kms:x is disabled." }),
        ),
    ]
    .into();
    let event = fixture("text");
    let error = function.fail(&event).await;
    assert!(
        error.contains("another function than `mission-lambda`"),
        "{error}"
    );
    assert!(error.contains("alertctl encrypt-hook"), "{error}");
    let error = function.fail(&event).await;
    assert!(
        error.contains("the key of the ciphertext is gone, lies in another region than ap-northeast-2"),
        "{error}"
    );
    let error = function.fail(&event).await;
    assert!(
        error.contains("DisabledException: arn:aws:kms:x is disabled."),
        "{error}"
    );
    function.succeed(&event).await;
    function.stop().await;
}

/// Without a scheme the address is https. The fake speaks no TLS, so the attempt itself is the proof.
#[tokio::test]
async fn a_webhook_without_a_scheme_is_https() {
    let mut function = Function::start().await;
    let schemeless = lock(&function.script)
        .plaintext
        .trim_start_matches("http://")
        .to_owned();
    lock(&function.script).plaintext = schemeless;
    let error = function.fail(&fixture("text")).await;
    assert!(error.contains("no secure connection (TLS)"), "{error}");
    function.stop().await;
}

#[tokio::test]
async fn a_webhook_in_clear_text_never_leaves_the_machine() {
    let mut function = Function::start().await;
    lock(&function.script).plaintext = format!("http://hooks.slack.com/services/T0/B0/{SECRET}");
    let error = function.fail(&fixture("text")).await;
    assert!(error.contains("the webhook must use https"), "{error}");
    function.stop().await;
}

#[tokio::test]
async fn a_topic_without_a_route_fails_by_name() {
    let mut function = Function::start_with(|command| {
        command.env("ROUTES", "{}");
    })
    .await;
    let error = function.fail(&fixture("text")).await;
    assert_eq!(error, "no channel is routed to topic `mission-sns` (0 delivered)");
    assert_eq!(function.kms_requests().len(), 0);
    function.stop().await;
}

#[tokio::test]
async fn a_bad_setting_fails_each_invocation() {
    let mut function = Function::start_with(|command| {
        command.env("ALERTCTL_TIMEZONE", "Mars/Olympus");
    })
    .await;
    for _ in 0..2 {
        assert!(function.fail(&fixture("text")).await.contains("`Mars/Olympus`"));
    }
    function.stop().await;
}

/// The other side hangs up during the TLS handshake, so Slack cannot have the message yet.
#[tokio::test]
async fn a_connection_that_fails_is_tried_twice() {
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
    lock(&function.script).plaintext = format!("{address}/services/T0/B0/{SECRET}");
    let error = function.fail(&fixture("text")).await;
    assert!(
        error.contains("Slack cannot be reached: no connection"),
        "{error}"
    );
    assert!(!error.contains(&address.to_string()), "{error}");
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
    function.stop().await;
}

#[tokio::test]
async fn the_relay_waits_for_work_at_once() {
    let mut function = Function::start().await;
    timeout(PATIENCE, function.runtime.polled())
        .await
        .expect("the relay asks for work");
    assert_eq!(function.kms_requests().len(), 0);
    function.stop().await;
}
