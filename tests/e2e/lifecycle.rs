//! A stack from its first apply to its destruction and back, and resources that leave the file.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::account::{
    ACCOUNT, applied, calls, clients, eventually, everything, key_of, keys, lines, planned, reads, unchanged,
};
use crate::support::{NO_WEBHOOK, World};
use alertctl::aws::connect::Clients;
use aws_sdk_kms::types::KeyState;
use aws_sdk_sqs::types::QueueAttributeName;

#[tokio::test]
async fn the_bundled_stack_from_apply_to_destroy_and_back() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, "ap-northeast-2").await;

    let report = world.json(&["apply", "--local", "--yes"]);
    let steps = report["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 14, "{report}");
    assert!(
        steps
            .iter()
            .all(|step| step["action"] == "create" && step["result"] == "done"),
        "{report}"
    );
    unchanged(&world, "after apply");
    let mut made = everything(&aws).await;
    assert!(made.remove(&format!("key {}", key_of(&aws, "alias/mission-kms-key").await)));
    assert_eq!(
        made,
        lines([
            "alarm mission-cpu-alarm",
            "alias alias/mission-kms-key",
            "event invoke config mission-lambda",
            "event source mapping arn:aws:sqs:ap-northeast-2:000000000000:mission-retries to \
             arn:aws:lambda:ap-northeast-2:000000000000:function:mission-lambda",
            "function mission-lambda",
            "log group /aws/lambda/mission-lambda",
            "permission mission-lambda/alertctl-topic-mission-sns",
            "policy mission-lambda-role/relay",
            "queue mission-lambda-dead-letters",
            "queue mission-retries",
            "role mission-lambda-role",
            "subscription lambda arn:aws:lambda:ap-northeast-2:000000000000:function:mission-lambda to mission-sns",
            "topic mission-sns",
        ])
    );

    // The alarm fires and its message arrives, and so do other messages on the topic.
    let shown = world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    assert!(
        shown
            .stdout
            .contains("🚨 mission-cpu-alarm (https://ap-northeast-2.console.aws.amazon.com/")
            && shown.stdout.contains(") 경보가 발생했습니다"),
        "{}",
        shown.stdout
    );
    let messages = world.messages(&inbox);
    assert_eq!(messages.len(), 1, "{messages:?}");
    let text = messages[0].to_string();
    assert!(
        text.contains("mission-cpu-alarm") && text.contains("데이터 부족 → 경보"),
        "{text}"
    );
    let topic = "arn:aws:sns:ap-northeast-2:000000000000:mission-sns";
    aws.sns
        .publish()
        .topic_arn(topic)
        .message("디스크가 곧 찹니다 <3")
        .send()
        .await
        .unwrap();
    eventually("the published text", async || world.messages(&inbox).len() == 2).await;
    assert!(
        world.messages(&inbox)[1]
            .to_string()
            .contains("디스크가 곧 찹니다")
    );

    // From here on the file contains a ciphertext and needs no environment variable.
    world.set("HOOK", &format!("{inbox}/services/LOCAL/INBOX/project"));
    world.ok(&["encrypt-hook", "--local", "--write", "--env", "HOOK"]);
    world.env.clear();
    let seen = planned(&world.ok(&["plan", "--local", "--output", "json"]).stdout);
    assert_eq!(
        seen,
        lines(["update lambda-function/relay: environment.WEBHOOK_project"])
    );
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "after the ciphertext");

    // A second apply has no changes and changes nothing.
    let (again, calls) = calls(&endpoint, |endpoint| {
        world.run_at(endpoint, ACCOUNT, &["apply", "--yes"])
    });
    assert_eq!(again.code, 0, "{}", again.all());
    assert!(
        again.stderr.contains("no changes: 14 resources"),
        "{}",
        again.stderr
    );
    assert!(
        calls.len() > 12 && calls.iter().all(|call| reads(call)),
        "{calls:?}"
    );

    let status = world.json(&["status", "--local"]);
    let resources = status["resources"].as_array().unwrap();
    assert_eq!(resources.len(), 14);
    assert!(resources.iter().all(|one| one["state"] == "ok"), "{status}");

    // Only the key is left, pending deletion.
    let key = key_of(&aws, "alias/mission-kms-key").await;
    let destroyed = world.ok(&["destroy", "--local", "--yes"]);
    let date = deletion_date(&aws, &key).await;
    assert!(destroyed.stderr.contains(&date), "{}", destroyed.stderr);
    assert!(
        destroyed
            .stderr
            .contains("`alertctl apply` before then restores it"),
        "{}",
        destroyed.stderr
    );
    assert_eq!(everything(&aws).await, lines([]));
    assert_eq!(keys(&aws).await, std::slice::from_ref(&key));
    let again = world.ok(&["destroy", "--local", "--yes"]);
    assert!(again.stderr.contains("nothing to destroy"), "{}", again.stderr);
    assert_eq!(deletion_date(&aws, &key).await, date);

    // Within the deletion window the same key is restored, and with it the ciphertext in the file.
    let back = world.json(&["apply", "--local", "--yes"]);
    let action = |id: &str| {
        let steps = back["steps"].as_array().unwrap().iter();
        steps
            .filter(|step| step["id"] == id)
            .map(|step| step["action"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(action("kms-key/main"), ["update"], "{back}");
    assert_eq!(action("kms-alias/main"), ["create"], "{back}");
    // While the key was pending deletion, nobody could see that the ciphertext is the inbox's, so the inbox
    // replaced it.
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "after coming back");
    assert_eq!(key_of(&aws, "alias/mission-kms-key").await, key);
    assert_eq!(keys(&aws).await.len(), 1);
    let metadata = aws
        .kms
        .describe_key()
        .key_id(&key)
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();
    assert_eq!(metadata.key_state(), Some(&KeyState::Enabled));
    let before = world.messages(&inbox).len();
    world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    assert_eq!(world.messages(&inbox).len(), before + 1);

    // The file is lost: the name is enough.
    std::fs::remove_file(world.path().join("stack.yaml")).unwrap();
    let status = world.json(&[
        "status",
        "--local",
        "--stack",
        "mission",
        "--region",
        "ap-northeast-2",
    ]);
    assert_eq!(status["resources"].as_array().unwrap().len(), 14, "{status}");
    let by_name = [
        "destroy",
        "--local",
        "--yes",
        "--stack",
        "mission",
        "--region",
        "ap-northeast-2",
    ];
    let destroyed = world.ok(&by_name);
    assert!(
        destroyed.stderr.contains(&deletion_date(&aws, &key).await),
        "{}",
        destroyed.stderr
    );
    assert!(
        destroyed.stderr.contains("alias/mission-kms-key"),
        "{}",
        destroyed.stderr
    );
    assert_eq!(everything(&aws).await, lines([]));
    assert!(world.ok(&by_name).stderr.contains("nothing to destroy"));
}

const TEAM: &str = r##"
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

#[tokio::test]
async fn a_message_that_slack_refuses_to_take_ends_in_the_dead_letter_queue() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let slack = Slack::answering("404 Not Found");
    world.set(
        "SLACK_WEBHOOK_URL",
        &format!("http://127.0.0.1:{}/services/T0/B0/broken", slack.port),
    );
    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, "ap-northeast-2").await;
    world.ok(&["apply", "--local", "--yes"]);
    let topic = "arn:aws:sns:ap-northeast-2:000000000000:mission-sns";
    aws.sns
        .publish()
        .topic_arn(topic)
        .message("nobody hears this")
        .send()
        .await
        .unwrap();
    let queue = aws
        .sqs
        .get_queue_url()
        .queue_name("mission-lambda-dead-letters")
        .send()
        .await
        .unwrap();
    let queue = queue.queue_url.unwrap();
    eventually("the dead letter", async || {
        let send = aws.sqs.get_queue_attributes().queue_url(&queue);
        let answer = send
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .unwrap();
        answer.attributes.unwrap()[&QueueAttributeName::ApproximateNumberOfMessages] == "1"
    })
    .await;
    assert_eq!(slack.posts.load(Ordering::Relaxed), 1);
    let letter = aws
        .sqs
        .receive_message()
        .queue_url(&queue)
        .visibility_timeout(0)
        .send()
        .await
        .unwrap();
    let [letter] = letter.messages() else {
        panic!("{letter:?}")
    };
    let letter = letter.body().unwrap();
    assert!(
        letter.contains("nobody hears this") && letter.contains("404 Not Found"),
        "{letter}"
    );
    assert!(!letter.contains("broken"), "the webhook's secret: {letter}");
    assert!(world.messages(&inbox).is_empty());
    // The loss of its messages is reported.
    let destroyed = world.ok(&["destroy", "--local", "--yes"]);
    assert!(
        destroyed.stderr.contains("held about 1 undelivered message"),
        "{}",
        destroyed.stderr
    );
}

