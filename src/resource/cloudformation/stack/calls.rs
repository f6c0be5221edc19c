//! The calls to CloudFormation, all of them with the role in the other account.

use std::time::Duration;

use aws_sdk_cloudformation::types as sdk;
use serde_json::Value;

use super::failure::{explained, failed};
use super::found::Found;
use super::sent::Sent;
use super::state::State;
use crate::aws::{Aws, wait};
use crate::resource::{Fault, Result};

/// How long one operation on a stack may take. The template has some ten resources, which take a minute or two.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// A deleted stack is still found by its id.
pub const DELETED: &str = "DELETE_COMPLETE";

/// The stack, by its name or its id. `None` if there is none. By its id, also a deleted one.
pub async fn describe(there: &Aws, name_or_id: &str) -> Result<Option<sdk::Stack>> {
    let cloudformation = &there.connection.clients.cloudformation;
    let request = cloudformation.describe_stacks().stack_name(name_or_id);
    let call = there.call("cloudformation:DescribeStacks", || request.clone().send());
    let answer = exists(call.await.map_err(|fault| explained(there, fault)))?;
    Ok(answer.and_then(|answer| answer.stacks?.into_iter().next()))
}

/// The stack with its template. `None` if there is none, or if it was deleted.
pub async fn read(there: &Aws, name: &str) -> Result<Option<Found>> {
    let (stack, template) = futures::try_join!(describe(there, name), template(there, name))?;
    let stack = stack.and_then(|stack| Found::read(stack, template));
    Ok(stack.filter(|stack| stack.status != DELETED))
}

async fn template(there: &Aws, name: &str) -> Result<Option<Value>> {
    let cloudformation = &there.connection.clients.cloudformation;
    let request = cloudformation.get_template().stack_name(name);
    let call = there.call("cloudformation:GetTemplate", || request.clone().send());
    let answer = exists(call.await.map_err(|fault| explained(there, fault)))?;
    // Whoever wrote it in YAML wrote another one.
    let parsed = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(answer.and_then(|answer| answer.template_body).map(parsed))
}

/// The stack once no operation on it is under way any more, whoever began it.
pub async fn at_rest(there: &Aws, name_or_id: &str) -> Result<Option<Found>> {
    let what = format!("an operation on {name_or_id} to end");
    let check = async || {
        let stack = describe(there, name_or_id).await?;
        let stack = stack.and_then(|stack| Found::read(stack, None));
        let moving = stack
            .as_ref()
            .is_some_and(|stack| State::of(&stack.status) == State::Moving);
        Ok((!moving).then_some(stack))
    };
    let stack = wait::until(LIMIT, "cloudformation:DescribeStacks", &what, check).await?;
    Ok(stack.filter(|stack| stack.status != DELETED))
}

/// Has CloudFormation make the stack. Returns its id. If the stack cannot be made, CloudFormation deletes what it had made
/// of it, so that nothing is in the way of the next attempt.
pub async fn create(there: &Aws, sent: &Sent) -> Result<String> {
    let cloudformation = &there.connection.clients.cloudformation;
    let request = cloudformation
        .create_stack()
        .stack_name(&sent.name)
        .template_body(sent.body())
        .set_parameters(Some(sent.parameters()))
        .set_tags(Some(sent.tags()))
        .capabilities(sdk::Capability::CapabilityNamedIam)
        .on_failure(sdk::OnFailure::Delete)
        .client_request_token(there.run.token("create"));
    let created = there.call("cloudformation:CreateStack", || request.clone().send());
    let created = created.await.map_err(|fault| explained(there, fault))?;
    Ok(created.stack_id.unwrap_or_default())
}

/// Has CloudFormation update the stack. False if there is nothing to update.
pub async fn update(there: &Aws, sent: &Sent) -> Result<bool> {
    let cloudformation = &there.connection.clients.cloudformation;
    let request = cloudformation
        .update_stack()
        .stack_name(&sent.name)
        .template_body(sent.body())
        .set_parameters(Some(sent.parameters()))
        .set_tags(Some(sent.tags()))
        .capabilities(sdk::Capability::CapabilityNamedIam)
        .client_request_token(there.run.token("update"));
    let updated = there.call("cloudformation:UpdateStack", || request.clone().send());
    match updated.await {
        Err(fault) if fault.says("ValidationError", "No updates are to be performed") => Ok(false),
        result => result.map(|_| true).map_err(|fault| explained(there, fault)),
    }
}

/// Waits until the operation on the stack with this id has ended.
///
/// # Errors
/// It failed: the first cause, in CloudFormation's words.
pub async fn finished(there: &Aws, id: &str, action: &'static str) -> Result<()> {
    let what = format!("CloudFormation to finish {id}");
    let check = async || {
        let stack = describe(there, id)
            .await?
            .and_then(|stack| Found::read(stack, None));
        Ok(match stack {
            None if action == DELETE => Some(None),
            // CloudFormation may not show a stack in its first moments.
            None => None,
            Some(stack) if State::of(&stack.status) == State::Moving && !stack.is_cleaning() => None,
            Some(stack) => Some(Some(stack)),
        })
    };
    let Some(stack) = wait::until(LIMIT, action, &what, check).await? else {
        return Ok(());
    };
    let done = match action {
        DELETE => stack.status == DELETED,
        _ => matches!(stack.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE") || stack.is_cleaning(),
    };
    match done {
        true => Ok(()),
        false => Err(failed(there, &stack, action).await),
    }
}

pub const CREATE: &str = "cloudformation:CreateStack";
pub const UPDATE: &str = "cloudformation:UpdateStack";
const DELETE: &str = "cloudformation:DeleteStack";

/// Deletes the stack with this id, and waits until it is gone. It is a success if it is gone already.
pub async fn delete(there: &Aws, id: &str) -> Result<()> {
    let Some(stack) = at_rest(there, id).await? else {
        return Ok(());
    };
    let cloudformation = &there.connection.clients.cloudformation;
    let request = cloudformation
        .delete_stack()
        .stack_name(&stack.id)
        .client_request_token(there.run.token("delete"));
    let deleted = there.call("cloudformation:DeleteStack", || request.clone().send());
    deleted.await.map_err(|fault| explained(there, fault))?;
    finished(there, &stack.id, DELETE).await
}

/// A page of the stack's events, newest first, and the token of the next page.
pub async fn events(
    there: &Aws,
    id: &str,
    next: Option<String>,
) -> Result<(Vec<sdk::StackEvent>, Option<String>)> {
    let cloudformation = &there.connection.clients.cloudformation;
    let request = cloudformation
        .describe_stack_events()
        .stack_name(id)
        .set_next_token(next);
    let call = there.call("cloudformation:DescribeStackEvents", || request.clone().send());
    let page = call.await?;
    Ok((page.stack_events.unwrap_or_default(), page.next_token))
}

/// Turns "it does not exist" into `None`. CloudFormation has no error code of its own for that.
fn exists<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(fault) if is_missing(&fault) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// "Stack with id mission-organization does not exist".
fn is_missing(fault: &Fault) -> bool {
    fault.says("ValidationError", "does not exist")
}
