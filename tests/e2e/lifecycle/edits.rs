//! What an edit of the stack file changes in the account, and what it leaves alone.

use super::*;

pub(super) const TEAM: &str = r##"
stack: team
region: eu-west-1
key: { deletion_window_days: 7 }
channels:
  project: { webhook: { env: SLACK_WEBHOOK_URL } }
topics:
  alerts:
    to: [project]
    subscriptions:
      - { email: oncall@example.com }
      - { sqs: "arn:aws:sqs:eu-west-1:000000000000:elsewhere" }
  chatter: { to: [project] }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: ">= 50", to: [alerts] }
  disk: { metric: AWS/EC2 DiskReadOps, statistic: Average, period: 60, threshold: ">= 50", to: [alerts] }
"##;

#[tokio::test]
async fn a_buffer_comes_and_goes_and_nothing_else_is_made_anew() {
    let (world, aws) = applied(TEAM, "eu-west-1").await;
    let without = everything(&aws).await;
    let channel = "project: { webhook: { env: SLACK_WEBHOOK_URL }";
    let buffered = format!("{channel}, buffer: true");
    let queue = "queue team-project-buffer".to_owned();
    let arn = "arn:aws:sqs:eu-west-1:000000000000:team-project-buffer";
    let relay = "arn:aws:lambda:eu-west-1:000000000000:function:team-relay";
    let mapping = format!("event source mapping {arn} to {relay}");
    for (verb, stack) in [
        ("create", TEAM.replace(channel, &buffered)),
        ("delete", TEAM.to_owned()),
    ] {
        world.write("stack.yaml", &stack);
        let plan = world.ok(&["plan", "--local", "--output", "json"]);
        let (changed, whole): (Vec<_>, Vec<_>) = planned(&plan.stdout)
            .into_iter()
            .partition(|line| line.starts_with("update "));
        let expected = ["lambda-event-source-mapping", "sqs-queue"];
        // The other queue is for channels without a buffer.
        let other = if verb == "create" { "delete" } else { "create" };
        let mut expected = [
            expected.map(|kind| format!("{verb} {kind}/buffer.project")),
            expected.map(|kind| format!("{other} {kind}/retries")),
        ]
        .concat();
        expected.sort();
        assert_eq!(whole, expected);
        let changed: Vec<_> = changed
            .iter()
            .map(|line| line.split(':').next().unwrap())
            .collect();
        assert_eq!(
            changed,
            ["update iam-role-policy/relay", "update lambda-function/relay"]
        );
        world.ok(&["apply", "--local", "--yes"]);
        unchanged(&world, verb);
        let mut expected = without.clone();
        if verb == "create" {
            expected.retain(|line| !line.contains("team-retries"));
            expected.extend([queue.clone(), mapping.clone()]);
        }
        assert_eq!(everything(&aws).await, expected);
    }
}

#[tokio::test]
async fn what_leaves_the_file_leaves_the_account() {
    let (world, aws) = applied(TEAM, "eu-west-1").await;
    let full = everything(&aws).await;
    let mut stack = TEAM.to_owned();
    let mut change = |from: &str, to: &str| {
        assert!(stack.contains(from), "{from}");
        stack = stack.replace(from, to);
        world.write("stack.yaml", &stack);
        let plan = world.ok(&["plan", "--local", "--output", "json"]);
        world.ok(&["apply", "--local", "--yes"]);
        unchanged(&world, to);
        planned(&plan.stdout)
    };

    let disk = TEAM.lines().find(|line| line.contains("disk:")).unwrap();
    // The topic's policy names the alarms.
    assert_eq!(
        change(disk, ""),
        lines(["delete cloudwatch-alarm/disk", "update sns-topic/alerts: policy"])
    );
    let seen = change("      - { email: oncall@example.com }\n", "");
    assert_eq!(
        seen,
        lines(["delete sns-subscription/team-alerts/email/49ddbc0e"])
    );
    assert_eq!(
        gone(&full, &everything(&aws).await),
        [
            "alarm team-disk",
            "subscription email oncall@example.com to team-alerts"
        ]
    );

    // One of two topics is no longer relayed.
    let before = everything(&aws).await;
    let seen = change("chatter: { to: [project] }", "chatter: { display_name: Chatter }");
    let expected = [
        "delete lambda-permission/team-relay/alertctl-topic-team-chatter",
        "update lambda-function/relay: settings, settings.topics.team-chatter",
        "update sns-topic/chatter: display_name",
        "update sqs-queue/relay: policy",
    ];
    assert!(expected.iter().all(|line| seen.contains(*line)), "{seen:?}");
    assert_eq!(seen.len(), 5, "{seen:?}");
    assert_eq!(
        gone(&before, &everything(&aws).await),
        [
            "permission team-relay/alertctl-topic-team-chatter",
            "subscription lambda arn:aws:lambda:eu-west-1:000000000000:function:team-relay to team-chatter"
        ]
    );

    // Then none is: the relay and everything it needs are deleted; the key stays for the channel's webhook.
    let before = everything(&aws).await;
    change("    to: [project]\n", "    display_name: Alerts\n");
    assert_eq!(
        gone(&before, &everything(&aws).await),
        [
            "event invoke config team-relay",
            "event source mapping arn:aws:sqs:eu-west-1:000000000000:team-retries to arn:aws:lambda:eu-west-1:000000000000:function:team-relay",
            "function team-relay",
            "log group /aws/lambda/team-relay",
            "permission team-relay/alertctl-topic-team-alerts",
            "policy team-relay-role/relay",
            "queue team-relay-dead-letters",
            "queue team-retries",
            "role team-relay-role",
            "subscription lambda arn:aws:lambda:eu-west-1:000000000000:function:team-relay to team-alerts"
        ]
    );
}

