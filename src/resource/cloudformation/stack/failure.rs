//! What to do about a call that was refused, and about a stack that is stuck or of somebody else.

use alertctl_relay::ArnParts;

use super::found::Found;
use super::record::Place;
use crate::aws::Aws;
use crate::aws::fault::REFUSED;
use crate::resource::Fault;

/// The account in a stack's id.
pub fn account(id: &str) -> &str {
    ArnParts::of(id).account
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

/// The refusal to take over the spoke of the stack `hub` in another region of the hub's account.
pub fn of_namesake(place: &Place, hub: &str, region: &str) -> Fault {
    let text = format!(
        "{} is a spoke of the stack `{hub}` in {region}: an account and region has one spoke of a stack's name",
        place.said()
    );
    Fault::new("cloudformation:DescribeStacks", REFUSED, text).hint(
        "give one of the two stacks another name, or remove the target from one of them; if the other stack is gone, delete this \
         one in that account",
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
