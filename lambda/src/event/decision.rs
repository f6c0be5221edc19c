//! What a call decided, beyond its verb: that a database is public, that a detector is off.
//!
//! The tables and functions here say what would be so if the call succeeded; [`super::effect`] says how urgent that is.

mod policy;
mod request;
mod search;

use super::target::unversioned;
use request::{acl, expiry, no_logging, permission, ports, resource_policy, rights, shared};
use search::any;
use serde_json::Value;

/// What is so after a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The trail no longer records anything.
    TrailStopped,
    TrailDeleted,
    /// The trail may record less or deliver elsewhere.
    TrailChanged,
    /// Records, or the storage for them, are gone, if they were kept there.
    RecordsDeleted,
    /// Nothing is left to restore from.
    BackupsDeleted,
    /// Something is no longer logged: network traffic, requests, queries.
    RecordingOff,
    /// A detector of threats or of changes is off.
    DetectionOff,
    /// Alerts may no longer be delivered, if they went this way.
    AlertsOff,
    /// A key can no longer decrypt.
    KeyOff,
    /// A firewall, an encryption by default, a protection against deletion is off.
    ProtectionOff,
    /// The account left its organization, and its policies with it.
    OrganizationLeft,
    /// Everybody may reach or use it.
    Public(Exposed),
    /// Nothing forbids any longer to make something public.
    PublicAllowed,
    /// Other accounts may use it, twelve digits each.
    Shared(Exposed, Vec<String>),
    /// These ports are open to every address, the first and the last of each range.
    PortsOpen(Vec<(u16, u16)>),
    /// Somebody may do everything.
    AdminGranted,
    /// Everybody may assume the role.
    TrustsEverybody,
    /// These other accounts may assume the role.
    Trusts(Vec<String>),
    /// AWS found an access key in public and put its user into quarantine.
    KeyLeaked,
    MfaRemoved,
    AccessKeyCreated,
    PasswordSet,
}

/// What is public or shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposed {
    Database,
    Snapshot,
    Image,
    Document,
    Bucket,
    Object,
    Function,
    Key,
    Topic,
    Queue,
    Repository,
    Secret,
    Project,
    /// Anything else with a policy.
    Other,
}

use Decision::{
    AccessKeyCreated, AdminGranted, AlertsOff, BackupsDeleted, DetectionOff, KeyLeaked, KeyOff, MfaRemoved,
    OrganizationLeft, PasswordSet, PortsOpen, ProtectionOff, Public, PublicAllowed, RecordingOff,
    RecordsDeleted, Shared, TrailChanged, TrailDeleted, TrailStopped, Trusts, TrustsEverybody,
};

/// Service, names of calls separated by blanks, and what they decide whatever the request says.
const CALLS: &[(&str, &str, Decision)] = &[
    (
        "cloudtrail",
        "StopLogging StopEventDataStoreIngestion",
        TrailStopped,
    ),
    ("cloudtrail", "DeleteTrail DeleteEventDataStore", TrailDeleted),
    (
        "cloudtrail",
        "UpdateTrail UpdateEventDataStore PutEventSelectors PutInsightSelectors",
        TrailChanged,
    ),
    ("s3", "DeleteBucket", RecordsDeleted),
    ("logs", "DeleteLogGroup DeleteLogStream", RecordsDeleted),
    ("ec2", "DeleteFlowLogs", RecordingOff),
    (
        "route53resolver",
        "DeleteResolverQueryLogConfig DisassociateResolverQueryLogConfig",
        RecordingOff,
    ),
    (
        "bedrock",
        "DeleteModelInvocationLoggingConfiguration",
        RecordingOff,
    ),
    ("rds", "StopActivityStream", RecordingOff),
    ("redshift", "DisableLogging", RecordingOff),
    ("wafv2", "DeleteLoggingConfiguration", RecordingOff),
    (
        "guardduty",
        "DeleteDetector StopMonitoringMembers DisassociateFromAdministratorAccount \
         DisassociateFromMasterAccount DisassociateMembers DeleteMembers",
        DetectionOff,
    ),
    (
        "config",
        "StopConfigurationRecorder DeleteConfigurationRecorder DeleteDeliveryChannel",
        DetectionOff,
    ),
    (
        "securityhub",
        "DisableSecurityHub DisassociateFromAdministratorAccount DisassociateFromMasterAccount",
        DetectionOff,
    ),
    ("access-analyzer", "DeleteAnalyzer", DetectionOff),
    ("macie2", "DisableMacie", DetectionOff),
    (
        "macie",
        "DisassociateS3Resources DisassociateMemberAccount",
        DetectionOff,
    ),
    ("inspector2", "Disable", DetectionOff),
    ("detective", "DeleteGraph", DetectionOff),
    ("events", "DisableRule DeleteRule RemoveTargets", AlertsOff),
    ("monitoring", "DeleteAlarms DisableAlarmActions", AlertsOff),
    ("sns", "DeleteTopic Unsubscribe", AlertsOff),
    ("sqs", "DeleteQueue PurgeQueue", AlertsOff),
    ("lambda", "DeleteFunction DeleteEventSourceMapping", AlertsOff),
    ("logs", "DeleteMetricFilter", AlertsOff),
    ("apigateway", "DeleteApi", AlertsOff),
    ("guardduty", "DeletePublishingDestination", AlertsOff),
    ("kms", "DisableKey ScheduleKeyDeletion", KeyOff),
    ("wafv2", "DisassociateWebACL DeleteWebACL", ProtectionOff),
    ("waf-regional", "DisassociateWebACL DeleteWebACL", ProtectionOff),
    ("waf", "DeleteWebACL", ProtectionOff),
    ("shield", "DeleteProtection DeleteSubscription", ProtectionOff),
    ("bedrock", "DeleteGuardrail", ProtectionOff),
    ("ec2", "DisableEbsEncryptionByDefault", ProtectionOff),
    (
        "ec2",
        "DisableSnapshotBlockPublicAccess DisableImageBlockPublicAccess",
        PublicAllowed,
    ),
    (
        "s3",
        "DeleteBucketPublicAccessBlock DeletePublicAccessBlock DeleteAccountPublicAccessBlock",
        PublicAllowed,
    ),
    (
        "rds",
        "DeleteDBInstanceAutomatedBackup DeleteDBClusterAutomatedBackup",
        BackupsDeleted,
    ),
    ("backup", "DeleteBackupVault", BackupsDeleted),
    ("iam", "DeleteAccountPasswordPolicy", ProtectionOff),
    ("organizations", "LeaveOrganization", OrganizationLeft),
    ("iam", "DeactivateMFADevice", MfaRemoved),
    ("iam", "CreateAccessKey", AccessKeyCreated),
    ("iam", "CreateLoginProfile UpdateLoginProfile", PasswordSet),
];

