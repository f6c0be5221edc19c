//! How asynchronous invocations of a function are retried, and where events go that fail for good.
//!
//! It uses a destination instead of a dead letter queue of the function, because the destination's record contains
//! the error: a parked message then says why it is there.

use aws_sdk_lambda::types::{DestinationConfig, OnFailure};

use crate::aws::concurrently;
use crate::aws::fault::{found, gone};
use crate::resource::access::{Access, FUNCTION};
use crate::resource::lambda::function::{self, LambdaFunction};
use crate::resource::{
    Aws, Changes, Context, Fields, Known, NodeId, Observed, Output, Presence, Ref, Resource, Result, Text,
    Wanted,
};

mod template;

/// The desired handling of asynchronous invocations.
#[derive(Debug, Clone)]
pub struct LambdaEventInvokeConfig {
    pub function: Ref<LambdaFunction>,
    /// 0 to 2.
    pub maximum_retry_attempts: i32,
    /// 60 to 21,600.
    pub maximum_event_age_seconds: i32,
    /// The ARN of the queue for failed events.
    pub on_failure_arn: Text,
}

/// The handling of a function's asynchronous invocations as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    function_name: String,
    maximum_retry_attempts: Option<i32>,
    maximum_event_age_seconds: Option<i32>,
    on_failure: Option<String>,
    on_success: Option<String>,
}

impl Resource for LambdaEventInvokeConfig {
    const KIND: &'static str = "lambda-event-invoke-config";
    const ACCESS: &'static [Access] = &[
        Access::read(&["lambda:GetFunctionEventInvokeConfig"], &[FUNCTION]),
        Access::write(&["lambda:PutFunctionEventInvokeConfig"], &[FUNCTION]),
        Access::delete(&["lambda:DeleteFunctionEventInvokeConfig"], &[FUNCTION]),
    ];
    type Live = Live;

    fn parent(&self) -> Option<NodeId> {
        Some(self.function.id().clone())
    }

    fn name(&self) -> String {
        self.function.name().to_owned()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let named = concurrently(wanted, |wanted| read(aws, wanted.desired.function.name()));
        let (named, listed): (Vec<_>, _) = futures::try_join!(named, function::listed(aws))?;
        let left = listed
            .into_iter()
            .filter(|name| !wanted.iter().any(|w| w.desired.function.name() == *name));
        let left: Vec<_> = concurrently(left, |name| read(aws, name)).await?;
        let orphan = |live: Live| {
            let (kind, key) = (Self::KIND, live.function_name.clone());
            (NodeId { kind, key }, live)
        };
        Ok(Observed {
            // This is a setting of the function, so the owner of the function owns it.
            wanted: named
                .into_iter()
                .map(|live| live.map_or(Presence::Absent, Presence::Ours))
                .collect(),
            orphans: left.into_iter().flatten().map(orphan).collect(),
        })
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            function,
            maximum_retry_attempts,
            maximum_event_age_seconds,
            on_failure_arn,
        } = self;
        Fields::default()
            .set("function", function.name())
            .set("maximum_retry_attempts", *maximum_retry_attempts)
            .set("maximum_event_age_seconds", *maximum_event_age_seconds)
            .text("on_failure", on_failure_arn, known)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            function_name,
            maximum_retry_attempts,
            maximum_event_age_seconds,
            on_failure,
            on_success,
        } = live;
        Fields::default()
            .set("function", function_name.as_str())
            .set_some("maximum_retry_attempts", *maximum_retry_attempts)
            .set_some("maximum_event_age_seconds", *maximum_event_age_seconds)
            .set_some("on_failure", on_failure.as_deref())
            .set_some("on_success", on_success.as_deref())
    }

    fn live_name(live: &Live) -> String {
        live.function_name.clone()
    }

    fn output(_live: &Live) -> Output {
        Output::default()
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        self.put(cx).await
    }

    async fn update(&self, _live: Live, _changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        self.put(cx).await
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let delete = cx
            .aws
            .connection
            .clients
            .lambda
            .delete_function_event_invoke_config();
        let request = delete.function_name(&live.function_name);
        let deleted = cx.aws.call("lambda:DeleteFunctionEventInvokeConfig", || {
            request.clone().send()
        });
        gone(deleted.await)
    }
}

impl LambdaEventInvokeConfig {
    /// Sets all settings, whatever they were.
    async fn put(&self, cx: &Context<'_>) -> Result<Live> {
        let lambda = &cx.aws.connection.clients.lambda;
        let on_failure = cx.text(&self.on_failure_arn)?;
        let destination = OnFailure::builder().destination(&on_failure).build();
        let destinations = DestinationConfig::builder().on_failure(destination).build();
        let request = lambda
            .put_function_event_invoke_config()
            .function_name(self.function.name())
            .maximum_retry_attempts(self.maximum_retry_attempts)
            .maximum_event_age_in_seconds(self.maximum_event_age_seconds)
            .destination_config(destinations);
        cx.aws
            .call("lambda:PutFunctionEventInvokeConfig", || request.clone().send())
            .await?;
        Ok(Live {
            function_name: self.function.name().to_owned(),
            maximum_retry_attempts: Some(self.maximum_retry_attempts),
            maximum_event_age_seconds: Some(self.maximum_event_age_seconds),
            on_failure: Some(on_failure),
            on_success: None,
        })
    }
}

async fn read(aws: &Aws, function: &str) -> Result<Option<Live>> {
    let lambda = &aws.connection.clients.lambda;
    let request = lambda.get_function_event_invoke_config().function_name(function);
    let answer = found(
        aws.call("lambda:GetFunctionEventInvokeConfig", || request.clone().send())
            .await,
    )?;
    Ok(answer.map(|answer| {
        let to = answer.destination_config();
        let on_failure = to.and_then(|to| to.on_failure()?.destination());
        let on_success = to.and_then(|to| to.on_success()?.destination());
        Live {
            function_name: function.to_owned(),
            maximum_retry_attempts: answer.maximum_retry_attempts(),
            maximum_event_age_seconds: answer.maximum_event_age_in_seconds(),
            on_failure: on_failure.map(str::to_owned),
            on_success: on_success.map(str::to_owned),
        }
    }))
}

#[cfg(test)]
mod tests;
