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
    here(&alarm("cpu", "OK", "ALARM", "2026-11-28T01:00:00.000+0000"))
}

pub fn over() -> Value {
    here(&alarm("cpu", "ALARM", "OK", "2026-11-28T01:12:00.000+0000"))
}

/// It fires an hour later than [`fired`].
pub fn fired_again() -> Value {
    here(&alarm("cpu", "OK", "ALARM", "2026-11-28T02:00:00.000+0000"))
}

/// The same in the relay's own region.
pub fn here(event: &Value) -> Value {
    let text = event.to_string().replace("us-east-1", "ap-northeast-2");
    serde_json::from_str(&text).expect("JSON")
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

/// What Slack posts when somebody presses a button of the only incident's message.
pub fn clicked(workspace: &Workspace, act: Act) -> Value {
    let state = workspace.state();
    let (key, item) = state.items.iter().next().expect("an incident");
    let mut click = click(act, key.rsplit('#').next().expect("its key"));
    let id = item["id"]["S"].as_str().expect("a message");
    click["container"]["message_ts"] = id.rsplit(' ').next().expect("its time").into();
    click
}

/// What the endpoint hands to the relay for a click.
pub async fn handed_on(endpoint: &mut Function, click: &Value) -> Value {
    let answer = endpoint.succeed(&request(click, SECRET, Timestamp::now())).await;
    assert_eq!(
        (&answer["statusCode"], &answer["body"]),
        (&json!(200), &json!("")),
        "{answer}"
    );
    let invoked = lock(&endpoint.script).invoked.pop();
    let (name, event) = invoked.expect("the relay is invoked");
    assert_eq!(name, "mission-lambda");
    assert!(matches!(Signal::read(&event), Some(Signal::Press(_))), "{event}");
    event
}

/// Presses a button of the only incident's message.
pub async fn press(relay: &mut Function, endpoint: &mut Function, workspace: &Workspace, act: Act) -> Value {
    let event = handed_on(endpoint, &clicked(workspace, act)).await;
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
    relay.succeed(&fired_again()).await;
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
