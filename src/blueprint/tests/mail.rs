//! The mails that the relay writes.

use super::*;

/// The e-mail subscriptions of a topic whose mails the relay writes get nothing else, and what watches the relay does not
/// go through it.
#[test]
fn the_relay_writes_the_mails_of_topics_that_go_to_channels() {
    let text = "stack: t\nregion: eu-west-1\nchannels:\n  c: { webhook: { env: HOOK } }\ntopics:\n  \
         both: { to: [c], subscriptions: [{ email: a@example.com }, { sqs: 'arn:aws:sqs:eu-west-1:123456789012:q', \
         filter: { level: [high] } }] }\n  secret: { to: [c], encrypted: true, subscriptions: [{ email: a@example.com }] }\n  \
         ops: { to: [c], subscriptions: [{ email: a@example.com }] }\n  mail: { subscriptions: [{ email: a@example.com }] }\n  \
         slack: { to: [c] }\n  open: { to: [c], subscriptions: [{ email: a@example.com }, { sqs: \
         'arn:aws:sqs:eu-west-1:123456789012:q' }] }\n  picky: { to: [c], subscriptions: [{ email: a@example.com, filter: \
         { level: [high] } }] }\n  changes: { to: [c], \
         subscriptions: [{ email: a@example.com }] }\nrules:\n  own: { preset: stack-changes, to: [changes] }\nmonitoring: { to: [ops] }\n";
    let written = written(text);
    let mut filters = Vec::new();
    let (mut node, mut after) = ("", "");
    for line in written.lines() {
        match line.strip_prefix("  ") {
            None => (node, after) = (line, ""),
            Some(field) => {
                after = field.strip_prefix("after ").unwrap_or(after);
                let filter = field.strip_prefix("filter_policy = ");
                filters.extend(filter.map(|filter| (node, filter, after)));
            }
        }
    }
    let mail = r#"{"alertctl.mail":[{"exists":true}]}"#;
    let shown: Vec<_> = filters
        .iter()
        .map(|(node, filter, _)| (node.split([' ', '/']).nth(1).unwrap_or_default(), *filter))
        .collect();
    assert_eq!(
        shown,
        [
            ("both-email-a@example.com", mail),
            ("both-sqs-e701b1e0", r#"{"level":["high"]}"#),
            ("picky-email-a@example.com", r#"{"level":["high"]}"#),
            ("secret-email-a@example.com", mail),
        ]
    );
    // Never before the relay writes them: two mails are better than none.
    for (node, filter, after) in &filters {
        assert_eq!(after.contains("-relay"), *filter == mail, "{node}");
    }
    let stack = crate::stack::parse("stack.yaml", text).unwrap().stack;
    let topics = settings(&stack).topics;
    let mailed: Vec<_> = topics
        .iter()
        .filter(|(_, topic)| topic.mail)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(mailed, ["t-both", "t-secret"]);
    let json = settings(&stack).json();
    assert_eq!(json.matches("\"mail\": true").count(), 2, "{json}");
    assert!(!json.contains("\"mail\": false"), "{json}");

    let statements = rights_of_the_relay(text);
    let of = |action: &str| {
        let mut of = statements
            .iter()
            .filter(|one| one["Action"].to_string().contains(action));
        (of.next().map(|one| one["Resource"].clone()), of.next().is_none())
    };
    let arns = ["both", "secret"].map(|topic| format!("arn:aws:sns:ap-northeast-2:123456789012:t-{topic}"));
    assert_eq!(of("sns:Publish"), (Some(serde_json::json!(arns)), true));
    assert!(of("kms:GenerateDataKey*").0.is_some(), "{statements:#?}");
}

/// If every channel has a buffer, only the mails need the retry queue.
#[test]
fn mails_that_sns_does_not_take_have_a_queue_to_wait_in() {
    let stack = |topic: &str| {
        format!(
            "stack: t\nregion: eu-west-1\nchannels:\n  c: {{ webhook: {{ env: HOOK }}, buffer: true }}\ntopics:\n  a: {topic}\n"
        )
    };
    let publishes = |text: &str| {
        let mut rights = rights_of_the_relay(text).into_iter();
        rights.any(|right| right["Action"].to_string().contains("sns:Publish"))
    };
    let (silent, mailing) = (
        stack("{ to: [c] }"),
        stack("{ to: [c], subscriptions: [{ email: a@example.com }] }"),
    );
    assert!(!written(&silent).contains("sqs-queue/retries") && !publishes(&silent));
    assert!(written(&mailing).contains("sqs-queue/retries") && publishes(&mailing));
}

/// Another subscriber gets the relay's texts, too, if it asks for what has no such attribute: they have none.
#[test]
fn a_subscriber_who_wants_nothing_there_leaves_the_mails_to_sns() {
    let mailed = |filter: &str| {
        let text = format!(
            "stack: t\nregion: eu-west-1\nchannels:\n  c: {{ webhook: {{ env: HOOK }} }}\ntopics:\n  a:\n    to: [c]\n    \
             subscriptions:\n      - {{ email: a@example.com }}\n      \
             - {{ sqs: 'arn:aws:sqs:eu-west-1:123456789012:q', {filter} }}\n"
        );
        let stack = crate::stack::parse("stack.yaml", &text).unwrap().stack;
        crate::blueprint::mail::mails(&stack, "a")
    };
    for filter in [
        "filter: { level: [high] }",
        "filter: { level: [{ exists: true }] }",
        "filter: { level: ['\"exists\":false'] }",
        "filter: { exists: ['false'] }",
        "filter_scope: body, filter: { detail: { level: [high] } }",
    ] {
        assert!(mailed(filter), "{filter}");
    }
    for filter in [
        "filter: { level: [{ exists: false }] }",
        "filter: { kind: [alarm], level: [high, { exists: false }] }",
        "filter: { $or: [{ kind: [alarm] }, { level: [{ exists: false }] }] }",
        "filter_scope: body, filter: { detail: { level: [{ exists: false }] } }",
    ] {
        assert!(!mailed(filter), "{filter}");
    }
}

/// A heartbeat by a topic is one more message there: the filters of its mails have to be set before.
#[test]
fn heartbeats_begin_after_the_filters_that_keep_them_from_people() {
    let written = written(
        "stack: t\nregion: eu-west-1\nchannels:\n  c: { webhook: { env: HOOK } }\ntopics:\n  \
         both: { to: [c], subscriptions: [{ email: a@example.com }, { email: b@example.com }] }\n  \
         ops: { subscriptions: [{ email: a@example.com }] }\nmonitoring: { to: [ops], heartbeat: 5m }\n",
    );
    let lines = written.lines();
    let targets = lines.skip_while(|line| !line.starts_with("eventbridge-targets/monitor.heartbeat.both"));
    let after = targets.skip(1).find_map(|line| line.strip_prefix("  after "));
    let after = after.expect("it waits for something");
    for address in ["a@example.com", "b@example.com"] {
        let filter = format!("sns-subscription/both-email-{address}");
        assert!(after.contains(&filter), "{after}");
    }
}
