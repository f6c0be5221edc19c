//! What an account has becomes a stack file, and the stack takes it over as it is.

use std::collections::BTreeMap;

use alertctl::aws::connect::Clients;
use aws_sdk_cloudwatch::types::{
    AlarmType, ComparisonOperator, CompositeAlarm, Dimension, Metric, MetricAlarm, MetricDataQuery,
    MetricStat, Statistic, Tag,
};

use crate::support::account::{calls, clients, everything, planned, reads};
use crate::support::{Ran, World};

mod accounts;
mod selected;

const REGION: &str = "eu-west-1";

/// Every alarm of the account, without what changes by itself.
async fn alarms(aws: &Clients) -> BTreeMap<String, String> {
    let request = aws.cloudwatch.describe_alarms();
    let request = request
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm);
    let answer = request.send().await.unwrap();
    let metric = answer.metric_alarms().iter().map(|alarm| {
        let alarm = MetricAlarm::clone(alarm);
        (alarm.alarm_name.clone().unwrap(), format!("{alarm:?}"))
    });
    let composite = answer.composite_alarms().iter().map(|alarm| {
        let alarm = CompositeAlarm::clone(alarm);
        (alarm.alarm_name.clone().unwrap(), format!("{alarm:?}"))
    });
    metric.chain(composite).collect()
}

/// Every rule of the default bus with its targets.
async fn rules(aws: &Clients) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for rule in aws.events.list_rules().send().await.unwrap().rules() {
        let name = rule.name().unwrap();
        let targets = aws.events.list_targets_by_rule().rule(name).send().await.unwrap();
        found.insert(name.to_owned(), format!("{rule:?} {:?}", targets.targets()));
    }
    found
}

/// Imports, and takes over what was imported. Nothing but tags may be planned, and nothing but tags may change. Returns the file
/// and what was said beside it.
async fn taken_over(world: &World, endpoint: &str, args: &[&str]) -> Ran {
    let aws = clients(endpoint, REGION).await;
    let (before, alarms_before, rules_before) =
        (everything(&aws).await, alarms(&aws).await, rules(&aws).await);
    let args = [&["import", "--region", REGION], args].concat();
    let (ran, calls) = calls(endpoint, |endpoint| world.run_at(endpoint, "000000000000", &args));
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(calls.iter().all(|call| reads(call)), "{calls:?}");
    world.write("stack.yaml", &ran.stdout);
    let valid = world.run(&["validate"]);
    assert_eq!(valid.code, 0, "{}\n{}", ran.stdout, valid.all());

    let plan = world.ok(&["plan", "--local", "--adopt-all", "--output", "json"]);
    for line in planned(&plan.stdout) {
        let (step, fields) = line.split_once(": ").unwrap_or((&line, "everything"));
        let is_taken = ["adopt cloudwatch-", "adopt eventbridge-rule/"].map(|kind| step.starts_with(kind));
        assert!(is_taken.contains(&true), "{line}\n{}", ran.stdout);
        assert!(
            fields
                .split(", ")
                .all(|field| field.starts_with("tags.alertctl:")),
            "{line}\n{}",
            ran.stdout
        );
    }
    assert_eq!(everything(&aws).await, before);
    world.ok(&["apply", "--local", "--adopt-all", "--yes"]);
    assert_eq!(
        everything(&aws).await,
        before,
        "nothing is made and nothing deleted"
    );
    assert_eq!(alarms(&aws).await, alarms_before);
    assert_eq!(rules(&aws).await, rules_before);
    let again = world.run(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(again.code, 0, "{}", again.all());
    ran
}

async fn topic(aws: &Clients, name: &str) -> String {
    let made = aws.sns.create_topic().name(name).send().await.unwrap();
    made.topic_arn.unwrap()
}

async fn mail(aws: &Clients, topic: &str, address: &str) {
    let subscribe = aws.sns.subscribe().topic_arn(topic).protocol("email");
    subscribe.endpoint(address).send().await.unwrap();
}

/// An alarm as the console makes it.
async fn cpu(aws: &Clients, name: &str, topic: &str, tags: &[(&str, &str)]) {
    let instance = Dimension::builder()
        .name("InstanceId")
        .value("i-0f1e2d3c4b5a69780");
    let tag = |(key, value): &(&str, &str)| Tag::builder().key(*key).value(*value).build();
    aws.cloudwatch
        .put_metric_alarm()
        .alarm_name(name)
        .namespace("AWS/EC2")
        .metric_name("CPUUtilization")
        .dimensions(instance.build())
        .statistic(Statistic::Average)
        .period(300)
        .evaluation_periods(2)
        .threshold(80.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .alarm_actions(topic)
        .set_tags((!tags.is_empty()).then(|| tags.iter().map(tag).collect()))
        .send()
        .await
        .unwrap();
}

fn stat(id: &str, metric: &str, returns: bool) -> MetricDataQuery {
    let metric = Metric::builder().namespace("AWS/Lambda").metric_name(metric);
    let stat = MetricStat::builder()
        .metric(metric.build())
        .stat("Sum")
        .period(300);
    let query = MetricDataQuery::builder().id(id).metric_stat(stat.build());
    query.return_data(returns).build()
}

fn expression(id: &str, expression: &str, returns: bool) -> MetricDataQuery {
    let query = MetricDataQuery::builder().id(id).expression(expression);
    query.return_data(returns).build()
}
