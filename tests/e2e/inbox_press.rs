//! Buttons of a Slack app's messages on the page of the inbox, in a real browser: what is pressed reaches the stack, which
//! changes the message.

use crate::buttons::{REGION, STACK};
use crate::support::account::{applied, eventually};
use crate::support::browser::Browser;
use crate::support::http;
use serde_json::{Value, json};

/// Presses the only button that asks for this.
fn press(browser: &Browser, act: &str) {
    let button = format!("document.querySelector('button[data-action={act}]:not(:disabled)')");
    browser.until(&format!("return {button} !== null"));
    browser.run(&format!("{button}.click()"), &[]);
}

fn waits_for(browser: &Browser, said: &str) {
    browser.until(&format!(
        "return document.querySelector('.message .content').innerText.includes('{said}')"
    ));
}

fn count(browser: &Browser, selector: &str) -> Value {
    browser.run(
        &format!("return document.querySelectorAll('{selector}').length"),
        &[],
    )
}

#[tokio::test]
async fn a_button_of_the_page_does_what_it_does_in_slack() {
    let Some(browser) = Browser::open() else { return };
    let (world, _) = applied(STACK, REGION).await;
    let (_, inbox) = world.up();
    world.ok(&["local", "alarm", "hands-cpu"]);
    eventually("the alarm", async || world.messages(&inbox).len() == 1).await;
    browser.go(&inbox);

    press(&browser, "acknowledge");
    waits_for(&browser, "you acknowledged this at ");
    assert_eq!(count(&browser, "button[data-action=acknowledge]"), 0);
    // The message itself is another one now, and its thread has a line.
    browser.until("return document.querySelectorAll('.message .reply').length === 1");
    assert_eq!(count(&browser, ".message"), 1);

    press(&browser, "snooze_one_hour");
    waits_for(&browser, "you snoozed this until ");
    let mutes = world.json(&["mutes", "--local"]);
    assert_eq!(mutes["mutes"][0]["alarms"], json!(["cpu"]), "{mutes:#}");
    press(&browser, "end_snooze");
    browser.until("return document.querySelector('button[data-action=end_snooze]') === null");
    eventually("the end of the mute", async || {
        world.json(&["mutes", "--local"])["mutes"] == json!([])
    })
    .await;
    assert_eq!(count(&browser, ".unheard"), 0);
    assert_eq!(browser.complaints(), [Value::Null; 0]);

    // What comes by a webhook has no app behind it.
    let button = json!({ "type": "button", "action_id": "acknowledge", "text": { "type": "plain_text", "text": "Mine" } });
    let blocks = json!({ "blocks": [{ "type": "actions", "elements": [button] }] });
    let posted = http(
        "POST",
        &format!("{inbox}/services/T/B/other"),
        &[],
        &blocks.to_string(),
    );
    assert_eq!(posted.0, 200);
    let last = world.messages(&inbox).last().unwrap()["seq"].clone();
    browser.until(&format!(
        "return document.querySelector('#message-{last} button[data-action]') !== null"
    ));
    assert_eq!(
        count(&browser, &format!("#message-{last} button[data-action]:disabled")),
        1
    );
    let asked = json!({ "seq": last, "action": "acknowledge", "value": "" }).to_string();
    let headers = [("content-type", "application/json")];
    assert_eq!(http("POST", &format!("{inbox}/press"), &headers, &asked).0, 404);

    // Where no stack has buttons, the page says so.
    world.ok(&["destroy", "--local", "--yes"]);
    press(&browser, "snooze_one_hour");
    browser.until("return document.querySelector('.unheard')?.innerText.includes('nothing listens here')");
}
