//! What a request decides: rights, reach, open ports.

use super::policy::{self, Reach};
use super::search::{any, leaves};
use super::{
    AdminGranted, KeyLeaked, PortsOpen, Public, RecordingOff, RecordsDeleted, Shared, Trusts, TrustsEverybody,
};
use super::{Decision, Exposed};
use crate::event::normalised;
use serde_json::Value;

/// Deepest rule that is read.
const MAX_DEPTH: usize = 8;
/// All ports.
const ALL_PORTS: (u16, u16) = (0, u16::MAX);

/// Ends of the ARNs of policies that allow everything.
const ADMIN_POLICIES: [&str; 3] = [
    ":policy/AdministratorAccess",
    "AmazonEKSClusterAdminPolicy",
    ":policy/IAMFullAccess",
];
/// Beginning of the name of the policy that AWS gives the user of a leaked access key.
///
/// Source: IAM user guide, "AWS managed policy: AWSCompromisedKeyQuarantineV3".
const QUARANTINE: &str = "AWSCompromisedKeyQuarantine";
/// Days after which records may be deleted without being missed.
const SOON: u64 = 90;
/// Keys of a request that hold the policy of a resource.
const POLICIES: [&str; 8] = [
    "policy",
    "bucketpolicy",
    "policytext",
    "policyinjson",
    "resourcepolicy",
    "accesspolicies",
    "policydocument",
    "attributevalue",
];
/// Services whose policies are those of identities.
const OF_IDENTITIES: [&str; 4] = ["iam", "sso", "organizations", "sts"];

/// Rights of an identity, and who may take them on.
pub(super) fn rights(name: &str, request: &Value, own: Option<&str>) -> Option<Decision> {
    if let "CreateRole" | "UpdateAssumeRolePolicy" = name {
        let document = ["assumeRolePolicyDocument", "policyDocument"];
        let document = document.iter().find_map(|key| request.get(key))?;
        return Some(match policy::reach(document, own)? {
            Reach::Everybody => TrustsEverybody,
            Reach::Accounts(accounts) => Trusts(accounts),
        });
    }
    let gives = ["Attach", "Put", "CreatePolicy", "Associate"];
    if !gives.iter().any(|verb| name.starts_with(verb)) || name.ends_with("PermissionsBoundary") {
        return None;
    }
    let texts = ["policyArn", "managedPolicyArn"];
    let arn = texts.iter().find_map(|key| request.get(key)?.as_str());
    if let Some(arn) = arn {
        let is_admin = ADMIN_POLICIES.iter().any(|end| arn.ends_with(end));
        return match arn.contains(QUARANTINE) {
            true => Some(KeyLeaked),
            false => is_admin.then_some(AdminGranted),
        };
    }
    // The user of the key may be the one in whose name AWS puts the policy there.
    let named = request
        .get("policyName")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if named.starts_with(QUARANTINE) {
        return Some(KeyLeaked);
    }
    let documents = ["policyDocument", "inlinePolicy"];
    let all = documents
        .iter()
        .filter_map(|key| request.get(key))
        .any(policy::allows_all);
    all.then_some(AdminGranted)
}

/// `PutBucketLogging` without a target for the log.
pub(super) fn no_logging(name: &str, request: &Value) -> Option<Decision> {
    let status = request
        .get("BucketLoggingStatus")
        .filter(|_| name == "PutBucketLogging")?;
    status.get("LoggingEnabled").is_none().then_some(RecordingOff)
}

/// A rule by which S3 deletes what is in a bucket before anybody would look for it.
pub(super) fn expiry(name: &str, request: &Value) -> Option<Decision> {
    if !name.starts_with("PutBucketLifecycle") {
        return None;
    }
    let rule = request.pointer("/LifecycleConfiguration/Rule")?;
    let rules = rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice);
    let soon = |rule: &&Value| {
        let days = rule.pointer("/Expiration/Days").unwrap_or(&Value::Null);
        let days = days.as_u64().or_else(|| days.as_str()?.parse().ok());
        let is_on = rule.get("Status").and_then(Value::as_str) == Some("Enabled");
        is_on && days.is_some_and(|days| days < SOON)
    };
    rules.iter().find(soon).map(|_| RecordsDeleted)
}

/// A snapshot, image or document with everybody or with other accounts.
pub(super) fn shared(service: &str, name: &str, request: &Value, own: Option<&str>) -> Option<Decision> {
    let (thing, key) = match (service, name) {
        ("ec2", "ModifySnapshotAttribute") => (Exposed::Snapshot, "add"),
        ("ec2", "ModifyImageAttribute") => (Exposed::Image, "add"),
        ("rds", "ModifyDBSnapshotAttribute" | "ModifyDBClusterSnapshotAttribute") => {
            (Exposed::Snapshot, "valuestoadd")
        }
        ("redshift", "AuthorizeSnapshotAccess") => (Exposed::Snapshot, "accountwithrestoreaccess"),
        ("ssm", "ModifyDocumentPermission") => (Exposed::Document, "accountidstoadd"),
        _ => return None,
    };
    let (mut everybody, mut accounts) = (false, Vec::new());
    any(request, &mut |one, value| {
        if one == key {
            leaves(value, 0, &mut |text| match policy::account(text) {
                Some(account) if Some(account) != own => accounts.push(account.to_owned()),
                Some(_) => {}
                None => everybody |= text.eq_ignore_ascii_case("all"),
            });
        }
        false
    });
    match everybody {
        true => Some(Public(thing)),
        false => (!accounts.is_empty()).then_some(Shared(thing, accounts)),
    }
}

