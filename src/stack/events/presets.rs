//! Ready patterns.

use serde_json::{Value, json};

use super::super::model::{Preset, Stack, TrailSource};
use super::{API_CALL, SERVICE_EVENT, SIGN_INS};

/// The pattern of a preset.
pub(super) fn pattern(preset: Preset, stack: &Stack) -> Value {
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
        Preset::StackChanges => stack_changes(stack),
    }
}

const SECURITY_GROUP_CHANGES: [&str; 9] = [
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CreateSecurityGroup",
    "DeleteSecurityGroup",
    "ModifySecurityGroupRules",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "UpdateSecurityGroupRuleDescriptionsEgress",
    "UpdateSecurityGroupRuleDescriptionsIngress",
];

/// As CloudTrail names them, which for some is not what the API calls them.
const S3_POLICY_CHANGES: [&str; 14] = [
    "DeleteAccessPointPolicy",
    "DeleteAccountPublicAccessBlock",
    "DeleteBucketCors",
    "DeleteBucketOwnershipControls",
    "DeleteBucketPolicy",
    "DeleteBucketPublicAccessBlock",
    "PutAccessPointPolicy",
    "PutAccountPublicAccessBlock",
    "PutBucketAcl",
    "PutBucketCors",
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

const KMS_KEY_DISABLED: [&str; 4] = [
    "DeleteImportedKeyMaterial",
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

/// API calls of a service by name.
fn calls(service: &str, names: &[&str]) -> Value {
    json!({
        "source": [format!("aws.{service}")],
        "detail-type": [API_CALL],
        "detail": {
            "eventSource": [format!("{service}.amazonaws.com")],
            "eventName": names,
        },
    })
}

/// Sign-ins of root, users, roles and federated users, changes of role in the console, and sign-ins to
/// IAM Identity Center, which come as events of the service.
fn console_sign_in() -> Value {
    json!({
        "source": ["aws.signin"],
        "detail-type": [SIGN_INS[0], SIGN_INS[1], SERVICE_EVENT],
        "detail": { "eventName": ["ConsoleLogin", "SwitchRole", "UserAuthentication"] },
    })
}

/// What root does itself: not what a service does in its name.
fn root_activity() -> Value {
    json!({
        "detail-type": [SIGN_INS[0], SIGN_INS[1], API_CALL],
        "detail": {
            "userIdentity": { "type": ["Root"], "invokedBy": [{ "exists": false }] },
        },
    })
}

/// Whatever IAM changes: its reading calls begin with words that no changing call begins with.
fn iam_changes() -> Value {
    json!({
        "source": ["aws.iam"],
        "detail-type": [API_CALL],
        "detail": {
            "eventSource": ["iam.amazonaws.com"],
            "eventName": [{ "anything-but": { "prefix": ["Generate", "Get", "List", "Simulate"] } }],
        },
    })
}

/// Services whose resources a stack is made of.
const OWN_SOURCES: [&str; 10] = [
    "aws.cloudtrail",
    "aws.events",
    "aws.iam",
    "aws.kms",
    "aws.lambda",
    "aws.logs",
    "aws.monitoring",
    "aws.s3",
    "aws.sns",
    "aws.sqs",
];

/// Changing calls that name a resource of the stack: by its default name, which begins with the stack's,
/// or by one that the file gives it. What AWS gives a random id (keys, APIs) no pattern can know.
fn stack_changes(stack: &Stack) -> Value {
    let prefix = format!("{}-", stack.stack);
    let begins = || json!({ "prefix": prefix });
    let after = |sign: char| json!({ "wildcard": format!("*{sign}{prefix}*") });
    let given = |names: Vec<&String>, also_arn: Option<char>| {
        let mut conditions = vec![];
        for name in names.into_iter().filter(|name| !name.starts_with(&prefix)) {
            conditions.push(json!(name));
            conditions.extend(also_arn.map(|sign| json!({ "suffix": format!("{sign}{name}") })));
        }
        conditions
    };
    let topics: Vec<_> = stack
        .topics
        .values()
        .filter_map(|topic| topic.name.as_ref())
        .collect();
    let alarms: Vec<_> = stack
        .alarms
        .values()
        .filter_map(|alarm| alarm.name.as_ref())
        .collect();
    let rules: Vec<_> = stack
        .rules
        .values()
        .filter_map(|rule| rule.name.as_ref())
        .collect();
    let ingests = stack
        .endpoints
        .values()
        .filter_map(|endpoint| endpoint.function.as_ref());
    let guard = stack.trail.iter().filter_map(|trail| trail.guard.name.as_ref());
    let functions = stack.relay.name.iter().chain(ingests).chain(guard).collect();
    let trail = match stack.trail.as_ref().map(|trail| &trail.source) {
        Some(TrailSource::Own(trail)) => trail.name.iter().collect(),
        _ => vec![],
    };
    let fields = [
        (
            "alarmName",
            [vec![begins()], given(alarms.clone(), None)].concat(),
        ),
        ("alarmNames", [vec![begins()], given(alarms, None)].concat()),
        ("aliasName", vec![json!({ "prefix": format!("alias/{prefix}") })]),
        ("bucketName", vec![begins()]),
        (
            "functionName",
            [vec![begins(), after(':')], given(functions, Some(':'))].concat(),
        ),
        ("logGroupName", vec![begins(), after('/')]),
        // Of a topic or a rule that is made, and of a trail, which may be an ARN.
        (
            "name",
            [
                vec![begins(), after('/')],
                given([rules.clone(), trail].concat(), Some('/')),
            ]
            .concat(),
        ),
        ("queueUrl", vec![after('/')]),
        ("roleName", vec![begins()]),
        ("rule", [vec![begins()], given(rules, None)].concat()),
        ("subscriptionArn", vec![after(':')]),
        ("topicArn", [vec![after(':')], given(topics, Some(':'))].concat()),
        ("trailName", vec![begins(), after('/')]),
    ];
    let branches: Vec<_> = fields
        .into_iter()
        .map(|(field, conditions)| json!({ "requestParameters": { field: conditions } }))
        .collect();
    json!({
        "source": OWN_SOURCES,
        "detail-type": [API_CALL],
        "detail": { "$or": branches },
    })
}
