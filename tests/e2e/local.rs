//! The mode without an account: its life cycle, its inbox page, and the errors if it cannot start.

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::support::{NO_WEBHOOK, Ran, World};
use alertctl::aws::connect::{Clients, Connection, Target};
use alertctl_relay::{ChannelKey, webhook_variable};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

mod inbox;

#[test]
fn up_twice_is_once_and_down_forgets_everything() {
    let world = World::new();
    let status = |world: &World| world.json(&["local", "status"]);
    assert_eq!(status(&world)["running"], false);
    assert!(
        world
            .ok(&["local", "status"])
            .stdout
            .contains("`alertctl local up` starts it")
    );
    assert!(
        world
            .ok(&["local", "down"])
            .stdout
            .contains("nothing was running")
    );

    let (endpoint, inbox) = world.up();
    let first = status(&world);
    assert_eq!(world.up(), (endpoint.clone(), inbox.clone()), "the same session");
    assert_eq!(status(&world), first, "the same processes");
    assert_eq!(first["running"], true);
    assert_eq!(first["status"]["emulator"]["url"], endpoint);
    assert_eq!(first["status"]["inbox"]["url"], inbox);
    assert_eq!(first["status"]["messages"], 0);
    for url in [&endpoint, &inbox] {
        assert!(
            url.starts_with("http://127.0.0.1:"),
            "{url} is not of this machine alone"
        );
    }
    let text = world.ok(&["local", "status"]).stdout;
    assert_eq!(text.matches("  running (process ").count(), 2, "{text}");

    let down = world.ok(&["local", "down"]);
    assert!(down.stdout.contains("contents deleted"), "{}", down.all());
    assert_eq!(status(&world)["running"], false);
    for url in [&endpoint, &inbox] {
        assert!(
            TcpStream::connect(url.trim_start_matches("http://")).is_err(),
            "{url} still answers"
        );
    }
    let left: Vec<_> = std::fs::read_dir(world.path().join("cache/local"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "lock")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_was_made_survives_a_kill() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    world.ok(&["apply", "--local", "--yes"]);
    world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    let before = world.json(&["local", "status"]);
    world.wait_until_saved();
    for part in ["emulator", "inbox"] {
        world.kill_part(part);
    }
    let text = world.ok(&["local", "status"]).stdout;
    assert_eq!(
        text.matches("stopped; `alertctl local up` restarts it").count(),
        2,
        "{text}"
    );
    let ran = world.run(&["local", "alarm", "mission-cpu-alarm"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stderr.contains("the local AWS is not running"),
        "{}",
        ran.stderr
    );

    // Any command restarts it and finds the stack unchanged.
    let plan = world.run(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(plan.code, 0, "{}", plan.all());
    let after = world.json(&["local", "status"]);
    for part in ["emulator", "inbox"] {
        assert_eq!(
            after["status"][part]["url"], before["status"][part]["url"],
            "{part} moved"
        );
        assert_ne!(after["status"][part]["pid"], before["status"][part]["pid"]);
    }
    assert_eq!(after["status"]["messages"], 1);
    let again = world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    assert!(again.stdout.contains("mission-cpu-alarm"), "{}", again.all());
    // It is over, and fires again.
    assert_eq!(world.json(&["local", "status"])["status"]["messages"], 3);
}

/// A process of an older alertctl may lack something that this one needs.
#[test]
fn what_another_alertctl_started_is_started_anew_with_what_it_held() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    world.ok(&["apply", "--local", "--yes"]);
    let before = world.json(&["local", "status"]);
    let path = world.path().join("cache/local/session.json");
    let mut record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    record.as_object_mut().unwrap().remove("additions").unwrap();
    std::fs::write(&path, record.to_string()).unwrap();
    world.up();
    let after = world.json(&["local", "status"]);
    let of = |status: &Value, part: &str, what: &str| status["status"][part][what].clone();
    assert_eq!(of(&after, "emulator", "url"), of(&before, "emulator", "url"));
    assert_ne!(of(&after, "emulator", "pid"), of(&before, "emulator", "pid"));
    assert_eq!(of(&after, "inbox", "pid"), of(&before, "inbox", "pid"));
    let plan = world.run(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(plan.code, 0, "{}", plan.all());
}

#[tokio::test]
async fn a_demo_never_uses_a_real_webhook() {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    let demo = world.ok(&["local", "demo"]);
    assert!(!demo.all().contains("hooks.slack.com"), "{}", demo.all());
    let (endpoint, inbox) = world.up();
    assert_eq!(world.messages(&inbox).len(), 1);
    // The function has the inbox's webhook, and the original one is nowhere.
    let aws = clients(&endpoint).await;
    let function = aws
        .lambda
        .get_function_configuration()
        .function_name("mission-lambda")
        .send()
        .await
        .unwrap();
    let environment = function.environment.unwrap().variables.unwrap();
    assert!(
        !format!("{environment:?}").contains("hooks.slack.com"),
        "{environment:?}"
    );
    let ciphertext = &environment[&webhook_variable(&ChannelKey("project".to_owned()))];
    let blob = BASE64_STANDARD.decode(ciphertext).unwrap();
    let clear = aws.kms.decrypt().ciphertext_blob(blob.into());
    let clear = clear
        .encryption_context("LambdaFunctionName", "mission-lambda")
        .send()
        .await
        .unwrap();
    let clear = String::from_utf8(clear.plaintext.unwrap().into_inner()).unwrap();
    assert_eq!(clear, format!("{inbox}/services/LOCAL/INBOX/project"));

    let is_korean = |text: &str| text.chars().any(|letter| ('가'..='힣').contains(&letter));
    assert!(!is_korean(&demo.stdout), "{}", demo.stdout);

    // A second demo fires again and changes nothing.
    let again = world.ok(&["local", "demo"]);
    assert!(again.stderr.contains("no changes"), "{}", again.stderr);
    // It is over, and fires again.
    assert_eq!(world.messages(&inbox).len(), 3);
    // An alarm in ALARM can fire again.
    let ok = world.json(&["local", "alarm", "mission-cpu-alarm"]);
    assert_eq!(ok["messages"][0]["channel"], "project", "{ok:#}");
    // Its end is told, too, unless the stack says otherwise: that is reported at once, without waiting.
    let over = world.json(&["local", "alarm", "mission-cpu-alarm", "--state", "ok"]);
    assert_eq!(over["messages"][0]["channel"], "project", "{over:#}");
    let told = world.messages(&inbox).len();
    world.bundled("cloudwatch-slack");
    world.edit(|text| text.replace("    to: [alerts] ", "    ok: false\n    to: [alerts] "));
    world.ok(&["apply", "--local", "--yes"]);
    world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    let quiet = world.ok(&["local", "alarm", "mission-cpu-alarm", "--state", "ok"]);
    assert!(
        quiet.stderr.contains("it notifies nobody on OK, only on ALARM"),
        "{}",
        quiet.stderr
    );
    assert_eq!(world.messages(&inbox).len(), told + 1);
}

#[test]
fn an_alarm_that_is_not_there() {
    let world = World::new();
    let ran = world.run(&["local", "alarm", "nothing"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!("alarm_without_local_aws", ran.stderr);
    world.up();
    let ran = world.run(&["local", "alarm", "nothing"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!("unknown_alarm", ran.stderr);
}

#[test]
fn without_a_python_that_will_do_the_error_says_so() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    // Nothing is installed here yet.
    let cache = world.path().join("fresh");
    world.set("ALERTCTL_CACHE_DIR", cache.to_str().unwrap());
    let bin = world.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let path = world.path().display().to_string();
    let shown = |command: &mut Command| {
        let ran = Ran::of(command.output().unwrap());
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.all());
        ran.stderr.replace(&path, "DIR")
    };
    let with = |script: &str| {
        let python = bin.join("python3");
        std::fs::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
        shown(
            world
                .command(&["local", "up"])
                .env("PATH", format!("{}:/usr/bin:/bin", bin.display())),
        )
    };
    let nothing = world.path().join("nothing").display().to_string();
    insta::assert_snapshot!(
        "no_python",
        shown(world.command(&["local", "up"]).env("PATH", &nothing))
    );
    insta::assert_snapshot!(
        "no_such_python",
        shown(
            world
                .command(&["apply", "--local"])
                .env("ALERTCTL_PYTHON", "/nowhere/python3")
        )
    );
    insta::assert_snapshot!("old_python", with("echo 3.9.2; echo"));
    insta::assert_snapshot!("no_venv", with("echo 3.11.2; echo ensurepip"));
    insta::assert_snapshot!(
        "broken_python",
        with("echo 'python3: cannot load libpython' >&2; exit 127")
    );
    insta::assert_snapshot!(
        "venv_fails",
        with("case \" $* \" in *' -c '*) echo 3.11.2; echo;; *) echo 'Error: no space left'; exit 1;; esac")
    );
    // The output on a full disk, if it can still be written.
    let full = with(
        "case \" $* \" in *' -c '*) echo 3.11.2; echo;; *) echo 'OSError: [Errno 28] No space left on device'; \
         exit 1;; esac",
    );
    assert!(
        full.contains(
            "error: not enough disk space for the local AWS in `DIR/fresh`\n  help: it takes about"
        ),
        "{full}"
    );
    // The incomplete environment is no obstacle: with a working Python the next run starts again.
    assert_eq!(world.json(&["local", "status"])["running"], false);
}

async fn clients(endpoint: &str) -> Clients {
    let target = Target {
        region: Some("ap-northeast-2".to_owned()),
        region_from: "the test",
        endpoint_url: Some(endpoint.to_owned()),
        local: true,
        ..Target::default()
    };
    Connection::open(&target).await.unwrap().clients
}
