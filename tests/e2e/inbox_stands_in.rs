//! `--local` uses no webhook beyond this machine, whatever the environment, the stack file or an earlier apply
//! contains.

use std::collections::BTreeMap;
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::account::{ACCOUNT, clients};
use crate::support::proxy::{Fate, Proxy};
use crate::support::slack::Slack;
use crate::support::{NO_WEBHOOK, Ran, World};
use alertctl::aws::connect::Clients;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;
use tokio::runtime::Runtime;

const REGION: &str = "eu-west-1";
const STACK: &str = r#"
stack: shop
region: eu-west-1
channels:
  dev: { webhook: { env: SLACK_DEV } }
  ops: { webhook: { env: SLACK_OPS } }
topics:
  alerts: { to: [ops] }
alarms:
  cpu:
    metric: AWS/EC2 CPUUtilization
    statistic: Average
    period: 60
    threshold: ">= 50"
    to: [alerts]
rules:
  states:
    pattern: { source: [aws.ec2], detail-type: [EC2 Instance State-change Notification] }
    to: [dev, ops]
"#;

/// The relay's webhooks in clear text.
async fn held(aws: &Clients) -> BTreeMap<String, String> {
    let send = aws
        .lambda
        .get_function_configuration()
        .function_name("shop-relay");
    let variables = send.send().await.unwrap().environment.unwrap().variables.unwrap();
    let mut held = BTreeMap::new();
    for (name, ciphertext) in variables {
        let Some(channel) = name
            .strip_prefix("WEBHOOK_")
            .filter(|name| !name.ends_with("_DIGEST"))
        else {
            continue;
        };
        let blob = BASE64_STANDARD.decode(ciphertext).unwrap();
        let send = aws.kms.decrypt().ciphertext_blob(blob.into());
        let send = send.encryption_context("LambdaFunctionName", "shop-relay");
        let clear = send.send().await.unwrap().plaintext.unwrap().into_inner();
        held.insert(channel.to_owned(), String::from_utf8(clear).unwrap());
    }
    held
}

/// The channels of the messages in the inbox.
fn channels(world: &World, inbox: &str) -> Vec<String> {
    let messages = world.messages(inbox).into_iter();
    messages
        .map(|message| message["channel"].as_str().unwrap().to_owned())
        .collect()
}

fn refused(ran: Ran) {
    assert_eq!(ran.code, 1, "{}", ran.all());
    let why =
        "function `shop-relay` of the local AWS holds an address that is not on this machine (WEBHOOK_ops)";
    assert!(ran.stderr.contains(why), "{}", ran.all());
    assert!(ran.stderr.contains("alertctl apply"), "{}", ran.all());
}

