//! The questions at a terminal.

use super::{REGION, SECRET, URL, decrypt, fed};
use crate::support::account::{ACCOUNT, clients, everything, lines};
use crate::support::{Ran, World};

/// Runs a command on a separate terminal and answers its prompts; prints what the terminal showed.
const TERMINAL: &str = r#"
import json, os, pty, signal, sys, time
answers = json.load(sys.stdin)
signal.alarm(60)  # a prompt that never comes fails the test
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown = seen = b""
try:
    while chunk := os.read(terminal, 4096):
        shown += chunk
        seen += chunk
        if answers and answers[0][0].encode() in seen:
            time.sleep(0.3)  # as long as it takes to switch the echo off
            os.write(terminal, answers.pop(0)[1].encode() + b"\n")
            seen = b""
except OSError:
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

fn on_a_terminal(world: &World, args: &[&str], answers: &[(&str, &str)]) -> Ran {
    let (endpoint, _) = world.up();
    let command = [
        &[
            "-c",
            TERMINAL,
            "alertctl",
            "encrypt-hook",
            "--endpoint-url",
            &endpoint,
        ],
        args,
    ]
    .concat();
    let mut command = world.program("python3", &command);
    command
        .env("AWS_ACCESS_KEY_ID", ACCOUNT)
        .env("AWS_SECRET_ACCESS_KEY", "test");
    fed(&mut command, &serde_json::to_string(answers).unwrap())
}

#[tokio::test]
async fn a_terminal_is_asked_and_shows_nothing_of_the_url() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    let prompt = "Paste the webhook's URL for channel `project` (hidden)";
    let question = "Apply these changes to the key? [y/N]";
    for no in ["n", "", "maybe"] {
        let ran = on_a_terminal(&world, &["--write"], &[(prompt, URL), (question, no)]);
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(
            ran.stdout.contains(question) && ran.stdout.contains("nothing was changed"),
            "{}",
            ran.stdout
        );
        assert!(!ran.stdout.contains("error"), "{}", ran.stdout);
        assert!(
            !ran.all().contains(SECRET) && !ran.all().contains("T0HOOK000"),
            "{}",
            ran.all()
        );
        assert_eq!(everything(&aws).await, lines([]));
    }
    let ran = on_a_terminal(&world, &["--write"], &[(prompt, URL), (question, "y")]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.contains(prompt), "{}", ran.stdout);
    assert!(
        !ran.all().contains(SECRET) && !ran.all().contains("T0HOOK000"),
        "{}",
        ran.all()
    );
    let text = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
    let (_, rest) = text.rsplit_once("{ encrypted: ").unwrap();
    let (ciphertext, _) = rest.split_once(", for: mission-lambda }").unwrap();
    assert_eq!(
        decrypt(&aws, ciphertext, Some("mission-lambda")).await.as_deref(),
        Some(URL)
    );
    // A wrong URL is not shown either.
    let ran = on_a_terminal(
        &world,
        &[],
        &[(prompt, "https://example.com/theSecretPartOfTheHook00")],
    );
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("host is neither"), "{}", ran.stdout);
    assert!(!ran.all().contains(SECRET), "{}", ran.all());
}
