//! Measures speed and size of the relay, compared with Python functions that do the same job as in the guides:
//! `cargo bench -p alertctl-relay`; with `-- --relay` without Python.
//!
//! Measures the executable named in `RELAY_BOOTSTRAP`, such as the one the CLI embeds,
//! `target/relay/x86_64-unknown-linux-gnu/relay/bootstrap`; without it, one that cargo builds for this machine,
//! which is larger. The Python functions are in `benches/python` and run under Lambda's own runtime client,
//! `awslambdaric`, which the first run installs from PyPI.
//!
//! Both get the same events from the same Runtime API, in turns, and their messages go to the same KMS, SNS and
//! Slack. Limits of the figures:
//!
//! - The other services are fakes on loopback: no network, no TLS handshake. Python's `urlopen` would make a
//!   handshake for each message, the relay only for the first. The fakes share the machine, so a warm message
//!   includes their time, but not their wake-up time, because they are kept awake.
//! - Python is this machine's, not that of Lambda's image, and the CPU is not limited; a function with 128 MB
//!   gets a fourteenth of a CPU, so everything that computes takes longer there.
//! - The Python functions do less: one format, no retry, no severity, no dead letters. The one for API calls
//!   has its webhook in clear text, as in its guide, while the relay asks KMS before its first message.
//! - `boto3` is not in Python's zip, because it is part of Lambda's image.

mod cases;
#[path = "../../tests/relay/support/cloudwatch.rs"]
mod cloudwatch;
mod contender;
mod dynamodb;
#[path = "../../tests/relay/support/fakes.rs"]
mod fakes;
#[path = "../../tests/relay/support/logs.rs"]
mod logs;
#[path = "../../../tests/e2e/support/python.rs"]
mod python;
#[path = "../../tests/relay/support/runtime_api.rs"]
mod runtime_api;
mod table;

/// No measured case has a workspace of a Slack app.
mod workspace {
    pub use std::convert::Infallible as Workspace;
}

use cases::Case;
use contender::Contender;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

const RUNS: usize = 25;
const WARM_MESSAGES: usize = 200;
const REQUIREMENTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/benches/python/awslambdaric-requirements.txt"
);

// One thread for all fakes, so that the function has the other CPU for itself.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let has = |wanted: &str| env::args().any(|argument| argument == wanted);
    // `cargo test --benches` does not pass `--bench`; then one run of the relay only checks that it works.
    let measuring = has("--bench");
    let (runs, messages) = if measuring { (RUNS, WARM_MESSAGES) } else { (1, 5) };
    let executable =
        env::var("RELAY_BOOTSTRAP").unwrap_or_else(|_| env!("CARGO_BIN_EXE_bootstrap").to_owned());
    println!("relay: {executable}");
    let relay = Contender::Relay(executable.into());
    let python = (measuring && !has("--relay")).then(|| {
        let interpreter = python::installed(Path::new(REQUIREMENTS)).join("bin/python");
        let output = Command::new(&interpreter).arg("--version").output();
        let version = output.expect("the interpreter runs").stdout;
        println!("python: {}", String::from_utf8_lossy(&version).trim());
        Contender::Python(interpreter)
    });
    if python.is_none() {
        println!("python: not measured");
    }
    println!(
        "{runs} runs in turns, {messages} warm messages each; load {}",
        load()
    );
    for case in Case::all() {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            ours.push(relay.run(&case, messages).await);
            if let Some(python) = &python {
                theirs.push(python.run(&case, messages).await);
            }
        }
        println!("\n{}", case.name);
        let packed = python.as_ref().map(|python| python.packed(&case));
        table::print(&ours, relay.packed(&case), &theirs, packed);
    }
    println!("\nload {}", load());
}

/// The load average of the last minute: it shows how far to trust the figures.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}
