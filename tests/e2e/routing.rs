//! Messages through routes: which channels get them, and who is mentioned.

use std::time::{Duration, Instant};

use crate::support::World;
use serde_json::{Value, json};

const STACK: &str = r#"
stack: routed
region: ap-northeast-2
locale: en
channels:
  oncall:
    webhook: { env: ONCALL_WEBHOOK }
    routes:
      - severity: critical
    mention: ["@here", U0123ABCD]
  log:
    webhook: { env: LOG_WEBHOOK }
    except:
      - rules: [states]
        match: { detail: { state: [pending] } }
topics:
  alerts: { to: [oncall, log] }
alarms:
  cpu:
    severity: critical
    metric: AWS/EC2 CPUUtilization
    statistic: Average
    period: 60
    threshold: ">= 50"
    to: [alerts]
    ok: [alerts]
rules:
  states:
    pattern: { source: [aws.ec2], detail-type: [EC2 Instance State-change Notification] }
    to: [oncall, log]
"#;

/// The channel and the blocks' text of every message.
fn arrived(world: &World, inbox: &str, count: usize) -> Vec<(String, String)> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let messages = world.messages(inbox);
        if messages.len() >= count || Instant::now() > deadline {
            assert_eq!(messages.len(), count, "{messages:#?}");
            let shown = |message: &Value| {
                (
                    message["channel"].as_str().unwrap().to_owned(),
                    message.to_string(),
                )
            };
            return messages.iter().map(shown).collect();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn each_channel_hears_what_its_routes_take() {
    let mut world = World::new();
    world.write("stack.yaml", STACK);
    let (_, inbox) = world.up();
    for (name, channel) in [("ONCALL_WEBHOOK", "oncall"), ("LOG_WEBHOOK", "log")] {
        world.set(name, &format!("{inbox}/services/LOCAL/INBOX/{channel}"));
    }
    world.ok(&["apply", "--local", "--yes"]);

    // A critical message goes to both channels, and on-call is mentioned.
    world.ok(&["local", "alarm", "routed-cpu"]);
    let messages = arrived(&world, &inbox, 2);
    for (channel, message) in &messages {
        assert_eq!(
            message.contains("<!here> <@U0123ABCD>"),
            channel == "oncall",
            "{message}"
        );
    }
    // The recovery goes to the same channels, and mentions nobody.
    world.ok(&["local", "alarm", "routed-cpu", "--state", "ok"]);
    let messages = arrived(&world, &inbox, 4);
    assert!(
        messages[2..]
            .iter()
            .all(|(_, message)| !message.contains("<!here>")),
        "{messages:#?}"
    );
    assert!(
        messages[2..].iter().any(|(channel, _)| channel == "oncall"),
        "{messages:#?}"
    );

    // An `info` message goes only to the log channel, and an excepted one goes nowhere.
    let state = |state: &str| {
        json!({
            "version": "0", "id": format!("00000000-0000-4000-8000-{state:0>12.12}"), "source": "aws.ec2",
            "detail-type": "EC2 Instance State-change Notification", "account": "000000000000",
            "time": "2026-11-20T05:00:00Z", "region": "ap-northeast-2", "resources": [],
            "detail": { "instance-id": "i-0123456789abcdef0", "state": state },
        })
    };
    for name in ["pending", "running"] {
        let file = format!("{name}.json");
        world.write(&file, &state(name).to_string());
        world.run(&["local", "event", &file]);
    }
    let messages = arrived(&world, &inbox, 5);
    assert_eq!(messages[4].0, "log");
    assert!(messages[4].1.contains("running"), "{messages:#?}");
}
