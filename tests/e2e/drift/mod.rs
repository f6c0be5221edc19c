//! Everything that can be changed by hand in the account: shown by plan under its own name, put right by apply.

use std::collections::BTreeSet;

use crate::support::account::{ACCOUNT, applied, planned, unchanged};
use alertctl::aws::connect::Clients;
use futures::future::LocalBoxFuture;

/// What somebody does by hand, and the plan that follows: `action kind/key: fields`, fields of updates only.
struct Case {
    what: &'static str,
    plan: &'static [&'static str],
    act: for<'a> fn(&'a Clients) -> LocalBoxFuture<'a, ()>,
}

macro_rules! case {
    ($what:literal, [$($plan:literal),*], |$aws:ident| $body:expr) => {
        Case { what: $what, plan: &[$($plan),*], act: |$aws| Box::pin(async move { let _ = $body; }) }
    };
}

mod apigateway;
mod cloudwatch;
mod composite;
mod dynamodb;
mod events;
mod iam;
mod kms;
mod lambda;
mod left_alone;
mod logs;
mod mutes;
mod sns;
mod sqs;
mod trail;

const REGION: &str = "eu-west-1";
const OTHER_REGION: &str = "us-east-1";
const ELSEWHERE: &str = "arn:aws:sqs:eu-west-1:000000000000:elsewhere";

const STACK: &str = r##"
stack: drift
region: eu-west-1
tags: { team: platform }
key: { description: The key, deletion_window_days: 7 }
channels:
  project: { label: "#project", webhook: { env: SLACK_WEBHOOK_URL }, buffer: true }
topics:
  alerts:
    display_name: Alerts
    encrypted: true
    to: [project]
    subscriptions:
      - { sqs: "arn:aws:sqs:eu-west-1:000000000000:elsewhere", filter: { severity: [high] }, raw: true }
  plain: {}
alarms:
  cpu:
    description: Busy
    metric: AWS/EC2 CPUUtilization
    dimensions: { InstanceId: i-0123456789abcdef0 }
    statistic: Average
    unit: Percent
    period: 60
    threshold: ">= 50"
    evaluation_periods: 3
    datapoints_to_alarm: 2
    treat_missing_data: breaching
    to: [alerts]
    ok: [alerts]
    insufficient_data: [plain]
  slow:
    metric: AWS/Lambda Duration
    statistic: p99
    period: 60
    threshold: "> 1000"
    evaluate_low_sample_count_percentile: ignore
    to: [alerts]
  rate:
    metrics:
      - { id: errors, metric: AWS/Lambda Errors, statistic: Sum, period: 60 }
      - { id: calls, metric: AWS/Lambda Invocations, statistic: Sum, period: 60 }
      - { id: rate, expression: errors / calls, label: Rate, return_data: true }
    threshold: "> 0.1"
    to: [alerts]
  band:
    metrics:
      - { id: cpu, metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, return_data: true }
      - { id: band, expression: "ANOMALY_DETECTION_BAND(cpu, 2)", return_data: true }
    threshold: outside band
    to: [alerts]
relay: { memory: 128, timeout: 30, log_retention_days: 30, reserved_concurrency: 5 }
"##;

/// The kinds that are not about metric alarms and Slack.
const EVENTS: &str = r##"
stack: drift
region: eu-west-1
tags: { team: platform }
topics:
  mail: { subscriptions: [{ email: oncall@example.com }] }
endpoints:
  hook:
    token: { sha256: 0f4e8a3b6c1d2957e0a4b8c36d5f7192a3b4c5d6e7f80912a3b4c5d6e7f80912 }
    throttle: { rate: 10, burst: 20 }
    to: [mail]
trail:
  name: drift-trail
  bucket: { name: "drift-trail-{account}", expire_after_days: 365 }
  prefix: audit
  logs: true
  keep_logging: false
buses:
  security: { description: Findings, forward: [aws.guardduty] }
rules:
  findings: { bus: security, pattern: { source: [aws.guardduty] }, input: { text: A finding }, to: [mail] }
  keys:
    description: Keys
    pattern: { source: [aws.kms], detail-type: [AWS API Call via CloudTrail] }
    regions: [us-east-1]
    input: { paths: { name: $.detail.eventName }, template: '"<name>"' }
    retry: { attempts: 10, age_seconds: 3600 }
    to: [mail]
alarms:
  cpu:
    metric: AWS/EC2 CPUUtilization
    statistic: Average
    period: 60
    threshold: ">= 50"
    to: [mail]
  deploy:
    metric: Deploys Running
    statistic: Maximum
    period: 60
    threshold: ">= 1"
    to: [mail]
  root:
    filter: { pattern: '{ $.userIdentity.type = Root }' }
    threshold: ">= 1"
    to: [mail]
  trouble:
    description: Both
    rule: ALARM(cpu) AND ALARM(root)
    suppressor: { alarm: deploy, wait: 60, extension: 120 }
    to: [mail]