#[tokio::test]
async fn the_inbox_stands_in_for_a_webhook_and_one_on_this_machine_is_honoured() {
    let mut world = World::new();
    world.write("stack.yaml", STACK);
    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, REGION).await;
    let (slack, webhook) = Slack::start();
    world.set("SLACK_OPS", NO_WEBHOOK);
    world.set("SLACK_DEV", &webhook);
    world.set("ALERTCTL_LOCAL", "1");
    let line = "channel `ops`: the local inbox stands in for the address in SLACK_OPS\n";
    for args in [
        &["plan"][..],
        &["plan", "--base", "stack.yaml"],
        &["apply", "--yes"],
        &["status"],
        &["test", "--path", "rule"],
    ] {
        let ran = world.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.all());
        assert_eq!(ran.stderr.matches(line).count(), 1, "{args:?}: {}", ran.stderr);
        assert!(!ran.all().contains("hooks.slack.com"), "{args:?}: {}", ran.all());
    }
    let ours = format!("{inbox}/services/LOCAL/INBOX/ops");
    let expected = BTreeMap::from([("dev".to_owned(), webhook), ("ops".to_owned(), ours)]);
    assert_eq!(held(&aws).await, expected);
    assert_eq!(channels(&world, &inbox), ["ops"]);
    assert_eq!(slack.bodies().len(), 1);
    world.ok(&["local", "alarm", "shop-cpu"]);
    world.ok(&["local", "event", "ec2-stopped", "--region", REGION]);
    assert_eq!(channels(&world, &inbox), ["ops", "ops", "ops"]);
    // One line for both channels.
    world.set("SLACK_DEV", NO_WEBHOOK);
    let ran = world.ok(&["plan"]);
    let both = "channels `dev`, `ops`: the local inbox stands in for the addresses in SLACK_DEV, SLACK_OPS\n";
    assert!(ran.stderr.contains(both), "{}", ran.stderr);
    // An invalid webhook is also invalid here.
    world.set("SLACK_OPS", "https://hooks.example.com/services/T0/B0/x");
    let ran = world.run(&["plan"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stderr.contains("host is neither"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_function_that_an_earlier_apply_armed_sends_nothing() {
    let mut world = World::new();
    world.write("stack.yaml", STACK);
    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, REGION).await;
    world.set("SLACK_OPS", NO_WEBHOOK);
    world.set("SLACK_DEV", NO_WEBHOOK);
    // Like an older alertctl that did not know the inbox.
    let ran = world.run_at(&endpoint, ACCOUNT, &["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(held(&aws).await["ops"], NO_WEBHOOK);
    refused(world.run(&["test", "--local", "--path", "alarm/cpu"]));
    refused(world.run(&["local", "alarm", "shop-cpu", "--region", REGION]));
    refused(world.run(&["local", "event", "ec2-stopped", "--region", REGION]));
    let log = world.ok(&["logs", "--local"]);
    assert!(!log.stdout.contains("delivered"), "{}", log.stdout);
    // One apply fixes it.
    world.ok(&["apply", "--local", "--yes"]);
    assert!(held(&aws).await["ops"].starts_with(&inbox));
    world.ok(&["local", "alarm", "shop-cpu"]);
    assert_eq!(channels(&world, &inbox), ["ops"]);
}

#[test]
fn a_run_that_gives_way_takes_no_webhook_out_of_any_function() {
    let mut world = World::new();
    world.write("stack.yaml", STACK);
    world.write("changed.yaml", &STACK.replace("period: 60", "period: 300"));
    let (endpoint, _) = world.up();
    let runtime = Runtime::new().unwrap();
    let aws = runtime.block_on(clients(&endpoint, REGION));
    world.set("SLACK_OPS", NO_WEBHOOK);
    world.set("SLACK_DEV", NO_WEBHOOK);
    let ran = world.run_at(&endpoint, ACCOUNT, &["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let (came, go) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let proxy = Proxy::judging(&endpoint, Duration::ZERO, {
        let (came, go) = (came.clone(), go.clone());
        move |_, action| match action == "cloudwatch:PutMetricAlarm" {
            true => {
                came.store(true, Ordering::SeqCst);
                Fate::Hold(go.clone())
            }
            false => Fate::Pass,
        }
    });
    let mut first = world.command_at(&proxy.url, ACCOUNT, &["apply", "changed.yaml", "--yes"]);
    let first = std::thread::spawn(move || Ran::of(first.output().unwrap()));
    while !came.load(Ordering::SeqCst) {
        assert!(!first.is_finished());
        std::thread::sleep(Duration::from_millis(5));
    }
    let ran = world.run(&["destroy", "--local", "--yes"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stderr.contains("another run is changing"), "{}", ran.all());
    assert_eq!(runtime.block_on(held(&aws))["ops"], NO_WEBHOOK);
    go.store(true, Ordering::SeqCst);
    let ran = first.join().unwrap();
    assert_eq!(ran.code, 0, "{}", ran.all());
}

#[tokio::test]
async fn a_webhook_that_is_encrypted_locally_is_the_inboxs() {
    let mut world = World::new();
    world.write("stack.yaml", STACK);
    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, REGION).await;
    world.set("SLACK_OPS", NO_WEBHOOK);
    let hook = [
        "encrypt-hook",
        "--channel",
        "ops",
        "--env",
        "SLACK_OPS",
        "--write",
        "--yes",
    ];
    let ran = world.ok(&[&hook[..], &["--local"]].concat());
    let line = "channel `ops`: the local inbox stands in for the address in SLACK_OPS\n";
    assert!(ran.stderr.contains(line), "{}", ran.stderr);
    let ran = world.ok(&["apply", "--local", "--yes"]);
    assert!(!ran.stderr.contains("stands in"), "{}", ran.stderr);
    let ours = format!("{inbox}/services/LOCAL/INBOX/ops");
    assert_eq!(held(&aws).await["ops"], ours);
    // While the key is pending deletion it cannot decrypt anything; still, one apply is enough.
    world.ok(&["destroy", "--local", "--yes"]);
    let ran = world.ok(&["apply", "--local", "--yes"]);
    assert!(!ran.stderr.contains("stands in"), "{}", ran.stderr);
    assert_eq!(held(&aws).await["ops"], ours);
    world.ok(&["plan", "--local", "--detailed-exitcode"]);

    // A ciphertext of a Slack webhook, from a run that used the local AWS as if it were AWS.
    let ran = world.run_at(&endpoint, ACCOUNT, &[&hook[..], &["stack.yaml"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.all());
    let ran = world.ok(&["apply", "--local", "--yes"]);
    let line = "channel `ops`: the local inbox stands in for the address in `encrypted:`\n";
    assert!(ran.stderr.contains(line), "{}", ran.stderr);
    assert_eq!(held(&aws).await["ops"], ours);

    // A ciphertext for another function is reported as such, not as unknown to the local AWS.
    world.edit(|text| {
        text.replace(", for: shop-relay", "")
            .replace("stack: shop", "relay: { name: other }\nstack: shop")
    });
    let ran = world.run(&["apply", "--local", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        ran.stderr.contains("encrypted for another function than `other`"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn a_topic_of_the_local_aws_posts_to_this_machine_only() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    // The machine's own address in the network represents the address of another machine.
    let beyond = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        Ok(socket.local_addr()?.ip())
    });
    let Some(beyond) = beyond.ok().filter(|address| !address.is_loopback()) else {
        eprintln!("SKIPPED: this machine has no address but its own");
        return;
    };
    let topic = aws.sns.create_topic().name("t").send().await.unwrap();
    let mut listeners = Vec::new();
    for address in [beyond.to_string(), "127.0.0.1".to_owned()] {
        let listener = TcpListener::bind((address.as_str(), 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let send = aws.sns.subscribe().topic_arn(topic.topic_arn().unwrap());
        let send = send
            .protocol("http")
            .endpoint(format!("http://{address}:{port}/x"));
        send.send().await.unwrap();
        listener.set_nonblocking(true).unwrap();
        listeners.push(listener);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let reached: Vec<_> = listeners.iter().map(|one| one.accept().is_ok()).collect();
    assert_eq!(reached, [false, true]);
}

/// The reason why nothing arrives is reported correctly.
#[test]
fn what_does_not_arrive_says_why() {
    let world = World::new();
    let routed = STACK
        .replace(
            "dev: { webhook",
            "dev: { routes: [{ severity: critical }], webhook",
        )
        .replace(
            "ops: { webhook",
            "ops: { routes: [{ severity: critical }], webhook",
        );
    world.write("stack.yaml", &routed);
    world.ok(&["apply", "--local", "--yes"]);
    let ran = world.run(&["local", "event", "ec2-stopped", "--region", REGION]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    for part in [
        "no message arrived",
        "channel `ops`: its routes do not accept this message",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    let json: Value = serde_json::from_str(
        &world
            .run(&[
                "local",
                "event",
                "ec2-stopped",
                "--region",
                REGION,
                "--output",
                "json",
            ])
            .stdout,
    )
    .unwrap();
    assert!(
        json["errors"][0]["help"]
            .as_str()
            .unwrap()
            .contains("alertctl logs"),
        "{json}"
    );
}
