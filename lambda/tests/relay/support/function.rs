//! The function as a process, together with the fakes.

use super::fakes::{self, Outcome, Runtime, Script, Shared};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub const SECRET: &str = "XXXXsecretXXXX";
pub const QUEUE: &str = "arn:aws:sqs:ap-northeast-2:111122223333:dead";
pub const BUFFER: &str = "arn:aws:sqs:ap-northeast-2:111122223333:mission-project-buffer";
pub const RETRIES: &str = "arn:aws:sqs:ap-northeast-2:111122223333:mission-relay-retries";
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The relay as a process, with fakes of everything that it talks to.
pub struct Function {
    pub runtime: Runtime,
    pub script: Shared,
    command: Command,
    process: Child,
    /// The output of its processes. It is read continuously, because a full pipe would block them.
    said: Vec<JoinHandle<Vec<u8>>>,
    _task_root: tempfile::TempDir,
}

/// The settings of a relay with one topic and one channel.
pub fn settings() -> Value {
    json!({
        "stack": "mission",
        "channels": { "project": { "label": "#project" } },
        "topics": { "mission-sns": { "to": ["project"] } },
    })
}

/// A batch from the channel's buffer.
pub fn batch(bodies: &[String]) -> Value {
    batch_from(BUFFER, Duration::from_secs(1), bodies)
}

/// A batch from a queue, of messages that have waited for `age`.
pub fn batch_from(queue: &str, age: Duration, bodies: &[String]) -> Value {
    let sent = SystemTime::now() - age;
    let sent = sent.duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let record = |(index, body): (usize, &String)| {
        json!({
            "messageId": format!("m-{index}"),
            "receiptHandle": format!("r-{index}"),
            "body": body,
            "attributes": { "SentTimestamp": sent.to_string(), "ApproximateReceiveCount": "1" },
            "eventSource": "aws:sqs",
            "eventSourceARN": queue,
        })
    };
    json!({ "Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>() })
}

impl Function {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts the relay after `change` has modified the command.
    pub async fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        Self::start_as(&settings(), change).await
    }

    /// Starts the relay with these settings, a dead-letter queue and a retry queue.
    pub async fn start_with_queues(settings: &Value) -> Self {
        Self::start_as(settings, |command| {
            command
                .env("DEAD_LETTER_QUEUE", QUEUE)
                .env("RETRY_QUEUE", RETRIES);
        })
        .await
    }

    /// Starts the relay with these settings in its zip.
    pub async fn start_as(settings: &Value, change: impl FnOnce(&mut Command)) -> Self {
        let task_root = tempfile::tempdir().expect("a directory");
        std::fs::write(task_root.path().join("settings.json"), settings.to_string()).expect("a file");
        let script = Shared::default();
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
            .env("LAMBDA_TASK_ROOT", task_root.path())
            .env("WEBHOOK_project", BASE64_STANDARD.encode("ciphertext"))
            .env("DIGEST_project", "0123abcd")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        change(&mut command);
        let mut said = Vec::new();
        let process = spawn(&mut command, &mut said);
        Self {
            runtime,
            script,
            command,
            process,
            said,
            _task_root: task_root,
        }
    }

    /// Kills the process at any moment and starts another.
    pub async fn restart(&mut self) {
        self.process.kill().await.expect("the relay still runs");
        self.runtime.forget();
        self.process = spawn(&mut self.command, &mut self.said);
    }

    pub async fn invoke(&mut self, event: &Value) -> Outcome {
        timeout(PATIENCE, self.runtime.invoke(event))
            .await
            .expect("an outcome in time")
    }

    pub async fn succeed(&mut self, event: &Value) -> Value {
        match self.invoke(event).await {
            Outcome::Success(answer) => answer,
            Outcome::Failure(report) => panic!("the invocation failed: {report}"),
        }
    }

    /// The error message of an invocation that must fail.
    pub async fn fail(&mut self, event: &Value) -> String {
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

    pub fn messages(&self) -> Vec<(String, Value)> {
        lock(&self.script).slack_messages.clone()
    }

    pub fn kms_requests(&self) -> Vec<Value> {
        lock(&self.script).kms_requests.clone()
    }

    /// Stops the relay and returns its output, which never contains the secret.
    pub async fn stop(mut self) -> String {
        self.process.kill().await.expect("the relay still runs");
        let mut said = Vec::new();
        for output in self.said {
            said.extend(output.await.expect("its output"));
        }
        let said = String::from_utf8(said).expect("UTF-8");
        assert!(!said.contains(SECRET), "{said}");
        said
    }

    /// Stops the relay and returns the lines of its log.
    pub async fn log(self) -> Vec<Value> {
        let said = self.stop().await;
        let line = |line| serde_json::from_str(line).expect("a line of JSON");
        said.lines().map(line).collect()
    }

    /// The content of the queue with this name.
    pub fn queue(&self, name: &str) -> Vec<Value> {
        let script = lock(&self.script);
        let here = |request: &&Value| {
            let url = request["QueueUrl"].as_str().expect("a queue");
            url.ends_with(&format!("/111122223333/{name}"))
        };
        let body = |request: &Value| {
            let body = request["MessageBody"].as_str().expect("a body");
            serde_json::from_str(body).expect("JSON")
        };
        script.sqs_requests.iter().filter(here).map(body).collect()
    }
}

fn spawn(command: &mut Command, said: &mut Vec<JoinHandle<Vec<u8>>>) -> Child {
    let mut process = command.spawn().expect("the relay starts");
    said.push(read(process.stdout.take().expect("a pipe")));
    said.push(read(process.stderr.take().expect("a pipe")));
    process
}

fn read(mut from: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<Vec<u8>> {
    tokio::spawn(async move {
        let mut said = Vec::new();
        let _ = from.read_to_end(&mut said).await;
        said
    })
}

pub fn lock(script: &Arc<Mutex<Script>>) -> std::sync::MutexGuard<'_, Script> {
    script.lock().expect("not poisoned")
}

/// What the tests of a function need beside the benchmark, which uses the fake, too.
impl Runtime {
    /// Sets the time limit of the next invocations.
    pub fn hurry(&self, time: Duration) {
        *self.invocations.time.lock().expect("not poisoned") = Some(time);
    }

    /// Drops the invocation during which a process was killed: the next process does not get it, and a late
    /// report does not count for another invocation.
    pub fn forget(&mut self) {
        self.invocations.killed.fetch_add(1, Ordering::SeqCst);
        self.invocations.waiting.lock().expect("not poisoned").clear();
        while self.outcomes.try_recv().is_ok() {}
    }

    pub async fn invoke(&mut self, event: &Value) -> Outcome {
        self.invoke_text(event.to_string()).await
    }
}
