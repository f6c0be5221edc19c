//! Buttons that silence an incident for a while: what CloudWatch mutes, what the channel hears, and what ends it.

use crate::buttons::{buttons, clicked, done, fired, fired_again, handed_on, here, over, press, start};
use crate::living::alarm;
use crate::support::function::{Function, lock};
use crate::support::workspace::{Fault, Workspace};
use alertctl_relay::Act;
use jiff::Timestamp;
use serde_json::{Value, json};

/// When people are to be reminded of the only incident.
fn due(workspace: &Workspace) -> Option<Timestamp> {
    let state = workspace.state();
    let item = state.items.values().next().expect("an item");
    let milliseconds = item.get("due")?["N"].as_str().expect("a number");
    Timestamp::from_millisecond(milliseconds.parse().expect("a number")).ok()
}

fn last_reply(workspace: &Workspace) -> String {
    workspace.replies().pop().expect("a line").0
}

/// Why CloudWatch did not do what a button asked for.
async fn reasons(relay: Function, outcome: &str) -> Vec<String> {
    let log = relay.log().await;
    let lines = log.iter().filter(|line| line["outcome"] == outcome);
    lines
        .map(|line| line["reason"].as_str().expect("a reason").to_owned())
        .collect()
}

#[tokio::test]
async fn a_snoozed_alarm_is_muted_in_cloudwatch() {
    let (mut relay, mut endpoint, workspace) = start(&["U0123ABCD"]).await;
    relay.succeed(&fired()).await;
    let now = Timestamp::now();
    let answer = press(&mut relay, &mut endpoint, &workspace, Act::SnoozeEightHours).await;
    assert_eq!(answer, json!({ "pressed": "snoozed" }));
    let rules = lock(&relay.script).mute_rules.clone();
    let [(region, rule)] = rules.as_slice() else {
        panic!("{rules:#?}")
    };
    assert_eq!(region, "ap-northeast-2");
    assert_eq!(rule["MuteTargets"]["AlarmNames"], json!(["cpu"]));
    assert_eq!(rule["Rule"]["Schedule"]["Duration"], "PT481M");
    let name = rule["Name"].as_str().expect("a name");
    assert!(name.starts_with("mission-adhoc-slack-"), "{name}");
    let own = name.strip_prefix("mission-adhoc-").expect("its own part");
    let node = format!("cloudwatch-alarm-mute-rule/adhoc.{own}");
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
    // People are reminded again when CloudWatch had the time to tell of the end.
    let later = due(&workspace).expect("a time").duration_since(now);
    assert!((484..=486).contains(&later.as_mins()), "{later}");

    // What still comes of it, by another way, calls nobody.
    relay
        .succeed(&here(&alarm(
            "cpu",
            "OK",
            "ALARM",
            "2026-11-28T01:05:00.000+0000",
        )))
        .await;
    let last = last_reply(&workspace);
    assert!(
        last.contains("is in alarm") && !last.contains("U0999ZZZZ"),
        "{last}"
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

/// CloudWatch would hold back the end, which "until resolved" waits for.
#[tokio::test]
async fn until_resolved_ends_the_rule_of_an_hour() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeOneHour).await;
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeUntilResolved).await;
    let name = lock(&relay.script).mute_rules[0].1["Name"].clone();
    assert_eq!(json!(lock(&relay.script).unmuted), json!([name]));
    let said = done(&workspace);
    assert!(
        matches!(said.as_slice(), [one] if one.ends_with("snoozed this until it is over")),
        "{said:?}"
    );
    assert_eq!(due(&workspace), None);
    relay.succeed(&over()).await;
    let replies = workspace.replies();
    let last = replies.last().expect("a line");
    assert!(
        last.0.contains("back to OK") && !last.1,
        "nobody wanted to hear of it: {last:?}"
    );
    relay.stop().await;
    endpoint.stop().await;
}

#[tokio::test]
async fn who_ends_a_snooze_hears_of_it_again() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    let has_end = |workspace: &Workspace| buttons(workspace).iter().any(|(act, _)| act == "end_snooze");
    assert!(!has_end(&workspace));
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeEightHours).await;
    assert!(has_end(&workspace));
    let now = Timestamp::now();
    let ended = press(&mut relay, &mut endpoint, &workspace, Act::EndSnooze).await;
    assert_eq!(ended, json!({ "pressed": "snooze ended" }));
    assert_eq!(lock(&relay.script).unmuted.len(), 1);
    assert!(!has_end(&workspace) && done(&workspace).is_empty());
    assert_eq!(last_reply(&workspace), "⏰ *jane* ended the snooze");
    let later = due(&workspace).expect("a time").duration_since(now);
    assert!((29..=30).contains(&later.as_mins()), "{later}");
    relay
        .succeed(&here(&alarm(
            "cpu",
            "ALARM",
            "ALARM",
            "2026-11-28T01:05:00.000+0000",
        )))
        .await;
    assert!(last_reply(&workspace).contains("U0999ZZZZ"));
    // Two people press it.
    let again = press(&mut relay, &mut endpoint, &workspace, Act::EndSnooze).await;
    assert_eq!(again, json!({ "pressed": "overtaken" }));
    // CloudWatch does not end the rule: that is said, and it ends by itself.
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeOneHour).await;
    lock(&relay.script)
        .mute_refusals
        .push_back((403, "AccessDeniedException"));
    press(&mut relay, &mut endpoint, &workspace, Act::EndSnooze).await;
    let said = last_reply(&workspace);
    assert!(said.contains("CloudWatch still mutes the alarm"), "{said}");
    let reasons = reasons(relay, "still muted").await;
    assert!(
        matches!(reasons.as_slice(), [one] if one.contains("AccessDenied")),
        "{reasons:?}"
    );
    endpoint.stop().await;
}