/// Service, beginning of the call's name, a key at any depth of the request and its value, and what that decides.
const VALUES: &[(&str, &str, &str, &str, Decision)] = &[
    ("guardduty", "UpdateDetector", "enable", "false", DetectionOff),
    ("macie2", "UpdateMacieSession", "status", "PAUSED", DetectionOff),
    ("events", "PutRule", "state", "DISABLED", AlertsOff),
    (
        "monitoring",
        "PutMetricAlarm",
        "actionsenabled",
        "false",
        AlertsOff,
    ),
    (
        "lambda",
        "UpdateEventSourceMapping",
        "enabled",
        "false",
        AlertsOff,
    ),
    (
        "lambda",
        "PutFunctionConcurrency",
        "reservedconcurrentexecutions",
        "0",
        AlertsOff,
    ),
    ("rds", "", "publiclyaccessible", "true", Public(Exposed::Database)),
    (
        "redshift",
        "",
        "publiclyaccessible",
        "true",
        Public(Exposed::Database),
    ),
    ("rds", "Modify", "deletionprotection", "false", ProtectionOff),
    (
        "ec2",
        "ModifyInstanceMetadataOptions",
        "httptokens",
        "optional",
        ProtectionOff,
    ),
    ("s3", "PutBucketVersioning", "status", "Suspended", ProtectionOff),
    ("s3", "Put", "blockpublicacls", "false", PublicAllowed),
    ("s3", "Put", "ignorepublicacls", "false", PublicAllowed),
    ("s3", "Put", "blockpublicpolicy", "false", PublicAllowed),
    ("s3", "Put", "restrictpublicbuckets", "false", PublicAllowed),
    (
        "codebuild",
        "UpdateProjectVisibility",
        "projectvisibility",
        "PUBLIC_READ",
        Public(Exposed::Project),
    ),
    (
        "lambda",
        "CreateFunctionUrlConfig",
        "authtype",
        "NONE",
        Public(Exposed::Function),
    ),
    (
        "lambda",
        "UpdateFunctionUrlConfig",
        "authtype",
        "NONE",
        Public(Exposed::Function),
    ),
    (
        "lambda",
        "AddPermission",
        "functionurlauthtype",
        "NONE",
        Public(Exposed::Function),
    ),
];

/// What the call `name` to `service` decides if it succeeds. `own` is the account in which it was made.
pub(super) fn read(service: &str, name: &str, record: &Value, own: Option<&str>) -> Option<Decision> {
    let request = record.get("requestParameters").unwrap_or(&Value::Null);
    let name = unversioned(name);
    let said = CALLS
        .iter()
        .find(|(of, calls, _)| *of == service && calls.split_whitespace().any(|call| call == name));
    if let Some((_, _, decision)) = said {
        return Some(decision.clone());
    }
    match service {
        "iam" | "sso" | "eks" => rights(name, request, own),
        "s3" => expiry(name, request).or_else(|| no_logging(name, request)),
        _ => None,
    }
    .or_else(|| shared(service, name, request, own))
    .or_else(|| ports(name, request))
    .or_else(|| acl(service, name, request))
    .or_else(|| value(service, name, request))
    .or_else(|| {
        // What the request leaves open, a new database's subnets decide.
        let is_new = name.starts_with("Create") || name.starts_with("Restore");
        let answer = record.get("responseElements").filter(|_| is_new)?;
        value(service, name, answer)
    })
    .or_else(|| permission(service, name, request, own))
    .or_else(|| resource_policy(service, name, request, own))
}

fn value(service: &str, name: &str, request: &Value) -> Option<Decision> {
    let is = |value: &Value, wanted: &str| match value {
        Value::String(text) => text.eq_ignore_ascii_case(wanted),
        Value::Bool(flag) => wanted.parse() == Ok(*flag),
        Value::Number(number) => number.as_u64().is_some_and(|number| wanted.parse() == Ok(number)),
        _ => false,
    };
    let decides = VALUES.iter().find(|(of, begin, key, wanted, _)| {
        *of == service
            && name.starts_with(begin)
            && any(request, &mut |one, value| one == *key && is(value, wanted))
    });
    decides.map(|(_, _, _, _, decision)| decision.clone())
}

#[cfg(test)]
mod tests;
