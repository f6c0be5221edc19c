//! An event source mapping: Lambda reads a queue and passes its messages to a function in batches.
//!
//! AWS generates its id. A mapping is identified by its queue and function: AWS allows only one mapping for each
//! pair.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_lambda::types::{FilterCriteria, FunctionResponseType, ScalingConfig};

use crate::aws::concurrently;
use crate::aws::fault::gone;
use crate::aws::{Scope, wait};
use crate::resource::access::Access;
use crate::resource::lambda::function::{self, LambdaFunction};
use crate::resource::sqs::queue::{self, SqsQueue};
use crate::resource::{
    About, Aws, Changes, Context, Fault, Fields, Handling, Known, NodeId, Observed, Output, Presence, Ref,
    Resource, Result, Tags, Text, Wanted, converge, tags,
};

mod access;
mod read;
mod template;

pub use read::Live;
use read::{by_id, of_function, settled};

/// The desired mapping.
///
/// Source: AWS Lambda API Reference, `CreateEventSourceMapping`.
#[derive(Debug, Clone)]
pub struct LambdaEventSourceMapping {
    pub queue: Ref<SqsQueue>,
    pub function: Ref<LambdaFunction>,
    /// The maximum number of messages in a batch, 1 to 10,000.
    pub batch_size: i32,
    /// Seconds for which a batch is collected, 0 to 300. At least 1 for more than 10 messages.
    pub batching_window_seconds: i32,
    /// How many batches are processed concurrently, 2 to 1,000.
    pub maximum_concurrency: i32,
    pub tags: Tags,
}

/// The function reports which messages of a batch failed, and only those return to the queue.
const RESPONSE: FunctionResponseType = FunctionResponseType::ReportBatchItemFailures;

/// How long AWS may take to create, change or delete a mapping. The Terraform provider waits as long.
const READY: Duration = Duration::from_secs(10 * 60);
/// How long to wait for the delivery of queued messages before the mapping is deleted.
const DRAINED: Duration = Duration::from_secs(60);

/// The fields that `UpdateEventSourceMapping` changes.
const CONFIGURATION: &[&str] = &[
    "batch_size",
    "batching_window_seconds",
    "maximum_concurrency",
    "response_types",
    "enabled",
    "filters",
];

impl Resource for LambdaEventSourceMapping {
    const KIND: &'static str = "lambda-event-source-mapping";
    const HANDLING: Handling = Handling {
        // The senders are deleted first, so that the queued messages can still be delivered.
        deleted_after: &["sns-subscription", "eventbridge-targets", "apigatewayv2-route"],
        deleted_after_changes_of: &["lambda-function"],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = access::ACCESS;
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        vec![self.queue.id().clone(), self.function.id().clone()]
    }

    fn name(&self) -> String {
        named(self.queue.name(), self.function.name())
    }

