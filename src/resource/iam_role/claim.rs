//! The marks of runs on a role: who is at work on the stack.

use super::{Live, listed};
use crate::aws::Aws;
use crate::aws::fault::{Result, found};
use crate::aws::run::Mark;

/// The marks on the role `name`; `None` where there is no such role.
pub async fn marks(aws: &Aws, name: &str) -> Result<Option<Vec<Mark>>> {
    let request = aws.connection.clients.iam.get_role().role_name(name);
    let answer = found(aws.call("iam:GetRole", || request.clone().send()).await)?;
    match answer.and_then(|answer| answer.role) {
        Some(role) => Ok(Some(Live::of(aws, &role).await?.marks)),
        None => Ok(None),
    }
}

/// Puts `mark` on the role `name`, in place of an earlier one of the same run; false where there is no such role.
pub async fn put(aws: &Aws, name: &str, mark: &Mark) -> Result<bool> {
    let request = aws.connection.clients.iam.tag_role().role_name(name);
    let request = request.set_tags(Some(listed(&[mark.tag()].into())));
    let first = aws.attempt("iam:TagRole", request.clone().send()).await;
    match at_once(first)? {
        Some(is_there) => Ok(is_there),
        None => Ok(found(aws.call("iam:TagRole", || request.clone().send()).await)?.is_some()),
    }
}

/// Takes `marks` off the role `name`; false where there is no such role.
pub async fn take_off(aws: &Aws, name: &str, marks: &[Mark]) -> Result<bool> {
    let request = aws.connection.clients.iam.untag_role().role_name(name);
    let request = request.set_tag_keys(Some(marks.iter().map(Mark::key).collect()));
    let first = aws.attempt("iam:UntagRole", request.clone().send()).await;
    match at_once(first)? {
        Some(is_there) => Ok(is_there),
        None => Ok(found(aws.call("iam:UntagRole", || request.clone().send()).await)?.is_some()),
    }
}

/// Whether the role is there, where the first answer says it: one that was there and is not is gone, and who may not
/// tag it need not. Neither is waited for, as it is for what was made a moment ago.
fn at_once<T>(answer: Result<T>) -> Result<Option<bool>> {
    match found(answer) {
        Ok(answer) => Ok(Some(answer.is_some())),
        Err(fault) if fault.denied() => Err(fault),
        Err(_) => Ok(None),
    }
}
