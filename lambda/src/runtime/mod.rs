//! The network around the library: Lambda, KMS and Slack.

mod dns;
mod http;
mod kms;
mod relay;
mod slack;
mod webhooks;

pub use lambda_runtime::Error;

use lambda_runtime::{LambdaEvent, service_fn};
use relay::Relay;
use serde_json::Value;
use std::env;

/// Serves invocations until Lambda ends the process.
///
/// Reads only the environment before the first invocation, since Lambda bills the start and a person
/// waits for the message: TLS and the KMS client are set up when first needed. A setting that cannot
/// be read fails each invocation, so that the alert is kept in the dead-letter queue and the reason
/// is shown there.
///
/// # Errors
/// The Runtime API cannot be reached.
pub fn run() -> Result<(), Error> {
    // One invocation at a time is all Lambda asks for, so one thread serves it with the least memory.
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let relay = Relay::from_environment(|name| env::var(name).ok());
    let handler = service_fn(async |event: LambdaEvent<Value>| {
        let outcome = match &relay {
            Ok(relay) => relay.handle(&event.payload).await,
            Err(reason) => Err(relay::Failure::Settings(reason.to_string())),
        };
        if let Err(failure) = &outcome {
            // Lambda keeps the answer of a failed invocation out of the function's log.
            eprintln!("request {}: {failure}", event.context.request_id);
        }
        outcome
    });
    executor.block_on(lambda_runtime::run(handler))
}
