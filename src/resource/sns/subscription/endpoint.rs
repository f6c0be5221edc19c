//! Endpoints in the forms that are compared, marked and shown.

use crate::aws::secret::fingerprint;
use crate::aws::{Scope, Text};

/// The mark that identifies a subscription in its topic's tag.
pub(in crate::resource) fn mark(protocol: &str, endpoint: &str) -> String {
    let mut mark = fingerprint(&format!("{protocol} {}", masked(endpoint)));
    mark.truncate(8);
    mark
}

/// The endpoint as SNS returns it: the password of `https://user:password@host` is masked.
pub(super) fn masked(endpoint: &str) -> String {
    let parts = endpoint.split_once("://").and_then(|(scheme, rest)| {
        let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let at = rest[..host].rfind('@')?;
        let (user, _) = rest[..at].split_once(':')?;
        Some(format!("{scheme}://{user}:****{}", &rest[at..]))
    });
    parts.unwrap_or_else(|| endpoint.to_owned())
}

/// The endpoint as it is shown. A URL may contain a token, so only its host is shown. Of an ARN only the name is
/// shown.
pub(super) fn shown(protocol: &str, endpoint: &str) -> String {
    match (protocol, endpoint.split_once("://")) {
        (_, Some((scheme, rest))) => {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            format!("{scheme}://{}", host.rsplit('@').next().unwrap_or_default())
        }
        ("lambda" | "sqs", None) => endpoint.rsplit(':').next().unwrap_or_default().to_owned(),
        _ => endpoint.to_owned(),
    }
}

/// The endpoint before account and region are known. Only for its name.
pub(super) fn label(endpoint: &Text) -> String {
    let nowhere = Scope {
        partition: String::new(),
        region: String::new(),
        account: String::new(),
    };
    endpoint.fill_computed(&nowhere).unwrap_or_else(|node| node)
}
