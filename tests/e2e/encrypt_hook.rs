//! `alertctl encrypt-hook`: the sources of the URL, what is refused, and what is written.

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Command, Stdio};

use crate::support::account::{ACCOUNT, clients, everything, key_of, keys, lines};
use crate::support::{Ran, World};
use alertctl::aws::connect::Clients;
use aws_smithy_types::Blob;
use base64::prelude::{BASE64_STANDARD, Engine as _};

mod function;
mod refused;
mod terminal;

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

fn bundled() -> String {
    std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/stacks/cloudwatch-slack.yaml"
    ))
    .unwrap()
}