/// Nobody does anything: the message waits in the stack's retry queue, and is posted from there.
#[tokio::test]
async fn a_message_that_slack_does_not_take_now_arrives_by_itself() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    let slack = Slack::answering_at_first(6, "503 Service Unavailable");
    world.set(
        "SLACK_WEBHOOK_URL",
        &format!("http://127.0.0.1:{}/services/T0/B0/away", slack.port),
    );
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, "ap-northeast-2").await;
    world.ok(&["apply", "--local", "--yes"]);
    let topic = "arn:aws:sns:ap-northeast-2:000000000000:mission-sns";
    let publish = aws.sns.publish().topic_arn(topic).message("it can wait");
    publish.send().await.unwrap();
    // One attempt with five retries, and one attempt from the queue.
    eventually("the message", async || slack.posts.load(Ordering::Relaxed) == 7).await;
    eventually("the log", async || {
        let logs = world.run(&["logs", "stack.yaml", "--local", "--output", "json"]);
        let outcomes = |word: &str| logs.stdout.matches(&format!("\"outcome\":\"{word}\"")).count();
        (outcomes("deferred"), outcomes("delivered")) == (1, 1)
    })
    .await;
    let queues = world.ok(&["redrive", "stack.yaml", "--local", "--list"]);
    assert!(
        queues.stdout.contains("no dead letters") || queues.stdout.contains("empty"),
        "{}",
        queues.all()
    );
}

