//! What was being read when AWS refused.

use crate::aws::{Aws, Fault};
use crate::resource::any::{AnyWanted, Kind};

/// Calls about nothing in particular: who calls, and lists that several kinds share.
const OF_THE_ACCOUNT: &[&str] = &[
    "sts:GetCallerIdentity",
    "tag:GetResources",
    "iam:ListRoles",
    "kms:ListKeys",
    "kms:ListAliases",
    "apigateway:GetApis",
    "cloudtrail:DescribeTrails",
    "logs:DescribeMetricFilters",
];

/// Adds to a refusal what of a kind could not be read, as far as nobody knows it better.
pub(super) async fn named(aws: &Aws, fault: Fault, kind: &Kind, wanted: &[AnyWanted<'_>]) -> Fault {
    if OF_THE_ACCOUNT.contains(&fault.action) {
        return fault;
    }
    let fault = fault.of(|| match wanted {
        [] => kind.name.to_owned(),
        [(id, resource)] => format!("{id} ({})", resource.name()),
        [(id, _), others @ ..] => format!("{id} or one of {} more", others.len()),
    });
    match aws.scope().await {
        Ok(scope) => fault.written_out(scope),
        Err(_) => fault,
    }
}
