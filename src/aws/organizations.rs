//! The accounts of an organization.

use std::rc::Rc;

use alertctl_relay::ArnParts;
use aws_sdk_organizations::types::{AccountState, OrganizationFeatureSet};

use super::call::pages;
use super::fault::Result;
use super::{Aws, Fault};

/// The most accounts that AWS returns at once: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html>.
const PAGE: i32 = 20;

/// One account of the organization.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    pub name: String,
    /// Whether it takes calls: it is neither suspended nor being closed.
    pub active: bool,
    /// Whether it is the management account.
    pub manages: bool,
    /// Where it is, from the organization on: `o-…/r-…/ou-…/123456789012/`.
    pub paths: Vec<String>,
}

impl Account {
    /// Whether it is in the unit `ou-…`, in one below it, or under the root `r-…`.
    pub fn is_in(&self, unit: &str) -> bool {
        let mut parts = self.paths.iter().flat_map(|path| path.split('/'));
        parts.any(|part| part == unit)
    }
}

/// Who the caller's organization is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// `o-…`
    pub id: String,
    /// The id of its management account.
    pub management_account: String,
    /// Whether it has more than consolidated billing, which StackSets needs.
    pub all_features: bool,
}

/// The organization of the caller's account, which every member may ask; read once. `None` if the account is in none.
pub async fn organization(aws: &Aws) -> Result<Rc<Option<Organization>>> {
    aws.once("organizations:DescribeOrganization", async || describe(aws).await)
        .await
}

async fn describe(aws: &Aws) -> Result<Option<Organization>> {
    let request = aws.connection.clients.organizations.describe_organization();
    let answer = aws.call("organizations:DescribeOrganization", || request.clone().send());
    match answer.await {
        Err(fault) if fault.is(&["AWSOrganizationsNotInUseException"]) => Ok(None),
        answer => Ok(answer?.organization.map(|found| Organization {
            id: found.id.unwrap_or_default(),
            management_account: found.master_account_id.unwrap_or_default(),
            all_features: found
                .feature_set
                .is_none_or(|features| features == OrganizationFeatureSet::All),
        })),
    }
}

/// Lists all accounts of the organization, in order of their ids: 20 a call, so 1,000 accounts take 50 calls.
///
/// # Errors
/// Only the management account and delegated administrators may ask; see [`denied`].
pub async fn accounts(aws: &Aws) -> Result<Rc<Vec<Account>>> {
    aws.once("organizations:ListAccounts", async || list(aws).await)
        .await
}

async fn list(aws: &Aws) -> Result<Vec<Account>> {
    let request = aws
        .connection
        .clients
        .organizations
        .list_accounts()
        .max_results(PAGE);
    let page = async |token: Option<String>| {
        let request = request.clone().set_next_token(token);
        let page = aws
            .call("organizations:ListAccounts", || request.clone().send())
            .await?;
        Ok((page.accounts.unwrap_or_default(), page.next_token))
    };
    let mut accounts: Vec<_> = pages(page)
        .await?
        .into_iter()
        .map(|account| Account {
            active: account.state.is_none_or(|state| state == AccountState::Active),
            // The ARN of an account begins with the id of the management account.
            manages: account
                .arn
                .is_some_and(|arn| account.id.as_deref() == Some(ArnParts::of(&arn).account)),
            id: account.id.unwrap_or_default(),
            name: account.name.unwrap_or_default(),
            paths: account.paths.unwrap_or_default(),
        })
        .collect();
    accounts.sort_unstable();
    Ok(accounts)
}

/// Whether the caller may not list accounts, or is in no organization.
pub fn denied(fault: &Fault) -> bool {
    fault.denied() || fault.is(&["AWSOrganizationsNotInUseException"])
}
