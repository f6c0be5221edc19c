//! What a plan says of permissions and costs, in words.

use crate::support::account::applied;
use crate::support::{NO_WEBHOOK, World};
use serde_json::Value;

const SHOP: &str = r##"
stack: shop
region: eu-west-1
key: { deletion_window_days: 7 }
channels:
  project: { webhook: { env: SLACK_WEBHOOK_URL } }
topics:
  alerts: { to: [project], encrypted: true, subscriptions: [{ email: oncall@example.com }] }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: ">= 50", to: [alerts] }
  disk: { metric: AWS/EC2 DiskReadOps, statistic: Average, period: 60, threshold: ">= 50", to: [alerts] }
"##;

/// The lines of the section about permissions.
fn said(plan: &str) -> Vec<&str> {
    let Some((_, section)) = plan.split_once("\npermissions\n\n") else {
        return Vec::new();
    };
    section.lines().take_while(|line| !line.is_empty()).collect()
}

fn cost(plan: &str) -> Option<&str> {
    plan.lines().find_map(|line| line.strip_prefix("cost: "))
}

fn world(stack: &str) -> World {
    let mut world = World::new();
    world.set("ALERTCTL_LOCAL", "1");
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    world.write("stack.yaml", stack);
    world
}

#[test]
fn a_new_stack_says_who_may_do_what_and_what_it_costs() {
    let world = world(SHOP);
    let plan = world.ok(&["plan"]).stdout;
    let lines: Vec<_> = said(&plan).iter().map(|line| line.trim_start()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    + relay may now publish to topic/alerts
    + relay may now send messages to, and read, delete and put off messages of, and see the state of queue/retries
    + relay may now encrypt and decrypt with key/main
    + relay may now decrypt with key/main (what was encrypted for shop-relay)
    + Lambda may now act as role/relay (for this account)
    + this account (by its IAM policies) may now do anything with key/main
    + CloudWatch may now encrypt and decrypt with key/main (for this account)
    + SNS may now invoke function/relay (for topic/alerts)
    + CloudWatch may now publish to topic/alerts (for alarms cpu and disk)
    + SNS may now send messages to queue/relay (for topic/alerts)
    + relay may now write logs to its own log group
    + relay may now send messages to its own queue
    ");
    assert_eq!(
        cost(&plan),
        Some(
            "about +1.20 USD per month (2 alarms +0.20, 1 KMS key +1.00), plus usage; list prices of us-east-1, of \
             which free tiers may cover a part"
        )
    );
    let document = world.json(&["plan"]);
    assert_eq!(document["cost"]["monthly_change"], 1.2);
    let permissions = document["permissions"].as_array().unwrap();
    let decrypts = permissions
        .iter()
        .find(|one| one["may"] == "decrypt with")
        .unwrap();
    assert_eq!(decrypts["who"], "relay");
    assert_eq!(decrypts["on"], "key/main", "AWS has yet to make its ARN");
    assert_eq!(decrypts["where"], "iam-role-policy/relay");
    // A comment and an apply say the same.
    let comment = world.ok(&["plan", "--output", "markdown"]).stdout;
    assert!(
        comment.contains("**Permissions**\n\n- ") && comment.contains("may now publish to topic/alerts"),
        "{comment}"
    );
    assert!(
        comment.contains("**Cost**\n\n- about \\+1.20 USD per month"),
        "{comment}"
    );
    let declined = world.run(&["apply"]);
    assert!(
        declined.stderr.contains(&said(&plan).join("\n")),
        "{}",
        declined.stderr
    );
}

#[test]
fn many_alike_are_a_few_lines() {
    let mut world = World::new();
    world.set("ALERTCTL_LOCAL", "1");
    world.bundled("full");
    for variable in ["SLACK_WEBHOOK_URL", "SLACK_SECURITY_WEBHOOK_URL"] {
        world.set(variable, NO_WEBHOOK);
    }
    let short = world.ok(&["plan"]).stdout;
    let lines: Vec<_> = said(&short).iter().map(|line| line.trim_start()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    + bus.security may now put events on event-bus/security
    + endpoint.elastalert, relay and EventBridge may now publish to topic/mail
    + endpoint.elastalert may now send messages to queue/buffer.project
    + endpoint.elastalert and trail.guard may now send messages to queue/retries
    + endpoint.elastalert, relay and trail.guard may now decrypt with key/main (what was encrypted for full-relay)
    + forward.ap-southeast-2, forward.eu-north-1, forward.us-east-1 and forward.us-east-2 may now put events on event buses full-regions-*
    + relay may now send messages to, and read, delete and put off messages of, and see the state of queue/buffer.project and queue/retries
    + trail.guard may now start the logging of, and see the state of trail/trail
    + EventBridge may now act as role/bus.security, role/forward.ap-southeast-2, role/forward.eu-north-1 and 2 more (each under its own conditions)
    + Lambda may now act as role/endpoint.elastalert, role/relay and role/trail.guard (for this account)
    + CloudTrail may now act as role/trail
    … 13 more; `--full` shows all
    ");
    let full = world.ok(&["plan", "--full"]).stdout;
    assert!(said(&full).len() > 12, "{}", said(&full).join("\n"));
    assert!(said(&full).iter().all(|line| !line.contains(" more")));
}

#[tokio::test]
async fn only_what_changes_is_said() {
    let (world, aws) = applied(SHOP, "eu-west-1").await;
    let plan = || world.ok(&["plan", "--local"]).stdout;
    assert_eq!((said(&plan()), cost(&plan())), (vec![], None));
    let disk = SHOP.lines().find(|line| line.contains("disk:")).unwrap();
    world.write("stack.yaml", &SHOP.replace(disk, ""));
    let fewer = plan();
    assert_eq!(
        said(&fewer),
        ["  - CloudWatch may no longer publish to topic/alerts (for alarm/disk)"]
    );
    assert!(
        cost(&fewer)
            .unwrap()
            .starts_with("about -0.10 USD per month (1 alarm -0.10), plus usage"),
        "{fewer}"
    );
    world.write("stack.yaml", SHOP);

    // Both topics are `alerts` in the file, one after the other.
    world.write(
        "stack.yaml",
        &SHOP.replace("alerts: { to", "alerts: { name: shop-other, to"),
    );
    let renamed = plan();
    for line in [
        "  + CloudWatch may now publish to topic/alerts (for alarms cpu and disk)",
        "  - CloudWatch may no longer publish to topic shop-alerts (for alarms cpu and disk)",
        "  + SNS may now invoke function/relay (for topic/alerts)",
        "  - SNS may no longer invoke function/relay (for topic shop-alerts)",
    ] {
        assert!(said(&renamed).contains(&line), "{line}: {renamed}");
    }
    world.write("stack.yaml", SHOP);

    // What somebody changed by hand is said, too: it is taken back.
    let topic = "arn:aws:sns:eu-west-1:000000000000:shop-alerts";
    let open = serde_json::json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": topic },
        { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "sns:Subscribe",
          "Resource": topic },
    ] });
    let request = aws
        .sns
        .set_topic_attributes()
        .topic_arn(topic)
        .attribute_name("Policy");
    request.attribute_value(open.to_string()).send().await.unwrap();
    let closed = plan();
    assert_eq!(
        said(&closed),
        [
            "  - anybody may no longer publish to topic/alerts",
            "  - anybody in account 111122223333 may no longer call sns:Subscribe on topic/alerts"
        ]
    );

    // A destroy says what it costs no longer; that nobody may do anything then goes without saying.
    let destroy = world.run(&["destroy", "--local"]);
    assert!(said(&destroy.stderr).is_empty(), "{}", destroy.stderr);
    assert!(
        cost(&destroy.stderr)
            .unwrap()
            .starts_with("about -1.20 USD per month"),
        "{}",
        destroy.stderr
    );
    let document: Value = world.json(&["plan", "--local"]);
    assert_eq!(document["cost"]["items"], serde_json::json!([]));
}

#[test]
fn what_is_wide_is_marked() {
    let app = "slack: { bot: { env: SLACK_BOT_TOKEN }, channel: C0123ABCD }";
    let stack = SHOP
        .replace("webhook: { env: SLACK_WEBHOOK_URL }", app)
        .replace("to: [alerts] }\n  disk", "to: [alerts], chart: true }\n  disk");
    let mut world = world(&stack);
    world.set("SLACK_BOT_TOKEN", "xoxb-1-abcdefghijklmnopqrstuvwx");
    let plan = world.ok(&["plan"]).stdout;
    assert_eq!(
        said(&plan)[0],
        "  ! wide (any resource): relay may now read the metrics of any resource"
    );
    let comment = world.ok(&["plan", "--output", "markdown"]).stdout;
    assert!(
        comment.contains("- ⚠️ wide (any resource): relay may now"),
        "{comment}"
    );
}
