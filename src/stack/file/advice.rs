//! Advice on what to write instead: for settings under the names of CloudWatch and other tools, and for values
//! of the wrong type.

use super::tree::{Kind, Node};

/// Names of alarm settings in CloudWatch, CloudFormation and Terraform (compared without case, `_` and `-`)
/// that differ from ours, and what to write instead.
const OF_AN_ALARM: [(&str, &str); 12] = [
    ("alarmactions", "write `to: [topic]`, the key of one of `topics`"),
    ("alarmdescription", "write `description`"),
    ("alarmname", "write `name`"),
    ("comparison", THRESHOLD),
    ("comparisonoperator", THRESHOLD),
    ("extendedstatistic", "write `statistic`, such as `statistic: p99`"),
    ("insufficientdataactions", "write `insufficient_data: [topic]`"),
    ("metricdataqueries", "write `metrics`"),
    ("metricquery", "write `metrics`"),
    ("okactions", "write `ok: [topic]`"),
    ("operator", THRESHOLD),
    ("stat", "write `statistic`"),
];
const THRESHOLD: &str = "`threshold` contains the comparison: `threshold: \">= 80\"`";
/// In CloudWatch's API a metric is two settings.
const OF_A_METRIC: [&str; 3] = ["metricname", "metricnamespace", "namespace"];

/// The advice for the unknown key `key` in `holder`; `known` are the valid keys.
pub fn on_key(key: &str, known: &[&str], holder: Option<&Node>) -> Option<String> {
    if !known.contains(&"metric") {
        return None;
    }
    let plain = plain(key);
    if OF_A_METRIC.contains(&plain.as_str()) {
        return Some(format!(
            "the namespace and the name go into one setting: `metric: {}`",
            holder
                .and_then(metric)
                .as_deref()
                .unwrap_or("AWS/EC2 CPUUtilization")
        ));
    }
    let (_, advice) = OF_AN_ALARM.into_iter().find(|(other, _)| *other == plain)?;
    known.contains(&"threshold").then(|| advice.to_owned())
}

/// The metric's namespace and name, as far as `holder` has them under any of these names.
fn metric(holder: &Node) -> Option<String> {
    let text = |name: &str| {
        let mut entries = holder.entries().iter();
        let entry = entries.find(|entry| plain(&entry.key) == name)?;
        match &entry.value.kind {
            Kind::Scalar { text, .. } if is_short(text) => Some(text.as_str()),
            _ => None,
        }
    };
    let name = text("metricname").or_else(|| text("metric").filter(|name| !name.contains(['/', ' '])));
    Some(format!("{} {}", text("namespace")?, name.unwrap_or("NAME")))
}

fn plain(key: &str) -> String {
    key.to_lowercase().replace(['_', '-'], "")
}

/// The advice if `path` needs a value of the type `expected` and `node` has another type.
pub fn on_value(path: &[String], expected: &str, node: &Node) -> Option<String> {
    let key = path.last()?.as_str();
    match (&node.kind, expected) {
        (Kind::Scalar { text, plain, .. }, "i32") => number(key, text, *plain),
        (Kind::Scalar { text, .. }, "a sequence") if is_short(text) => Some(format!("write `[{text}]`")),
        (Kind::List(_), "a string") if ["email", "https", "sqs", "lambda"].contains(&key) => {
            Some(format!("write an item of the list for each: `- {key}: …`"))
        }
        (Kind::List(items), "a string") => match items.as_slice() {
            [
                Node {
                    kind: Kind::Scalar { text, .. },
                    ..
                },
            ] if is_short(text) => Some(format!("write it without the brackets: `{text}`")),
            _ => Some("write one text, without brackets or `-`".to_owned()),
        },
        (_, "a map") => Some("write `key: value` lines, indented".to_owned()),
        _ => None,
    }
}

/// A number in quotes, or with a unit.
fn number(key: &str, text: &str, plain: bool) -> Option<String> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, unit) = (text[..digits].parse::<i64>().ok()?, text[digits..].trim());
    if unit.is_empty() {
        return (!plain).then(|| format!("write it without quotes: `{key}: {count}`"));
    }
    let unit = unit.to_lowercase();
    let seconds = match unit.as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60),
        "h" | "hour" | "hours" => Some(3600),
        "d" | "day" | "days" => Some(86_400),
        _ => None,
    };
    let is_size = ["k", "kb", "kib", "m", "mb", "mib", "g", "gb", "gib"].contains(&unit.as_str());
    let (what, one) = match key {
        "memory" if is_size => {
            let factor = if unit.starts_with('g') { 1024 } else { 1 };
            return Some(format!(
                "write megabytes: `{key}: {}`",
                count.checked_mul(factor)?
            ));
        }
        "body_limit_kb" if is_size => {
            let factor = if unit.starts_with('m') { 1024 } else { 1 };
            return Some(format!(
                "write kilobytes: `{key}: {}`",
                count.checked_mul(factor)?
            ));
        }
        key if key.ends_with("days") => ("days", 86_400),
        "minutes" => ("minutes", 60),
        "period" | "interval" | "wait" | "extension" | "timeout" => ("seconds", 1),
        key if key.ends_with("_period") || key.ends_with("_seconds") => ("seconds", 1),
        _ => return None,
    };
    let total = count.checked_mul(seconds?)?;
    (total % one == 0).then(|| format!("write {what}: `{key}: {}`", total / one))
}

/// Whether the text is short and plain enough to be quoted in a help line.
fn is_short(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && !text.contains(|c: char| c.is_control() || c == '`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_a_unit_is_told_without_it() {
        for (key, text, expected) in [
            ("period", "1m", Some("write seconds: `period: 60`")),
            ("period", "5 min", Some("write seconds: `period: 300`")),
            ("timeout", "30s", Some("write seconds: `timeout: 30`")),
            (
                "log_retention_days",
                "30d",
                Some("write days: `log_retention_days: 30`"),
            ),
            ("log_retention_days", "36h", None),
            ("minutes", "1h", Some("write minutes: `minutes: 60`")),
            ("memory", "1GB", Some("write megabytes: `memory: 1024`")),
            ("memory", "512 MB", Some("write megabytes: `memory: 512`")),
            ("evaluation_periods", "3m", None),
            ("period", "soon", None),
            ("period", "99999999999999999999d", None),
            ("period", "9223372036854775807d", None),
        ] {
            assert_eq!(number(key, text, true).as_deref(), expected, "{key}: {text}");
        }
        let quoted = number("period", "60", false);
        assert_eq!(quoted.as_deref(), Some("write it without quotes: `period: 60`"));
    }
}
