//! Refusals that go away by waiting: each call is made again until it succeeds.

use super::APPLY;
use crate::support::stage::{Refusal, Stage, refusal};

const TRAIL_PASSING: &[Refusal] = &[
    refusal(
        "s3:CreateBucket",
        2,
        409,
        "OperationAborted",
        "A conflicting conditional operation is currently in progress against this resource. Please try again.",
    ),
    refusal(
        "s3:PutBucketPolicy",
        2,
        404,
        "NoSuchBucket",
        "The specified bucket does not exist",
    ),
    refusal(
        "s3:PutBucketPolicy",
        1,
        400,
        "MalformedPolicy",
        "Invalid principal in policy",
    ),
    refusal(
        "cloudtrail:CreateTrail",
        2,
        400,
        "InsufficientS3BucketPolicyException",
        "Incorrect S3 bucket policy is detected for bucket: trail-guard-000000000000",
    ),
    refusal(
        "events:PutRule",
        2,
        400,
        "ConcurrentModificationException",
        "Rule ec2_state_change is being modified concurrently.",
    ),
    refusal(
        "events:PutTargets",
        2,
        400,
        "ResourceNotFoundException",
        "Rule ec2_state_change does not exist on EventBus default.",
    ),
    refusal(
        "lambda:AddPermission",
        2,
        409,
        "ResourceConflictException",
        "The function could not be updated due to a concurrent update operation.",
    ),
];

const CONCURRENT: &str =
    "Unable to complete operation due to concurrent modification. Please try again later.";

const ENDPOINT_PASSING: &[Refusal] = &[
    refusal(
        "apigateway:CreateApi",
        2,
        429,
        "TooManyRequestsException",
        "Too Many Requests",
    ),
    refusal(
        "apigateway:CreateIntegration",
        2,
        409,
        "ConflictException",
        CONCURRENT,
    ),
    refusal("apigateway:CreateRoute", 2, 409, "ConflictException", CONCURRENT),
    refusal("apigateway:CreateStage", 2, 409, "ConflictException", CONCURRENT),
    refusal(
        "apigateway:CreateRoute",
        1,
        404,
        "NotFoundException",
        "Invalid API identifier specified",
    ),
];

const LOGS_PASSING: &[Refusal] = &[
    refusal(
        "cloudtrail:CreateTrail",
        2,
        400,
        "InvalidCloudWatchLogsRoleArnException",
        "Access denied. Check the trust relationships for your role.",
    ),
    refusal(
        "logs:PutMetricFilter",
        2,
        400,
        "OperationAbortedException",
        "A conflicting operation is currently in progress against this resource. Please try again.",
    ),
];

#[test]
fn a_trail_waits_for_what_is_not_ready_yet() {
    waits_for(&Stage::new("trail-guard"), TRAIL_PASSING);
}

#[test]
fn an_endpoint_waits_for_what_is_not_ready_yet() {
    waits_for(&Stage::new("elastalert-email"), ENDPOINT_PASSING);
}

#[test]
fn a_trails_log_group_waits_for_what_is_not_ready_yet() {
    waits_for(&Stage::new("console-login"), LOGS_PASSING);
}

/// Each refused call is retried often enough, and then everything exists.
fn waits_for(stage: &Stage, passing: &[Refusal]) {
    stage.each(passing, |account, refusal| {
        let proxy = stage.refusing(*refusal);
        let ran = stage.world.run_at(&proxy.url, account, APPLY);
        let name = format!("{}: {}", refusal.action, refusal.message);
        assert_eq!(ran.code, 0, "{name}\n{}", ran.stderr);
        let calls = proxy.actions();
        let asked = calls.iter().filter(|action| *action == refusal.action).count();
        assert!(asked > refusal.times, "{name}: asked {asked} times");
        stage.whole(account, &name);
    });
}
