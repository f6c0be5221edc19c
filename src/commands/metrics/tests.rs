use crate::blueprint;
use crate::engine::observe::Observation;
use crate::engine::plan::plan;
use crate::resource::Presence;
use crate::resource::cloudwatch::alarm::reporting;
use crate::resource::tests::script::{Script, scope};
use crate::stack::parse;

use super::*;

const SOURCES: &str = "
stack: mission
region: eu-west-1
channels: { c: { webhook: { env: A } } }
topics: { t: { to: [c] } }
trail: {}
monitoring: { to: [t] }
alarms:
";

/// An alarm on a metric; the other settings do not matter.
fn on(key: &str, metric: &str) -> String {
    format!("  {key}: {{ metric: {metric}, statistic: Sum, period: 60, threshold: '> 1', to: [t] }}\n")
}

fn metric(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Watched {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Watched {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        dimensions: dimensions.iter().map(pair).collect(),
    }
}

/// The warnings of a plan that creates these alarms if `metrics` are reported; also records the queries.
async fn shown(alarms: &str, metrics: Vec<Watched>, script: &Script) -> Vec<String> {
    let stack = parse("stack.yaml", &format!("{SOURCES}{alarms}"))
        .unwrap_or_else(|problems| panic!("{problems}"))
        .stack;
    let graph = blueprint::outline(&stack, None);
    let wanted = graph.nodes().iter();
    let seen = Observation {
        scope: scope(),
        wanted: wanted.map(|node| (node.id.clone(), Presence::Absent)).collect(),
        orphans: Vec::new(),
        warnings: Vec::new(),
    };
    let plan = plan("mission", &graph, &seen, &Default::default());
    silent(&reporting(metrics, script), &graph, &plan).await
}

fn database(name: &str) -> Watched {
    metric("AWS/RDS", "CPUUtilization", &[("DBInstanceIdentifier", name)])
}

#[tokio::test]
async fn a_metric_that_nothing_reports_is_told_with_what_there_is() {
    let rds = "AWS/RDS CPUUtilization, dimensions: { DBInstanceIdentifier: orders-a }";
    let alb = "AWS/ApplicationELB HTTPCode_ELB_5XX_Count, dimensions: { TargetGroup: a }";
    let alarms = [
        on("db", rds),
        on("web", alb),
        on("none", "AWS/SQS NumberOfMessagesSent"),
        on("fine", "Shop Orders"),
    ];
    let there = vec![
        database("orders-b"),
        metric(
            "AWS/ApplicationELB",
            "HTTPCode_ELB_5XX_Count",
            &[("LoadBalancer", "a")],
        ),
        metric(
            "AWS/ApplicationELB",
            "HTTPCode_ELB_5XX_Count",
            &[("AvailabilityZone", "z"), ("LoadBalancer", "a")],
        ),
        metric("Shop", "Orders", &[]),
        metric("Shop", "Orders", &[("Colour", "red")]),
    ];
    let shown = shown(&alarms.concat(), there, &Script::default()).await;
    assert_eq!(
        shown,
        [
            "no metric AWS/ApplicationELB HTTPCode_ELB_5XX_Count with TargetGroup=a has reported in eu-west-1 in the \
             past two weeks: no data for cloudwatch-alarm/web; it reports with AvailabilityZone and LoadBalancer, or \
             with LoadBalancer",
            "no metric AWS/RDS CPUUtilization with DBInstanceIdentifier=orders-a has reported in eu-west-1 in the past \
             two weeks: no data for cloudwatch-alarm/db; did you mean DBInstanceIdentifier=orders-b?",
            "no metric AWS/SQS NumberOfMessagesSent without dimensions has reported in eu-west-1 in the past two \
             weeks: no data for cloudwatch-alarm/none",
        ]
    );
}

#[tokio::test]
async fn each_metric_is_asked_for_once_and_many_of_one_name_together() {
    let script = Script::default();
    let db = |name: &str| format!("AWS/RDS CPUUtilization, dimensions: {{ DBInstanceIdentifier: {name} }}");
    let alarms = [
        on("a", &db("a")),
        on("b", &db("b")),
        on("c", &db("c")),
        on("lambda", "AWS/Lambda Errors, dimensions: { FunctionName: f }"),
        on("again", "AWS/Lambda Errors, dimensions: { FunctionName: f }"),
    ];
    let there = vec![
        database("a"),
        database("c"),
        metric("AWS/Lambda", "Errors", &[("FunctionName", "f")]),
    ];
    let shown = shown(&alarms.concat(), there, &script).await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(shown[0].contains("cloudwatch-alarm/b"), "{shown:?}");
    let mut asked = script.log();
    asked.sort();
    assert_eq!(
        asked,
        [
            "list AWS/Lambda Errors FunctionName=f",
            "list AWS/RDS CPUUtilization"
        ]
    );
}

#[tokio::test]
async fn metrics_that_come_with_the_stack_are_not_asked_for() {
    let script = Script::default();
    let alarms = "  seen: { filter: { pattern: '{ $.a = b }' }, to: [t] }
  query: { promql: { query: up == 0, interval: 60 }, to: [t] }
  other: { metrics: [{ id: a, expression: 'SELECT MAX(x) FROM y', period: 60, return_data: true }], threshold: '> 1', to: [t] }
  far: { metrics: [{ id: a, metric: A b, statistic: Sum, period: 60, return_data: true, account_id: '444455556666' }], threshold: '> 1', to: [t] }
  math: { metrics: [{ id: a, metric: A b, statistic: Sum, period: 60 }, { id: c, expression: 2 * a, return_data: true }], threshold: '> 1', to: [t] }
";
    let shown = shown(alarms, vec![metric("A", "b", &[])], &script).await;
    assert_eq!(shown, [""; 0]);
    assert_eq!(script.log(), ["list A b"]);
}

#[tokio::test]
async fn an_identity_that_may_not_list_metrics_is_told_so_once() {
    let script = Script::default();
    script.refuse(
        "list",
        2,
        "AccessDenied",
        "not authorized to perform: cloudwatch:ListMetrics",
    );
    let alarms = [on("a", "A b"), on("c", "C d")];
    let shown = shown(&alarms.concat(), Vec::new(), &script).await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    let begin =
        "could not check whether the metrics of the alarms have data: cloudwatch:ListMetrics: AccessDenied";
    assert!(shown[0].starts_with(begin), "{shown:?}");
}
