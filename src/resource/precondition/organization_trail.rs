//! A trail that logs every account of an organization, which AWS takes from two sorts of accounts only.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-delegated-administrator.html>

use crate::aws::organizations;
use crate::resource::access::ANY;
use crate::resource::{Access, Aws, Result};

pub(super) const ACCESS: &[Access] = &[Access::check(&["organizations:DescribeOrganization"], ANY)
    .because("it is about the organization as a whole")];

/// Warns if the trail of the organization `wanted` cannot be made here, or would belong to another account than `owner`; by
/// default, the owner is the stack's account.
pub(super) async fn unmet(aws: &Aws, wanted: &str, owner: Option<&str>) -> Result<Option<String>> {
    let here = aws.scope().await?.account.as_str();
    let found = organizations::organization(aws).await?;
    let Some(found) = found.as_ref() else {
        return Ok(Some(format!(
            "account {here} is in no organization: remove `organization: true` from the trail"
        )));
    };
    let (id, management) = (&found.id, found.management_account.as_str());
    if id != wanted {
        return Ok(Some(format!(
            "account {here} is in organization {id}, and `organization.id` says {wanted}: the trail could not write its log files; \
             correct it"
        )));
    }
    Ok(match owner {
        None if here != management => Some(format!(
            "account {here} is not the management account of organization {id}, and may make its trail only as a delegated administrator \
             of CloudTrail: add `management_account: \"{management}\"` to `organization`, and register the account with `aws cloudtrail \
             register-organization-delegated-admin --member-account-id {here}` in the management account"
        )),
        Some(owner) if owner != management => Some(format!(
            "organization {id} is managed by account {management}, and `organization.management_account` says {owner}: the trail could \
             not write its log files; correct it"
        )),
        Some(owner) if owner == here => Some(format!(
            "account {here} is the management account itself: remove `organization.management_account`"
        )),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_organizations::operation::describe_organization::{
        DescribeOrganizationError, DescribeOrganizationOutput,
    };
    use aws_sdk_organizations::types::Organization;
    use aws_sdk_organizations::types::error::AwsOrganizationsNotInUseException;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    const ID: &str = "o-a1b2c3d4e5";
    /// The stack's account, of which [`Aws::mocked`] is.
    const HERE: &str = "123456789012";
    const OTHER: &str = "999988887777";

    /// What is said in an organization of this id and management account; `None` if there is none.
    async fn says(found: Option<(&'static str, &'static str)>, owner: Option<&str>) -> String {
        let rule = match found {
            None => mock!(aws_sdk_organizations::Client::describe_organization).then_error(|| {
                let none = AwsOrganizationsNotInUseException::builder();
                let code = aws_sdk_organizations::error::ErrorMetadata::builder()
                    .code("AWSOrganizationsNotInUseException");
                DescribeOrganizationError::AwsOrganizationsNotInUseException(none.meta(code.build()).build())
            }),
            Some((id, management)) => mock!(aws_sdk_organizations::Client::describe_organization)
                .then_output(move || {
                    let found = Organization::builder().id(id).master_account_id(management);
                    DescribeOrganizationOutput::builder()
                        .organization(found.build())
                        .build()
                }),
        };
        let aws = Aws::mocked(Vec::new(), |clients| {
            clients.organizations = mock_client!(aws_sdk_organizations, RuleMode::MatchAny, [&rule]);
        });
        unmet(&aws, ID, owner).await.unwrap().unwrap_or_default()
    }

    #[tokio::test]
    async fn whose_trail_it_would_be_is_told_before_aws_refuses_it() {
        let (here, other) = (Some((ID, HERE)), Some((ID, OTHER)));
        assert_eq!(says(here, None).await, "");
        assert_eq!(says(other, Some(OTHER)).await, "");
        for (found, owner, said) in [
            (None, None, "in no organization"),
            (other, None, "`management_account: \"999988887777\"`"),
            (
                other,
                None,
                "register-organization-delegated-admin --member-account-id 123456789012",
            ),
            (here, Some(OTHER), "is managed by account 123456789012"),
            (here, Some(HERE), "remove `organization.management_account`"),
            (
                Some(("o-other00000", HERE)),
                None,
                "`organization.id` says o-a1b2c3d4e5",
            ),
        ] {
            let text = says(found, owner).await;
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}
