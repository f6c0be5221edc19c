//! Invoking functions without waiting for what they do.

use aws_sdk_lambda::types::InvocationType;
use serde_json::Value;

use super::call::Aws;
use super::fault::{Fault, Result};

/// Hands `payload` to the function called `name`, which runs on its own: with its retries, and its dead-letter
/// queue at the end. Lambda has it once this succeeds.
///
/// # Errors
/// Also where Lambda answers anything but 202: then it did not take the event.
pub async fn invoke(aws: &Aws, name: &str, payload: &Value) -> Result<()> {
    const ACTION: &str = "lambda:InvokeFunction";
    let request = aws.connection.clients.lambda.invoke().function_name(name);
    let request = request
        .invocation_type(InvocationType::Event)
        .payload(payload.to_string().into_bytes().into());
    match aws.call(ACTION, || request.clone().send()).await?.status_code {
        202 => Ok(()),
        status => Err(Fault::new(
            ACTION,
            &format!("Http{status}"),
            "Lambda did not confirm that it accepted the event",
        )),
    }
}
