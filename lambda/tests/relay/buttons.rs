//! Buttons under the message of an incident: who presses one, and what becomes of it.

use crate::living::{alarm, settings, start_as};
use crate::support::function::{Function, lock};
use crate::support::press::{SECRET, click, request};
use crate::support::workspace::Workspace;
use alertctl_relay::{Act, Signal};
use jiff::Timestamp;
use serde_json::{Value, json};

pub fn with_buttons(who: &[&str]) -> Value {
    let mut settings = settings();
    settings["channels"]["project"]["actions"] = json!({ "who": who });
    settings["channels"]["project"]["mention"] = json!({ "from": "error", "who": ["U0999ZZZZ"] });
    settings["channels"]["project"]["remind_minutes"] = 30.into();
    settings
}

/// The relay, the function behind the endpoint, and their workspace.
pub async fn start(who: &[&str]) -> (Function, Function, Workspace) {
    let (workspace, address) = Workspace::start().await;
    let (settings, address) = (with_buttons(who), format!("http://{address}/"));
    let relay = start_as(&settings, &workspace, &address, |_| {}).await;
    let endpoint = start_as(&settings, &workspace, &address, |command| {
        command
            .env("ALERTCTL_DUTY", "actions")
            .env("RELAY", "mission-lambda")
            .env("DESTINATIONS", r#"["project"]"#);
    })
    .await;
    (relay, endpoint, workspace)
}

pub fn fired() -> Value {
    alarm("cpu", "OK", "ALARM", "2026-11-28T01:00:00.000+0000")
}

pub fn over() -> Value {
    alarm("cpu", "ALARM", "OK", "2026-11-28T01:12:00.000+0000")
}

/// The blocks of the channel's last message, beside its bar.
fn blocks(workspace: &Workspace) -> Vec<Value> {
    let state = workspace.state();
    let mut own = state
        .messages
        .values()
        .filter(|message| message["thread_ts"].is_null());
    let message = own.next_back().expect("a message");
    message["attachments"][0]["blocks"]
        .as_array()
        .expect("blocks")
        .clone()
}

/// What its buttons ask for, and with which value.
pub fn buttons(workspace: &Workspace) -> Vec<(String, Option<String>)> {
    let blocks = blocks(workspace);
    let actions = blocks.iter().filter(|block| block["type"] == "actions");
    let elements = actions.flat_map(|block| block["elements"].as_array().expect("elements").clone());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    elements
        .map(|one| (text(&one["action_id"]).expect("an id"), text(&one["value"])))
        .collect()
}

/// What the small print says that people did.
pub fn done(workspace: &Workspace) -> Vec<String> {
    let blocks = blocks(workspace);
    let context = blocks.iter().filter(|block| block["type"] == "context");
    let texts = context.filter_map(|block| block["elements"][0]["text"].as_str());
    texts
        .filter(|text| text.starts_with(['✋', '💤']))
        .map(str::to_owned)
        .collect()
}

/// Presses a button of the only message.
pub async fn press(relay: &mut Function, endpoint: &mut Function, workspace: &Workspace, act: Act) -> Value {
    let value = {
        let state = workspace.state();
        let (key, _) = state.items.iter().next().expect("an incident");
        key.rsplit('#').next().expect("its key").to_owned()
    };
    let answer = endpoint
        .succeed(&request(&click(act, &value), SECRET, Timestamp::now()))
        .await;
    assert_eq!(
        (&answer["statusCode"], &answer["body"]),
        (&json!(200), &json!("")),
        "{answer}"
    );
    let (name, event) = lock(&endpoint.script)
        .invoked
        .pop()
        .expect("the relay is invoked");
    assert_eq!(name, "mission-lambda");
    assert!(matches!(Signal::read(&event), Some(Signal::Press(_))), "{event}");
    relay.succeed(&event).await
}

#[tokio::test]
async fn who_takes_care_of_it_is_shown_and_nobody_is_reminded() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    let offered = buttons(&workspace);
    let acts: Vec<_> = offered.iter().map(|(act, _)| act.as_str()).collect();
    assert_eq!(
        acts,
        [
            "acknowledge",
            "snooze_one_hour",
            "snooze_eight_hours",
            "snooze_until_resolved",
            "open"
        ]
    );
    let keys: Vec<_> = offered.iter().filter_map(|(_, value)| value.as_deref()).collect();
    assert!(
        keys.len() == 4 && keys.iter().all(|key| key.len() == 64),
        "{keys:?}"
    );
    assert!(
        workspace
            .state()
            .items
            .values()
            .all(|item| item.contains_key("due"))
    );

    let answer = press(&mut relay, &mut endpoint, &workspace, Act::Acknowledge).await;
    assert_eq!(answer, json!({ "pressed": "acknowledged" }));
    let said = done(&workspace);
    assert!(
        matches!(said.as_slice(), [one] if one.starts_with("✋ *jane* acknowledged this at ")),
        "{said:?}"
    );
    assert_eq!(buttons(&workspace).len(), 4, "all but that one");
    let replies = workspace.replies();
    assert!(
        matches!(replies.as_slice(), [(line, false)] if line.starts_with("✋ *jane*")),
        "{replies:?}"
    );
    assert!(
        workspace
            .state()
            .items
            .values()
            .all(|item| !item.contains_key("due"))
    );

    // A second time changes nothing, and says so to that person alone.
    let answer = press(&mut relay, &mut endpoint, &workspace, Act::Acknowledge).await;
    assert_eq!(answer, json!({ "pressed": "acknowledged before" }));
    assert_eq!(workspace.replies().len(), 1);
    let whispers = workspace.state().whispers.clone();
    assert!(
        matches!(whispers.as_slice(), [(user, text)] if user == "U0123ABCD" && text.contains("jane")),
        "{whispers:?}"
    );

    // The end keeps what was done, and has nothing left to do.
    relay.succeed(&over()).await;
    assert_eq!((done(&workspace).len(), buttons(&workspace).len()), (1, 0));
    let answer = press(&mut relay, &mut endpoint, &workspace, Act::SnoozeOneHour).await;
    assert_eq!(answer, json!({ "pressed": "over" }));
    assert_eq!(workspace.state().whispers.len(), 2);
    assert_eq!(lock(&relay.script).mute_rules, []);

    // What begins anew is nobody's.
    relay
        .succeed(&alarm("cpu", "OK", "ALARM", "2026-11-28T02:00:00.000+0000"))
        .await;
    assert_eq!((done(&workspace).len(), buttons(&workspace).len()), (0, 5));
    let log = relay.log().await;
    let pressed: Vec<_> = log.iter().filter(|line| line["user"] == "U0123ABCD").collect();
    let outcomes: Vec<_> = pressed
        .iter()
        .map(|line| line["outcome"].as_str().expect("a word"))
        .collect();
    assert_eq!(outcomes, ["acknowledged", "acknowledged before", "over"]);
    assert_eq!(pressed[0]["button"], "acknowledge");
    endpoint.stop().await;
}

