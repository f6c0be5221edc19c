//! Two channels that snooze one alarm.

use crate::buttons::{fired, with_buttons};
use crate::living::start_as;
use crate::support::function::lock;
use crate::support::workspace::Workspace;
use alertctl_relay::{Act, ChannelKey, Press, Signal};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Each channel has a rule of its own: who ends a snooze in one of them ends nothing that others asked for.
#[tokio::test]
async fn two_channels_that_snooze_one_alarm_have_a_rule_each() {
    let (workspace, address) = Workspace::start().await;
    let mut settings = with_buttons(&[]);
    settings["channels"]["second"] = settings["channels"]["project"].clone();
    settings["topics"]["mission-sns"]["to"] = json!(["project", "second"]);
    let address = format!("http://{address}/");
    let mut relay = start_as(&settings, &workspace, &address, |command| {
        command.env("WEBHOOK_second", "Y2lwaGVydGV4dA==");
    })
    .await;
    relay.succeed(&fired()).await;
    let presses = |act: Act| {
        let state = workspace.state();
        let press = |(name, item): (&String, &Map<String, Value>)| Press {
            channel: ChannelKey(name.split('/').next().expect("a channel").to_owned()),
            incident: name.rsplit('#').next().expect("its key").to_owned(),
            message: item["id"]["S"].as_str().expect("a message").to_owned(),
            act,
            user: "U0123ABCD".to_owned(),
            name: None,
            at: Timestamp::now(),
        };
        state.items.iter().map(press).collect::<Vec<_>>()
    };
    for press in presses(Act::SnoozeOneHour) {
        let answer = relay.succeed(&Signal::Press(press).message()).await;
        assert_eq!(answer, json!({ "pressed": "snoozed" }));
    }
    let rules = lock(&relay.script).mute_rules.clone();
    let [(_, first), (_, second)] = rules.as_slice() else {
        panic!("{rules:#?}")
    };
    assert_ne!(first["Name"], second["Name"]);
    let ended = presses(Act::EndSnooze).remove(0);
    assert_eq!(ended.channel.0, "project");
    relay.succeed(&Signal::Press(ended).message()).await;
    assert_eq!(json!(lock(&relay.script).unmuted), json!([first["Name"]]));
    relay.stop().await;
}