/// Ports that a security group lets everybody reach.
pub(super) fn ports(name: &str, request: &Value) -> Option<Decision> {
    let opens = name.starts_with("Authorize") && name.ends_with("Ingress");
    if !opens && name != "ModifySecurityGroupRules" {
        return None;
    }
    let mut ports = Vec::new();
    open_ports(request, Some(ALL_PORTS), 0, &mut ports);
    ports.sort_unstable();
    ports.dedup();
    (!ports.is_empty()).then_some(PortsOpen(ports))
}

/// Collects the port ranges of rules for every address; `around` is the range of the rule around `value`, `None` for
/// one without ports, such as ICMP's.
fn open_ports(value: &Value, around: Option<(u16, u16)>, depth: usize, ports: &mut Vec<(u16, u16)>) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Array(values) => values
            .iter()
            .for_each(|one| open_ports(one, around, depth + 1, ports)),
        Value::Object(map) => {
            let find = |key: &str| {
                map.iter()
                    .find(|(one, _)| normalised(one) == key)
                    .map(|(_, value)| value)
            };
            let port = |key: &str| match find(key)? {
                Value::String(text) => text.parse().ok(),
                other => u16::try_from(other.as_u64()?).ok(),
            };
            let protocol = find("ipprotocol").and_then(Value::as_str).unwrap_or_default();
            let range = match (protocol, port("fromport"), port("toport")) {
                ("icmp" | "icmpv6" | "1" | "58", _, _) => None,
                (_, Some(from), Some(to)) => Some((from, to)),
                (_, Some(port), None) | (_, None, Some(port)) => Some((port, port)),
                (_, None, None) => around,
            };
            for inner in map.values() {
                match inner.as_str() {
                    // Whatever the address before it, a prefix of no length means every address.
                    Some(cidr) if cidr.ends_with("/0") && cidr.starts_with(is_address) => ports.extend(range),
                    _ => open_ports(inner, range, depth + 1, ports),
                }
            }
        }
        _ => {}
    }
}

fn is_address(c: char) -> bool {
    c.is_ascii_hexdigit() || c == ':'
}

/// An access control list of S3 that names everybody.
pub(super) fn acl(service: &str, name: &str, request: &Value) -> Option<Decision> {
    let thing = match (service, name) {
        ("s3", "PutBucketAcl" | "CreateBucket") => Exposed::Bucket,
        ("s3", "PutObjectAcl" | "PutObject" | "CopyObject") => Exposed::Object,
        _ => return None,
    };
    let mut public = false;
    leaves(request, 0, &mut |text| {
        let canned = ["public-read", "public-read-write", "authenticated-read"];
        let groups = ["groups/global/AllUsers", "groups/global/AuthenticatedUsers"];
        public |= canned.contains(&text) || groups.iter().any(|group| text.contains(group));
    });
    public.then_some(Public(thing))
}

/// A statement that is added to the policy of a function.
pub(super) fn permission(service: &str, name: &str, request: &Value, own: Option<&str>) -> Option<Decision> {
    if service != "lambda" || !matches!(name, "AddPermission" | "AddLayerVersionPermission") {
        return None;
    }
    let said = |key: &str| request.get(key).and_then(Value::as_str);
    let limits = ["sourceAccount", "sourceArn", "principalOrgID", "organizationId"];
    let principal = said("principal")?;
    if principal == "*" {
        let limited = limits.iter().any(|key| said(key).is_some());
        return (!limited).then_some(Public(Exposed::Function));
    }
    let account = policy::account(principal).filter(|account| own.is_some() && Some(*account) != own)?;
    Some(Shared(Exposed::Function, vec![account.to_owned()]))
}

/// The policy of a resource that lets in everybody or other accounts.
pub(super) fn resource_policy(
    service: &str,
    name: &str,
    request: &Value,
    own: Option<&str>,
) -> Option<Decision> {
    let sets = ["Put", "Set", "Create", "Update", "Add"];
    if OF_IDENTITIES.contains(&service) || !sets.iter().any(|verb| name.starts_with(verb)) {
        return None;
    }
    let thing = match service {
        "s3" => Exposed::Bucket,
        "kms" => Exposed::Key,
        "sns" => Exposed::Topic,
        "sqs" => Exposed::Queue,
        "ecr" => Exposed::Repository,
        "lambda" => Exposed::Function,
        "secretsmanager" => Exposed::Secret,
        _ => Exposed::Other,
    };
    let mut reached = None;
    any(request, &mut |key, value| {
        if reached.is_none() && POLICIES.contains(&key) {
            reached = policy::reach(value, own);
        }
        false
    });
    Some(match reached? {
        Reach::Everybody => Public(thing),
        Reach::Accounts(accounts) => Shared(thing, accounts),
    })
}