    fn subject(&self) -> String {
        self.function.name().to_owned()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let functions: BTreeSet<_> = wanted
            .iter()
            .map(|wanted| wanted.desired.function.name())
            .collect();
        let named = concurrently(functions, |function| of_function(aws, function));
        let (scope, named, tagged): (_, Vec<_>, _) = futures::try_join!(
            aws.scope(),
            named,
            aws.tagged_names("lambda", "event-source-mapping:")
        )?;
        let mut found: Vec<Live> = named.into_iter().flatten().collect();
        let left: Vec<_> = tagged
            .into_iter()
            .filter(|uuid| !found.iter().any(|live| live.uuid == *uuid))
            .collect();
        let left: Vec<_> = concurrently(left, |uuid| by_id(aws, uuid)).await?;
        found.extend(left.into_iter().flatten());

        let present = |live: Live| Presence::of(aws.owns(&live.tags), live);
        let presence = |wanted: &Wanted<'_, Self>| {
            let live = found.iter().find(|live| wanted.desired.is(live, scope));
            live.map_or(Presence::Absent, |live| present(live.clone()))
        };
        let is_orphan = |live: &&Live| {
            let is_wanted = wanted.iter().any(|wanted| wanted.desired.is(live, scope));
            !is_wanted && aws.owns(&live.tags)
        };
        let orphan = |live: &Live| (tags::node(Self::KIND, &live.tags, &live.uuid), live.clone());
        Ok(Observed {
            wanted: wanted.iter().map(presence).collect(),
            orphans: found.iter().filter(is_orphan).map(orphan).collect(),
        })
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            queue: _,
            function: _,
            batch_size,
            batching_window_seconds,
            maximum_concurrency,
            tags,
        } = self;
        Fields::default()
            .text("queue", &self.queue.arn(), known)
            .text("function", &self.function.arn(), known)
            .set("batch_size", *batch_size)
            .set("batching_window_seconds", *batching_window_seconds)
            .set("maximum_concurrency", *maximum_concurrency)
            .set("response_types", vec![RESPONSE.as_str()])
            .set("enabled", true)
            .tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            uuid: _,
            arn: _,
            queue_arn,
            function_arn,
            batch_size,
            batching_window_seconds,
            maximum_concurrency,
            response_types,
            enabled,
            state: _,
            filters,
            tags,
        } = live;
        let filters = (!filters.is_empty()).then(|| filters.clone());
        Fields::default()
            .set("queue", queue_arn.as_str())
            .set("function", function_arn.as_str())
            .set_some("batch_size", *batch_size)
            .set_some("batching_window_seconds", *batching_window_seconds)
            .set_some("maximum_concurrency", *maximum_concurrency)
            .set("response_types", response_types.clone())
            .set("enabled", *enabled)
            .set_some("filters", filters)
            .live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        named(resource(&live.queue_arn), resource(&live.function_arn))
    }

    fn output(live: &Live) -> Output {
        Output {
            arn: live.arn.clone(),
            id: live.uuid.clone(),
        }
    }

    fn about(live: &Live) -> About {
        About {
            health: Some(read::health(live)),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        match self.send_create(cx).await {
            // Created by a request whose answer was lost, or by somebody after the plan. Or it is being deleted.
            Err(fault) if exists(&fault) => match self.find(cx).await? {
                Some(live) if cx.aws.owns(&live.tags) => converge(self, live, cx).await,
                Some(_) => Err(fault.hint(
                    "somebody created it after the plan: run the same command again to see what it is",
                )),
                None => self.create_after_former(fault, cx).await,
            },
            result => result,
        }
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        // Ownership first: if a later call fails, the next run finishes the rest.
        function::retag(cx.aws, &live.arn, &live.tags, &self.tags).await?;
        if changes.touch_any(CONFIGURATION) {
            let lambda = &cx.aws.connection.clients.lambda;
            let request = lambda
                .update_event_source_mapping()
                .uuid(&live.uuid)
                .enabled(true)
                .batch_size(self.batch_size)
                .maximum_batching_window_in_seconds(self.batching_window_seconds)
                .function_response_types(RESPONSE)
                .scaling_config(self.scaling())
                // Empty criteria remove all filters.
                .filter_criteria(FilterCriteria::builder().build());
            cx.aws
                .call("lambda:UpdateEventSourceMapping", || request.clone().send())
                .await?;
        }
        self.expected(live.uuid, live.arn, cx)
    }

    async fn settle(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        let what = format!("event source mapping `{}`", Self::live_name(live));
        wait::until(READY, "lambda:GetEventSourceMapping", &what, async || {
            settled(cx.aws, &live.uuid).await
        })
        .await
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        drain(&live, cx).await?;
        let lambda = &cx.aws.connection.clients.lambda;
        let request = lambda.delete_event_source_mapping().uuid(&live.uuid);
        gone(
            cx.aws
                .call("lambda:DeleteEventSourceMapping", || request.clone().send())
                .await,
        )?;
        // Until it is deleted it reads the queue, and a new mapping for the same pair is refused.
        let what = format!("event source mapping `{}` to be deleted", Self::live_name(&live));
        wait::until(READY, "lambda:GetEventSourceMapping", &what, async || {
            let there = by_id(cx.aws, &live.uuid).await?;
            Ok(there.is_none().then_some(()))
        })
        .await
    }
}

