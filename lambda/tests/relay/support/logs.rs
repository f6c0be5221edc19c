//! CloudWatch Logs, as far as the results of queries are asked for.

use super::fakes::{Shared, answered, speak};
use axum::response::Response;
use serde_json::{Value, json};

/// `GetQueryResults`: as scripted; without a script no run is known.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html>
pub async fn answer(script: &Shared, request: Value, region: &str) -> Response {
    let scripted = {
        let mut script = script.lock().expect("not poisoned");
        script
            .query_requests
            .push((region.to_owned(), Value::clone(&request)));
        script.query_answers.pop_front()
    };
    speak(script, "Logs").await;
    let refused = |message: &str| {
        let body = json!({ "__type": "InvalidParameterException", "message": message });
        (400, body)
    };
    let most = request["maxItems"].as_i64().unwrap_or(10_000);
    let run = request["queryId"].as_str().unwrap_or_default();
    let (status, body) = match (run, most) {
        ("", _) => refused("queryId must have 1 to 256 characters"),
        (_, ..=0 | 10_001..) => refused("maxItems must be between 1 and 10000"),
        _ => scripted.unwrap_or_else(|| {
            let message = "The specified query does not exist";
            (
                400,
                json!({ "__type": "ResourceNotFoundException", "message": message }),
            )
        }),
    };
    answered(status, "application/x-amz-json-1.1", body.to_string())
}
