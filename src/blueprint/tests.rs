use std::collections::BTreeMap;
use std::fmt::Write as _;

use secrecy::SecretString;

use super::*;
use crate::aws::{Known, Output, Scope};
use crate::resource::Shown;

mod dead_letters;
mod elsewhere;
mod mail;
mod protection;

const URL: &str = "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx";

/// Every node with its dependencies and its fields, as far as they are known before anything exists.
pub(super) fn written(text: &str) -> String {
    written_with(text, BTreeMap::new())
}

/// What the relay may do, once the key exists.
pub(super) fn rights_of_the_relay(text: &str) -> Vec<serde_json::Value> {
    rights_with(text, "DecryptOwnWebhooks")
}

/// The first policy with this statement, once the key exists.
pub(super) fn rights_with(text: &str, sid: &str) -> Vec<serde_json::Value> {
    let key = Output {
        arn: "arn:aws:kms:ap-northeast-2:123456789012:key/k".to_owned(),
        id: "k".to_owned(),
    };
    let written = written_with(text, BTreeMap::from([("kms-key/main".to_owned(), key)]));
    let policy = written.lines().find(|line| line.contains(sid));
    let policy = policy
        .and_then(|line| line.split_once(" = "))
        .expect("the policy")
        .1;
    let policy: serde_json::Value = serde_json::from_str(policy).expect("JSON");
    policy["Statement"].as_array().expect("statements").clone()
}

/// The same when AWS generated `outputs`.
fn written_with(text: &str, outputs: BTreeMap<String, Output>) -> String {
    let stack = crate::stack::parse("stack.yaml", text)
        .expect("a valid stack")
        .stack;
    let webhooks = stack
        .channels
        .keys()
        .map(|key| (key.clone(), Address::Clear(Secret::from(SecretString::from(URL)))))
        .collect();
    let scope = Scope {
        partition: "aws".into(),
        region: "ap-northeast-2".into(),
        account: "123456789012".into(),
    };
    let known = Known { scope, outputs };
    let mut written = String::new();
    for node in graph(&stack, "ap-northeast-2", &webhooks).nodes() {
        let after: Vec<_> = node.after.iter().map(ToString::to_string).collect();
        let _ = writeln!(written, "{} {}", node.id, node.resource.name());
        if !after.is_empty() {
            let _ = writeln!(written, "  after {}", after.join(", "));
        }
        let fields = node.resource.fields(&known);
        // The settings have their own tests.
        for (field, shown) in fields.iter().filter(|(field, _)| !field.starts_with("settings")) {
            let shown = match shown {
                Shown::Value(value) if field != "relay" => value.to_string(),
                Shown::Value(_) => "(digest)".to_owned(),
                Shown::AfterApply(node) => format!("(after {node})"),
                Shown::Secret(_) => "(secret)".to_owned(),
            };
            let _ = writeln!(written, "  {field} = {shown}");
        }
    }
    assert!(!written.contains("hooks.slack.com"), "a secret shows");
    written
}

#[test]
fn the_bundled_stack() {
    insta::assert_snapshot!(written(include_str!("../../stacks/cloudwatch-slack.yaml")));
}

#[test]
fn the_other_bundled_stacks() {
    insta::assert_snapshot!(
        "elastalert_email",
        written(include_str!("../../stacks/elastalert-email.yaml"))
    );
    insta::assert_snapshot!(
        "trail_guard",
        written(include_str!("../../stacks/trail-guard.yaml"))
    );
    insta::assert_snapshot!(
        "console_login",
        written(include_str!("../../stacks/console-login.yaml"))
    );
    insta::assert_snapshot!(
        "audit_slack",
        written(include_str!("../../stacks/audit-slack.yaml"))
    );
    insta::assert_snapshot!("full", written(include_str!("../../stacks/full.yaml")));
}

#[test]
fn an_encrypted_topic_lets_alarms_use_the_key() {
    let written = written(
        "stack: t\nregion: eu-west-1\ntopics:\n  a: { encrypted: true, subscriptions: [{ email: a@example.com }] }\n\
         alarms:\n  c: { metric: AWS/EC2 CPUUtilization, statistic: p99, period: 60, threshold: '> 1', to: [a] }\n",
    );
    assert!(written.contains("cloudwatch.amazonaws.com"), "{written}");
    assert!(written.contains("kms:GenerateDataKey*"), "{written}");
    // Nothing goes to Slack, so there is no relay.
    assert!(!written.contains("lambda-function"), "{written}");
}

#[test]
fn without_channels_or_encryption_there_is_no_key() {
    let written =
        written("stack: t\nregion: eu-west-1\ntopics:\n  a: { subscriptions: [{ email: a@example.com }] }\n");
    assert!(!written.contains("kms-key"), "{written}");
}

