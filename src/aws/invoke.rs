//! Invokes functions without waiting for their result.

use aws_sdk_lambda::types::InvocationType;
use serde_json::Value;

use super::call::Aws;
use super::fault::{Fault, Result};

/// Invokes the function called `name` with `payload` asynchronously: Lambda applies the function's retries and its
/// dead letter queue. Lambda has the event once this succeeds.
///
/// # Errors
/// Also if Lambda answers anything but 202: then it did not accept the event.
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
