//! What a metric alarm looks at: its metric, or the queries of its expression.

use alertctl::aws::connect::Clients;
use aws_sdk_cloudwatch::types::{Dimension, MetricDataQuery, StandardUnit, Statistic};

use super::super::Case;
use super::alarm;

pub const CASES: &[Case] = &[
    case!(
        "another namespace",
        ["update cloudwatch-alarm/cpu: namespace"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .namespace("AWS/RDS")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "another metric",
        ["update cloudwatch-alarm/cpu: metric_name"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .metric_name("NetworkIn")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "dimension changed",
        ["update cloudwatch-alarm/cpu: dimensions.InstanceId"],
        |aws| {
            let other = Dimension::builder().name("InstanceId").value("i-1").build();
            alarm(aws, "drift-cpu")
                .await
                .set_dimensions(Some(vec![other]))
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "dimension removed",
        ["update cloudwatch-alarm/cpu: dimensions.InstanceId"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .set_dimensions(None)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "dimension added",
        ["update cloudwatch-alarm/cpu: dimensions.ImageId"],
        |aws| {
            let more = Dimension::builder().name("ImageId").value("ami-1").build();
            alarm(aws, "drift-cpu")
                .await
                .dimensions(more)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "statistic changed",
        ["update cloudwatch-alarm/cpu: statistic"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .statistic(Statistic::Maximum)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "statistic made a percentile",
        ["update cloudwatch-alarm/cpu: extended_statistic, statistic"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .set_statistic(None)
                .extended_statistic("p90")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "percentile changed",
        ["update cloudwatch-alarm/slow: extended_statistic"],
        |aws| {
            alarm(aws, "drift-slow")
                .await
                .extended_statistic("p50")
                .send()
                .await
                .unwrap()
        }
    ),
    case!("period changed", ["update cloudwatch-alarm/cpu: period"], |aws| {
        alarm(aws, "drift-cpu").await.period(300).send().await.unwrap()
    }),
    case!("unit changed", ["update cloudwatch-alarm/cpu: unit"], |aws| {
        alarm(aws, "drift-cpu")
            .await
            .unit(StandardUnit::Count)
            .send()
            .await
            .unwrap()
    }),
    case!("unit removed", ["update cloudwatch-alarm/cpu: unit"], |aws| {
        alarm(aws, "drift-cpu").await.set_unit(None).send().await.unwrap()
    }),
    case!(
        "expression changed",
        ["update cloudwatch-alarm/rate: metrics.rate"],
        |aws| {
            change_query(aws, "drift-rate", "rate", |query| {
                query.expression = Some("errors".into())
            })
            .await
        }
    ),
    case!(
        "label changed",
        ["update cloudwatch-alarm/rate: metrics.rate"],
        |aws| { change_query(aws, "drift-rate", "rate", |query| query.label = Some("x".into())).await }
    ),
    case!(
        "query's period changed",
        ["update cloudwatch-alarm/rate: metrics.calls"],
        |aws| {
            change_query(aws, "drift-rate", "calls", |query| {
                query.metric_stat.as_mut().unwrap().period = Some(300);
            })
            .await
        }
    ),
    case!(
        "query's metric changed",
        ["update cloudwatch-alarm/rate: metrics.errors"],
        |aws| {
            change_query(aws, "drift-rate", "errors", |query| {
                query
                    .metric_stat
                    .as_mut()
                    .unwrap()
                    .metric
                    .as_mut()
                    .unwrap()
                    .metric_name = Some("Throttles".into());
            })
            .await
        }
    ),
];

async fn change_query(aws: &Clients, name: &str, id: &str, change: impl FnOnce(&mut MetricDataQuery)) {
    let send = alarm(aws, name).await;
    let mut queries = send.get_metrics().clone().unwrap();
    change(queries.iter_mut().find(|query| query.id() == Some(id)).unwrap());
    send.set_metrics(Some(queries)).send().await.unwrap();
}