#[tokio::test]
async fn keys_of_the_file_and_physical_names_are_two_things() {
    let (world, aws) = applied(TEAM, "eu-west-1").await;
    let before = everything(&aws).await;
    let mut stack = TEAM.to_owned();
    let mut change = |from: &str, to: &str| {
        assert!(stack.contains(from), "{from}");
        stack = stack.replace(from, to);
        world.write("stack.yaml", &stack);
        let plan = world.ok(&["plan", "--local", "--output", "json"]);
        world.ok(&["apply", "--local", "--yes"]);
        unchanged(&world, to);
        planned(&plan.stdout)
    };

    // Another key for the same resource: only the tag with its key changes.
    let seen = change("cpu: {", "processor: { name: team-cpu,");
    assert_eq!(
        seen,
        lines(["update cloudwatch-alarm/processor: tags.alertctl:node"])
    );
    let seen = change(
        "  chatter: { to: [project] }",
        "  talk: { name: team-chatter, to: [project] }",
    );
    assert_eq!(seen, lines(["update sns-topic/talk: tags.alertctl:node"]));
    assert_eq!(everything(&aws).await, before);

    // Another name means a new resource, and the old one is deleted.
    let seen = change("name: team-cpu,", "name: team-processor,");
    let alarm = [
        "create cloudwatch-alarm/processor",
        "delete cloudwatch-alarm/processor",
    ];
    assert_eq!(
        seen,
        lines([alarm[0], alarm[1], "update sns-topic/alerts: policy"])
    );
    let now = everything(&aws).await;
    assert_eq!(gone(&before, &now), ["alarm team-cpu"]);
    assert_eq!(gone(&now, &before), ["alarm team-processor"]);
    change("name: team-chatter,", "name: team-talk,");
    let later = everything(&aws).await;
    let relay = "subscription lambda arn:aws:lambda:eu-west-1:000000000000:function:team-relay";
    assert_eq!(
        gone(&now, &later),
        [
            "permission team-relay/alertctl-topic-team-chatter".to_owned(),
            format!("{relay} to team-chatter"),
            "topic team-chatter".to_owned()
        ]
    );
    assert_eq!(
        gone(&later, &now),
        [
            "permission team-relay/alertctl-topic-team-talk".to_owned(),
            format!("{relay} to team-talk"),
            "topic team-talk".to_owned()
        ]
    );

    // The key's alias is a name like any other; the key itself stays.
    let key = key_of(&aws, "alias/team-key").await;
    let seen = change("key: {", "key: { alias: team-secrets,");
    assert_eq!(
        seen,
        lines([
            "create kms-alias/main",
            "delete kms-alias/team-key",
            "update kms-key/main: alias"
        ])
    );
    assert_eq!(key_of(&aws, "alias/team-secrets").await, key);
    assert_eq!(keys(&aws).await.len(), 1);
}
