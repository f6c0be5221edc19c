//! What an organization must have before StackSets acts in it.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-activate-trusted-access.html>

use std::collections::BTreeSet;

use aws_sdk_cloudformation::types::OrganizationStatus;

use super::CallAs;
use super::read::is_no_administrator;
use crate::aws::organizations::{self, Organization};
use crate::resource::{Aws, Result};

/// Whom the management account registers as a delegated administrator for.
const PRINCIPAL: &str = "member.org.stacksets.cloudformation.amazonaws.com";

/// The regions that an account has to enable before anything can be in them.
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
const OPT_IN: [&str; 17] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

/// How a stack uses its organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The organization in the stack file, `o-…`.
    pub id: String,
    /// Accounts are chosen by organizational units, with service-managed permissions.
    pub by_units: bool,
    pub call_as: CallAs,
    pub regions: BTreeSet<String>,
    /// The accounts that have a stack of their own, and those that shall have none.
    pub others: BTreeSet<String>,
}

/// What is missing, and the command that mends it.
pub async fn unmet(aws: &Aws, wanted: &Use) -> Result<Option<String>> {
    let here = &aws.scope().await?.account;
    let organization = organizations::organization(aws).await?;
    let Some(organization) = organization.as_ref() else {
        return Ok(Some(format!(
            "account {here} is in no organization: nothing can be deployed to other accounts; make one with `aws organizations \
             create-organization --feature-set ALL` in the account that is to manage it"
        )));
    };
    let id = &organization.id;
    if *id != wanted.id {
        return Ok(Some(format!(
            "account {here} is in organization {id}, and `organization.id` says {}: its accounts cannot send to the hub; correct it",
            wanted.id
        )));
    }
    let mut unmet = Vec::new();
    if wanted.by_units {
        unmet.extend(of_units(aws, wanted, organization, here).await?);
    }
    for region in wanted
        .regions
        .iter()
        .filter(|region| OPT_IN.contains(&region.as_str()))
    {
        let there = aws.at(region);
        // Credentials are unknown where the account has not enabled the region.
        if let Err(fault) = there.tagged().await
            && fault
                .message
                .contains("security token included in the request is invalid")
        {
            unmet.push(format!(
                "{region} is not enabled in account {here}: stacks come only into accounts that have enabled it, and only if the \
                 management account has; enable it there with `aws account enable-region --region-name {region}`"
            ));
        }
    }
    Ok((!unmet.is_empty()).then(|| unmet.join("; ")))
}

async fn of_units(
    aws: &Aws,
    wanted: &Use,
    organization: &Organization,
    here: &str,
) -> Result<Option<String>> {
    let management = &organization.management_account;
    if !organization.all_features {
        return Ok(Some(format!(
            "organization {} has only consolidated billing: StackSets needs all features; enable them with `aws organizations \
             enable-all-features` in the management account {management}",
            wanted.id
        )));
    }
    let delegated = wanted.call_as == CallAs::DelegatedAdmin;
    if delegated && here == management {
        return Ok(Some(format!(
            "account {here} is the management account, which is no delegated administrator: remove `organization.delegated_admin`"
        )));
    }
    let register = || {
        format!(
            "`aws organizations register-delegated-administrator --account-id {here} --service-principal {PRINCIPAL}` in the \
             management account {management}"
        )
    };
    if !delegated && here != management {
        return Ok(Some(format!(
            "account {here} is not the management account of organization {}: add `delegated_admin: true` to `organization`, and \
             register the account with {}",
            wanted.id,
            register()
        )));
    }
    let request = aws
        .connection
        .clients
        .cloudformation
        .describe_organizations_access();
    let request = request.call_as(wanted.call_as.to_sdk());
    let access = aws.call("cloudformation:DescribeOrganizationsAccess", || {
        request.clone().send()
    });
    match access.await {
        Err(fault) if delegated && is_no_administrator(&fault) => Ok(Some(format!(
            "account {here} is no delegated administrator of StackSets, or may not call `organizations:ListDelegatedAdministrators`: \
             register it with {}",
            register()
        ))),
        Err(fault) => Err(fault),
        Ok(access) if access.status() != Some(&OrganizationStatus::Enabled) => Ok(Some(format!(
            "StackSets has no trusted access to organization {}: activate it with `aws cloudformation activate-organizations-access` in \
             the management account {management} (the command of Organizations does not do)",
            wanted.id
        ))),
        Ok(_) if management != here && !wanted.others.contains(management) => Ok(Some(format!(
            "StackSets never deploys to the management account {management}: nobody hears what happens there; add it to \
             `organization.targets`, or to `organization.except` if that is meant"
        ))),
        Ok(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests;
