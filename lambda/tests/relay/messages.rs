//! The message for each fixture, in both languages, as Slack would get it.

use crate::support::{english, fixture, fixtures, korean, languages, read_wrapped};
use alertctl_relay::event::{GuardOutcome, Guarded, Notice, read};
use alertctl_relay::{Settings, compose, digest, render, slack, summarise};
use serde_json::{Value, json};

fn messages(event: &Value, settings: &Settings) -> Value {
    let rendered = render(event, settings);
    assert!(rendered.unrouted.is_empty(), "{:?}", rendered.unrouted);
    rendered
        .deliveries
        .iter()
        .map(|delivery| json!(slack::message(&delivery.card)))
        .collect()
}

#[test]
fn every_fixture_in_both_languages() {
    for name in fixtures() {
        let event = fixture(&name);
        insta::assert_json_snapshot!(format!("{name}.en"), messages(&event, &english()));
        insta::assert_json_snapshot!(format!("{name}.ko"), messages(&event, &korean()));
    }
}

/// A stack in one language, with an alias for the account, mentions, and a test.
fn circumstances(settings: Settings) -> Value {
    let accounts = [("111122223333".to_owned(), "production".to_owned())];
    let settings = Settings {
        accounts: accounts.into(),
        ..settings
    };
    let alarm = read(&fixture("alarm-in-alarm")).remove(0);
    let mut calling = compose(&alarm, &settings);
    calling.mention(&["@here".to_owned(), "U0123ABCD".to_owned()]);
    let test = compose(&alarm.marked("t-0a1b2c3d"), &settings);
    json!({ "calling": slack::message(&calling), "flat": slack::flat(&calling),
        "test": slack::message(&test), "flat test": slack::flat(&test) })
}

#[test]
fn an_alarm_that_calls_people_and_one_of_a_test() {
    insta::assert_json_snapshot!("alarm-circumstances.en", circumstances(english()));
    insta::assert_json_snapshot!("alarm-circumstances.ko", circumstances(korean()));
}

/// Every fixture, with the first ones three times.
fn digests(settings: &Settings) -> Value {
    let names = fixtures();
    let names = names.iter().chain(&names[..5]).chain(&names[..5]);
    let notices = names.flat_map(|name| read(&fixture(name)));
    let lines: Vec<_> = notices.map(|notice| summarise(&notice, settings)).collect();
    let digests = digest(&lines, settings, slack::fit).into_iter();
    digests
        .map(|digest| json!(slack::message(&digest.card)))
        .collect()
}

#[test]
fn every_fixture_in_one_digest() {
    insta::assert_json_snapshot!("digest.en", digests(&english()));
    insta::assert_json_snapshot!("digest.ko", digests(&korean()));
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let consoles = [
        ".console.aws.amazon.com/",
        "https://console.aws.amazon.com/",
        ".console.amazonaws.cn/",
        // A runbook in the description of an alarm.
        "https://wiki.example.com/",
        // The address of the matching documents in the sample alerts.
        "https://kibana.example.com/app/",
    ];
    for (name, settings) in fixtures()
        .iter()
        .flat_map(|name| [(name, english()), (name, korean())])
    {
        let lines: Vec<_> = read(&fixture(name))
            .iter()
            .map(|notice| summarise(notice, &settings))
            .collect();
        let digests = digest(&lines, &settings, slack::fit).into_iter();
        let digests: Value = digests
            .map(|digest| json!(slack::message(&digest.card)))
            .collect();
        let shown = json!([messages(&fixture(name), &settings), digests]);
        for text in mrkdwn(&shown) {
            let ours = |piece: &&str| {
                piece.starts_with("https://") && consoles.iter().any(|console| piece.contains(console))
            };
            let markup: Vec<_> = text.split('<').skip(1).collect();
            assert!(markup.iter().all(ours), "{name}: {text}");
        }
    }
}

