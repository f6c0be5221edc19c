//! What the changes of a plan cost per month, as far as AWS has a fixed price for them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Action, Plan, Step, of};
use crate::engine::graph::Graph;
use crate::resource::cloudwatch::alarm::CloudwatchAlarm;
use crate::resource::cloudwatch::composite_alarm::CloudwatchCompositeAlarm;
use crate::resource::cloudwatch::log_alarm::CloudwatchLogAlarm;
use crate::resource::kms::key::KmsKey;
use crate::resource::logs::metric_filter::LogsMetricFilter;
use crate::resource::{Fields, Resource as _, Shown};

/// A fixed price: AWS's list price in us-east-1, without tax and free tier.
#[derive(Debug, PartialEq, Eq)]
pub struct Price {
    /// What has the price, one and several.
    pub what: [&'static str; 2],
    /// Cents of USD a month, for each unit.
    pub cents: u32,
    /// Where AWS says so.
    pub source: &'static str,
    /// When that was last looked up.
    pub checked: &'static str,
}

const CLOUDWATCH: &str = "https://aws.amazon.com/cloudwatch/pricing/";
const CHECKED: &str = "2026-11-30";

/// For each metric that the alarm evaluates, every 60 seconds or more.
pub const ALARM: Price = Price {
    what: ["alarm", "alarms"],
    cents: 10,
    source: CLOUDWATCH,
    checked: CHECKED,
};
/// For each metric that the alarm evaluates more often.
pub const FAST_ALARM: Price = Price {
    what: ["high-resolution alarm", "high-resolution alarms"],
    cents: 30,
    source: CLOUDWATCH,
    checked: CHECKED,
};
/// For each composite alarm.
pub const COMPOSITE_ALARM: Price = Price {
    what: ["composite alarm", "composite alarms"],
    cents: 50,
    source: CLOUDWATCH,
    checked: CHECKED,
};
/// For each custom metric, here of a metric filter, that has a value in every hour of the month.
pub const CUSTOM_METRIC: Price = Price {
    what: ["custom metric", "custom metrics"],
    cents: 30,
    source: CLOUDWATCH,
    checked: CHECKED,
};
/// For each key that is not pending deletion.
pub const KEY: Price = Price {
    what: ["KMS key", "KMS keys"],
    cents: 100,
    source: "https://aws.amazon.com/kms/pricing/",
    checked: CHECKED,
};

/// Every fixed price. Everything else of a stack is charged by use, or free.
pub const PRICES: [&Price; 5] = [&ALARM, &FAST_ALARM, &COMPOSITE_ALARM, &CUSTOM_METRIC, &KEY];

/// An anomaly detection alarm counts as its metric and the two bounds of its band.
const BOUNDS: i64 = 2;
/// Alarms with shorter periods, in seconds, have high resolution.
const STANDARD_PERIOD: f64 = 60.0;

/// What a plan's changes cost per month.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Always `USD`.
    pub currency: String,
    /// The sum of the items: what is created minus what is deleted.
    pub monthly_change: f64,
    pub items: Vec<Item>,
}

/// The part of one price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// [`Price::what`], in the number of `count`.
    pub what: String,
    /// How many more there are after the plan; 0 if existing ones cost more or less than before.
    pub count: i64,
    pub monthly_change: f64,
}

/// The price of a resource in this state, and for how many units; `None` if it has no fixed price. An alarm on a query
/// (Metrics Insights, PromQL) costs by what the query finds.
pub fn price(kind: &str, fields: &Fields) -> Option<(&'static Price, i64)> {
    match kind {
        KmsKey::KIND => Some((&KEY, 1)),
        CloudwatchCompositeAlarm::KIND => Some((&COMPOSITE_ALARM, 1)),
        LogsMetricFilter::KIND => Some((&CUSTOM_METRIC, 1)),
        CloudwatchAlarm::KIND => alarm(fields),
        // What its query scans is use.
        CloudwatchLogAlarm::KIND => Some((&ALARM, 1)),
        _ => None,
    }
}

