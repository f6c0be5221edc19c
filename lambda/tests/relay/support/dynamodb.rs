//! DynamoDB, whose one table belongs to a workspace.

use super::fakes::{Shared, answered};
use axum::response::Response;
use serde_json::Value;

pub fn answer(script: &Shared, call: &str, request: &Value) -> Response {
    let workspace = script.lock().expect("not poisoned").workspace.clone();
    let workspace = workspace.expect("a table");
    let mut table = workspace.state();
    let (status, answer) = match call {
        "UpdateItem" => table.update_item(request),
        "GetItem" => table.get_item(request),
        "Scan" => table.scan(request),
        other => panic!("{other}"),
    };
    answered(status, "application/x-amz-json-1.0", answer.to_string())
}
