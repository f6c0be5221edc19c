//! `alertctl encrypt-hook`: the sources of the URL, what is refused, and what is written.

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::account::{ACCOUNT, clients, everything, key_of, keys, lines};
use crate::support::proxy::{Fate, Proxy};
use crate::support::{Ran, World};
use alertctl::aws::connect::Clients;
use aws_smithy_types::Blob;
use base64::prelude::{BASE64_STANDARD, Engine as _};

const REGION: &str = "ap-northeast-2";
const URL: &str = "https://hooks.slack.com/services/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";
const SECRET: &str = "theSecretPartOfTheHook00";

/// A command with `input` on its standard input.
fn fed(command: &mut Command, input: &str) -> Ran {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that refuses early does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ran::of(child.wait_with_output().unwrap())
}

/// Runs as on AWS: with `--local` the inbox would replace the webhook.
fn hook(world: &World, args: &[&str], input: &str) -> Ran {
    let (endpoint, _) = world.up();
    let mut command = world.command_at(&endpoint, ACCOUNT, &[&["encrypt-hook"], args].concat());
    fed(&mut command, input)
}

async fn decrypt(aws: &Clients, ciphertext: &str, function: Option<&str>) -> Option<String> {
    let blob = Blob::new(BASE64_STANDARD.decode(ciphertext.trim()).unwrap());
    let mut send = aws.kms.decrypt().ciphertext_blob(blob);
    if let Some(function) = function {
        send = send.encryption_context("LambdaFunctionName", function);
    }
    let answer = send.send().await.ok()?;
    Some(String::from_utf8(answer.plaintext.unwrap().into_inner()).unwrap())
}

#[tokio::test]
async fn the_ciphertext_opens_for_the_relay_alone() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    // Without a key, a terminal and consent, nothing is created.
    let refused = hook(&world, &[], URL);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("kms-key/main") && refused.stderr.contains("add --yes"),
        "{}",
        refused.stderr
    );
    assert_eq!(everything(&aws).await, lines([]));

    let first = hook(&world, &["--yes"], URL);
    assert_eq!(first.code, 0, "{}", first.all());
    assert_eq!(everything(&aws).await.len(), 2, "key and alias, no more");
    let key = key_of(&aws, "alias/mission-kms-key").await;
    let metadata = aws
        .kms
        .describe_key()
        .key_id(&key)
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();
    assert!(metadata.enabled());
    // From now on there is no prompt.
    world.set("HOOK", URL);
    let bare = URL.strip_prefix("https://").unwrap();
    world.set("BARE", bare);
    let made = [
        first,
        hook(&world, &[], &format!("  {bare}\r\n")),
        hook(&world, &["--env", "HOOK"], ""),
        hook(&world, &["--env", "BARE", "--channel", "project"], "not read"),
    ];
    for ran in &made {
        assert_eq!(ran.code, 0, "{}", ran.all());
        assert!(!ran.all().contains(SECRET), "{}", ran.all());
        let [ciphertext] = ran.stdout.lines().collect::<Vec<_>>()[..] else {
            panic!("{}", ran.stdout)
        };
        assert_eq!(
            decrypt(&aws, ciphertext, Some("mission-lambda")).await.as_deref(),
            Some(URL)
        );
        assert_eq!(decrypt(&aws, ciphertext, Some("other")).await, None);
        assert_eq!(decrypt(&aws, ciphertext, None).await, None);
    }
    assert_eq!(keys(&aws).await, [key]);
    let json = hook(&world, &["--env", "HOOK", "--output", "json"], "");
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&json["channel"], &json["function"]),
        (&"project".into(), &"mission-lambda".into())
    );
    let ciphertext = json["encrypted"].as_str().unwrap();
    assert_eq!(
        decrypt(&aws, ciphertext, Some("mission-lambda")).await.as_deref(),
        Some(URL)
    );
    assert_eq!(
        std::fs::read_to_string(world.path().join("stack.yaml")).unwrap(),
        bundled().replace("i-0123456789abcdef0", "i-0f1e2d3c4b5a69780"),
        "written without --write"
    );
}

