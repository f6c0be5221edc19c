//! The event source mapping of a buffered channel.

use alertctl::aws::connect::Clients;
use aws_sdk_lambda::operation::update_event_source_mapping::builders::UpdateEventSourceMappingFluentBuilder;
use aws_sdk_lambda::types::{EventSourceMappingConfiguration, Filter, FilterCriteria, ScalingConfig};

use super::super::Case;
use super::FUNCTION;

pub const CASES: &[Case] = &[
    case!(
        "batches made smaller",
        ["update lambda-event-source-mapping/buffer.project: batch_size, batching_window_seconds"],
        |aws| {
            let send = change_mapping(aws).await.batch_size(10);
            send.maximum_batching_window_in_seconds(0).send().await.unwrap()
        }
    ),
    case!(
        "mapping switched off",
        ["update lambda-event-source-mapping/buffer.project: enabled"],
        |aws| { change_mapping(aws).await.enabled(false).send().await.unwrap() }
    ),
    case!(
        "messages filtered away",
        ["update lambda-event-source-mapping/buffer.project: filters"],
        |aws| {
            let filter = Filter::builder().pattern(r#"{"body":{"a":["b"]}}"#).build();
            let criteria = FilterCriteria::builder().filters(filter).build();
            let send = change_mapping(aws).await.filter_criteria(criteria);
            send.send().await.unwrap()
        }
    ),
    case!(
        "more side by side",
        ["update lambda-event-source-mapping/buffer.project: maximum_concurrency"],
        |aws| {
            let scaling = ScalingConfig::builder().maximum_concurrency(50).build();
            let send = change_mapping(aws).await.scaling_config(scaling);
            send.send().await.unwrap()
        }
    ),
    case!(
        "failures of a batch not told one by one",
        ["update lambda-event-source-mapping/buffer.project: response_types"],
        |aws| {
            let send = change_mapping(aws)
                .await
                .set_function_response_types(Some(Vec::new()));
            send.send().await.unwrap()
        }
    ),
    case!(
        "mapping's tag changed",
        ["update lambda-event-source-mapping/buffer.project: tags.team"],
        |aws| {
            let arn = mapping(aws).await.event_source_mapping_arn.unwrap();
            let send = aws.lambda.tag_resource().resource(arn).tags("team", "x");
            send.send().await.unwrap()
        }
    ),
    case!(
        "mapping deleted",
        ["create lambda-event-source-mapping/buffer.project"],
        |aws| {
            let uuid = mapping(aws).await.uuid.unwrap();
            aws.lambda
                .delete_event_source_mapping()
                .uuid(uuid)
                .send()
                .await
                .unwrap()
        }
    ),
];

/// The one mapping there is.
async fn mapping(aws: &Clients) -> EventSourceMappingConfiguration {
    let send = aws.lambda.list_event_source_mappings().function_name(FUNCTION);
    send.send()
        .await
        .unwrap()
        .event_source_mappings
        .unwrap()
        .remove(0)
}

async fn change_mapping(aws: &Clients) -> UpdateEventSourceMappingFluentBuilder {
    let uuid = mapping(aws).await.uuid.unwrap();
    aws.lambda.update_event_source_mapping().uuid(uuid)
}
