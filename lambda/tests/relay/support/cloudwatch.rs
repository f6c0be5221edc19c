//! CloudWatch, as far as metrics are asked for and alarms are muted: it refuses what the real one refuses.

use super::fakes::{Shared, answered, speak};
use axum::response::Response;
use serde_json::{Value, json};

/// `GetMetricData`: as scripted, or a value for each period.
pub async fn answer(script: &Shared, request: Value, region: &str) -> Response {
    let scripted = {
        let mut script = script.lock().expect("not poisoned");
        script
            .metric_requests
            .push((region.to_owned(), Value::clone(&request)));
        script.metric_answers.pop_front()
    };
    speak(script, "CloudWatch").await;
    let (status, body) = scripted.unwrap_or_else(|| match check(&request) {
        Ok(()) => (200, data(&request)),
        Err(reason) => (400, json!({ "__type": "ValidationError", "message": reason })),
    });
    answered(status, "application/x-amz-json-1.0", body.to_string())
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html>
fn check(request: &Value) -> Result<(), String> {
    let [start, end] = ["StartTime", "EndTime"].map(|name| request[name].as_i64().expect("seconds"));
    if start >= end {
        return Err("StartTime must be before EndTime".to_owned());
    }
    let queries = request["MetricDataQueries"].as_array().expect("queries");
    for query in queries {
        let id = query["Id"].as_str().expect("an id");
        let is_word = id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !id.starts_with(|first: char| first.is_ascii_lowercase()) || !is_word {
            return Err(format!(
                "The value {id} for parameter Id is not matching the expected pattern"
            ));
        }
        if query["MetricStat"].is_object() == query["Expression"].is_string() {
            return Err("either MetricStat or Expression".to_owned());
        }
        if query["MetricStat"].is_object() {
            let stat = &query["MetricStat"];
            let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
            let metric = &stat["Metric"];
            let dimensions = metric["Dimensions"].as_array().expect("dimensions");
            let named = dimensions
                .iter()
                .all(|one| is_text(&one["Name"]) && is_text(&one["Value"]));
            let known = ["Average", "Sum", "Maximum", "Minimum", "SampleCount", "p99"];
            if !is_text(&metric["Namespace"]) || !is_text(&metric["MetricName"]) || !named {
                return Err("the metric is not whole".to_owned());
            }
            if !known.iter().any(|known| stat["Stat"] == *known) || stat["Period"].as_i64() < Some(1) {
                return Err("no such statistic or period".to_owned());
            }
            if stat.get("Unit").is_some_and(|unit| !is_text(unit)) {
                return Err("no such unit".to_owned());
            }
        }
    }
    match queries.iter().any(|query| query["ReturnData"] == true) {
        true => Ok(()),
        false => Err("at least one query has to return data".to_owned()),
    }
}

fn data(request: &Value) -> Value {
    let [start, end] = ["StartTime", "EndTime"].map(|name| request[name].as_i64().expect("seconds"));
    let queries = request["MetricDataQueries"].as_array().expect("queries");
    let periods = queries
        .iter()
        .filter_map(|query| query["MetricStat"]["Period"].as_i64());
    let period = periods.max().unwrap_or(60);
    let results = queries.iter().filter(|query| query["ReturnData"] == true);
    let results = results.map(|query| {
        // The newest first.
        let times: Vec<_> = (0..(end - start) / period)
            .map(|nth| end - (nth + 1) * period)
            .collect();
        let values: Vec<_> = times
            .iter()
            .map(|time| if end - time < 600 { 83.5 } else { 20.25 })
            .collect();
        json!({
            "Id": query["Id"], "Label": query.get("Label").unwrap_or(&query["Id"]), "StatusCode": "Complete",
            "Timestamps": times.iter().map(|time| *time as f64).collect::<Vec<_>>(), "Values": values,
        })
    });
    json!({ "MetricDataResults": results.collect::<Vec<_>>(), "Messages": [] })
}

/// CloudWatch takes a rule whose name, schedule and targets are within its limits.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAlarmMuteRule.html>
pub fn mute(script: &Shared, request: Value, region: &str) -> Response {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let schedule = &request["Rule"]["Schedule"];
    let expression = text(&schedule["Expression"]);
    let at = expression
        .strip_prefix("at(")
        .and_then(|rest| rest.strip_suffix(')'));
    assert!(
        at.is_some_and(|at| at.parse::<jiff::civil::DateTime>().is_ok() && at.len() == 16),
        "{request}"
    );
    let duration: jiff::Span = text(&schedule["Duration"]).parse().expect("a duration");
    let minutes = duration.total((jiff::Unit::Minute, jiff::SpanRelativeTo::days_are_24_hours()));
    assert!((1.0..=21_600.0).contains(&minutes.expect("minutes")), "{request}");
    assert!(
        (1..=255).contains(&text(&request["Name"]).len()) && text(&request["Description"]).len() <= 1_024
    );
    let alarms = request["MuteTargets"]["AlarmNames"].as_array().expect("names");
    assert!((1..=100).contains(&alarms.len()), "{request}");
    let mut script = script.lock().expect("not poisoned");
    let (status, answer) = match script.mute_refusals.pop_front() {
        None => {
            script.mute_rules.push((region.to_owned(), request));
            (200, json!({}))
        }
        Some((status, code)) => (status, json!({ "__type": code, "message": "no" })),
    };
    answered(status, "application/x-amz-json-1.0", answer.to_string())
}

/// It deletes a rule that is there.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarmMuteRule.html>
pub fn unmute(script: &Shared, request: &Value, region: &str) -> Response {
    let name = request["AlarmMuteRuleName"].as_str().expect("a name").to_owned();
    let mut script = script.lock().expect("not poisoned");
    let is_there = script
        .mute_rules
        .iter()
        .any(|(place, rule)| place == region && rule["Name"] == name.as_str());
    let (status, answer) = match (script.mute_refusals.pop_front(), is_there) {
        (Some((status, code)), _) => (status, json!({ "__type": code, "message": "no" })),
        (None, false) => (
            404,
            json!({ "__type": "ResourceNotFoundException", "message": "no" }),
        ),
        (None, true) => {
            script.unmuted.push(name);
            (200, json!({}))
        }
    };
    answered(status, "application/x-amz-json-1.0", answer.to_string())
}
