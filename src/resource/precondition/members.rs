//! The names of the accounts whose events a stack hears.

use crate::aws::organizations;
use crate::resource::access::ANY;
use crate::resource::{Access, Aws, Result};

pub(super) const ACCESS: &[Access] = &[
    Access::check(&["organizations:ListAccounts"], ANY).because("it is about the organization as a whole")
];

/// Warns if the caller may not list the accounts.
pub(super) async fn unmet(aws: &Aws) -> Result<Option<String>> {
    match organizations::accounts(aws).await {
        Err(fault) if organizations::denied(&fault) => Ok(Some(format!(
            "the organization's accounts cannot be listed, so who has no spoke is not known, and where the stack's account itself may \
             not, messages show ids of accounts that `accounts:` does not name: only the management account and delegated \
             administrators may ({fault})"
        ))),
        Err(fault) => Err(fault),
        Ok(_) => Ok(None),
    }
}