impl LambdaEventSourceMapping {
    fn is(&self, live: &Live, scope: &Scope) -> bool {
        let filled = |arn: Text| arn.fill_computed(scope);
        filled(self.queue.arn()).as_ref() == Ok(&live.queue_arn)
            && filled(self.function.arn()).as_ref() == Ok(&live.function_arn)
    }

    fn scaling(&self) -> ScalingConfig {
        ScalingConfig::builder()
            .maximum_concurrency(self.maximum_concurrency)
            .build()
    }

    /// The mapping of this queue and function, unless it is being deleted.
    async fn find(&self, cx: &Context<'_>) -> Result<Option<Live>> {
        let listed = of_function(cx.aws, self.function.name()).await?;
        let mut listed = listed.into_iter();
        Ok(listed.find(|live| self.is(live, &cx.known.scope)))
    }

    async fn send_create(&self, cx: &Context<'_>) -> Result<Live> {
        let lambda = &cx.aws.connection.clients.lambda;
        let queue_arn = cx.text(&self.queue.arn())?;
        let request = lambda
            .create_event_source_mapping()
            .event_source_arn(&queue_arn)
            .function_name(self.function.name())
            .enabled(true)
            .batch_size(self.batch_size)
            .maximum_batching_window_in_seconds(self.batching_window_seconds)
            .function_response_types(RESPONSE)
            .scaling_config(self.scaling())
            .set_tags(Some(tags::hashed(&self.tags)));
        let made = cx
            .aws
            .call("lambda:CreateEventSourceMapping", || request.clone().send())
            .await?;
        let text = |text: Option<String>| text.unwrap_or_default();
        self.expected(text(made.uuid), text(made.event_source_mapping_arn), cx)
    }

    /// Creates it once its former mapping is deleted. `refusal` is why it cannot be created now.
    ///
    /// # Errors
    /// AWS's last refusal, if the former mapping outlasts the wait.
    async fn create_after_former(&self, mut refusal: Fault, cx: &Context<'_>) -> Result<Live> {
        let what = format!("the former mapping `{}` to be deleted", self.name());
        let made = wait::until(
            READY,
            "lambda:CreateEventSourceMapping",
            &what,
            async || match self.send_create(cx).await {
                Err(fault) if exists(&fault) => {
                    refusal = fault;
                    Ok(None)
                }
                result => result.map(Some),
            },
        );
        match made.await {
            Err(over) if over.is(&["Timeout"]) => {
                let hint = format!("{}; {}", over.message, over.hint.as_deref().unwrap_or_default());
                Err(refusal.hint(hint))
            }
            result => result,
        }
    }

    /// The wanted state, in the form in which it will be read back.
    fn expected(&self, uuid: String, arn: String, cx: &Context<'_>) -> Result<Live> {
        Ok(Live {
            uuid,
            arn,
            queue_arn: cx.text(&self.queue.arn())?,
            function_arn: cx.text(&self.function.arn())?,
            batch_size: Some(self.batch_size),
            batching_window_seconds: Some(self.batching_window_seconds),
            maximum_concurrency: Some(self.maximum_concurrency),
            response_types: vec![RESPONSE.as_str().to_owned()],
            enabled: true,
            state: String::new(),
            filters: Vec::new(),
            tags: self.tags.clone(),
        })
    }
}

/// Waits until the messages in the queue are delivered.
async fn drain(live: &Live, cx: &Context<'_>) -> Result<()> {
    let queue = resource(&live.queue_arn);
    let empty = wait::until(DRAINED, "sqs:GetQueueAttributes", "an empty queue", async || {
        let held = queue::messages(cx.aws, queue).await?;
        Ok((held == 0).then_some(()))
    });
    match empty.await {
        Err(fault) if fault.is(&["Timeout"]) => {
            cx.note(format!(
                "the queue `{queue}` was not empty a minute after the last message came in: the messages in \
                 it are not delivered"
            ));
            Ok(())
        }
        result => result,
    }
}

/// The part of an ARN after the last colon.
fn resource(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}

fn named(queue: &str, function: &str) -> String {
    format!("{queue} → {function}")
}

/// "An event source mapping with SQS arn (…) and function (…) already exists."
fn exists(fault: &Fault) -> bool {
    fault.says("ResourceConflictException", "already exists")
}

#[cfg(test)]
mod tests;
