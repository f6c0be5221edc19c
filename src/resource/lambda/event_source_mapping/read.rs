//! Reads mappings: all of a function, or one by its id.

use aws_sdk_lambda::operation::get_event_source_mapping::GetEventSourceMappingOutput;
use aws_sdk_lambda::types::EventSourceMappingConfiguration;

use crate::aws::Aws;
use crate::aws::call::pages;
use crate::aws::concurrently_found;
use crate::aws::fault::found;
use crate::resource::{Health, Result, Tags, Verdict};

/// A mapping as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    pub(super) uuid: String,
    pub(super) arn: String,
    pub(super) queue_arn: String,
    pub(super) function_arn: String,
    pub(super) batch_size: Option<i32>,
    pub(super) batching_window_seconds: Option<i32>,
    pub(super) maximum_concurrency: Option<i32>,
    pub(super) response_types: Vec<String>,
    pub(super) enabled: bool,
    /// Lambda's name of the state: `Enabled`, `Creating` …
    pub(super) state: String,
    /// Patterns. A message that matches none of them is dropped.
    pub(super) filters: Vec<String>,
    pub(super) tags: Tags,
}

/// A mapping that is being deleted counts as gone.
const DELETING: &str = "Deleting";
/// States that are temporary.
const PASSING: [&str; 4] = ["Creating", "Enabling", "Disabling", "Updating"];

/// The mappings of a function that read queues. Empty if there is no such function.
pub(super) async fn of_function(aws: &Aws, function: &str) -> Result<Vec<Live>> {
    let lambda = &aws.connection.clients.lambda;
    let listed = pages(async |marker| {
        let list = lambda.list_event_source_mappings().function_name(function);
        let request = list.set_marker(marker);
        let page = aws
            .call("lambda:ListEventSourceMappings", || request.clone().send())
            .await?;
        let mut queues = page.event_source_mappings.unwrap_or_default();
        queues.retain(|one| one.event_source_arn().is_some_and(|arn| arn.contains(":sqs:")));
        Ok((queues, page.next_marker))
    });
    concurrently_found(found(listed.await)?.unwrap_or_default(), |one| {
        with_tags(aws, one)
    })
    .await
}

/// The mapping with this id.
pub(super) async fn by_id(aws: &Aws, uuid: &str) -> Result<Option<Live>> {
    match get(aws, uuid).await? {
        None => Ok(None),
        Some(one) => {
            let one = EventSourceMappingConfiguration::builder()
                .set_uuid(one.uuid)
                .set_event_source_mapping_arn(one.event_source_mapping_arn)
                .set_event_source_arn(one.event_source_arn)
                .set_function_arn(one.function_arn)
                .set_batch_size(one.batch_size)
                .set_maximum_batching_window_in_seconds(one.maximum_batching_window_in_seconds)
                .set_scaling_config(one.scaling_config)
                .set_function_response_types(one.function_response_types)
                .set_filter_criteria(one.filter_criteria)
                .set_state(one.state)
                .build();
            with_tags(aws, one).await
        }
    }
}

pub(super) fn health(live: &Live) -> Health {
    let verdict = match live.state.as_str() {
        "Enabled" => Verdict::Healthy,
        state if PASSING.contains(&state) && live.enabled => Verdict::Waiting,
        _ => Verdict::Failed,
    };
    let health = Health::new(verdict, live.state.to_lowercase());
    health.with("mapping_state", live.state.as_str())
}

/// `Some` once AWS has finished processing the mapping, or the mapping is gone.
pub(super) async fn settled(aws: &Aws, uuid: &str) -> Result<Option<()>> {
    let state = get(aws, uuid).await?.and_then(|one| one.state);
    let passing = state.is_some_and(|state| PASSING.contains(&state.as_str()));
    Ok((!passing).then_some(()))
}

async fn get(aws: &Aws, uuid: &str) -> Result<Option<GetEventSourceMappingOutput>> {
    let lambda = &aws.connection.clients.lambda;
    let request = lambda.get_event_source_mapping().uuid(uuid);
    found(
        aws.call("lambda:GetEventSourceMapping", || request.clone().send())
            .await,
    )
}

/// `None` if the mapping is being deleted, or was deleted since it was read.
async fn with_tags(aws: &Aws, one: EventSourceMappingConfiguration) -> Result<Option<Live>> {
    if one.state() == Some(DELETING) {
        return Ok(None);
    }
    let arn = one.event_source_mapping_arn.unwrap_or_default();
    let lambda = &aws.connection.clients.lambda;
    let request = lambda.list_tags().resource(&arn);
    let Some(answer) = found(aws.call("lambda:ListTags", || request.clone().send()).await)? else {
        return Ok(None);
    };
    let tags: Tags = answer.tags.unwrap_or_default().into_iter().collect();
    let types = one.function_response_types.unwrap_or_default();
    let filters = one.filter_criteria.and_then(|criteria| criteria.filters);
    let filters = filters.unwrap_or_default().into_iter();
    Ok(Some(Live {
        uuid: one.uuid.unwrap_or_default(),
        arn,
        queue_arn: one.event_source_arn.unwrap_or_default(),
        function_arn: one.function_arn.unwrap_or_default(),
        batch_size: one.batch_size,
        batching_window_seconds: one.maximum_batching_window_in_seconds,
        maximum_concurrency: one.scaling_config.and_then(|scaling| scaling.maximum_concurrency),
        response_types: types.iter().map(|one| one.as_str().to_owned()).collect(),
        state: one.state.clone().unwrap_or_default(),
        enabled: !matches!(one.state.as_deref(), Some("Disabled" | "Disabling")),
        filters: filters.filter_map(|filter| filter.pattern).collect(),
        tags,
    }))
}