#[test]
fn no_secret_is_shown() {
    for (_, settings) in languages() {
        for name in ["call-secrets", "text-secrets", "elastalert-injection"] {
            let notices = read_wrapped(&fixture(name));
            let flat: Vec<_> = notices
                .iter()
                .map(|notice| slack::flat(&compose(notice, &settings)))
                .collect();
            let shown = json!([messages(&fixture(name), &settings), flat]).to_string();
            for secret in ["correct-horse", "hooks.slack", "123456789012-", "wJalr"] {
                assert!(!shown.contains(secret), "{name}: {shown}");
            }
        }
        let shown = messages(&fixture("call-secrets"), &settings).to_string();
        assert!(shown.contains("production"), "{shown}");
    }
}

#[test]
fn a_name_cannot_pass_for_another_field() {
    let mut event = fixture("call-iam-user");
    event["detail"]["userIdentity"]["userName"] = json!("x\n*Account*\n999999999999");
    let shown = messages(&event, &english());
    let texts = mrkdwn(&shown);
    let user = texts.iter().find(|text| text.starts_with("*User*\n"));
    let shown = user.map(|text| text.replace('\u{200b}', ""));
    assert_eq!(shown.as_deref(), Some("*User*\nx *Account* 999999999999"));
    assert_ne!(
        user.map(|text| text.len()),
        shown.map(|text| text.len()),
        "Slack would make it bold"
    );
}

#[test]
fn an_event_reads_the_same_however_it_comes() {
    let headline = |name: &str| messages(&fixture(name), &korean())[0]["blocks"].clone();
    assert_eq!(headline("call-through-sns"), headline("call-identity-center"));
    assert_eq!(headline("rds-stopped-through-sns"), headline("rds-stopped"));
    assert_eq!(headline("config-through-sns"), headline("config-compliance"));
    assert_eq!(headline("call-from-rule"), headline("call-identity-center"));
    assert_eq!(headline("call-bare"), headline("call-iam-user"));
}

/// A trail that was stopped, with each outcome of the guard.
fn guarded(settings: &Settings) -> Value {
    let event = fixture("tamper-stop-logging");
    let mut by_root = fixture("tamper-stop-logging");
    by_root["detail"]["userIdentity"] = json!({ "type": "Root", "accountId": "111122223333" });
    let reason = "AccessDeniedException: not authorized to perform cloudtrail:StartLogging".to_owned();
    let outcomes = [
        (GuardOutcome::Restarted, event),
        (
            GuardOutcome::AlreadyLogging,
            json!({ "account": "111122223333", "region": "us-east-1" }),
        ),
        (GuardOutcome::Failed(reason), by_root),
    ];
    let notices = outcomes.map(|(outcome, event)| {
        Notice::from(Guarded {
            outcome,
            event: event.into(),
        })
    });
    notices
        .iter()
        .map(|notice| json!(slack::message(&compose(notice, settings))))
        .collect()
}

#[test]
fn a_stopped_trail_and_what_the_guard_made_of_it() {
    insta::assert_json_snapshot!("guard.en", guarded(&english()));
    insta::assert_json_snapshot!("guard.ko", guarded(&korean()));
}

