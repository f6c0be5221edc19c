//! The marks on a role: they show which runs are changing the stack.

use super::{Live, listed};
use crate::aws::Aws;
use crate::aws::fault::{Result, found};
use crate::aws::run::Mark;

/// The marks on the role `name`. `None` if there is no such role.
pub async fn marks(aws: &Aws, name: &str) -> Result<Option<Vec<Mark>>> {
    let request = aws.connection.clients.iam.get_role().role_name(name);
    let answer = found(aws.call("iam:GetRole", || request.clone().send()).await)?;
    match answer.and_then(|answer| answer.role) {
        Some(role) => Ok(Some(Live::of(aws, &role).await?.marks)),
        None => Ok(None),
    }
}

/// Sets `mark` on the role `name`, replacing an earlier mark of the same run. Returns false if there is no such role.
pub async fn put(aws: &Aws, name: &str, mark: &Mark) -> Result<bool> {
    let request = aws.connection.clients.iam.tag_role().role_name(name);
    let request = request.set_tags(Some(listed(&[mark.tag()].into())));
    let first = aws.attempt("iam:TagRole", request.clone().send()).await;
    match at_once(first)? {
        Some(is_there) => Ok(is_there),
        None => Ok(found(aws.call("iam:TagRole", || request.clone().send()).await)?.is_some()),
    }
}

/// Removes `marks` from the role `name`. Returns false if there is no such role.
pub async fn take_off(aws: &Aws, name: &str, marks: &[Mark]) -> Result<bool> {
    let request = aws.connection.clients.iam.untag_role().role_name(name);
    let request = request.set_tag_keys(Some(marks.iter().map(Mark::key).collect()));
    let first = aws.attempt("iam:UntagRole", request.clone().send()).await;
    match at_once(first)? {
        Some(is_there) => Ok(is_there),
        None => Ok(found(aws.call("iam:UntagRole", || request.clone().send()).await)?.is_some()),
    }
}

/// Whether the role exists, if the first answer decides it. A role that existed before and is not found now was
/// deleted, and a denial is final too. Neither is retried, unlike for a role that was just created.
fn at_once<T>(answer: Result<T>) -> Result<Option<bool>> {
    match found(answer) {
        Ok(answer) => Ok(Some(answer.is_some())),
        Err(fault) if fault.denied() => Err(fault),
        Err(_) => Ok(None),
    }
}
