//! The mapping in a CloudFormation template.

use serde_json::json;

use super::{LambdaEventSourceMapping, RESPONSE};
use crate::resource::template::{Declaration, Entry, Template, Templated};

impl Templated for LambdaEventSourceMapping {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            queue,
            function,
            batch_size,
            batching_window_seconds,
            maximum_concurrency,
            tags,
        } = self;
        Declaration::new("AWS::Lambda::EventSourceMapping")
            .set("EventSourceArn", template.text(&queue.arn()))
            .set("FunctionName", template.text(&function.arn()))
            .set("BatchSize", *batch_size)
            .set("MaximumBatchingWindowInSeconds", *batching_window_seconds)
            .set(
                "ScalingConfig",
                json!({ "MaximumConcurrency": maximum_concurrency }),
            )
            .set("FunctionResponseTypes", json!([RESPONSE.as_str()]))
            .set("Enabled", true)
            .tagged(template, tags)
            .into()
    }
}
