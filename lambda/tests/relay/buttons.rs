//! Buttons under the message of an incident: who presses one, and what becomes of it.

use crate::living::{alarm, settings, start_as, start_beside};
use crate::support::function::{Function, lock};
use crate::support::workspace::{Fault, Workspace};
use alertctl_relay::{Act, Signal};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::Sha256;

/// The secret that stands for Slack's beside an emulator.
const SECRET: &str = "00000000000000000000000000000000";

fn with_buttons(who: &[&str]) -> Value {
    let mut settings = settings();
    settings["channels"]["project"]["actions"] = json!({ "who": who });
    settings["channels"]["project"]["mention"] = json!({ "from": "error", "who": ["U0999ZZZZ"] });
    settings["channels"]["project"]["remind_minutes"] = 30.into();
    settings
}

/// The relay, the function behind the endpoint, and their workspace.
async fn start(who: &[&str]) -> (Function, Function, Workspace) {
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

fn fired() -> Value {
    alarm("cpu", "OK", "ALARM", "2026-11-28T01:00:00.000+0000")
}

fn over() -> Value {
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
fn buttons(workspace: &Workspace) -> Vec<(String, Option<String>)> {
    let blocks = blocks(workspace);
    let actions = blocks.iter().filter(|block| block["type"] == "actions");
    let elements = actions.flat_map(|block| block["elements"].as_array().expect("elements").clone());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    elements
        .map(|one| (text(&one["action_id"]).expect("an id"), text(&one["value"])))
        .collect()
}

/// What the small print says that people did.
fn done(workspace: &Workspace) -> Vec<String> {
    let blocks = blocks(workspace);
    let context = blocks.iter().filter(|block| block["type"] == "context");
    let texts = context.filter_map(|block| block["elements"][0]["text"].as_str());
    texts
        .filter(|text| text.starts_with(['✋', '💤']))
        .map(str::to_owned)
        .collect()
}

fn click(act: Act, value: &str) -> Value {
    json!({
        "type": "block_actions",
        "user": { "id": "U0123ABCD", "username": "jane", "name": "jane" },
        "container": { "type": "message", "message_ts": "1700000001.000100", "channel_id": "C0123ABCD" },
        "actions": [{ "type": "button", "action_id": act, "value": value, "action_ts": "1.0" }],
        "response_url": "https://hooks.slack.com/actions/T1/2/3",
    })
}

/// The request that API Gateway makes of what Slack posts.
fn request(payload: &Value, secret: &str, at: Timestamp) -> Value {
    let text = payload.to_string();
    let body = format!("payload={}", utf8_percent_encode(&text, NON_ALPHANUMERIC));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(format!("v0:{}:{body}", at.as_second()).as_bytes());
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    json!({
        "version": "2.0", "routeKey": "POST /slack", "isBase64Encoded": true, "body": BASE64_STANDARD.encode(&body),
        "headers": {
            "content-type": "application/x-www-form-urlencoded",
            "x-slack-request-timestamp": at.as_second().to_string(), "x-slack-signature": format!("v0={hex}"),
        },
    })
}

/// Presses a button of the only message.
async fn press(relay: &mut Function, endpoint: &mut Function, workspace: &Workspace, act: Act) -> Value {
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

#[tokio::test]
async fn only_who_may_presses_a_button() {
    let (mut relay, mut endpoint, workspace) = start(&["U0999ZZZZ"]).await;
    relay.succeed(&fired()).await;
    let answer = press(&mut relay, &mut endpoint, &workspace, Act::SnoozeOneHour).await;
    assert_eq!(answer, json!({ "pressed": "refused" }));
    assert_eq!((done(&workspace).len(), workspace.replies().len()), (0, 0));
    assert_eq!(workspace.state().whispers.len(), 1);
    assert_eq!(lock(&relay.script).mute_rules, []);
    relay.stop().await;
    endpoint.stop().await;
}

#[tokio::test]
async fn what_slack_did_not_sign_does_nothing() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    let value = buttons(&workspace)[0].1.clone().expect("a key");
    let payload = click(Act::Acknowledge, &value);
    let now = Timestamp::now();
    let right = request(&payload, SECRET, now);
    let change = |at: &str, to: Value| {
        let mut changed = right.clone();
        *changed.pointer_mut(at).expect("a field") = to;
        changed
    };
    let minutes_ago = now - jiff::SignedDuration::from_mins(6);
    let other = BASE64_STANDARD.encode(format!("payload={}", utf8_percent_encode("{}", NON_ALPHANUMERIC)));
    for wrong in [
        request(&payload, "11111111111111111111111111111111", now),
        request(&payload, SECRET, minutes_ago),
        change("/headers", json!({ "authorization": "Bearer x" })),
        change("/body", json!(other)),
        change("/body", json!("%")),
        change("/isBase64Encoded", json!(false)),
        json!({}),
    ] {
        let answer = endpoint.succeed(&wrong).await;
        assert_eq!(answer["statusCode"], 401, "{wrong}\n{answer}");
        assert!(!answer.to_string().contains("channel `"), "{answer}");
    }
    // A channel of somebody else, what is no button of ours, and what Slack asks at other times: nothing.
    let mut elsewhere = payload.clone();
    elsewhere["container"]["channel_id"] = "C0999ZZZZ".into();
    let mut link = payload.clone();
    link["actions"] = json!([{ "type": "button", "action_id": "open" }]);
    for idle in [elsewhere, link, json!({ "type": "shortcut" })] {
        let answer = endpoint.succeed(&request(&idle, SECRET, now)).await;
        assert_eq!(answer["statusCode"], 200, "{idle}");
    }
    assert_eq!(lock(&endpoint.script).invoked, []);
    // Upper-case names of headers, as some gateways keep them, and a body as it is.
    let mut plain = right.clone();
    let body = BASE64_STANDARD
        .decode(right["body"].as_str().expect("a body"))
        .expect("Base64");
    plain["body"] = String::from_utf8(body).expect("UTF-8").into();
    plain["isBase64Encoded"] = false.into();
    let headers = right["headers"].as_object().expect("headers").clone();
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name.to_uppercase(), value));
    plain["headers"] = headers.collect();
    assert_eq!(endpoint.succeed(&plain).await["statusCode"], 200);
    assert_eq!(lock(&endpoint.script).invoked.len(), 1);
    // Who presses it sees that it did nothing, and why is in the log.
    lock(&endpoint.script)
        .invoke_refusals
        .push_back((403, "AccessDeniedException"));
    let answer = endpoint.succeed(&right).await;
    assert_eq!(answer["statusCode"], 503, "{answer}");
    let log = endpoint.log().await;
    let failed = log
        .iter()
        .find(|line| line["outcome"] == "unavailable")
        .expect("a line");
    assert!(
        failed["reason"]
            .as_str()
            .is_some_and(|why| why.contains("Lambda")),
        "{failed}"
    );
    assert!(!serde_json::to_string(&log).expect("JSON").contains(SECRET));
    relay.stop().await;
}

