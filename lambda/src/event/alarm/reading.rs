//! The value that made an alarm change, out of the sentence that gives the reason.
//!
//! `Threshold Crossed: 1 out of the last 1 datapoints [82.4 (20/11/26 05:02:00)] was greater than or equal to the threshold
//! (50.0) (minimum 1 datapoint for OK -> ALARM transition).`

use crate::event::text;
use crate::json;
use serde_json::Value;

/// A value and the limit that it passed.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The metric, or the label of an expression.
    pub name: Option<String>,
    pub value: f64,
    /// One of `≥ > ≤ <`.
    pub sign: &'static str,
    pub limit: f64,
}

/// How the sentence compares, the longer ones first.
const SIGNS: [(&str, &str); 6] = [
    ("greater than or equal to", "≥"),
    ("less than or equal to", "≤"),
    ("greater than", ">"),
    ("less than", "<"),
    ("above the", ">"),
    ("below the", "<"),
];

impl Reading {
    /// Reads the sentence; `None` if nothing was crossed, or if it has another form.
    pub(super) fn read(reason: &str, name: Option<&str>) -> Option<Self> {
        let (_, values) = reason.split_once('[')?;
        let value = number(values)?;
        let (_, rest) = values.split_once(']')?;
        if rest.trim_start().starts_with("was not") || rest.trim_start().starts_with("were not") {
            return None;
        }
        // A band has two limits, and the value is beyond one of them.
        let found = SIGNS.iter().flat_map(|(words, sign)| {
            rest.match_indices(words)
                .filter_map(|(at, _)| Some((*sign, number(rest.get(at..)?.split_once(['(', '['])?.1)?)))
        });
        let (sign, limit) = found.into_iter().find(|(sign, limit)| match *sign {
            "≥" => value >= *limit,
            "≤" => value <= *limit,
            ">" => value > *limit,
            _ => value < *limit,
        })?;
        Some(Self {
            name: name.map(str::to_owned),
            value,
            sign,
            limit,
        })
    }

    /// The same from the data beside the sentence, which does not say how it compares: only what is above a threshold
    /// can be told from what is below.
    pub(super) fn of_data(data: &str, name: Option<&str>) -> Option<Self> {
        let data = json::parse(data).ok()?;
        let points = data.get("recentDatapoints")?.as_array()?;
        let value = points.last()?.as_f64()?;
        let limit = data.get("threshold")?.as_f64()?;
        Some(Self {
            name: name.map(str::to_owned),
            value,
            sign: if value < limit { "<" } else { "≥" },
            limit,
        })
    }
}

/// The number at the beginning of a text.
fn number(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_ascii_digit() || ".-+eE".contains(c)));
    text.get(..end.unwrap_or(text.len()))?.parse().ok()
}

/// The names of alarms in place of their ARNs, which a composite alarm's reason has.
pub(super) fn without_arns(reason: &str) -> String {
    let mut named = String::with_capacity(reason.len());
    let mut rest = reason;
    while let Some(at) = rest.find("arn:") {
        let (before, arn) = rest.split_at(at);
        named += before;
        let end = arn
            .find(|c: char| c.is_whitespace() || ",;()\"'".contains(c))
            .unwrap_or(arn.len());
        let (arn, others) = arn.split_at(end);
        named += arn.split_once(":alarm:").map_or(arn, |(_, name)| name);
        rest = others;
    }
    named + rest
}

/// Names and values, from an object or from a list of keys and values.
pub(super) fn pairs(value: Option<&Value>) -> Vec<(String, String)> {
    match value {
        Some(Value::Object(fields)) => {
            let fields = fields.iter();
            fields
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect()
        }
        Some(Value::Array(tags)) => {
            let part = |tag: &Value, names: [&str; 2]| names.iter().find_map(|name| text(tag, name));
            let tags = tags.iter();
            tags.filter_map(|tag| Some((part(tag, ["Key", "key"])?, part(tag, ["Value", "value"])?)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Names of log groups; an ARN is reduced to what comes after `log-group:`.
pub(super) fn names(values: &[Value]) -> Vec<String> {
    let values = values.iter().filter_map(Value::as_str);
    let name = |value: &str| {
        value
            .split_once(":log-group:")
            .map_or(value, |(_, name)| name)
            .trim_end_matches(":*")
            .to_owned()
    };
    values.map(name).collect()
}

/// What the alarm asks for, if it is no metric: PromQL, or a query of logs.
pub(super) fn query(message: &Value, trigger: &Value) -> Option<String> {
    let criteria = trigger
        .get("EvaluationCriteria")
        .and_then(|criteria| criteria.get("PromQLCriteria"));
    criteria
        .and_then(|criteria| text(criteria, "Query"))
        .or_else(|| text(message, "QueryString"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_tells_the_value_and_the_limit() {
        let read = |reason: &str| {
            Reading::read(reason, None).map(|reading| (reading.value, reading.sign, reading.limit))
        };
        for (reason, expected) in [
            (
                "Threshold Crossed: 2 out of the last 2 datapoints [83.33 (20/11/26 05:02:00), 71.0 (20/11/26 05:01:00)] were greater than or equal to the threshold (50.0) (minimum 2 datapoints for OK -> ALARM transition).",
                Some((83.33, "≥", 50.0)),
            ),
            (
                "Threshold Crossed: 1 datapoint [0.0 (20/11/26 05:02:00)] was less than the threshold (1.0).",
                Some((0.0, "<", 1.0)),
            ),
            (
                "Thresholds Crossed: 1 out of the last 1 datapoints [5012.0 (20/11/26 05:02:00)] was greater than the upper thresholds [4203.5] (minimum 1 datapoint for OK -> ALARM transition).",
                Some((5012.0, ">", 4203.5)),
            ),
            (
                "Thresholds Crossed: 3 out of the last 3 datapoints [12.0 (20/11/26 05:02:00)] were less than the lower thresholds [260.8] or greater than the upper thresholds [390.2].",
                Some((12.0, "<", 260.8)),
            ),
            (
                "Threshold Crossed: 1 out of the last 1 datapoints [1.5E-4 (20/11/26 05:02:00)] was not greater than the threshold (50.0).",
                None,
            ),
            (
                "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].",
                None,
            ),
            ("[", None),
            ("", None),
        ] {
            assert_eq!(read(reason), expected, "{reason}");
        }
        let data = r#"{"version":"1.0","recentDatapoints":[1.0,83.0],"threshold":50.0}"#;
        assert_eq!(
            Reading::of_data(data, None).map(|reading| (reading.value, reading.limit)),
            Some((83.0, 50.0))
        );
        assert_eq!(Reading::of_data("{}", None), None);
    }

    #[test]
    fn a_reason_names_alarms_without_their_arns() {
        let reason = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:web errors transitioned to ALARM";
        assert_eq!(without_arns(reason), "web errors transitioned to ALARM");
        assert_eq!(without_arns("arn:aws:sns:x, arn:"), "arn:aws:sns:x, arn:");
    }
}
