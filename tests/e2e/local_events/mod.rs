//! The additions of the local AWS to MiniStack for events, trails and metric filters.

use std::time::{Duration, Instant};

use crate::support::World;
use crate::support::account::ACCOUNT;
use alertctl::aws::connect::{Clients, Connection, Target};
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Statistic};
use aws_sdk_cloudwatchlogs::operation::put_metric_filter::builders::PutMetricFilterFluentBuilder;
use aws_sdk_cloudwatchlogs::types::MetricTransformation;
use aws_sdk_eventbridge::types as events;
use serde_json::{Value, json};

mod kill;
mod patterns;
mod rules;
mod trail;

const HOME: &str = "ap-northeast-2";
const PATIENCE: Duration = Duration::from_secs(60);

async fn clients(endpoint: &str, region: &str) -> Clients {
    let target = Target {
        region: Some(region.into()),
        region_from: "the test",
        endpoint_url: Some(endpoint.into()),
        local: true,
        ..Target::default()
    };
    Connection::open(&target).await.unwrap().clients
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{HOME}:{ACCOUNT}:{resource}")
}

/// A function that posts its input to the inbox; one without `inbox` always fails.
async fn function(world: &World, aws: &Clients, name: &str, inbox: Option<&str>) -> String {
    world.write(
        "index.py",
        "import json, os, urllib.request\n\
         def handler(event, context):\n\
         \x20   body = json.dumps({'text': json.dumps(event)}).encode()\n\
         \x20   urllib.request.urlopen(os.environ['INBOX'], body)\n",
    );
    let zip = "import zipfile; zipfile.ZipFile('code.zip', 'w').write('index.py')";
    assert!(world.program("python3", &["-c", zip]).status().unwrap().success());
    let code = std::fs::read(world.path().join("code.zip")).unwrap();
    let inbox = inbox.map(|inbox| format!("{inbox}/services/LOCAL/INBOX/project"));
    let environment = inbox.map(|url| {
        aws_sdk_lambda::types::Environment::builder()
            .variables("INBOX", url)
            .build()
    });
    aws.lambda
        .create_function()
        .function_name(name)
        .runtime("python3.12".into())
        .handler("index.handler")
        .timeout(30)
        .role(format!("arn:aws:iam::{ACCOUNT}:role/any"))
        .code(
            aws_sdk_lambda::types::FunctionCode::builder()
                .zip_file(code.into())
                .build(),
        )
        .set_environment(environment)
        .send()
        .await
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let state = aws.lambda.get_function_configuration().function_name(name);
        if state.send().await.unwrap().state == Some("Active".into()) {
            break;
        }
        assert!(Instant::now() < deadline, "{name} never became active");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    arn("lambda", &format!("function:{name}"))
}

async fn rule(aws: &Clients, name: &str, pattern: Value, state: events::RuleState, target: events::Target) {
    let put = aws.events.put_rule().name(name).state(state);
    put.event_pattern(pattern.to_string()).send().await.unwrap();
    let put = aws.events.put_targets().rule(name).targets(target);
    assert_eq!(put.send().await.unwrap().failed_entry_count, 0);
}

fn target(arn: impl Into<String>) -> events::builders::TargetBuilder {
    events::Target::builder().id("1").arn(arn)
}

async fn queue(aws: &Clients, name: &str) -> String {
    let made = aws.sqs.create_queue().queue_name(name).send().await.unwrap();
    made.queue_url.unwrap()
}

/// The next message of a queue, its body read as JSON, and the value of one of its attributes.
async fn next(aws: &Clients, queue: &str, attribute: &str) -> Option<(Value, Option<String>)> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let receive = aws.sqs.receive_message().queue_url(queue);
        let messages = receive.message_attribute_names("All").send().await.unwrap();
        if let Some(message) = messages.messages().first() {
            let delete = aws.sqs.delete_message().queue_url(queue);
            let handle = message.receipt_handle().unwrap();
            delete.receipt_handle(handle).send().await.unwrap();
            let value = message
                .message_attributes()
                .and_then(|all| all.get(attribute)?.string_value.clone());
            let body = message.body().unwrap();
            return Some((serde_json::from_str(body).unwrap_or_else(|_| json!(body)), value));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    None
}

/// Checks that the queue is still empty after a short time.
async fn stays_empty(aws: &Clients, queue: &str) {
    tokio::time::sleep(Duration::from_millis(500)).await;
    let received = aws.sqs.receive_message().queue_url(queue).send().await.unwrap();
    assert!(received.messages().is_empty(), "{:?}", received.messages());
}

/// A metric filter of the log group, which counts what matches `pattern` as the metric `CIS TrailChanges`.
fn metric_filter(aws: &Clients, group: &str, pattern: &str) -> PutMetricFilterFluentBuilder {
    let metric = MetricTransformation::builder()
        .metric_namespace("CIS")
        .metric_name("TrailChanges")
        .metric_value("1");
    let put = aws.logs.put_metric_filter().log_group_name(group);
    put.filter_name("trail-changes")
        .filter_pattern(pattern)
        .metric_transformations(metric.build().unwrap())
}

/// An alarm on that metric.
fn alarm(aws: &Clients, name: &str) -> PutMetricAlarmFluentBuilder {
    let put = aws.cloudwatch.put_metric_alarm().alarm_name(name);
    put.namespace("CIS")
        .metric_name("TrailChanges")
        .statistic(Statistic::Sum)
        .period(300)
        .evaluation_periods(1)
        .threshold(1.0)
        .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
}
