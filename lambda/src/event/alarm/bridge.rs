//! The change of state as EventBridge has it, and as an alarm's own action on a function has it.

use super::{Alarm, Comparison, Condition, Graph, Metric, Muted, Reading, State, prose, reading};
use crate::contract::Arn;
use crate::event::{list, text, time};
use serde_json::Value;

/// Kinds of events about a change of an alarm's state. Changes of its configuration have another kind.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>
const KINDS: [&str; 2] = [
    "CloudWatch Alarm State Change",
    "CloudWatch Alarm Contributor State Change",
];

impl Alarm {
    /// Reads the change of state from an EventBridge event, or from an alarm's action on a function, which has `alarmData`
    /// in place of `detail`; `None` for any other event.
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html>
    pub(in crate::event) fn read_event(event: &Value) -> Option<Self> {
        if text(event, "source")? != "aws.cloudwatch" {
            return None;
        }
        let kind = text(event, "detail-type");
        let action = event.get("alarmData");
        if !kind.map_or(action.is_some(), |kind| KINDS.contains(&kind.as_str())) {
            return None;
        }
        let detail = event.get("detail").or(action)?;
        let part = |key: &str| detail.get(key).unwrap_or(&Value::Null);
        let (state, configuration) = (part("state"), part("configuration"));
        let arn = list(event, "resources").first().and_then(Value::as_str);
        let arn = arn.map(str::to_owned).or_else(|| text(event, "alarmArn"));
        let queries = list(configuration, "metrics");
        let metrics: Vec<_> = queries
            .iter()
            .filter_map(|query| Metric::read_event(query.get("metricStat")?.get("metric")?))
            .collect();
        let changed = [(state, "timestamp"), (event, "time")];
        let changed = changed
            .iter()
            .find_map(|(value, key)| time::parse(&text(value, key)?));
        let since = text(part("previousState"), "timestamp")
            .as_deref()
            .and_then(time::parse);
        let old = State::read(&text(part("previousState"), "value").unwrap_or_default());
        let new = State::read(&text(state, "value")?);
        let reason = text(state, "reason").unwrap_or_default();
        let subject = metrics
            .first()
            .map(|metric| metric.name.clone())
            .or_else(|| queries.iter().find_map(|query| text(query, "label")))
            .or_else(|| text(configuration, "aggregationExpression"));
        let seconds =
            |(since, until): (jiff::Timestamp, jiff::Timestamp)| until.as_second() - since.as_second();
        let data = || Reading::of_data(&text(state, "reasonData")?, subject.as_deref());
        let reading = Reading::read(&reason, subject.as_deref()).or_else(data);
        let was_in_alarm = (&old, &new) == (&State::Alarm, &State::Ok);
        Some(Self {
            name: text(detail, "alarmName")?,
            description: prose(configuration, "description"),
            reason: prose(state, "reason").map(|reason| reading::without_arns(&reason)),
            changed,
            account: text(event, "account").or_else(|| text(event, "accountId")),
            arn: arn.as_deref().and_then(Arn::parse),
            metrics,
            expressions: queries
                .iter()
                .filter_map(|query| text(query, "expression"))
                .collect(),
            condition: condition(reading.as_ref(), queries),
            graph: Graph::read_event(
                configuration,
                state,
                reading.as_ref().map(|reading| reading.limit),
            ),
            rule: text(configuration, "alarmRule"),
            children: Vec::new(),
            reading,
            query: text(configuration, "queryString"),
            log_groups: reading::names(list(configuration, "logGroupIdentifiers")),
            // Of an alarm's own action on a function; of an event AWS documents none.
            run: text(state, "queryExecutionId"),
            lines: None,
            pending_seconds: None,
            contributor: reading::pairs(part("alarmContributor").get("attributes")),
            lasted: since
                .zip(changed)
                .map(seconds)
                .filter(|seconds| was_in_alarm && *seconds > 0),
            muted: muted(part("muteDetail"), state),
            // An event does not say what runs, nor when the alarm was made.
            begins: false,
            tags: reading::pairs(detail.get("alarmTags").or_else(|| configuration.get("tags"))),
            old,
            new,
        })
    }
}

/// What the alarm watches for: an event has no threshold of its own, but what was crossed.
fn condition(reading: Option<&Reading>, queries: &[Value]) -> Option<Condition> {
    let reading = reading?;
    let stat = queries.iter().find_map(|query| query.get("metricStat"));
    Some(Condition {
        statistic: stat.and_then(|stat| text(stat, "stat")),
        subject: reading.name.clone()?,
        comparison: Comparison::Number {
            sign: reading.sign,
            threshold: reading.limit,
        },
        window: None,
    })
}

/// By which rules its actions are muted; a composite alarm may be suppressed by another alarm.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>
fn muted(detail: &Value, state: &Value) -> Option<Muted> {
    let name = |arn: &str| arn.rsplit([':', '/']).next().unwrap_or(arn).to_owned();
    // One ARN by the documentation; several rules may mute an alarm at the same time.
    let one = text(detail, "mutedByArn");
    let arns = list(detail, "mutedByArn").iter().filter_map(Value::as_str);
    let rules: Vec<_> = arns
        .chain(one.as_deref())
        .filter(|arn| !arn.is_empty())
        .map(name)
        .collect();
    match rules.is_empty() {
        true => text(state, "actionsSuppressedBy").map(Muted::Suppressed),
        false => Some(Muted::By(rules)),
    }
}

impl Metric {
    /// EventBridge writes dimensions as one object, and names in lower case.
    pub(super) fn read_event(value: &Value) -> Option<Self> {
        let dimensions = value.get("dimensions").and_then(Value::as_object);
        Some(Self {
            namespace: text(value, "namespace"),
            name: text(value, "name")?,
            dimensions: dimensions
                .into_iter()
                .flatten()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
        })
    }
}