#[tokio::test]
async fn a_wrong_url_is_told_before_anything_is_made() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    let path = "services/T0HOOK000/B0HOOK000/theSecretPartOfTheHook00";
    for (url, reason) in [
        (String::new(), "the webhook is empty"),
        (" \n".to_owned(), "the webhook is empty"),
        (format!("http://hooks.slack.com/{path}"), "is not an https:// URL"),
        (
            format!("https://hooks.slack.com.example.com/{path}"),
            "host is neither",
        ),
        (format!("https://example.com/{path}"), "host is neither"),
        (
            format!("https://hooks.slack.com:8443/{path}"),
            "which Slack's never have",
        ),
        (
            format!("https://hooks.slack.com/{path}?x=1"),
            "which Slack's never have",
        ),
        (
            "https://hooks.slack.com/services/T0HOOK000/theSecretPartOfTheHook00".to_owned(),
            "path is not",
        ),
        (
            format!("https://hooks.slack.com/{path} and more"),
            "characters that no webhook has",
        ),
        (
            format!("https://hooks.slack.com/{path}{}", "x".repeat(3000)),
            "longer than",
        ),
        (format!("https://127.0.0.1:9/{path}"), "points at this machine"),
    ] {
        let ran = hook(&world, &["--yes"], &url);
        assert_eq!(ran.code, 1, "{url}: {}", ran.all());
        assert!(
            ran.stderr.contains("channel `project`: ") && ran.stderr.contains(reason),
            "{url}: {}",
            ran.stderr
        );
        assert!(!ran.all().contains(SECRET), "{}", ran.all());
    }
    // Only the local mode accepts a URL on this machine. The check needs no endpoint.
    let ran = fed(
        &mut world.command(&["encrypt-hook", "--yes"]),
        "http://127.0.0.1:9/services/x",
    );
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("that is for `--local` only"),
        "{}",
        ran.stderr
    );
    let ran = hook(&world, &["--yes", "--env", "HOOK"], URL);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("environment variable HOOK is not set"),
        "{}",
        ran.stderr
    );
    world.set("HOOK", "");
    assert!(
        hook(&world, &["--yes", "--env", "HOOK"], URL)
            .stderr
            .contains("the webhook is empty")
    );
    assert_eq!(everything(&aws).await, lines([]));
    // On this machine it is accepted.
    let mut local = world.command(&["encrypt-hook", "--yes", "--local"]);
    assert_eq!(fed(&mut local, "http://127.0.0.1:9/services/x").code, 0);
}

