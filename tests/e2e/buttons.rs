//! Buttons under the messages of a Slack app: what people press comes back by an endpoint of the stack, and mutes the alarm.

use crate::support::account::{applied, eventually, everything, unchanged};
use crate::support::{World, http};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

pub const REGION: &str = "eu-central-1";
pub const STACK: &str = "
stack: hands
region: eu-central-1
channels:
  app: { slack: { bot: { env: SLACK_BOT_TOKEN }, channel: C0123ABCD, actions: true } }
topics: { alerts: { to: [app] } }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', to: [alerts], ok: [alerts] }
monitoring: { to: [alerts] }
";
/// The secret with which Slack signs, beside the local AWS.
pub const SECRET: &str = "00000000000000000000000000000000";

/// The messages and changes that the channel got, without what only one person sees.
pub fn bodies(world: &World, inbox: &str) -> Vec<(String, Value)> {
    let method = |message: &Value| {
        message["path"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    };
    let messages = world.messages(inbox);
    messages
        .iter()
        .map(|message| (method(message), message["body"].clone()))
        .collect()
}

/// The `ts` that the inbox gave to the channel's first message.
pub fn ts(world: &World, inbox: &str) -> String {
    let first = &world.messages(inbox)[0];
    let received: Timestamp = first["received"].as_str().unwrap().parse().unwrap();
    format!("{}.{:06}", received.as_second(), first["seq"].as_u64().unwrap())
}

/// Posts what Slack posts when somebody presses a button of the message with this `ts`; returns the status.
pub fn press(url: &str, ts: &str, act: &str, incident: &Value, secret: &str) -> u16 {
    let payload = json!({
        "type": "block_actions",
        "user": { "id": "U0123ABCD", "username": "jane" },
        "container": { "channel_id": "C0123ABCD", "message_ts": ts },
        "actions": [{ "type": "button", "action_id": act, "value": incident }],
    });
    let body = format!(
        "payload={}",
        utf8_percent_encode(&payload.to_string(), NON_ALPHANUMERIC)
    );
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{now}:{body}").as_bytes());
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-slack-request-timestamp", &now),
        ("x-slack-signature", &format!("v0={hex}")),
    ];
    http("POST", url, &headers, &body).0
}

#[tokio::test]
async fn a_button_mutes_the_alarm_and_says_who_did_it() {
    let (world, aws) = applied(STACK, REGION).await;
    let (_, inbox) = world.up();
    unchanged(&world, "after apply");
    let shown = world.ok(&["show", "endpoint", "--local"]).stdout;
    let url = shown.trim();
    assert!(url.ends_with("/slack"), "{url}");
    let status = world.ok(&["status", "--local"]).stdout;
    assert!(
        status.contains(&format!("buttons: POST {url} (paste it in Slack: ")),
        "{status}"
    );
    let policy = world.ok(&["graph", "--local"]).stdout;
    assert!(policy.contains("buttons"), "{policy}");

    world.ok(&["local", "alarm", "hands-cpu"]);
    eventually("the alarm", async || bodies(&world, &inbox).len() == 1).await;
    let [(_, message)] = bodies(&world, &inbox).try_into().unwrap();
    let blocks = message["attachments"][0]["blocks"].as_array().unwrap().clone();
    let elements = blocks.last().unwrap()["elements"].as_array().unwrap().clone();
    let acts: Vec<_> = elements
        .iter()
        .map(|one| one["action_id"].as_str().unwrap())
        .collect();
    assert_eq!(acts[..2], ["acknowledge", "snooze_one_hour"]);
    let incident = &elements[0]["value"];
    let ts = ts(&world, &inbox);

    assert_eq!(
        press(
            url,
            &ts,
            "acknowledge",
            incident,
            "11111111111111111111111111111111"
        ),
        401
    );
    assert_eq!(press(url, &ts, "acknowledge", incident, SECRET), 200);
    eventually("a line in the thread", async || bodies(&world, &inbox).len() == 3).await;
    let all = bodies(&world, &inbox);
    assert_eq!([&all[1].0, &all[2].0], ["chat.update", "chat.postMessage"]);
    assert!(
        all[1].1.to_string().contains("✋ *jane* acknowledged this at "),
        "{:#}",
        all[1].1
    );
    assert!(
        !all[1].1.to_string().contains(r#""action_id":"acknowledge""#),
        "{:#}",
        all[1].1
    );
    assert_eq!(all[1].1["ts"], all[2].1["thread_ts"]);

    assert_eq!(press(url, &ts, "snooze_eight_hours", incident, SECRET), 200);
    eventually("the mute", async || bodies(&world, &inbox).len() == 5).await;
    assert!(
        bodies(&world, &inbox)[3]
            .1
            .to_string()
            .contains("💤 *jane* snoozed this until ")
    );
    let line = &bodies(&world, &inbox)[4].1;
    assert!(!line.to_string().contains("does not mute"), "{line:#}");
    let mutes = world.json(&["mutes", "--local"]);
    let [mute] = mutes["mutes"].as_array().unwrap().as_slice() else {
        panic!("{mutes:#}")
    };
    assert_eq!(
        (&mute["state"], &mute["alarms"]),
        (&json!("active"), &json!(["cpu"])),
        "{mute:#}"
    );
    assert!(mute["why"].as_str().unwrap().contains("jane"), "{mute:#}");
    let until: Timestamp = mute["until"].as_str().unwrap().parse().unwrap();
    let hours = until.duration_since(Timestamp::now()).as_hours();
    assert!((7..=8).contains(&hours), "{mute:#}");
    // Who ends it, ends the mute, too.
    assert_eq!(press(url, &ts, "end_snooze", incident, SECRET), 200);
    eventually("the end of the mute", async || bodies(&world, &inbox).len() == 7).await;
    assert_eq!(world.json(&["mutes", "--local"])["mutes"], json!([]));
    assert_eq!(press(url, &ts, "snooze_one_hour", incident, SECRET), 200);
    eventually("the next mute", async || bodies(&world, &inbox).len() == 9).await;
    // It is no leftover of the stack file, and goes with the stack.
    unchanged(&world, "while it is muted");
    world.ok(&["destroy", "--local", "--yes"]);
    let left = everything(&aws).await;
    assert!(left.iter().all(|one| !one.contains("hands")), "{left:?}");
}

#[test]
fn a_bot_token_without_its_signing_secret_is_refused() {
    let mut world = World::new();
    world.write("stack.yaml", STACK);
    world.set("SLACK_BOT_TOKEN", "xoxb-000000000000-AbCdEfGhIjKlMnOpQrStUvWx");
    let refused = world.run(&["apply", "--yes"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(
        refused
            .stderr
            .contains("SLACK_BOT_TOKEN: the bot token has no signing secret after it")
            && refused.stderr.contains("`Signing Secret`")
            && !refused.stderr.contains("AbCdEfGh"),
        "{}",
        refused.stderr
    );
    let refused = world.run(&["encrypt-hook", "--env", "SLACK_BOT_TOKEN"]);
    assert!(
        refused.stderr.contains("no signing secret after it"),
        "{}",
        refused.stderr
    );
}