#[tokio::test]
async fn what_the_press_meets_is_told_or_tried_again() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    // The table is away: Lambda tries again.
    workspace.state().table_fails = true;
    let value = buttons(&workspace)[0].1.clone().expect("a key");
    endpoint
        .succeed(&request(
            &click(Act::Acknowledge, &value),
            SECRET,
            Timestamp::now(),
        ))
        .await;
    let (_, event) = lock(&endpoint.script).invoked.pop().expect("an event");
    let error = relay.fail(&event).await;
    assert!(error.contains("a button: DynamoDB"), "{error}");
    workspace.state().table_fails = false;
    // Slack does not take the change: the next step shows it.
    for _ in 0..8 {
        workspace.fail("chat.update", Fault::Error("internal_error"));
    }
    relay.runtime.hurry(std::time::Duration::from_secs(4));
    assert_eq!(relay.succeed(&event).await, json!({ "pressed": "acknowledged" }));
    assert_eq!(done(&workspace).len(), 0);
    workspace.state().faults.clear();
    relay.succeed(&over()).await;
    assert_eq!(done(&workspace).len(), 1);
    // Another process without buttons ignores what was pressed before.
    let mut beside = start_beside(&workspace, |_| {}).await;
    assert_eq!(beside.succeed(&event).await, json!({ "pressed": "ignored" }));
    beside.stop().await;
    relay.stop().await;
    endpoint.stop().await;
}

#[tokio::test]
async fn two_channels_at_one_place_do_not_answer_for_each_other() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    let value = buttons(&workspace)[0].1.clone().expect("a key");
    let call = request(&click(Act::Acknowledge, &value), SECRET, Timestamp::now());
    endpoint.succeed(&call).await;
    let (_, event) = lock(&endpoint.script).invoked.pop().expect("an event");
    let twin = event.to_string().replace("project", "audit");
    // The same app and the same channel of Slack, by another key of the stack file.
    let mut both = with_buttons(&[]);
    both["channels"]["audit"] = both["channels"]["project"].clone();
    let address = workspace.open().await;
    let address = format!("http://{address}/");
    let mut other = start_as(&both, &workspace, &address, |command| {
        command.env("WEBHOOK_audit", "Y2lwaGVydGV4dA==");
    })
    .await;
    let twin: Value = serde_json::from_str(&twin).expect("JSON");
    assert_eq!(other.succeed(&twin).await, json!({ "pressed": "unknown" }));
    assert_eq!(workspace.state().whispers, []);
    assert_eq!(other.succeed(&event).await, json!({ "pressed": "acknowledged" }));
    other.stop().await;
    relay.stop().await;
    endpoint.stop().await;
}
