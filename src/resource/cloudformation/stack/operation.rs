//! An operation on a stack: it is waited for, and if it did not succeed, the cause is looked for in the stack's events.

use std::time::Duration;

use aws_sdk_cloudformation::types as sdk;

use super::calls::{self, describe};
use super::failure::{account, stuck};
use super::found::Found;
use super::state::{CREATING, DELETED, State, UPDATING};
use crate::aws::{Aws, wait};
use crate::resource::{Fault, Result};

/// How long one operation on a stack may take. The template has some ten resources, which take a minute or two.
const LIMIT: Duration = Duration::from_secs(30 * 60);

const CREATE: &str = "cloudformation:CreateStack";
const UPDATE: &str = "cloudformation:UpdateStack";
const DELETE: &str = "cloudformation:DeleteStack";

/// The call that began the operation of a status, if this run waits for it.
pub fn action(status: &str) -> Option<&'static str> {
    match status {
        CREATING => Some(CREATE),
        UPDATING => Some(UPDATE),
        _ => None,
    }
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

/// Deletes the stack with this id, and waits until it is gone. It is a success if it is gone already.
pub async fn delete(there: &Aws, id: &str) -> Result<()> {
    let Some(stack) = at_rest(there, id).await? else {
        return Ok(());
    };
    calls::delete(there, &stack.id).await?;
    finished(there, &stack.id, DELETE).await
}

/// The most pages of events that are read. One operation on such a stack has some forty events, a page has a hundred.
const PAGES: usize = 10;

/// The fault of the operation `action`, which left `stack` as it is now.
async fn failed(there: &Aws, stack: &Found, action: &'static str) -> Fault {
    // A second fault would hide the first: the stack's own reason is always there.
    let cause = first_cause(there, &stack.id, action).await.ok().flatten();
    let cause = cause
        .or_else(|| stack.reason.clone())
        .unwrap_or_else(|| "no reason was given".to_owned());
    let text = format!("{} ({}): {cause}", stack.id, stack.status);
    let fault = Fault::new(action, "StackFailed", text);
    let hint = match State::of(&stack.status) {
        State::Stuck => stuck(&there.connection.region, stack),
        _ if is_denied(&cause) => format!(
            "the role that was assumed lacks a permission: `alertctl policy --target {}` prints all that it needs; \
             then run the same command again",
            account(&stack.id)
        ),
        _ if stack.status == DELETED => {
            "CloudFormation has removed what it had made: correct what it reports, in the stack file or in that \
             account, then run the same command again"
                .to_owned()
        }
        _ => "correct what CloudFormation reports, in the stack file or in that account, then run the same command \
              again"
            .to_owned(),
    };
    fault.hint(hint)
}

/// The first failure of a resource in the stack's latest operation. Those after it are mostly its consequences, such as
/// "Resource creation cancelled".
async fn first_cause(there: &Aws, id: &str, action: &'static str) -> Result<Option<String>> {
    let begin = match action.rsplit(':').next() {
        Some("CreateStack") => "CREATE_IN_PROGRESS",
        Some("UpdateStack") => "UPDATE_IN_PROGRESS",
        _ => "DELETE_IN_PROGRESS",
    };
    let (mut cause, mut next) = (None, None);
    for _ in 0..PAGES {
        let (page, token) = calls::events(there, id, next).await?;
        for event in &page {
            cause = said(event).or(cause);
            let of_stack = event.physical_resource_id() == Some(id);
            if of_stack
                && event
                    .resource_status()
                    .is_some_and(|status| status.as_str() == begin)
            {
                return Ok(cause);
            }
        }
        if token.as_ref().is_none_or(String::is_empty) {
            return Ok(cause);
        }
        next = token;
    }
    Ok(cause)
}

/// `Alarms (AWS::Events::Rule): reason`, if the event tells of a failure of a resource by itself.
fn said(event: &sdk::StackEvent) -> Option<String> {
    let status = event.resource_status()?.as_str();
    let reason = event.resource_status_reason()?;
    let kind = event.resource_type().unwrap_or_default();
    let own = status.ends_with("_FAILED") && kind != "AWS::CloudFormation::Stack";
    let cascade = reason.ends_with("cancelled") || reason.ends_with("canceled");
    (own && !cascade).then(|| {
        let resource = event.logical_resource_id().unwrap_or_default();
        format!("{resource} ({kind}): {reason}")
    })
}

fn is_denied(cause: &str) -> bool {
    [
        "not authorized to perform",
        "AccessDenied",
        "Access Denied",
        "is not authorized",
    ]
    .iter()
    .any(|words| cause.contains(words))
}
