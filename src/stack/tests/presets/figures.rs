//! The figures of all sets, and that they are right.

use std::fmt::Write as _;

use serde_json::Value;

use super::*;

/// Namespaces that belong to no service, so that nothing is known about their metrics.
const OF_AGENTS: [&str; 2] = ["ContainerInsights", "ECS/ContainerInsights"];

/// The metrics of an alarm with their dimensions, and the query that it watches.
fn watched(alarm: &Alarm) -> String {
    let metric = |metric: &Metric, dimensions: &BTreeMap<String, String>, statistic: &Option<Statistic>| {
        let dimensions: Vec<_> = dimensions
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let statistic = statistic.as_ref().map_or("", Statistic::as_str);
        format!("{statistic} of {metric} {{{}}}", dimensions.join(", "))
    };
    if let Some(own) = &alarm.metric {
        return metric(own, &alarm.dimensions, &alarm.statistic);
    }
    let queries = alarm.metrics.iter().map(|query| match &query.metric {
        Some(own) => format!(
            "{} = {}",
            query.id,
            metric(own, &query.dimensions, &query.statistic)
        ),
        None => format!(
            "{} = {}",
            query.id,
            query.expression.as_deref().unwrap_or_default()
        ),
    });
    queries.collect::<Vec<_>>().join("; ")
}

fn period(alarm: &Alarm) -> i32 {
    let periods = alarm.metrics.iter().filter_map(|query| query.period);
    periods.chain(alarm.period).max().expect("a period")
}

#[test]
fn the_alarms_of_all_sets() {
    let mut table = String::new();
    for service in all() {
        let stack = good(&whole(service)).stack;
        let expanded = stack.alarms_expanded();
        assert_eq!(expanded.len(), service.rows.len());
        writeln!(table, "# {}", service.preset.as_str()).expect("a text");
        for row in service.rows {
            let alarm = &expanded[&format!("x-{}", row.name)];
            let datapoints = alarm.datapoints_to_alarm.unwrap_or(alarm.evaluation_periods);
            writeln!(
                table,
                "{}{}: {}, {} s, {datapoints}/{} {}, {}{}\n    {}",
                row.name,
                if row.is_extra { " (extra)" } else { "" },
                watched(alarm),
                period(alarm),
                alarm.evaluation_periods,
                sign(alarm),
                alarm.treat_missing_data.expect("of each").as_str(),
                alarm
                    .region
                    .as_ref()
                    .map(|region| format!(", {region}"))
                    .unwrap_or_default(),
                alarm.description.as_deref().unwrap_or_default(),
            )
            .expect("a text");
        }
    }
    insta::assert_snapshot!(table);
}

/// An alarm of a set, as somebody would write it without the set.
fn written(alarm: &Alarm) -> Value {
    let mut written = json!({
        "description": alarm.description, "threshold": sign(alarm),
        "evaluation_periods": alarm.evaluation_periods, "to": ["alerts"],
        "treat_missing_data": alarm.treat_missing_data.expect("of each").as_str(),
    });
    if let Some(count) = alarm.datapoints_to_alarm {
        written["datapoints_to_alarm"] = json!(count);
    }
    if let Some(metric) = &alarm.metric {
        written["metric"] = json!(metric.to_string());
        written["dimensions"] = json!(alarm.dimensions);
        written["statistic"] = json!(alarm.statistic.as_ref().expect("with a metric").as_str());
        written["period"] = json!(alarm.period);
        return written;
    }
    let queries = alarm.metrics.iter().map(|query| {
        let mut written = json!({ "id": query.id, "return_data": query.return_data });
        if let Some(period) = query.period {
            written["period"] = json!(period);
        }
        match &query.metric {
            Some(metric) => {
                written["metric"] = json!(metric.to_string());
                written["dimensions"] = json!(query.dimensions);
                written["statistic"] = json!(query.statistic.as_ref().expect("with a metric").as_str());
            }
            None => written["expression"] = json!(query.expression),
        }
        written
    });
    written["metrics"] = queries.collect();
    written
}

/// The checks know every namespace, metric and dimension of them, and have nothing to say about the figures.
#[test]
fn each_alarm_of_a_set_is_right_without_the_set_too() {
    for service in all() {
        for alarm in good(&whole(service)).stack.alarms_expanded().values() {
            let loaded = good(&format!("{HEAD}  x: {}\n", written(alarm)));
            assert_eq!(
                but_for_examples(&loaded),
                [],
                "{}",
                loaded.source.render(&loaded.warnings, false)
            );
            let metrics = alarm.metrics.iter().filter_map(|query| query.metric.as_ref());
            for Metric { namespace, name } in metrics.chain(&alarm.metric) {
                assert!(
                    namespace.starts_with("AWS/") || OF_AGENTS.contains(&namespace.as_str()),
                    "{namespace} {name}"
                );
            }
        }
        let names: Vec<_> = service.rows.iter().map(|row| row.name).collect();
        for name in &names {
            assert_eq!(names.iter().filter(|other| other == &name).count(), 1, "{name}");
        }
    }
}

#[test]
fn the_documentation_names_every_alarm_with_its_figure() {
    let documentation = fs::read_to_string("docs/stack-file.md").expect("the documentation");
    for service in all() {
        let preset = service.preset.as_str();
        let start = format!("| `{preset}` |");
        let line = documentation.lines().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("{preset} is not in the table"));
        for name in service.required.iter().chain(service.optional) {
            assert!(line.contains(&format!("`{name}`")), "{preset}: {name}");
        }
        let (default, extra) = line.trim_end_matches(" |").rsplit_once(" | ").expect("columns");
        for row in service.rows {
            let figure = row.threshold.map_or("yours".to_owned(), |(comparison, value)| {
                format!("{} {value}", comparison.sign())
            });
            let said = format!("`{}` {figure}", row.name);
            assert!(
                if row.is_extra { extra } else { default }.contains(&said),
                "{preset}: {said}"
            );
        }
    }
}