/// Events bring an alarm of another region here. While it is muted they do not, and no event tells that a mute ended.
#[tokio::test]
async fn what_cloudwatch_must_not_mute_is_silent_in_the_channel_alone() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    let says_so = |workspace: &Workspace| {
        let last = last_reply(workspace);
        last.contains("snoozed this until") && last.contains("CloudWatch does not mute the alarm")
    };
    relay.succeed(&fired()).await;
    lock(&relay.script)
        .mute_refusals
        .push_back((403, "AccessDeniedException"));
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeOneHour).await;
    assert!(says_so(&workspace));
    // One of another region, and one of another account, which may have the name of one here.
    let elsewhere = alarm("disk", "OK", "ALARM", "2026-11-28T01:00:00.000+0000");
    let stranger = alarm("queue", "OK", "ALARM", "2026-11-28T01:00:00.000+0000");
    let stranger = here(&stranger).to_string();
    let stranger = stranger.replace("111122223333:alarm", "999988887777:alarm");
    let stranger = stranger.replace(
        r#"AWSAccountId\":\"111122223333"#,
        r#"AWSAccountId\":\"999988887777"#,
    );
    for other in [elsewhere, serde_json::from_str(&stranger).expect("JSON")] {
        workspace.state().items.clear();
        relay.succeed(&other).await;
        press(&mut relay, &mut endpoint, &workspace, Act::SnoozeOneHour).await;
        assert!(says_so(&workspace));
        assert_eq!(done(&workspace).len(), 1);
        // There is nothing to end.
        press(&mut relay, &mut endpoint, &workspace, Act::EndSnooze).await;
        assert_eq!(last_reply(&workspace), "⏰ *jane* ended the snooze");
    }
    assert_eq!(lock(&relay.script).mute_rules, []);
    assert!(lock(&relay.script).unmuted.is_empty());
    let reasons = reasons(relay, "not muted").await;
    assert!(
        matches!(reasons.as_slice(), [one, two, three] if one.contains("AccessDenied")
            && two == "the alarm is in another region" && three == "the alarm is in another account"),
        "{reasons:?}"
    );
    endpoint.stop().await;
}

/// A rule knows alarms only as a whole.
#[tokio::test]
async fn one_contributor_does_not_silence_the_others() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    let text = include_str!("../../fixtures/alarm-contributor.json");
    let event: Value = serde_json::from_str(text).expect("JSON");
    let region = event["region"].as_str().expect("a region").to_owned();
    let event = event.to_string().replace(&region, "ap-northeast-2");
    let mut event: Value = serde_json::from_str(&event).expect("JSON");
    event["account"] = "111122223333".into();
    let envelope = json!({ "alertctl": { "rule": "alarms", "channels": ["project"] }, "event": event });
    relay.succeed(&envelope).await;
    let answer = press(&mut relay, &mut endpoint, &workspace, Act::SnoozeOneHour).await;
    assert_eq!(answer, json!({ "pressed": "snoozed" }));
    assert_eq!(lock(&relay.script).mute_rules, []);
    assert_eq!(done(&workspace).len(), 1);
    relay.stop().await;
    endpoint.stop().await;
}

/// Lambda may be late with a press, or try one again.
#[tokio::test]
async fn the_last_press_counts_whichever_comes_last() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    let short = handed_on(&mut endpoint, &clicked(&workspace, Act::SnoozeOneHour)).await;
    let long = handed_on(&mut endpoint, &clicked(&workspace, Act::SnoozeEightHours)).await;
    assert_eq!(relay.succeed(&long).await, json!({ "pressed": "snoozed" }));
    let said = done(&workspace);
    assert_eq!(relay.succeed(&short).await, json!({ "pressed": "overtaken" }));
    assert_eq!(
        (done(&workspace), lock(&relay.script).mute_rules.len()),
        (said, 1)
    );
    // Who wants to be told again is, whatever was asked for before.
    let end = handed_on(&mut endpoint, &clicked(&workspace, Act::EndSnooze)).await;
    relay.succeed(&end).await;
    assert_eq!(relay.succeed(&long).await, json!({ "pressed": "overtaken" }));
    assert!(done(&workspace).is_empty());
    relay.stop().await;
    endpoint.stop().await;
}