#[test]
fn alarms_of_every_sort() {
    let written = written(include_str!("../stack/fixtures/everything.yaml"));
    let alarms: String = written
        .split_inclusive('\n')
        .scan(false, |inside, line| {
            if !line.starts_with(' ') {
                *inside = line.starts_with("cloudwatch-alarm/");
            }
            Some(if *inside { line } else { "" })
        })
        .collect();
    insta::assert_snapshot!(alarms);
}

/// What updates messages has the table, and nothing else has.
#[test]
fn a_slack_app_keeps_its_messages_in_a_table() {
    let text = include_str!("../stack/fixtures/slack_app.yaml");
    // With a key, the policies that name it show.
    let key = Output {
        arn: "arn:aws:kms:ap-northeast-2:123456789012:key/1".into(),
        id: "1".into(),
    };
    let written = written_with(text, [("kms-key/main".to_owned(), key)].into());
    insta::assert_snapshot!("slack_app", written);
    let of = |node: &str| {
        let (_, after) = written.split_once(&format!("\n{node} ")).unwrap();
        let fields = after.lines().skip(1).take_while(|line| line.starts_with(' '));
        fields.collect::<Vec<_>>().join("\n")
    };
    for (key, updates) in [
        ("relay", true),
        ("endpoint.updating", true),
        ("endpoint.posting", false),
        ("trail.guard", true),
    ] {
        let function = of(&format!("lambda-function/{key}"));
        let policy = of(&format!("iam-role-policy/{key}"));
        assert_eq!(function.contains("INCIDENTS"), updates, "{function}");
        assert_eq!(
            function.contains("dynamodb-table/incidents"),
            updates,
            "{function}"
        );
        assert_eq!(policy.contains("dynamodb:"), updates, "{policy}");
    }
    let app = "slack: { bot: { env: SLACK_BOT_TOKEN }, channel: C0123ABCD, remind: 30m, actions: { who: [U0123ABCD] } }";
    assert!(text.contains(app));
    let without = self::written(&text.replace(app, "webhook: { env: OTHER }"));
    assert!(
        !without.contains("dynamodb")
            && !without.contains("INCIDENTS")
            && !without.contains("schedule")
            && !without.contains("actions"),
        "{without}"
    );
}

