use super::*;

const FUNCTIONS: [&str; 2] = ["mission-lambda", "mission-hook-ingest"];

fn undelivered(body: &Value, attributes: &[(&str, &str)], owner: Option<&str>) -> Undelivered {
    let attributes = attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let settings = Settings::parse(r#"{"topics":{"mission-sns":{"to":["project"]}}}"#).unwrap();
    read(
        &body.to_string(),
        &attributes,
        owner,
        &FUNCTIONS.map(str::to_owned),
        &settings,
    )
}

fn event() -> Value {
    json!({ "id": "e", "source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification",
        "account": "111122223333", "region": "eu-west-1", "time": "2026-11-20T05:03:27Z", "resources": [],
        "detail": { "instance-id": "i-0123456789abcdef0", "state": "stopped" } })
}

#[test]
fn a_parked_envelope_goes_back_as_it_is() {
    let envelope = json!({ "alertctl": { "rule": "states", "channels": ["project"],
        "parked": { "reason": "Slack answered 404 no_service", "at": "2026-11-20T05:03:28Z", "function": "mission-lambda" } },
        "event": event() });
    let undelivered = undelivered(&envelope, &[], Some("mission-hook-ingest"));
    assert_eq!(undelivered.form, Form::Envelope);
    assert_eq!(
        (undelivered.from.as_deref(), undelivered.to.as_slice()),
        (Some("rule states"), &["project".to_owned()][..])
    );
    assert_eq!(
        undelivered.reason.as_deref(),
        Some("Slack answered 404 no_service")
    );
    assert_eq!(undelivered.at, "2026-11-20T05:03:28Z".parse().ok());
    assert!(
        undelivered
            .headline
            .as_deref()
            .unwrap()
            .contains("i-0123456789abcdef0"),
        "{undelivered:?}"
    );
    assert_eq!(
        undelivered.again,
        Again::Invoke {
            function: "mission-lambda".into(),
            payload: envelope
        }
    );
}

#[test]
fn what_a_buffer_gave_up_goes_to_whose_queue_it_is_in() {
    let envelope =
        json!({ "alertctl": { "endpoint": "hook", "channels": ["project"] }, "event": { "rule": "5xx" } });
    let undelivered = undelivered(&envelope, &[], Some("mission-lambda"));
    assert_eq!(undelivered.from.as_deref(), Some("endpoint hook"));
    assert!(
        undelivered.headline.as_deref().unwrap().contains("5xx"),
        "{undelivered:?}"
    );
    assert!(undelivered.reason.as_deref().unwrap().contains("too often"));
    assert_eq!(
        undelivered.again,
        Again::Invoke {
            function: "mission-lambda".into(),
            payload: envelope
        }
    );
}

#[test]
fn lambdas_record_goes_to_its_function_if_that_is_the_stacks() {
    let record = |arn: &str| {
        json!({ "version": "1.0", "timestamp": "2026-11-20T05:03:28.000Z",
            "requestContext": { "requestId": "r", "functionArn": arn, "condition": "RetriesExhausted" },
            "requestPayload": event(), "responsePayload": { "errorMessage": "channel `project`: no_service" } })
    };
    let own = undelivered(
        &record("arn:aws:lambda:eu-west-1:111122223333:function:mission-lambda:$LATEST"),
        &[],
        None,
    );
    assert_eq!(
        own.again,
        Again::Invoke {
            function: "mission-lambda".into(),
            payload: event()
        }
    );
    assert_eq!(own.reason.as_deref(), Some("channel `project`: no_service"));
    let foreign = undelivered(
        &record("arn:aws:lambda:eu-west-1:111122223333:function:other"),
        &[],
        Some("mission-lambda"),
    );
    assert_eq!(
        foreign.again,
        Again::No("`other` is not a function of this stack".into())
    );
}

#[test]
fn a_notification_goes_to_the_relay_as_sns_would_hand_it_over() {
    let note = json!({ "Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:mission-sns",
        "Message": "disk full", "Timestamp": "2026-11-20T05:03:27.381Z",
        "UnsubscribeURL": "https://sns/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:eu-west-1:1:mission-sns:s" });
    let attributes = [("ErrorCode", "403"), ("ErrorMessage", "no permission")];
    let undelivered = undelivered(&note, &attributes, Some("mission-lambda"));
    assert_eq!(
        (undelivered.form, undelivered.from.as_deref()),
        (Form::Sns, Some("topic mission-sns"))
    );
    assert_eq!(undelivered.to, ["project"]);
    assert_eq!(undelivered.reason.as_deref(), Some("403: no permission"));
    let Again::Invoke { function, payload } = undelivered.again else {
        panic!()
    };
    assert_eq!(function, "mission-lambda");
    assert_eq!(payload["Records"][0]["Sns"], note);
    assert_eq!(
        payload["Records"][0]["EventSubscriptionArn"],
        "arn:aws:sns:eu-west-1:1:mission-sns:s"
    );
}

#[test]
fn an_event_goes_where_its_rule_would_have_sent_it() {
    let attributes = [
        (
            "RULE_ARN",
            "arn:aws:events:us-east-1:111122223333:rule/mission-regions-logins/mission-logins",
        ),
        (
            "TARGET_ARN",
            "arn:aws:lambda:us-east-1:111122223333:function:mission-lambda",
        ),
        ("ERROR_CODE", "NO_PERMISSIONS"),
    ];
    let undelivered = undelivered(&event(), &attributes, None);
    assert_eq!(undelivered.reason.as_deref(), Some("NO_PERMISSIONS"));
    let Again::Target { rule, target, .. } = undelivered.again else {
        panic!()
    };
    let wanted = RuleArn {
        region: "us-east-1".into(),
        bus: "mission-regions-logins".into(),
        rule: "mission-logins".into(),
    };
    assert_eq!((rule, target.as_str()), (wanted, attributes[1].1));
}

#[test]
fn what_nobody_understands_stays_and_says_why() {
    let stays = |body: &str| {
        read(
            body,
            &BTreeMap::new(),
            Some("mission-lambda"),
            &[],
            &Settings::default(),
        )
    };
    for body in [
        "",
        "x",
        "1",
        "[]",
        "{}",
        r#"{"alertctl":1,"event":{}}"#,
        r#"{"requestContext":{}}"#,
    ] {
        let undelivered = stays(body);
        assert!(
            matches!(
                (undelivered.form, &undelivered.again),
                (Form::Unknown, Again::No(_))
            ),
            "{body}: {undelivered:?}"
        );
    }
    let old = stays(r#"{"reason":"the body is not JSON","endpoint":"hook","body":"<xml>"}"#);
    assert_eq!(old.reason.as_deref(), Some("the body is not JSON"));
    // Escape sequences from outside must not reach the terminal.
    let shown = stays("{\"reason\":\"\\u001b[2J\"}");
    assert!(!shown.reason.unwrap().contains('\u{1b}'));
}

/// Sent again, its JSON would be a message in each channel, or a press would count hours later.
#[test]
fn what_is_no_alert_is_not_sent_again() {
    let heartbeat = Signal::Heartbeat("mission-sns".to_owned()).message();
    let press = json!({ "alertctl": { "press": { "channel": "project", "incident": "9f2c", "message": "C0123ABCD 1.0",
        "act": "snooze_one_hour", "user": "U0123ABCD", "at": "2026-11-20T05:03:27Z" } } });
    for signal in [&heartbeat, &press, &Signal::Remind.message()] {
        let record = json!({ "timestamp": "2026-11-20T05:03:28Z", "requestPayload": signal,
            "requestContext": { "condition": "RetriesExhausted", "functionArn": "arn:aws:lambda:eu-west-1:111122223333:function:mission-lambda" },
            "responsePayload": { "errorMessage": "DynamoDB does not answer" } });
        let read = undelivered(&record, &[], Some("mission-lambda"));
        assert!(
            matches!(&read.again, Again::No(why) if why.starts_with("it is no alert, but ")),
            "{read:?}"
        );
        assert_eq!(read.reason.as_deref(), Some("DynamoDB does not answer"));
        assert!(read.at.is_some());
    }
    let topic = json!({ "TopicArn": "arn:aws:sns:eu-west-1:111122223333:mission-sns", "Message": heartbeat.to_string(),
        "Timestamp": "2026-11-20T05:03:28Z" });
    let read = undelivered(&topic, &[("ErrorCode", "AccessDenied")], Some("mission-lambda"));
    assert!(
        matches!(&read.again, Again::No(why) if why.contains("heartbeat")),
        "{read:?}"
    );
}
