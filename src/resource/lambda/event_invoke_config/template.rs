//! The handling of asynchronous invocations in a CloudFormation template.

use serde_json::json;

use super::LambdaEventInvokeConfig;
use crate::resource::template::{Declaration, Entry, Template, Templated};

impl Templated for LambdaEventInvokeConfig {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            function,
            maximum_retry_attempts,
            maximum_event_age_seconds,
            on_failure_arn,
        } = self;
        Declaration::new("AWS::Lambda::EventInvokeConfig")
            .set("FunctionName", template.reference(function))
            .set("Qualifier", "$LATEST")
            .set("MaximumRetryAttempts", *maximum_retry_attempts)
            .set("MaximumEventAgeInSeconds", *maximum_event_age_seconds)
            .set(
                "DestinationConfig",
                json!({ "OnFailure": { "Destination": template.text(on_failure_arn) } }),
            )
            .into()
    }
}
