//! Mistakes in sets of alarms, and what is said of them.

use super::*;

refused! {
    dimensions_of_sets: bad(&one("preset: alb, dimensions: { Loadbalancer: app/web/1, TableName: a }")),
    sets_without_dimensions: bad(&format!("{HEAD}  a: {{ preset: rds, to: [alerts] }}\n  b: {{ preset: opensearch, dimensions: {{ DomainName: d }}, to: [alerts] }}\n")),
    names_in_sets: bad(&one(&format!("{RDS}, except: [cpuu, replica-lag, cpu, cpu], extra: [replica-lags, db-load, quux], override: {{ cpu: {{ threshold: '> 1' }}, replica-lag: {{}}, quux: {{}} }}"))),
    extras_without_dimensions: bad(&one("preset: eks, dimensions: { ClusterName: c }, extra: [pods-pending], override: { pod-memory-limit: { threshold: '> 90' } }")),
    figures_in_sets: bad(&one(&format!("{RDS}, period: 60, threshold: '> 5', evaluation_window: wall-clock, unit: Percent"))),
    overrides_of_sets: bad(&one(&format!("{RDS}, override: {{ cpu: {{ period: 45, statistic: Averge, datapoints_to_alarm: 9, to: [nowhere] }}, db-load: {{ evaluation_periods: 0 }}, free-storage: {{ threshold: outside band, period: 3600, evaluation_periods: 400 }} }}"))),
    overrides_of_math: bad(&one("preset: lambda, dimensions: { FunctionName: f }, override: { error-rate: { statistic: Average, evaluation_periods: 300 } }")),
    overrides_of_unknown_keys: bad(&one(&format!("{RDS}, override: {{ cpu: {{ metric: AWS/RDS X, treshold: '> 1' }} }}"))),
    amounts_of_bills: bad(&one("preset: billing, extra: [daily-charges]").replace("to: [alerts]", "region: eu-west-1, to: [alerts]")),
    queries_of_tables: bad(&one("preset: dynamodb, dimensions: { TableName: \"x' OR 'a' = 'a\" }")),
    changes_without_a_set: bad(&one("metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '> 1', except: [a], extra: [b], override: { c: {} }")),
    sets_with_one_key: bad(&format!("{HEAD}  x: {{ preset: ecs, dimensions: {{ ClusterName: c, ServiceName: s }}, extra: [cluster-cpu-reserved], to: [alerts] }}\n  x-cluster: {{ preset: eks, dimensions: {{ ClusterName: c }}, to: [alerts] }}\n")),
    texts_of_sets: bad(&one(&format!("{RDS}, name: {}, description: {}", "n".repeat(250), "d".repeat(1000)))),
    extras_of_the_trail: bad(&one("preset: cis-aws-foundations, dimensions: { a: b }, extra: [cpu], except: [vpc-chnages]")),
}