#[test]
fn several_channels_have_to_be_told_apart() {
    let world = World::new();
    let channel = |key: &str| format!("  {key}: {{ webhook: {{ env: SLACK_WEBHOOK_URL }} }}\n");
    let stack = |channels: &str| {
        let to = if channels.is_empty() {
            "subscriptions: [{ email: a@example.com }]"
        } else {
            "to: [project]"
        };
        let channels = if channels.is_empty() {
            String::new()
        } else {
            format!("channels:\n{channels}")
        };
        format!("stack: s\nregion: eu-west-1\n{channels}topics:\n  alerts: {{ {to} }}\n")
    };
    world.write("stack.yaml", &stack(&(channel("on-call") + &channel("project"))));
    let ran = hook(&world, &["--yes"], URL);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("several channels") && ran.stderr.contains("--channel"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("on-call, project"), "{}", ran.stderr);
    let ran = hook(&world, &["--yes", "--channel", "projekt"], URL);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("there is no channel `projekt`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("did you mean `project`?"), "{}", ran.stderr);
    assert_eq!(hook(&world, &["--yes", "--channel", "on-call"], URL).code, 0);
    world.write("stack.yaml", &stack(""));
    let ran = hook(&world, &["--yes"], URL);
    assert!(
        ran.stderr.contains("the stack file has no channel"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn writing_changes_the_value_and_nothing_else() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    let block = "\u{feff}# Top.\r\nstack: mission   # name\r\nregion: ap-northeast-2\r\n\r\nchannels:\r\n  \
                 \"project\":   # quoted\r\n    webhook:   { env:  SLACK_WEBHOOK_URL }   # here\r\n    label: '#project'\r\n\
                 topics: { alerts: { to: [project] } }\r\nrelay: { name: mission-lambda }";
    for (text, value) in [
        (bundled(), "{ env: SLACK_WEBHOOK_URL }"),
        (block.to_owned(), "{ env:  SLACK_WEBHOOK_URL }"),
    ] {
        let path = world.write("real.yaml", &text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let link = world.path().join("stack.yaml");
        let _ = std::fs::remove_file(&link);
        symlink("real.yaml", &link).unwrap();
        let mut now = value.to_owned();
        // First a new file, then one that already contains a ciphertext.
        for _ in 0..2 {
            let before = std::fs::read_to_string(&path).unwrap();
            let ran = hook(&world, &["--yes", "--write"], URL);
            assert_eq!(ran.code, 0, "{}", ran.all());
            assert_eq!(ran.stdout, "");
            let after = std::fs::read_to_string(&path).unwrap();
            let start = after.rfind("{ encrypted: ").unwrap();
            let end = start + after[start..].find('}').unwrap() + 1;
            let written = after[start..end].to_owned();
            assert_eq!(before.matches(&now).count(), 1);
            assert_eq!(before.replace(&now, &written), after);
            let ciphertext = written
                .strip_prefix("{ encrypted: ")
                .unwrap()
                .strip_suffix(", for: mission-lambda }")
                .unwrap();
            assert_eq!(
                decrypt(&aws, ciphertext, Some("mission-lambda")).await.as_deref(),
                Some(URL)
            );
            assert_ne!(now, written);
            now = written;
        }
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
        let ran = hook(&world, &["--write", "--output", "json"], URL);
        let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.contains(json["encrypted"].as_str().unwrap()), "{json}");
        world.ok(&["validate"]);
    }
    let left: Vec<_> = std::fs::read_dir(world.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().contains("part")),
        "{left:?}"
    );
    // If the file cannot be written, the error has advice, and the key is intact.
    let dir = world.path().join("nowhere.yaml");
    let ran = hook(&world, &["--write", dir.to_str().unwrap()], URL);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("nowhere.yaml"), "{}", ran.stderr);
}

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

/// If KMS refuses the function, this is reported before a deployment, and the stack is never called ready.
#[test]
fn a_ciphertext_knows_the_function_it_was_made_for() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let at = |world: &World, url: &str, args: &[&str]| world.run_at(url, ACCOUNT, args);
    let ok = |world: &World, args: &[&str]| {
        let ran = at(world, &endpoint, args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.all());
        ran
    };
    world.set("HOOK", URL);
    let encrypt = ["encrypt-hook", "stack.yaml", "--channel", "project", "--write"];
    let encrypt_again = [&encrypt[..], &["--env", "HOOK", "--yes"]].concat();
    ok(&world, &encrypt_again);
    let ready = ok(&world, &["apply", "--yes", "--wait"]);
    assert!(ready.stderr.contains("everything is ready"), "{}", ready.stderr);
    let status = |url: &str| {
        let ran = at(&world, url, &["status", "--output", "json"]);
        serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap()
    };
    let well = status(&endpoint);
    assert_eq!(
        (&well["ready"], &well["webhooks"][0]["decrypts"]),
        (&true.into(), &"yes".into())
    );
    // A caller who may not ask KMS is told so, instead of getting a false success.
    let proxy = Proxy::judging(&endpoint, Duration::ZERO, |_, action| match action {
        "kms:ReEncrypt" => Fate::Refuse(400, "AccessDeniedException", "User is not authorized"),
        _ => Fate::Pass,
    });
    assert_eq!(status(&proxy.url)["webhooks"][0]["decrypts"], "not_checked");
    let open = at(&world, &proxy.url, &["apply", "--yes", "--wait"]);
    assert_eq!(open.code, 0, "{}", open.all());
    assert!(
        open.stderr.contains(
            "everything else is ready; could not check whether the addresses of `project` can be decrypted"
        ),
        "{}",
        open.stderr
    );

    // The relay is renamed: an error in the file, with its place and the command that fixes it.
    world.edit(|text| text.replace("mission-lambda\n", "renamed\n"));
    let command = format!("alertctl {}", encrypt.join(" "));
    for args in [&["validate"][..], &["plan"], &["apply", "--yes"], &["status"]] {
        let ran = at(&world, &endpoint, args);
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.all());
        for part in [
            "the address of channel `project` was encrypted for `mission-lambda`, not for `renamed`",
            "the relay is called `renamed`",
            &command,
        ] {
            assert!(ran.stderr.contains(part), "{args:?}: {part}: {}", ran.stderr);
        }
    }
    // A file of an earlier version does not contain the function's name; the account does.
    let said = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
    world.edit(|text| text.replace(", for: mission-lambda", ""));
    ok(&world, &["validate"]);
    let ran = at(&world, &endpoint, &["plan", "--output", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let error = serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap()["errors"][0].clone();
    let message = error["message"].as_str().unwrap();
    assert!(
        message.ends_with("`mission-lambda` holds this ciphertext now"),
        "{error}"
    );
    assert_eq!(error["help"], format!("run `{command}`"));
    let line = said
        .lines()
        .position(|line| line.contains("webhook: { encrypted:"))
        .unwrap()
        + 1;
    assert_eq!(error["line"], line, "{error}");
    // That command fixes it.
    world.write("stack.yaml", &said);
    ok(&world, &encrypt_again);
    let ready = ok(&world, &["apply", "--yes", "--wait"]);
    assert!(ready.stderr.contains("everything is ready"), "{}", ready.stderr);
}

/// The error appears where neither the file nor the account could show it earlier.
#[test]
fn what_a_function_cannot_decrypt_is_not_ready() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    world.set("HOOK", URL);
    let run = |world: &World, args: &[&str]| world.run_at(&endpoint, ACCOUNT, args);
    let made = run(&world, &["encrypt-hook", "--env", "HOOK", "--write", "--yes"]);
    assert_eq!(made.code, 0, "{}", made.all());
    world.edit(|text| {
        text.replace(", for: mission-lambda", "")
            .replace("mission-lambda\n", "renamed\n")
    });
    let ran = run(&world, &["apply", "--yes", "--wait"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    for part in [
        "not ready: the address of channel `project`: `renamed` cannot decrypt it",
        "encrypted for another function than `renamed`",
        "`alertctl encrypt-hook stack.yaml --channel project --write",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("everything is ready"), "{}", ran.stderr);
    let ran = run(&world, &["status"]);
    assert!(
        ran.stdout.contains("failed     address/project"),
        "{}",
        ran.stdout
    );
    let ran = run(&world, &["status", "--output", "json"]);
    let status: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&status["ready"], &status["webhooks"][0]["decrypts"]),
        (&false.into(), &"no".into())
    );
    let by_name = ["status", "--stack", "mission", "--region", REGION, "--wait"];
    assert_eq!(run(&world, &by_name).code, 1);
    // The whole stack is destroyed, so its ciphertexts need not be valid.
    world.edit(|text| text.replace("encrypted: ", "for: nobody, encrypted: "));
    assert_eq!(run(&world, &["destroy", "--yes"]).code, 0);
}

fn bundled() -> String {
    std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/stacks/cloudwatch-slack.yaml"
    ))
    .unwrap()
}