/// Where no topic of an alarm's `ok:` leads to the channel, it never hears of the end.
#[tokio::test]
async fn what_begins_anew_is_told_although_nobody_told_of_its_end() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    press(&mut relay, &mut endpoint, &workspace, Act::Acknowledge).await;
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeUntilResolved).await;
    relay
        .succeed(&here(&alarm(
            "cpu",
            "ALARM",
            "ALARM",
            "2026-11-28T01:30:00.000+0000",
        )))
        .await;
    assert!(!last_reply(&workspace).contains("U0999ZZZZ"));
    relay.succeed(&fired_again()).await;
    let last = last_reply(&workspace);
    assert!(last.contains("U0999ZZZZ"), "{last}");
    assert!(done(&workspace).is_empty());
    // People are reminded of it, and how long it lasts begins anew.
    assert!(due(&workspace).is_some());
    let since = workspace.state().items.values().next().expect("an item")["since"].clone();
    assert_eq!(since["S"], "2026-11-28T02:00:00Z");
    // Data that was missing for a while is no new beginning.
    press(&mut relay, &mut endpoint, &workspace, Act::Acknowledge).await;
    relay
        .succeed(&here(&alarm(
            "cpu",
            "INSUFFICIENT_DATA",
            "ALARM",
            "2026-11-28T02:30:00.000+0000",
        )))
        .await;
    assert_eq!(done(&workspace).len(), 1);
    // For hours it stays silent: that is what was asked for.
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeEightHours).await;
    relay
        .succeed(&here(&alarm(
            "cpu",
            "OK",
            "ALARM",
            "2026-11-28T03:00:00.000+0000",
        )))
        .await;
    assert!(!last_reply(&workspace).contains("U0999ZZZZ"));
    assert_eq!(done(&workspace).len(), 1);
    relay.stop().await;
    endpoint.stop().await;
}

/// The end may have been shown, and who showed it died before it was written down.
#[tokio::test]
async fn what_begins_in_a_message_of_its_own_calls_people_although_the_last_was_snoozed() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeEightHours).await;
    for item in workspace.state().items.values_mut() {
        item.insert("until".to_owned(), json!({ "N": "1" }));
        item.insert("owner".to_owned(), json!({ "S": "dead" }));
    }
    relay.succeed(&fired_again()).await;
    let headlines = workspace.headlines();
    assert!(
        matches!(headlines.as_slice(), [_, new] if new.contains("U0999ZZZZ")),
        "{headlines:?}"
    );
    assert!(done(&workspace).is_empty());
    relay.stop().await;
    endpoint.stop().await;
}

/// What the message shows is kept for the next press, and as long as a message may be.
#[tokio::test]
async fn what_is_shown_again_is_what_was_shown() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    let mut long = fired();
    let text = long["Records"][0]["Sns"]["Message"].as_str().expect("a text");
    let mut message: Value = serde_json::from_str(text).expect("JSON");
    message["NewStateReason"] = "The threshold is crossed. ".repeat(2_000).into();
    message["AlarmDescription"] = "Look at the disk first. ".repeat(2_000).into();
    long["Records"][0]["Sns"]["Message"] = message.to_string().into();
    relay.succeed(&long).await;
    let shown = |workspace: &Workspace| {
        let state = workspace.state();
        let message = state.messages.values().next().expect("a message");
        let blocks = message["attachments"][0]["blocks"].as_array().expect("blocks");
        let kept = blocks.iter().filter(|block| block["type"] != "actions");
        kept.cloned().collect::<Vec<_>>()
    };
    let before = shown(&workspace);
    press(&mut relay, &mut endpoint, &workspace, Act::Acknowledge).await;
    let after = shown(&workspace);
    assert_eq!(after[..before.len()], before);
    relay.stop().await;
    endpoint.stop().await;
}

/// Whoever was too slow did not write down what the person asked for: Lambda tries again.
#[tokio::test]
async fn who_lost_the_incident_says_so() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    let event = handed_on(&mut endpoint, &clicked(&workspace, Act::Acknowledge)).await;
    for _ in 0..3 {
        workspace.fail("chat.update", Fault::Error("internal_error"));
    }
    let failing = async { relay.fail(&event).await };
    let taking = async {
        while !workspace.state().calls.iter().any(|call| call == "chat.update") {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        for item in workspace.state().items.values_mut() {
            item.insert("owner".to_owned(), json!({ "S": "another" }));
        }
    };
    let (error, ()) = tokio::join!(failing, taking);
    assert!(error.contains("another process has the incident"), "{error}");
    relay.stop().await;
    endpoint.stop().await;
}
