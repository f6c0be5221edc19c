//! The webhook's URL never appears: not in output, files, arguments, logs or environments.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::account::{ACCOUNT, clients, eventually, everything, lines};
use crate::support::{Ran, World, http};
use alertctl::aws::connect::Clients;

mod failures;

const URL: &str = "https://hooks.slack.com/services/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";
/// The token of an endpoint; alertctl knows only its digest.
const TOKEN: &str = "zMarkerOfTheToken4712zz";
/// Parts of secrets that must never appear.
const MARKS: [&str; 4] = ["zMarkerOfTheSecret4711zz", "T0MARKER0", "B0MARKER0", TOKEN];
const REGION: &str = "ap-northeast-2";

/// A world with the webhook in the environment of every command.
fn world() -> World {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.set("SLACK_WEBHOOK_URL", URL);
    // Typical settings for debugging.
    world.set("RUST_LOG", "trace");
    world.set("RUST_BACKTRACE", "full");
    world
}

/// Asserts that the output contains no secret; returns the run.
fn clean(what: &str, ran: Ran) -> Ran {
    for mark in MARKS {
        assert!(!ran.all().contains(mark), "{what}: {}", ran.all());
    }
    ran
}

fn fed(mut command: Command, input: &str) -> Ran {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ran::of(child.wait_with_output().unwrap())
}

#[tokio::test]
async fn every_command_keeps_it() {
    let world = world();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    no_command_tells_it(&world);
    // In the local mode the inbox replaced the webhook. As on AWS, the relay has it encrypted, and its logs and
    // what waits in its queue do not contain it: Slack cannot be reached with this URL.
    let ran = clean(
        "apply",
        world_run(&world, &endpoint, ACCOUNT, &["apply", "--yes"]),
    );
    assert_eq!(ran.code, 0, "{}", ran.all());
    the_relay_keeps_it(&aws).await;
    for format in ["text", "json"] {
        let ran = clean(
            "destroy",
            world.run(&["destroy", "--local", "--yes", "--output", format]),
        );
        assert_eq!(ran.code, 0, "{}", ran.all());
    }
    assert_eq!(everything(&aws).await, lines([]));
    // Neither on disk nor in the processes that keep running.
    search(world.path());
    what_keeps_running_has_none_of_it(&world);
}

/// Neither in what the commands print, nor in the arguments of any process meanwhile.
fn no_command_tells_it(world: &World) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| watch_arguments(&done));
        // Set however the commands end, because the scope waits for the watcher.
        let end = AtEnd(&done);
        let run = |args: &[&str], code: i32| {
            let ran = clean(&format!("{args:?}"), world.run(args));
            assert_eq!(ran.code, code, "{args:?}: {}", ran.all());
        };
        for format in ["text", "json"] {
            run(&["validate", "--output", format], 0);
            run(&["plan", "--local", "--output", format], 0);
            // The first time nobody can answer the prompt; the second time there is no prompt.
            run(
                &["apply", "--local", "--output", format],
                i32::from(format == "text"),
            );
            run(&["apply", "--local", "--yes", "--output", format], 0);
            run(&["plan", "--local", "--detailed-exitcode", "--output", format], 0);
            run(&["status", "--local", "--output", format], 0);
            run(
                &[
                    "encrypt-hook",
                    "--local",
                    "--env",
                    "SLACK_WEBHOOK_URL",
                    "--output",
                    format,
                ],
                0,
            );
            let piped = world.command(&["encrypt-hook", "--local", "--output", format]);
            assert_eq!(clean("encrypt-hook", fed(piped, URL)).code, 0);
        }
        drop(end);
        watch.join().unwrap();
    });
}

/// Neither its environment has it, nor its log, nor what it lets wait.
async fn the_relay_keeps_it(aws: &Clients) {
    let function = aws
        .lambda
        .get_function_configuration()
        .function_name("mission-lambda")
        .send()
        .await
        .unwrap();
    let environment = format!("{:?}", function.environment().unwrap().variables().unwrap());
    assert!(environment.contains("WEBHOOK_project"), "{environment}");
    hidden("the function's environment", &environment);
    // What waits stays where it can be read.
    let mappings = aws.lambda.list_event_source_mappings().send().await.unwrap();
    for mapping in mappings.event_source_mappings() {
        let update = aws.lambda.update_event_source_mapping();
        let update = update.uuid(mapping.uuid().unwrap()).enabled(false);
        update.send().await.unwrap();
    }
    let topic = "arn:aws:sns:ap-northeast-2:000000000000:mission-sns";
    aws.sns
        .publish()
        .topic_arn(topic)
        .message("nobody hears this")
        .send()
        .await
        .unwrap();
    let mut log = String::new();
    eventually("the relay's log", async || {
        let send = aws
            .logs
            .filter_log_events()
            .log_group_name("/aws/lambda/mission-lambda");
        log = format!("{:?}", send.send().await.unwrap().events());
        log.len() > 2
    })
    .await;
    hidden("the relay's log", &log);
    let queue = aws
        .sqs
        .get_queue_url()
        .queue_name("mission-retries")
        .send()
        .await
        .unwrap();
    let queue = queue.queue_url.unwrap();
    let mut letter = String::new();
    eventually("what waits", async || {
        let answer = aws.sqs.receive_message().queue_url(&queue).send().await.unwrap();
        letter = format!("{answer:?}");
        !answer.messages().is_empty()
    })
    .await;
    assert!(letter.contains("nobody hears this"), "{letter}");
    hidden("what waits", &letter);
}