#[tokio::test]
async fn a_snoozed_alarm_is_muted_where_it_is() {
    let (mut relay, mut endpoint, workspace) = start(&["U0123ABCD"]).await;
    relay.succeed(&fired()).await;
    let now = Timestamp::now();
    let answer = press(&mut relay, &mut endpoint, &workspace, Act::SnoozeEightHours).await;
    assert_eq!(answer, json!({ "pressed": "snoozed" }));
    let rules = lock(&relay.script).mute_rules.clone();
    let [(region, rule)] = rules.as_slice() else {
        panic!("{rules:#?}")
    };
    assert_eq!(region, "us-east-1");
    assert_eq!(rule["MuteTargets"]["AlarmNames"], json!(["cpu"]));
    assert_eq!(rule["Rule"]["Schedule"]["Duration"], "PT481M");
    let name = rule["Name"].as_str().expect("a name");
    assert!(name.starts_with("mission-adhoc-slack-"), "{name}");
    let own = name.strip_prefix("mission-adhoc-").expect("its own part");
    let node = format!("cloudwatch-alarm-mute-rule/adhoc.{own}@us-east-1");
    let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
    assert_eq!(
        rule["Tags"],
        json!([tag("alertctl:stack", "mission"), tag("alertctl:node", &node)])
    );
    let said = done(&workspace);
    assert!(
        matches!(said.as_slice(), [one] if one.starts_with("💤 *jane* snoozed this until ")),
        "{said:?}"
    );
    // People are reminded again when it is over.
    let due: i64 = {
        let state = workspace.state();
        let item = state.items.values().next().expect("an item");
        item["due"]["N"]
            .as_str()
            .expect("a number")
            .parse()
            .expect("a number")
    };
    let hours = (due - now.as_millisecond()) / 3_600_000;
    assert!((7..=8).contains(&hours), "{hours}");

    // What still comes of it, by another way, calls nobody.
    relay
        .succeed(&alarm("cpu", "OK", "ALARM", "2026-11-28T01:05:00.000+0000"))
        .await;
    let replies = workspace.replies();
    let last = replies.last().expect("a line");
    assert!(
        last.0.contains("is in alarm") && !last.0.contains("U0999ZZZZ"),
        "{last:?}"
    );
    assert_eq!(done(&workspace).len(), 1);

    // The same incident has one rule: a shorter one replaces it.
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeOneHour).await;
    let rules = lock(&relay.script).mute_rules.clone();
    assert_eq!((rules.len(), &rules[1].1["Name"]), (2, &rules[0].1["Name"]));
    assert_eq!(done(&workspace).len(), 1);
    relay.stop().await;
    endpoint.stop().await;
}

