//! How fast and how small the relay is: `cargo bench -p alertctl-relay`.
//!
//! Measures the executable named in `RELAY_BOOTSTRAP`, such as the one the CLI embeds,
//! `target/relay/x86_64-unknown-linux-gnu/relay/bootstrap`; without it, one that cargo builds for this
//! machine. KMS and Slack are fakes on loopback, so the figures hold no network and no TLS handshake.

#[path = "../tests/support/fakes.rs"]
mod fakes;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use fakes::{Outcome, Runtime, Script, Shared};
use flate2::{Compression, write::DeflateEncoder};
use serde_json::Value;
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};
use std::{env, fs};
use tokio::process::Command;

const RUNS: usize = 30;
const WARM_MESSAGES: usize = 50;
const EVENT: &str = include_str!("../fixtures/alarm-in-alarm.json");

#[derive(Default)]
struct Figures {
    start: Vec<f64>,
    first: Vec<f64>,
    warm: Vec<f64>,
    peak: Vec<f64>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    // `cargo test --benches` passes no `--bench`; there one run shows that it works.
    let runs = if env::args().any(|argument| argument == "--bench") {
        RUNS
    } else {
        1
    };
    let path = env::var("RELAY_BOOTSTRAP").unwrap_or_else(|_| env!("CARGO_BIN_EXE_bootstrap").to_owned());
    let event: Value = serde_json::from_str(EVENT).expect("a fixture is JSON");
    let mut figures = Figures::default();
    for _ in 0..runs {
        measure(&path, &event, &mut figures).await;
    }
    let executable = fs::read(&path).expect("the executable");
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&executable).expect("memory");
    let packed = encoder.finish().expect("memory").len();

    println!("{path}, {runs} runs");
    println!("{:<34}{:>9}{:>9}{:>9}", "", "min", "median", "max");
    row("exec to first GET /next, ms", &mut figures.start);
    row("first message with decryption, ms", &mut figures.first);
    row("warm message, ms", &mut figures.warm);
    row("peak memory (VmHWM), MiB", &mut figures.peak);
    println!("{:<34}{:>9.2}", "executable, MiB", mebibytes(executable.len()));
    println!("{:<34}{:>9.2}", "deflated, MiB", mebibytes(packed));
}

async fn measure(path: &str, event: &Value, figures: &mut Figures) {
    let script = Shared::default();
    let services = fakes::services(script.clone()).await;
    *script.lock().expect("not poisoned") = Script {
        plaintext: format!("http://{services}/services/T0/B0/X"),
        ..Script::default()
    };
    let mut runtime = Runtime::start().await;
    let task_root = tempfile::tempdir().expect("a directory");
    let settings = r#"{"locale":"ko","timezone":"Asia/Seoul","topics":{"mission-sns":{"to":["project"]}}}"#;
    fs::write(task_root.path().join("settings.json"), settings).expect("a file");
    let mut command = Command::new(path);
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime.address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "mission-lambda")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_REGION", "ap-northeast-2")
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_SESSION_TOKEN", "session")
        .env("AWS_ENDPOINT_URL", format!("http://{services}"))
        .env("LAMBDA_TASK_ROOT", task_root.path())
        .env("WEBHOOK_project", BASE64_STANDARD.encode("ciphertext"))
        .stdout(Stdio::null())
        .kill_on_drop(true);
    let started = Instant::now();
    let mut process = command.spawn().expect("the relay starts");
    figures.start.push(milliseconds(runtime.polled().await - started));
    figures.first.push(deliver(&mut runtime, event).await);
    for _ in 0..WARM_MESSAGES {
        figures.warm.push(deliver(&mut runtime, event).await);
    }
    figures.peak.push(peak_memory(process.id().expect("it runs")));
    process.kill().await.expect("it ends");
}

async fn deliver(runtime: &mut Runtime, event: &Value) -> f64 {
    let started = Instant::now();
    match runtime.invoke(event).await {
        Outcome::Success(_) => milliseconds(started.elapsed()),
        Outcome::Failure(report) => panic!("the invocation failed: {report}"),
    }
}

/// The most memory a process ever held, in MiB, as the kernel says.
fn peak_memory(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("Linux says it");
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kibibytes / 1024.0
}

fn row(name: &str, values: &mut [f64]) {
    values.sort_by(f64::total_cmp);
    let (min, median, max) = (values[0], values[values.len() / 2], values[values.len() - 1]);
    println!("{name:<34}{min:>9.2}{median:>9.2}{max:>9.2}");
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}
