//! How fast and how small the relay is, beside Python functions that do the same job as the guides have it:
//! `cargo bench -p alertctl-relay`; with `-- --relay` without Python.
//!
//! Measures the executable named in `RELAY_BOOTSTRAP`, such as the one the CLI embeds,
//! `target/relay/x86_64-unknown-linux-gnu/relay/bootstrap`; without it, one that cargo builds for this machine,
//! which is larger. The Python functions lie in `benches/python` and run under Lambda's own runtime client,
//! `awslambdaric`, which the first run installs from PyPI.
//!
//! Both get the same events from the same Runtime API, in turns, and what they say arrives at the same KMS, SNS
//! and Slack. What the figures are not:
//!
//! - The other sides are fakes on loopback: no network, no TLS handshake. Python's `urlopen` would shake hands for
//!   each message, the relay for the first. The fakes share the machine, and a warm message holds their time too, but
//!   not that of waking up: they stay awake meanwhile.
//! - Python is this machine's, not that of Lambda's image, and nothing limits the processor; a function of 128 MB
//!   gets a fourteenth of one, which lengthens whatever computes.
//! - The Python functions do less: one format, no retry, no severity, no dead letters. The one for API calls has
//!   its webhook in clear text, as its guide does, where the relay asks KMS before its first message.
//! - `boto3` is not in Python's zip, since it comes with Lambda's image.

mod cases;
mod contender;
#[path = "../../tests/support/fakes.rs"]
mod fakes;
#[path = "../../../tests/e2e/support/python.rs"]
mod python;
mod table;

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

// One thread for all fakes: the function has the other processor for itself.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let has = |wanted: &str| env::args().any(|argument| argument == wanted);
    // `cargo test --benches` passes no `--bench`; there one run of the relay shows that it works.
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

/// Processes that wanted to run in the last minute, on average: how far to trust the figures.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}
