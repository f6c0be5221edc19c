//! Channels of every service, applied to the local AWS: the inbox stands in for each, and takes what the relay sends.

use std::collections::BTreeMap;

use crate::support::World;
use crate::support::account::{applied, eventually, unchanged};
use serde_json::Value;

const REGION: &str = "eu-central-1";
const STACK: &str = "
stack: services
region: eu-central-1
channels:
  app: { slack: { bot: { env: SLACK_BOT_TOKEN }, channel: C0123ABCD } }
  hook: { webhook: { env: SLACK_WEBHOOK_URL } }
  teams: { teams: { webhook: { env: TEAMS_WEBHOOK } }, buffer: false }
  space: { google_chat: { webhook: { env: GOOGLE_CHAT_WEBHOOK } } }
  discord: { discord: { webhook: { env: DISCORD_WEBHOOK } } }
  pager: { pagerduty: { key: { env: PAGERDUTY_KEY }, region: eu } }
  jira: { jira_service_management: { key: { env: JIRA_KEY } } }
  program: { signed_webhook: { address: { env: RECEIVER } } }
topics:
  alerts: { to: [app, hook, teams, space, discord, pager, jira, program] }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', to: [alerts], ok: [alerts] }
";

/// The accepted posts of each channel.
fn accepted(world: &World, inbox: &str) -> BTreeMap<String, Vec<Value>> {
    let mut accepted: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for message in world.messages(inbox) {
        assert_eq!(message["status"], "accepted", "{message:#}");
        let channel = message["channel"].as_str().unwrap().to_owned();
        accepted.entry(channel).or_default().push(message);
    }
    accepted
}

#[tokio::test]
async fn an_alarm_reaches_every_service_and_ends_there() {
    let (world, aws) = applied(STACK, REGION).await;
    let (_, inbox) = world.up();
    unchanged(&world, "after apply");
    world.ok(&["local", "alarm", "services-cpu"]);
    eventually("one message in each channel", async || {
        accepted(&world, &inbox).len() == 8
    })
    .await;
    world.ok(&["local", "alarm", "services-cpu", "--state", "ok"]);
    let ended = || {
        let all = accepted(&world, &inbox);
        let body = |channel: &str, number: usize| all[channel].get(number).map(|one| one["body"].clone());
        let pager = body("pager", 1)?;
        assert_eq!(pager["event_action"], "resolve");
        assert_eq!(pager["dedup_key"], body("pager", 0)?["dedup_key"]);
        let space = body("space", 1)?;
        assert_eq!(space["thread"], body("space", 0)?["thread"]);
        assert!(
            all["jira"].get(1)?["path"].as_str()?.ends_with("/close"),
            "{all:#?}"
        );
        let app: Vec<_> = all["app"]
            .iter()
            .filter_map(|one| one["path"].as_str()?.rsplit('/').next())
            .collect();
        let program = body("program", 1)?;
        assert_eq!(program["type"], "alertctl.alert.resolved.v1");
        body("hook", 1)?;
        body("teams", 1)?;
        body("discord", 1)?;
        (app.len() >= 3).then(|| assert_eq!(app, ["chat.postMessage", "chat.update", "chat.postMessage"]))
    };
    eventually("the end in each channel", async || ended().is_some()).await;

    // Nothing of an address is in the account in clear text.
    let function = aws
        .lambda
        .get_function()
        .function_name("services-lambda")
        .send()
        .await;
    let shown = format!("{function:?}");
    assert!(!shown.contains("/services/LOCAL/INBOX"), "{shown}");
    world.ok(&["destroy", "--local", "--yes"]);
}

/// More ciphertexts than the environment of a function holds.
#[test]
fn any_number_of_channels_fits() {
    let world = World::new();
    let channels: Vec<_> = (0..14).map(|number| format!("c{number}")).collect();
    let lines: String = channels
        .iter()
        .map(|key| format!("  {key}: {{ webhook: {{ env: HOOK }} }}\n"))
        .collect();
    let stack = |lines: &str| {
        format!(
            "stack: many\nregion: {REGION}\nchannels:\n{lines}topics: {{ alerts: {{ to: [{}] }} }}\n",
            channels.join(", ")
        )
    };
    let one = stack(&lines).replacen(&lines, "  c0: { webhook: { env: HOOK } }\n", 1);
    let one = one.replace(&channels.join(", "), "c0");
    world.write("stack.yaml", &one);
    let (_, inbox) = world.up();
    world.ok(&["apply", "--local", "--yes"]);
    let hook = format!("{inbox}/services/LOCAL/INBOX/many");
    let mut written = String::new();
    for key in &channels {
        let mut command = world.command(&[
            "encrypt-hook",
            "stack.yaml",
            "--local",
            "--env",
            "HOOK",
            "--yes",
            "--output",
            "json",
        ]);
        let answer = command.env("HOOK", format!("{hook}-{key}")).output().unwrap();
        let answer: Value = serde_json::from_slice(&answer.stdout).unwrap();
        let (ciphertext, function) = (
            answer["encrypted"].as_str().unwrap(),
            answer["function"].as_str().unwrap(),
        );
        written += &format!("  {key}: {{ webhook: {{ encrypted: {ciphertext}, for: {function} }} }}\n");
    }
    world.write("stack.yaml", &stack(&written));
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "after apply");
    let status = world.json(&["status", "stack.yaml", "--local"]);
    let webhooks = status["webhooks"].as_array().unwrap();
    assert_eq!(webhooks.len(), 14, "{webhooks:#?}");
    assert!(
        webhooks.iter().all(|one| one["decrypts"] == "yes"),
        "{webhooks:#?}"
    );
    world.ok(&["test", "stack.yaml", "--local", "--yes"]);
    let channels = accepted(&world, &inbox);
    assert_eq!(channels.len(), 14, "{:?}", channels.keys());
    assert_eq!(channels["many-c13"].len(), 1);
}