#[tokio::test]
async fn two_stacks_in_one_account_do_not_see_each_other() {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, "eu-west-1").await;
    world.write("one.yaml", &TEAM.replace("team", "one"));
    world.write("two.yaml", &TEAM.replace("team", "two"));
    world.ok(&["apply", "--local", "--yes", "one.yaml"]);
    let one = everything(&aws).await;
    world.ok(&["apply", "--local", "--yes", "two.yaml"]);
    for file in ["one.yaml", "two.yaml"] {
        let plan = world.run(&["plan", "--local", "--detailed-exitcode", file]);
        assert_eq!(plan.code, 0, "{}", plan.all());
    }
    // A stack whose name is a prefix of another's does not match it either.
    world.write("on.yaml", "stack: on\nregion: eu-west-1\n");
    assert_eq!(
        world
            .run(&["plan", "--local", "--detailed-exitcode", "on.yaml"])
            .code,
        0
    );
    assert!(
        world
            .ok(&[
                "destroy",
                "--local",
                "--yes",
                "--stack",
                "on",
                "--region",
                "eu-west-1"
            ])
            .stderr
            .contains("nothing to destroy")
    );
    world.ok(&["destroy", "--local", "--yes", "two.yaml"]);
    assert_eq!(everything(&aws).await, one);
    assert_eq!(
        world
            .run(&["plan", "--local", "--detailed-exitcode", "one.yaml"])
            .code,
        0
    );
    world.ok(&["destroy", "--local", "--yes", "one.yaml"]);
    assert_eq!(everything(&aws).await, lines([]));
}

const EVERYTHING: &str = r##"
stack: all
region: us-west-2
locale: en
timezone: Europe/Berlin
tags: { team: platform, "cost centre": "4711" }
key: { alias: all/secrets, deletion_window_days: 7, rotation: false, description: "Webhooks & messages" }
channels:
  project: { label: "#project", webhook: { env: SLACK_WEBHOOK_URL } }
  on-call: { webhook: { env: SLACK_WEBHOOK_URL } }
topics:
  alerts:
    display_name: Alerts
    encrypted: true
    to: [project, on-call]
    subscriptions:
      - { email: oncall@example.com, filter: { severity: [high, { numeric: [">", 3] }] } }
      - { https: "https://127.0.0.1:9/hook?token=secret-of-the-endpoint" }
      - { sqs: "arn:aws:sqs:us-west-2:000000000000:elsewhere", filter: { detail: { state: [stopped] } }, filter_scope: body, raw: true }
  quiet:
    name: quiet_topic
    subscriptions: [{ email: quiet@example.com }]
  calls: { to: [on-call] }
