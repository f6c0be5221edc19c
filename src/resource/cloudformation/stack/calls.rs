//! The calls to CloudFormation, all of them with the role in the other account.

use aws_sdk_cloudformation::types as sdk;
use serde_json::Value;

use super::failure::explained;
use super::found::Found;
use super::sent::Sent;
use super::state::DELETED;
use crate::aws::Aws;
use crate::resource::{Fault, Result};

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

/// Has CloudFormation delete the stack with this id.
pub async fn delete(there: &Aws, id: &str) -> Result<()> {
    let cloudformation = &there.connection.clients.cloudformation;
    let request = cloudformation
        .delete_stack()
        .stack_name(id)
        .client_request_token(there.run.token("delete"));
    let deleted = there.call("cloudformation:DeleteStack", || request.clone().send());
    deleted.await.map(drop).map_err(|fault| explained(there, fault))
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