fn alarm(fields: &Fields) -> Option<(&'static Price, i64)> {
    let (mut metrics, mut fastest) = (0, STANDARD_PERIOD);
    let mut band = false;
    for (name, shown) in fields.iter() {
        let Shown::Value(value) = shown else { continue };
        if name == "period" {
            metrics = 1;
            fastest = value.as_f64().unwrap_or(fastest).min(fastest);
        }
        if name.starts_with("promql.") {
            return None;
        }
        if !name.starts_with("metrics.") {
            continue;
        }
        let expression = value["expression"].as_str().unwrap_or_default().trim_start();
        if expression
            .get(..6)
            .is_some_and(|word| word.eq_ignore_ascii_case("select"))
        {
            return None;
        }
        band |= expression.contains("ANOMALY_DETECTION_BAND");
        if let stat @ Value::Object(_) = &value["stat"] {
            metrics += 1;
            fastest = stat["period"].as_f64().unwrap_or(fastest).min(fastest);
        }
    }
    let price = match fastest < STANDARD_PERIOD {
        true => &FAST_ALARM,
        false => &ALARM,
    };
    Some((price, i64::max(metrics, 1) + if band { BOUNDS } else { 0 }))
}

/// What the changes of `plan` cost per month.
pub(super) fn cost(plan: &Plan, graph: &Graph) -> Cost {
    // By the place in `PRICES`: resources and cents more than before.
    let mut changes: BTreeMap<usize, (i64, i64)> = BTreeMap::new();
    let mut add = |priced: Option<(&'static Price, i64)>, sign: i64| {
        let found = priced.and_then(|(price, units)| {
            let at = PRICES.iter().position(|one| *one == price)?;
            Some((at, units * i64::from(price.cents)))
        });
        if let Some((at, cents)) = found {
            let (count, sum) = changes.entry(at).or_default();
            *count += sign;
            *sum += sign * cents;
        }
    };
    let is_changed = |step: &&Step| step.action != Action::Keep;
    for step in plan.steps.iter().filter(is_changed) {
        let kind = of(&step.id);
        let live = step.live.as_ref().map(|live| (kind.live_fields)(live));
        add(live.and_then(|live| price(kind.name, &live)), -1);
        if step.action != Action::Delete
            && let Some(node) = graph.get(&step.id)
        {
            add(price(kind.name, &node.resource.fields(&plan.known)), 1);
        }
    }
    let total: i64 = changes.values().map(|(_, cents)| cents).sum();
    let items = changes.into_iter().filter(|(_, (_, cents))| *cents != 0);
    let items = items.filter_map(|(at, (count, cents))| {
        let [one, several] = PRICES.get(at)?.what;
        let what = if count.abs() == 1 { one } else { several };
        Some(Item {
            what: what.to_owned(),
            count,
            monthly_change: usd(cents),
        })
    });
    Cost {
        currency: "USD".to_owned(),
        monthly_change: usd(total),
        items: items.collect(),
    }
}

fn usd(cents: i64) -> f64 {
    cents as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::sns::topic::SnsTopic;
    use serde_json::json;

    fn of_alarm(fields: Fields) -> Option<(&'static str, i64)> {
        price(CloudwatchAlarm::KIND, &fields).map(|(price, units)| (price.what[0], units))
    }

    #[test]
    fn an_alarm_costs_by_its_metrics_and_their_resolution() {
        let of_metric = |period: i32| of_alarm(Fields::default().set("name", "cpu").set("period", period));
        assert_eq!(of_metric(60), Some(("alarm", 1)));
        assert_eq!(of_metric(10), Some(("high-resolution alarm", 1)));
        let stat = |period: i32| json!({ "stat": { "stat": "Average", "period": period } });
        let math = |more: Value| {
            let fields = Fields::default()
                .set("metrics.a", stat(300))
                .set("metrics.b", stat(60));
            of_alarm(fields.set("metrics.c", more))
        };
        assert_eq!(math(json!({ "expression": "a / b" })), Some(("alarm", 2)));
        assert_eq!(math(stat(30)), Some(("high-resolution alarm", 3)));
        let band = Fields::default().set("metrics.a", stat(300)).set(
            "metrics.band",
            json!({ "expression": "ANOMALY_DETECTION_BAND(a, 2)" }),
        );
        assert_eq!(of_alarm(band), Some(("alarm", 3)));
    }

    #[test]
    fn what_a_query_finds_is_use() {
        let query = json!({ "expression": "SELECT MAX(CPUUtilization) FROM \"AWS/EC2\"", "period": 60 });
        assert_eq!(of_alarm(Fields::default().set("metrics.q", query)), None);
        assert_eq!(of_alarm(Fields::default().set("promql.query", "up")), None);
        assert_eq!(price(SnsTopic::KIND, &Fields::default()), None);
        let log_alarm = price(CloudwatchLogAlarm::KIND, &Fields::default());
        assert_eq!(
            log_alarm.map(|(price, units)| (price.what[0], units)),
            Some(("alarm", 1))
        );
    }
}
