//! Ready-made patterns.

use serde_json::{Value, json};

use super::{API_CALL, SERVICE_EVENT, SIGN_INS, own};
use crate::stack::model::{Preset, Stack};

/// The pattern of a preset.
pub fn pattern(preset: Preset, stack: &Stack) -> Value {
    match preset {
        Preset::ConsoleSignIn => console_sign_in(),
        Preset::RootActivity => root_activity(),
        Preset::IamChanges => iam_changes(),
        Preset::SecurityGroupChanges => calls("ec2", &SECURITY_GROUP_CHANGES),
        Preset::S3PolicyChanges => calls("s3", &S3_POLICY_CHANGES),
        Preset::RdsLifeCycle => calls("rds", &RDS_LIFE_CYCLE),
        Preset::Ec2LifeCycle => json!({
            "source": ["aws.ec2"],
            "detail-type": ["EC2 Instance State-change Notification"],
        }),
        Preset::KmsKeyDisabled => calls("kms", &KMS_KEY_DISABLED),
        Preset::CloudtrailTampering => calls("cloudtrail", &CLOUDTRAIL_TAMPERING),
        Preset::StackChanges => own::pattern(stack),
    }
}

const SECURITY_GROUP_CHANGES: [&str; 11] = [
    "AssociateSecurityGroupVpc",
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CreateSecurityGroup",
    "DeleteSecurityGroup",
    "DisassociateSecurityGroupVpc",
    "ModifySecurityGroupRules",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "UpdateSecurityGroupRuleDescriptionsEgress",
    "UpdateSecurityGroupRuleDescriptionsIngress",
];

/// The names in CloudTrail, which differ from the API's for some calls.
const S3_POLICY_CHANGES: [&str; 17] = [
    "DeleteAccessPointPolicy",
    "DeleteAccountPublicAccessBlock",
    "DeleteBucketCors",
    "DeleteBucketLifecycle",
    "DeleteBucketOwnershipControls",
    "DeleteBucketPolicy",
    "DeleteBucketPublicAccessBlock",
    "DeleteBucketReplication",
    "PutAccessPointPolicy",
    "PutAccountPublicAccessBlock",
    "PutBucketAcl",
    "PutBucketCors",
    "PutBucketLifecycle",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketReplication",
];

const RDS_LIFE_CYCLE: [&str; 20] = [
    "CreateDBCluster",
    "CreateDBInstance",
    "CreateDBInstanceReadReplica",
    "DeleteDBCluster",
    "DeleteDBClusterSnapshot",
    "DeleteDBInstance",
    "DeleteDBSnapshot",
    "FailoverDBCluster",
    "ModifyDBCluster",
    "ModifyDBInstance",
    "PromoteReadReplica",
    "RebootDBInstance",
    "RestoreDBClusterFromSnapshot",
    "RestoreDBClusterToPointInTime",
    "RestoreDBInstanceFromDBSnapshot",
    "RestoreDBInstanceToPointInTime",
    "StartDBCluster",
    "StartDBInstance",
    "StopDBCluster",
    "StopDBInstance",
];

/// KMS itself performs the first and the third, on their scheduled date.
const KMS_KEY_DISABLED: [&str; 6] = [
    "DeleteExpiredKeyMaterial",
    "DeleteImportedKeyMaterial",
    "DeleteKey",
    "DisableKey",
    "DisableKeyRotation",
    "ScheduleKeyDeletion",
];

const CLOUDTRAIL_TAMPERING: [&str; 8] = [
    "DeleteEventDataStore",
    "DeleteTrail",
    "PutEventSelectors",
    "PutInsightSelectors",
    "StopEventDataStoreIngestion",
    "StopLogging",
    "UpdateEventDataStore",
    "UpdateTrail",
];

/// API calls of a service by name, and events of the service itself.
fn calls(service: &str, names: &[&str]) -> Value {
    json!({
        "source": [format!("aws.{service}")],
        "detail-type": [API_CALL, SERVICE_EVENT],
        "detail": {
            "eventSource": [format!("{service}.amazonaws.com")],
            "eventName": names,
        },
    })
}

/// Sign-ins of root, users, roles and federated users, role switches in the console, and sign-ins to IAM
/// Identity Center, which are events of the service.
fn console_sign_in() -> Value {
    json!({
        "source": ["aws.signin"],
        "detail-type": [SIGN_INS[0], SIGN_INS[1], SERVICE_EVENT],
        "detail": { "eventName": ["ConsoleLogin", "SwitchRole", "UserAuthentication"] },
    })
}

/// What root does itself, without what a service does on its behalf.
fn root_activity() -> Value {
    json!({
        "detail-type": [SIGN_INS[0], SIGN_INS[1], API_CALL],
        "detail": {
            "userIdentity": { "type": ["Root"], "invokedBy": [{ "exists": false }] },
        },
    })
}

/// Prefix of the tag keys that mark a run: see [`crate::aws::run`].
const RUN_MARK: &str = "alertctl:run.";

/// All changes of IAM: no name of a changing call begins like that of a reading call. A run of this tool marks
/// a role with a tag every two seconds to show that it is active; that is not a change.
fn iam_changes() -> Value {
    let no_mark = json!([{ "anything-but": { "prefix": RUN_MARK } }, { "exists": false }]);
    json!({
        "source": ["aws.iam"],
        "detail-type": [API_CALL],
        "detail": {
            "eventSource": ["iam.amazonaws.com"],
            "eventName": [{ "anything-but": { "prefix": ["Generate", "Get", "List", "Simulate"] } }],
            "requestParameters": { "tags": { "key": no_mark }, "tagKeys": no_mark },
        },
    })
}
