//! Runs a function as Lambda starts it, with fakes of everything that it talks to.

use crate::cases::{CIPHERTEXT, Case, settings};
use crate::fakes::{self, Outcome, Runtime, Script, Shared};
use flate2::{Compression, write::DeflateEncoder};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::task::yield_now;

const HANDLERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/python");

/// A program that does the job.
pub enum Contender {
    /// The executable of the relay.
    Relay(PathBuf),
    /// A Python interpreter with `awslambdaric`.
    Python(PathBuf),
}

/// The figures of one run of a contender.
pub struct Run {
    /// From `exec` to the first `GET /next`: what Lambda calls the init phase. Milliseconds.
    pub start: f64,
    /// From `exec` until the first message is delivered and reported. Milliseconds.
    pub first: f64,
    /// Median of the following messages, each from the event, for which the function waits, to the report.
    /// Milliseconds.
    pub warm: f64,
    /// Mean CPU time for one of these messages, polling included. Milliseconds.
    pub processor: f64,
    /// Peak memory of the process, in MiB.
    pub peak: f64,
}

impl Contender {
    /// Size of the upload in bytes, without the zip's own headers.
    pub fn packed(&self, case: &Case) -> usize {
        let file = match self {
            Self::Relay(executable) => executable.clone(),
            Self::Python(_) => handler(case),
        };
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes).expect("memory");
        encoder.finish().expect("memory").len()
    }

    /// Starts it, sends it one message and `messages` more, and ends it.
    pub async fn run(&self, case: &Case, messages: usize) -> Run {
        let script = Shared::default();
        let services = fakes::services(script.clone()).await.to_string();
        *script.lock().expect("not poisoned") = Script {
            plaintext: format!("http://{services}/services/T0/B0/X"),
            ..Script::default()
        };
        let mut runtime = Runtime::start().await;
        let task_root = tempfile::tempdir().expect("a directory");
        let log = task_root.path().join("log");
        let mut command = self.command(case, task_root.path(), &services);
        command
            .env("AWS_LAMBDA_RUNTIME_API", runtime.address.to_string())
            .env("AWS_ENDPOINT_URL", format!("http://{services}"))
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a file"));

        let started = Instant::now();
        let mut process = command.spawn().expect("the function starts");
        let start = first_poll(&mut runtime, &mut process, &log).await - started;
        deliver(&mut runtime, case, 0).await;
        let first = started.elapsed();
        let id = process.id().expect("it runs");
        runtime.polled().await;
        // Keeps the fakes awake: the time that an idle CPU takes to wake up is not the function's.
        let awake = tokio::spawn(async {
            loop {
                yield_now().await;
            }
        });
        let (used, mut warm) = (processor_time(id), Vec::with_capacity(messages));
        for number in 1..=messages {
            warm.push(milliseconds(deliver(&mut runtime, case, number).await));
            // Lambda sends an event only to a function that waits for one.
            runtime.polled().await;
        }
        let used = processor_time(id) - used;
        awake.abort();
        let peak = peak_memory(id);
        process.kill().await.expect("it ends");

        let arrived = (case.arrived)(&script.lock().expect("not poisoned"));
        assert_eq!(arrived, messages + 1, "{}: each message once", case.name);
        Run {
            start: milliseconds(start),
            first: milliseconds(first),
            warm: median(&mut warm),
            processor: milliseconds(used) / messages as f64,
            peak,
        }
    }

    fn command(&self, case: &Case, task_root: &Path, services: &str) -> Command {
        let mut command = match self {
            Self::Relay(executable) => {
                let text = settings().to_string();
                fs::write(task_root.join("settings.json"), text).expect("a file");
                let mut command = Command::new(executable);
                command.env_clear().envs(case.relay.iter().cloned());
                command
            }
            Self::Python(interpreter) => {
                let file = task_root.join(case.module).with_extension("py");
                fs::copy(handler(case), file).expect("a file");
                let mut command = Command::new(interpreter);
                let shown = case.python.iter();
                command
                    .args(["-m", "awslambdaric", &format!("{}.handler", case.module)])
                    .env_clear()
                    .envs(shown.map(|(name, value)| (name, value.replace("{services}", services))))
                    // Lambda's task root is read-only: the handler is compiled at each start.
                    .env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
        };
        command
            .env("AWS_LAMBDA_FUNCTION_NAME", "mission-lambda")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/mission-lambda")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .env("AWS_REGION", "ap-northeast-2")
            .env("AWS_DEFAULT_REGION", "ap-northeast-2")
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_SESSION_TOKEN", "session")
            .env("HOME", task_root)
            .env("LAMBDA_TASK_ROOT", task_root)
            .env("WEBHOOK_project", CIPHERTEXT)
            .current_dir(task_root)
            .kill_on_drop(true);
        command
    }
}

fn handler(case: &Case) -> PathBuf {
    Path::new(HANDLERS).join(case.module).with_extension("py")
}

/// The time when the function first asks for work; if it exits instead, shows its log.
async fn first_poll(runtime: &mut Runtime, process: &mut Child, log: &Path) -> Instant {
    tokio::select! {
        polled = runtime.polled() => polled,
        ended = process.wait() => {
            let said = fs::read_to_string(log).unwrap_or_default();
            panic!("the function ended at its start, {ended:?}: {said}");
        }
    }
}

async fn deliver(runtime: &mut Runtime, case: &Case, number: usize) -> Duration {
    let event = case.event(number).to_string();
    let started = Instant::now();
    match runtime.invoke_text(event).await {
        Outcome::Success(answer) => {
            let took = started.elapsed();
            // What an endpoint refuses is a success to Lambda.
            let is_well = answer["statusCode"].as_u64().is_none_or(|status| status < 300);
            assert!(is_well, "{}: {answer}", case.name);
            took
        }
        Outcome::Failure(report) => panic!("{}: the invocation failed: {report}", case.name),
    }
}

/// CPU time of the main thread, the only one that works in either contender.
fn processor_time(process: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{process}/schedstat")).expect("the process runs");
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.expect("Linux counts it"))
}

/// As reported by the kernel.
fn peak_memory(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("Linux says it");
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kibibytes / 1024.0
}

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
