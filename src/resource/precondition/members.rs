//! The organization whose members a stack hears.

use crate::aws::organizations;
use crate::resource::access::ANY;
use crate::resource::{Access, Aws, Result};

pub(super) const ACCESS: &[Access] = &[Access::read(
    &["organizations:DescribeOrganization", "organizations:ListAccounts"],
    ANY,
)
.because("they are about the organization as a whole")];

/// Warns if the account is not in the organization `id`, or may not read the names of the members.
pub(super) async fn unmet(aws: &Aws, id: &str) -> Result<Option<String>> {
    let (here, listed) = futures::join!(organizations::organization(aws), organizations::accounts(aws));
    let listed = match listed {
        Err(fault) if organizations::denied(&fault) => Some(fault),
        Err(fault) => return Err(fault),
        Ok(_) => None,
    };
    Ok(match (here?, listed) {
        (None, _) => Some(format!(
            "this account is in no organization, so that no member of `{id}` can deploy a spoke from here"
        )),
        (Some(here), _) if here.id != id => Some(format!(
            "this account is in the organization `{}`, and the stack hears `{id}`: correct `organization.id`",
            here.id
        )),
        (Some(_), Some(fault)) => Some(format!(
            "the organization's accounts cannot be listed, so that messages show their ids unless `accounts:` names them \
             ({fault}): apply in the management account, or as a delegated administrator"
        )),
        (Some(_), None) => None,
    })
}
