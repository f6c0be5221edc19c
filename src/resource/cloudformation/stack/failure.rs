//! Why an operation on a stack did not succeed, and what to do about it.

use aws_sdk_cloudformation::types as sdk;

use super::calls::{DELETED, events};
use super::found::Found;
use super::state::State;
use crate::aws::Aws;
use crate::aws::fault::REFUSED;
use crate::resource::{Fault, Result};

/// The most pages of events that are read. One operation on such a stack has some forty events, a page has a hundred.
const PAGES: usize = 10;

/// The fault of the operation `action`, which left `stack` as it is now.
pub async fn failed(there: &Aws, stack: &Found, action: &'static str) -> Fault {
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
        let (page, token) = events(there, id, next).await?;
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

/// The account in a stack's id.
fn account(id: &str) -> &str {
    id.split(':').nth(4).unwrap_or_default()
}

/// What somebody has to do with a stack that could neither be updated nor rolled back.
pub fn stuck(region: &str, stack: &Found) -> String {
    format!(
        "with credentials of account {}, run `aws cloudformation continue-update-rollback --region {region} \
         --stack-name {}`; if a resource cannot be rolled back, add `--resources-to-skip NAME`; then run the same command again",
        account(&stack.id),
        stack.id
    )
}

/// The refusal to do anything with a stack that is neither updated nor rolled back.
pub fn is_stuck(region: &str, stack: &Found) -> Fault {
    let reason = stack
        .reason
        .as_deref()
        .unwrap_or("its last update could not be rolled back");
    let text = format!("{} ({}): {reason}", stack.id, stack.status);
    Fault::new("cloudformation:UpdateStack", REFUSED, text).hint(stuck(region, stack))
}

/// The refusal to touch a stack that somebody else made.
pub fn is_foreign(stack: &Found) -> Fault {
    let text = format!("{} exists, and this stack did not make it", stack.id);
    Fault::new("cloudformation:CreateStack", REFUSED, text).hint(
        "delete it there, or see `alertctl plan` for how to adopt it; if it appeared just now, another run may be \
         at work",
    )
}

/// Adds a hint on what to do about a refused call.
pub fn explained(there: &Aws, fault: Fault) -> Fault {
    let region = &there.connection.region;
    let hint = match fault.code.as_str() {
        "InvalidClientTokenId" | "UnrecognizedClientException" => format!(
            "the role was assumed, so its credentials are right: {region} is probably not enabled in that account. \
             Enable it there, or choose another `region:` for the target"
        ),
        "ValidationError" if fault.message.contains("TerminationProtection") => format!(
            "somebody protected the stack from deletion. With credentials of that account, run `aws cloudformation \
             update-termination-protection --no-enable-termination-protection --region {region} --stack-name \
             NAME`, then run the same command again"
        ),
        "LimitExceededException" => format!(
            "the quota of stacks in {region} of that account is used up: delete some, or ask for more in Service \
             Quotas"
        ),
        _ if fault.denied() => {
            "the role that was assumed lacks this permission: `alertctl policy --target ACCOUNT` \
                                prints all that it needs"
                .to_owned()
        }
        _ => return fault,
    };
    // What is known of any call is about the caller's own credentials, and does not hold here.
    Fault { hint: None, ..fault }.hint(hint)
}
