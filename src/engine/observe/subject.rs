//! Names what was being read when AWS refused a call.

use crate::aws::{Aws, Fault};
use crate::resource::any::{AnyWanted, Kind};

/// Calls that are not about one resource: the caller's identity, and lists that several kinds share.
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

/// Adds to a refusal which resource of a kind could not be read, unless the fault already names one.
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