/// The actor's name for each type of identity, with the data that AWS provides.
fn actors(settings: &Settings) -> String {
    let headline = |identity: &Value| {
        let event = json!({ "source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "detail": {
            "eventName": "RunInstances", "recipientAccountId": "111122223333", "userIdentity": identity } });
        let card = compose(&read(&event)[0], settings);
        crate::support::headline(&json!(slack::message(&card))).to_owned()
    };
    let lines = identities().into_iter().map(|(what, identity)| {
        let headline = headline(&identity).replace('\u{200b}', "");
        format!(
            "{what}: {}",
            headline.trim_start_matches(|c: char| !c.is_whitespace())
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn identities() -> Vec<(&'static str, Value)> {
    let role = |account: &str, name: &str, session: &str| {
        json!({ "type": "AssumedRole", "principalId": format!("AROAEXAMPLE:{session}"), "accountId": account,
            "arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
            "sessionContext": { "sessionIssuer": { "type": "Role", "userName": name } } })
    };
    let own = "111122223333";
    vec![
        ("Root", json!({ "type": "Root", "accountId": own })),
        (
            "IAMUser",
            json!({ "type": "IAMUser", "accountId": own, "userName": "alice" }),
        ),
        (
            "IAMUser of another account",
            json!({ "type": "IAMUser", "accountId": "444455556666", "userName": "alice" }),
        ),
        (
            "IAMUser, hidden",
            json!({ "type": "IAMUser", "accountId": own, "userName": "HIDDEN_DUE_TO_SECURITY_REASONS" }),
        ),
        ("AssumedRole", role(own, "deploy", "ci-42")),
        (
            "AssumedRole of Identity Center",
            role(
                own,
                "AWSReservedSSO_Platform_Admin_0123456789abcdef",
                "alice@example.com",
            ),
        ),
        (
            "AssumedRole of another account",
            role("444455556666", "vendor", "audit-run"),
        ),
        (
            "AssumedRole, service-linked",
            role(own, "AWSServiceRoleForAutoScaling", "AutoScaling"),
        ),
        (
            "AssumedRole of an instance",
            role(own, "web", "i-0123456789abcdef0"),
        ),
        ("AssumedRole with a source identity", {
            let mut identity = role(own, "deploy", "s1");
            identity["sessionContext"]["sourceIdentity"] = json!("carol");
            identity
        }),
        (
            "AssumedRole, all null",
            json!({ "type": "AssumedRole", "arn": null, "principalId": null, "sessionContext": null }),
        ),
        (
            "FederatedUser",
            json!({ "type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/Bob",
            "sessionContext": { "sessionIssuer": { "type": "IAMUser", "userName": "broker" } } }),
        ),
        (
            "WebIdentityUser",
            json!({ "type": "WebIdentityUser", "principalId": "accounts.google.com:app:user-1",
            "identityProvider": "accounts.google.com" }),
        ),
        (
            "SAMLUser",
            json!({ "type": "SAMLUser", "principalId": "abc:dave", "userName": "dave@example.com" }),
        ),
        (
            "IdentityCenterUser",
            json!({ "type": "IdentityCenterUser", "accountId": own,
            "onBehalfOf": { "userId": "94482488-3041-7018" } }),
        ),
        (
            "AWSService",
            json!({ "type": "AWSService", "invokedBy": "autoscaling.amazonaws.com" }),
        ),
        ("AWSService without a name", json!({ "type": "AWSService" })),
        (
            "AWSAccount",
            json!({ "type": "AWSAccount", "accountId": "444455556666" }),
        ),
        (
            "Role",
            json!({ "type": "Role", "accountId": own, "userName": "deploy" }),
        ),
        (
            "Unknown",
            json!({ "type": "Unknown", "principalId": "111122223333" }),
        ),
        (
            "a type of tomorrow",
            json!({ "type": "RobotUser", "userName": "r2" }),
        ),
        ("null", json!(null)),
        (
            "other types",
            json!({ "type": 7, "userName": [], "accountId": {} }),
        ),
    ]
}

#[test]
fn every_identity_has_its_words() {
    insta::assert_snapshot!("actors.en", actors(&english()));
    insta::assert_snapshot!("actors.ko", actors(&korean()));
}

/// Every text that Slack interprets.
fn mrkdwn(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().flat_map(mrkdwn).collect(),
        Value::Object(map) if map.get("type") == Some(&json!("plain_text")) => Vec::new(),
        Value::Object(map) => {
            let own = map.get("text").and_then(Value::as_str);
            own.into_iter().chain(map.values().flat_map(mrkdwn)).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn a_topic_without_a_route_is_named() {
    let mut settings = english();
    settings.topics.clear();
    let rendered = render(&fixture("alarm-ok"), &settings);
    assert!(rendered.deliveries.is_empty());
    assert_eq!(rendered.unrouted.into_iter().collect::<Vec<_>>(), ["mission-sns"]);
}

#[test]
fn an_event_without_a_topic_goes_to_every_channel() {
    let mut settings = english();
    let audit = alertctl_relay::ChannelKey("audit".into());
    settings.channels.insert(audit, Default::default());
    let channels: Vec<_> = render(&json!({ "any": 1 }), &settings)
        .deliveries
        .into_iter()
        .map(|d| d.channel.0)
        .collect();
    assert_eq!(channels, ["audit", "project"]);
}
