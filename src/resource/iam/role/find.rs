//! Finds the roles of a stack without its stack file.

use std::rc::Rc;

use aws_sdk_iam::types::Role;

use crate::aws::Aws;
use crate::aws::concurrently_found;
use crate::aws::fault::{Result, found};
use crate::aws::roles;
use crate::aws::tags::Tagged;

/// The path of all roles that alertctl creates for the stack.
pub(super) fn stack_path(aws: &Aws) -> String {
    roles::path_of(&aws.stack)
}

/// Every role under the stack's path, listed once. IAM's list does not contain tags.
pub(in crate::resource) async fn list_owned(aws: &Aws) -> Result<Rc<Vec<Role>>> {
    aws.once("iam:ListRoles", async || {
        roles::under(aws, &stack_path(aws)).await
    })
    .await
}

/// The stack's home region according to the tag of the first role that has one. For commands that do not observe the
/// stack.
///
/// `None` if the stack has no role, if its roles were created by a version that did not set the tag, or if the caller
/// may not read them.
///
/// # Errors
/// Any other error of IAM.
pub async fn home(aws: &Aws) -> Result<Option<String>> {
    let read: Result<_> = async {
        for role in list_owned(aws).await?.iter() {
            if let Some(home) = roles::home(aws, &role.role_name).await? {
                return Ok(Some(home));
            }
        }
        Ok(None)
    }
    .await;
    match read {
        Err(fault) if fault.denied() => Ok(None),
        result => result,
    }
}

/// The names of the roles of the stack's functions. Needed because an adopted role is not under the stack's path.
pub(super) async fn of_functions(aws: &Aws) -> Result<Vec<String>> {
    let tagged = aws.tagged().await?.iter();
    // Lambda's event source mappings carry the tag as well.
    let is_function =
        |tagged: &&Tagged| tagged.service() == "lambda" && tagged.resource().starts_with("function:");
    concurrently_found(tagged.filter(is_function), async |function| {
        let request = aws.connection.clients.lambda.get_function_configuration();
        let request = request.function_name(&function.arn);
        let answer = aws
            .call("lambda:GetFunctionConfiguration", || request.clone().send())
            .await;
        let role = found(answer)?.and_then(|answer| answer.role);
        Ok(role.and_then(|arn| Some(arn.rsplit_once('/')?.1.to_owned())))
    })
    .await
}