#[tokio::test]
async fn without_a_rule_the_channel_alone_is_silent_and_says_so() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    lock(&relay.script)
        .mute_refusals
        .push_back((403, "AccessDeniedException"));
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeOneHour).await;
    let replies = workspace.replies();
    let last = &replies.last().expect("a line").0;
    assert!(
        last.contains("snoozed this until") && last.contains("CloudWatch does not mute the alarm"),
        "{last}"
    );
    // For as long as it lasts, no rule is needed.
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeUntilResolved).await;
    assert_eq!(lock(&relay.script).mute_rules, []);
    let said = done(&workspace);
    assert!(
        matches!(said.as_slice(), [one] if one.ends_with("snoozed this until it is over")),
        "{said:?}"
    );
    relay.succeed(&over()).await;
    let replies = workspace.replies();
    let last = replies.last().expect("a line");
    assert!(
        last.0.contains("back to OK") && !last.1,
        "nobody wanted to hear of it: {last:?}"
    );
    // One of another account may have the name of one here.
    let text = alarm("disk", "OK", "ALARM", "2026-11-28T01:00:00.000+0000").to_string();
    let text = text.replace("111122223333:alarm", "999988887777:alarm");
    let text = text.replace(
        r#"AWSAccountId\":\"111122223333"#,
        r#"AWSAccountId\":\"999988887777"#,
    );
    workspace.state().items.clear();
    relay.succeed(&serde_json::from_str(&text).expect("JSON")).await;
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeOneHour).await;
    assert_eq!(lock(&relay.script).mute_rules, []);
    let log = relay.log().await;
    let refused: Vec<_> = log.iter().filter(|line| line["outcome"] == "not muted").collect();
    let reasons: Vec<_> = refused
        .iter()
        .map(|line| line["reason"].as_str().expect("a reason"))
        .collect();
    assert!(
        matches!(reasons.as_slice(), [one, "the alarm is in another account"] if one.contains("AccessDenied")),
        "{reasons:?}"
    );
    endpoint.stop().await;
}