mute:
  nightly: { cron: 0 2 * * *, duration: 2h, alarms: [cpu, root], until: 2040-01-31, why: Backups }
"##;

/// A Slack app, whose messages are updated.
const UPDATES: &str = r##"
stack: drift
region: eu-west-1
tags: { team: platform }
channels:
  project: { slack: { bot: { env: SLACK_BOT_TOKEN }, channel: C0123ABCD } }
topics:
  alerts: { to: [project] }
"##;

// What the local AWS cannot show, left to the tests of the kinds: a role's path and a function's package type
// (AWS cannot change them either), a function that failed to be made or updated, a subscription that waits
// for confirmation.

#[tokio::test]
async fn of_alarms_and_the_relay() {
    let tables = [
        kms::CASES,
        iam::CASES,
        logs::CASES,
        sqs::CASES,
        lambda::mapping::CASES,
        lambda::CASES,
        lambda::permission::CASES,
        lambda::retries::CASES,
        sns::CASES,
        cloudwatch::metric::CASES,
        cloudwatch::CASES,
    ];
    each(STACK, &tables).await;
}

#[tokio::test]
async fn of_endpoints_rules_and_trail() {
    let tables = [
        apigateway::CASES,
        events::CASES,
        composite::CASES,
        mutes::CASES,
        trail::CASES,
    ];
    each(EVENTS, &tables).await;
}

#[tokio::test]
async fn of_messages_that_are_updated() {
    each(UPDATES, &[dynamodb::CASES]).await;
}

impl Case {
    /// The resources of its plan: in `update KIND/KEY: FIELDS` the second word.
    fn resources(&self) -> impl Iterator<Item = &'static str> {
        let resource = |line: &&'static str| line.split([' ', ':']).nth(1).unwrap();
        self.plan.iter().map(resource)
    }
}

/// All cases, in few batches. No two cases of a batch are about the same resource, so what is wrong in a plan of the
/// whole batch is the fault of one case.
fn batches(tables: &[&'static [Case]]) -> Vec<Vec<&'static Case>> {
    let mut batches: Vec<(BTreeSet<&str>, Vec<&Case>)> = Vec::new();
    for case in tables.iter().copied().flatten() {
        let taken =
            |(resources, _): &&mut (BTreeSet<&str>, _)| case.resources().any(|one| resources.contains(one));
        let free = batches.iter_mut().find(|batch| !taken(batch));
        let (resources, cases) = match free {
            Some(batch) => batch,
            None => {
                batches.push((BTreeSet::new(), Vec::new()));
                batches.last_mut().unwrap()
            }
        };
        resources.extend(case.resources());
        cases.push(case);
    }
    batches.into_iter().map(|(_, cases)| cases).collect()
}

/// Makes the changes of one batch after the other in one account: plan shows them and nothing else, apply puts them
/// right.
async fn each(stack: &str, tables: &[&'static [Case]]) {
    let (world, aws) = applied(stack, REGION).await;
    unchanged(&world, "a fresh stack");
    let mut wrong = Vec::new();
    for batch in batches(tables) {
        for case in &batch {
            (case.act)(&aws).await;
        }
        let plan = world.run(&["plan", "--local", "--detailed-exitcode", "--output", "json"]);
        let shown: BTreeSet<_> = planned(&plan.stdout)
            .iter()
            .map(|line| without_ids(line))
            .collect();
        let expected: BTreeSet<_> = batch
            .iter()
            .flat_map(|case| case.plan)
            .map(|line| (*line).to_owned())
            .collect();
        let names: Vec<_> = batch.iter().map(|case| case.what).collect();
        if plan.code != 2 || shown != expected {
            let missing: Vec<_> = expected.difference(&shown).collect();
            let surplus: Vec<_> = shown.difference(&expected).collect();
            wrong.push(format!(
                "{names:?}: exit {}\nmissing: {missing:#?}\nsurplus: {surplus:#?}\n{}",
                plan.code, plan.stderr
            ));
        }
        // What is left of it now stands in the next plan.
        let apply = world.run(&["apply", "--local", "--yes"]);
        if apply.code != 0 {
            wrong.push(format!("{names:?}: not put right\n{}", apply.all()));
            break;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    unchanged(&world, "everything put right");
}

/// API Gateway's ids differ each time.
fn without_ids(line: &str) -> String {
    let is_id = |part: &&str| part.len() == 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = line.split('/').map(|part| if is_id(&part) { "ID" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn open_policy(action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}},
        "Action":"{action}","Resource":"{resource}"}},{{"Effect":"Allow","Principal":"*","Action":"{action}",
        "Resource":"{resource}"}}]}}"#
    )
}