fn what_keeps_running_has_none_of_it(world: &World) {
    let mut running = 0;
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let text = |file| {
            String::from_utf8_lossy(&std::fs::read(process.path().join(file)).unwrap_or_default())
                .into_owned()
        };
        if text("cmdline").contains(world.path().to_str().unwrap()) {
            running += 1;
            hidden("a process's environment", &text("environ"));
        }
    }
    assert!(running >= 2, "the local AWS and the inbox");
}

#[tokio::test]
async fn a_ciphertext_in_the_file_keeps_it() {
    let world = world();
    let (endpoint, _) = world.up();
    let write = world.command_at(&endpoint, ACCOUNT, &["encrypt-hook", "--write", "--yes"]);
    assert_eq!(clean("encrypt-hook --write", fed(write, URL)).code, 0);
    for args in [
        ["apply", "--yes"],
        ["status", "--output=json"],
        ["destroy", "--yes"],
    ] {
        let ran = clean("with a ciphertext", world_run(&world, &endpoint, ACCOUNT, &args));
        assert_eq!(ran.code, 0, "{}", ran.all());
    }
    search(world.path());
}

/// The functions of an endpoint and of a trail have the webhook, too, and one of them sees tokens.
#[tokio::test]
async fn endpoint_and_guard_keep_it() {
    use sha2::Digest as _;

    let world = world();
    let digest = hex::encode(sha2::Sha256::digest(TOKEN));
    let stack = format!(
        "stack: s\nregion: {REGION}\nchannels:\n  c: {{ webhook: {{ env: SLACK_WEBHOOK_URL }} }}\n\
         endpoints:\n  e: {{ route: POST /e, token: {{ sha256: {digest} }}, to: [c] }}\ntrail: {{ to: [c] }}\n"
    );
    world.write("stack.yaml", &stack);
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    let ran = clean(
        "apply",
        world_run(&world, &endpoint, ACCOUNT, &["apply", "--yes"]),
    );
    assert_eq!(ran.code, 0, "{}", ran.all());
    for what in ["endpoint", "elastalert-rule"] {
        clean(what, world.ok(&["show", what, "--local"]));
    }
    let url = world.ok(&["show", "endpoint", "--local"]).stdout;
    for (token, status) in [(TOKEN, 202), ("zMarkerOfTheTokenAlmost", 401)] {
        let (answered, said) = http("POST", url.trim(), &[("x-api-key", token)], "{\"a\":1}");
        // Slack cannot be reached with this URL, a failure that a retry might fix: the alert waits.
        assert_eq!(answered, status, "{said}");
        hidden("the answer", &said);
    }
    aws.cloudtrail
        .stop_logging()
        .name("s-trail")
        .send()
        .await
        .unwrap();
    for function in ["s-e-ingest", "s-guard"] {
        let mut log = String::new();
        eventually("the function's log", async || {
            let group = format!("/aws/lambda/{function}");
            let send = aws.logs.filter_log_events().log_group_name(group);
            log = format!("{:?}", send.send().await.unwrap().events());
            log.contains("outcome")
        })
        .await;
        hidden(function, &log);
        let read = aws.lambda.get_function_configuration().function_name(function);
        let read = read.send().await.unwrap();
        let environment = format!("{:?}", read.environment().unwrap().variables());
        assert!(environment.contains("WEBHOOK_c"), "{environment}");
        hidden("the function's environment", &environment);
    }
    let ran = clean("destroy", world.run(&["destroy", "--local", "--yes"]));
    assert_eq!(ran.code, 0, "{}", ran.all());
    search(world.path());
}

/// Runs a command against `endpoint` with the world's own webhook.
fn world_run(world: &World, endpoint: &str, account: &str, args: &[&str]) -> Ran {
    let mut command = world.command_at(endpoint, account, args);
    Ran::of(command.env("SLACK_WEBHOOK_URL", URL).output().unwrap())
}

fn hidden(what: &str, text: &str) {
    for mark in MARKS {
        assert!(!text.contains(mark), "{what}: {text}");
    }
}

/// Asserts that no file below `dir` contains a secret; links lead to files that all worlds share.
fn search(dir: &Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            search(&path);
        } else if kind.is_file() {
            // Files of running processes may disappear.
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
            for mark in MARKS {
                assert!(!text.contains(mark), "{}", path.display());
            }
        }
    }
}

/// Checks the arguments of every process, repeatedly.
fn watch_arguments(done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            hidden("a process's arguments", &String::from_utf8_lossy(&arguments));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Becomes true when dropped.
struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