/// Only the relay draws charts, and only where an alarm has one that somebody sees.
#[test]
fn who_draws_charts_may_read_metrics() {
    let text = include_str!("../stack/fixtures/slack_app.yaml");
    let key = Output {
        arn: "arn:aws:kms:ap-northeast-2:123456789012:key/1".into(),
        id: "1".into(),
    };
    let reads = |text: &str| {
        let written = written_with(text, [("kms-key/main".to_owned(), key.clone())].into());
        let lines = written.split("\niam-role-policy/").skip(1);
        let who = lines.filter(|policy| policy.contains("cloudwatch:GetMetricData"));
        who.map(|policy| policy.split(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(reads(text), [""; 0]);
    let alarm = "alarms: { cpu: { metric: N/S m, statistic: Sum, period: 60, threshold: '> 1', to: [alerts], chart: true } }";
    let with = format!("{text}{alarm}\n");
    assert_eq!(reads(&with), ["relay"]);
    let rights = rights_of_the_relay(&with);
    let right = rights.iter().find(|right| right["Sid"] == "ReadMetricsOfCharts");
    let expected = serde_json::json!({ "Sid": "ReadMetricsOfCharts", "Effect": "Allow",
        "Action": ["cloudwatch:GetMetricData"], "Resource": ["*"] });
    assert_eq!(right, Some(&expected));
    let stack = crate::stack::parse("stack.yaml", &with).unwrap().stack;
    assert!(settings::settings(&stack).alarms["updates-cpu"].chart);
    let without = crate::stack::parse("stack.yaml", &with.replace(", chart: true", "")).unwrap();
    assert!(settings::settings(&without.stack).alarms.is_empty());
}

/// Lambda does not accept `.` in a statement's id, but EventBridge does in a rule's name.
#[test]
fn a_statement_of_a_rule_with_any_name_is_one_that_lambda_takes() {
    let written = written(
        "stack: t\nregion: eu-west-1\nchannels:\n  c: { webhook: { env: HOOK } }\nrules:\n  \
         a: { preset: ec2-life-cycle, name: ops.ec2, to: [c] }\n  b: { preset: ec2-life-cycle, name: ops-ec2, to: [c] }\n",
    );
    let ids: Vec<_> = written
        .lines()
        .filter_map(|line| line.trim().strip_prefix("statement_id = \"")?.strip_suffix('"'))
        .filter(|id| id.contains("rule"))
        .collect();
    assert_eq!(ids.len(), 2, "{written}");
    assert_ne!(ids[0], ids[1]);
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    assert!(ids.iter().all(|id| id.chars().all(fits)), "{ids:?}");
}

#[test]
fn a_topic_called_relay_and_the_relay_are_two_targets() {
    let written = written(
        "stack: t\nregion: eu-west-1\nchannels:\n  c: { webhook: { env: HOOK } }\n\
         topics:\n  relay: { subscriptions: [{ email: a@example.com }] }\nrules:\n  \
         a: { preset: ec2-life-cycle, to: [c, relay] }\n",
    );
    let targets = written
        .lines()
        .filter_map(|line| line.strip_prefix("  target.")?.split_once(".arn = "));
    let ids: std::collections::BTreeSet<_> = targets.map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 2, "{written}");
}

/// All of `settings.json`, from a stack that uses every setting.
#[test]
fn settings_of_a_stack_with_routes() {
    let text = include_str!("../stack/fixtures/routes.yaml");
    let stack = crate::stack::parse("stack.yaml", text)
        .expect("a valid stack")
        .stack;
    let written = settings::settings(&stack);
    assert_eq!(
        written.json(),
        settings::settings(&stack).json(),
        "another text the second time"
    );
    insta::assert_snapshot!("settings_json", written.json());
}

/// Stopping another account's trail is logged in that account, and can only be undone there.
#[test]
fn a_trail_of_another_account_gets_no_guard_here() {
    let text = "
stack: mission
topics: { mail: {} }
trail: { existing: \"arn:aws:cloudtrail:eu-west-1:999988887777:trail/organization\", to: [mail] }
";
    let stack = crate::stack::parse("stack.yaml", text).unwrap().stack;
    let guarded = |home: Home<'_>| {
        let graph = graph(&stack, home, &Addresses::new());
        let keys = graph.nodes().iter().map(|node| node.id.key.clone());
        keys.filter(|key| key.contains("guard")).count() > 0
    };
    let in_account = |account| Home {
        region: "eu-west-1",
        account: Some(account),
        key: None,
    };
    assert!(guarded("eu-west-1".into()) && guarded(in_account("999988887777")));
    assert!(!guarded(in_account("123456789012")));
}

/// For an alarm in another region, rules send what its actions would send.
#[test]
fn an_alarm_in_another_region_is_told_of_at_home() {
    let written = written(
        "stack: t\nregion: eu-west-1\nchannels:\n  c: { webhook: { env: HOOK } }\ntopics:\n  both: { encrypted: true, to: [c], \
         subscriptions: [{ email: a@example.com }] }\n  slack: { to: [c], severity: critical }\nalarms:\n  bill: { metric: \
         AWS/Billing EstimatedCharges, region: us-east-1, statistic: Maximum, period: 21600, threshold: '> 1', to: [both, \
         slack], ok: [both] }\n  any: { rule: ALARM(bill), region: us-east-1, to: [slack] }\n  mute: { metric: \
         AWS/CloudFront Requests, region: us-east-1, statistic: Sum, period: 60, threshold: '> 1', actions_enabled: \
         false, to: [both] }\n",
    );
    let shown: String = written
        .split_inclusive('\n')
        .scan(false, |inside, line| {
            if !line.starts_with(' ') {
                let of = [
                    "cloudwatch-",
                    "eventbridge-",
                    "iam-role",
                    "kms-key",
                    "lambda-permission",
                    "sns-topic",
                ];
                *inside = of.iter().any(|kind| line.starts_with(kind)) && !line.contains("relay");
            }
            Some(if *inside { line } else { "" })
        })
        .collect();
    insta::assert_snapshot!(shown);
}

/// The channel that an alarm names has a topic, which is for alarms; a rule goes straight to the channel.
#[test]
fn an_alarm_and_a_rule_may_name_one_channel() {
    let written = written(
        "stack: t\nregion: ap-northeast-2\nchannels: { c: { webhook: { env: HOOK } } }\nalarms: { cpu: { metric: AWS/EC2 CPUUtilization, \
         statistic: Average, period: 60, threshold: '> 1', to: [c] } }\nrules: { stops: { preset: ec2-life-cycle, to: [c] } }\n",
    );
    assert!(
        written.contains("target.relay.arn") && !written.contains("target.c.arn"),
        "{written}"
    );
    assert!(!written.contains("RulesMayPublish"), "{written}");
    assert!(
        written.contains("alarm_actions = [\"arn:aws:sns:ap-northeast-2:123456789012:t-c\"]"),
        "{written}"
    );
}