alarms:
  cpu:
    description: "Hot <&> 뜨거움"
    metric: AWS/EC2 CPUUtilization
    dimensions: { InstanceId: i-0123456789abcdef0, ImageId: ami-1 }
    statistic: Maximum
    unit: Percent
    period: 300
    threshold: "> 90.5"
    evaluation_periods: 5
    datapoints_to_alarm: 3
    treat_missing_data: notBreaching
    to: [alerts, calls]
    ok: [alerts]
    insufficient_data: [quiet]
  slow:
    metric: AWS/Lambda Duration
    statistic: p99.9
    period: 10
    threshold: "< 0.001"
    evaluate_low_sample_count_percentile: ignore
    actions_enabled: false
    to: [calls]
  errors:
    metrics:
      - { id: errors, metric: AWS/Lambda Errors, statistic: Sum, period: 60, dimensions: { FunctionName: f }, unit: Count }
      - { id: calls, metric: AWS/Lambda Invocations, statistic: Sum, period: 60 }
      - { id: rate, expression: 100 * errors / calls, label: Rate, return_data: true }
    threshold: "> 1"
    to: [alerts]
  band:
    metrics:
      - { id: cpu, metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, return_data: true }
      - { id: band, expression: "ANOMALY_DETECTION_BAND(cpu, 2)", return_data: true }
    threshold: outside band
    to: [alerts]
MORE_ALARMS
relay:
  name: all_messages
  memory: 256
  timeout: 10
  log_retention_days: 7
  reserved_concurrency: 2
  maximum_retry_attempts: 0
  maximum_event_age_seconds: 60
"##;

#[tokio::test]
async fn a_stack_with_everything() {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, "us-west-2").await;
    let more = |number: usize| {
        format!(
            "  more-{number}: {{ metric: AWS/EC2 NetworkIn, statistic: Sum, period: 60, \
             threshold: \">= {number}\", to: [alerts] }}\n"
        )
    };
    let more: String = (0..8).map(more).collect();
    world.write("stack.yaml", &EVERYTHING.replace("MORE_ALARMS\n", &more));
    let start = Instant::now();
    let applied = world.ok(&["apply", "--local", "--yes"]);
    // Twelve alarms at three per second; the alarms determine the time of the run.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert!(
        !applied.all().contains("secret-of-the-endpoint"),
        "{}",
        applied.all()
    );
    assert!(
        applied
            .stderr
            .contains("127.0.0.1:9 has to confirm the subscription"),
        "{}",
        applied.stderr
    );
    assert!(
        applied
            .stderr
            .contains("confirm the e-mail sent to oncall@example.com"),
        "{}",
        applied.stderr
    );
    let start = Instant::now();
    unchanged(&world, "after apply");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let status = world.json(&["status", "--local"]);
    let resources = status["resources"].as_array().unwrap();
    assert!(resources.iter().all(|one| one["state"] == "ok"), "{status}");
    assert_eq!(
        everything(&aws)
            .await
            .iter()
            .filter(|one| one.starts_with("alarm "))
            .count(),
        12
    );

    world.ok(&["destroy", "--local", "--yes"]);
    assert_eq!(everything(&aws).await, lines([]));
}

/// The entries of `before` that are not in `after`.
fn gone(
    before: &std::collections::BTreeSet<String>,
    after: &std::collections::BTreeSet<String>,
) -> Vec<String> {
    before.difference(after).cloned().collect()
}

/// The day on which KMS deletes the key.
async fn deletion_date(aws: &Clients, key: &str) -> String {
    let key = aws
        .kms
        .describe_key()
        .key_id(key)
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();
    assert_eq!(key.key_state(), Some(&KeyState::PendingDeletion));
    key.deletion_date.unwrap().to_string()[..10].to_owned()
}

/// A webhook server that always sends the same response.
struct Slack {
    port: u16,
    posts: Arc<AtomicUsize>,
}

impl Slack {
    fn answering(status: &'static str) -> Self {
        Self::answering_at_first(usize::MAX, status)
    }

    /// Answers the first `count` posts with `status`, and takes those after them.
    fn answering_at_first(refused: usize, status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let posts = Arc::new(AtomicUsize::new(0));
        let count = posts.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 65_536]);
                let status = match count.fetch_add(1, Ordering::Relaxed) < refused {
                    true => status,
                    false => "200 OK",
                };
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
            }
        });
        Self { port, posts }
    }
}
