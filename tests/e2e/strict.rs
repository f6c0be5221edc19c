//! Refusals of AWS that the local AWS does not make: a strict proxy refuses with AWS's own messages and wire
//! format. The command either retries until AWS would accept the call, or ends with a helpful message.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::World;
use crate::support::proxy::{Fate, Proxy};
use crate::support::stage::{Refusal, Stage, refusal};

const AT_ONCE: Duration = Duration::ZERO;
const INVALID: &str = "InvalidParameterValueException";

/// Temporary refusals.
const PASSING: &[Refusal] = &[
    refusal(
        "lambda:CreateFunction",
        2,
        400,
        INVALID,
        "The role defined for the function cannot be assumed by Lambda.",
    ),
    refusal(
        "lambda:CreateFunction",
        2,
        400,
        INVALID,
        "Lambda was unable to configure access to your environment variables because the KMS key is invalid for \
         CreateGrant. Please check your KMS key settings. KMS Exception: InvalidArnException",
    ),
    refusal(
        "lambda:CreateFunction",
        1,
        400,
        INVALID,
        "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
    ),
    refusal(
        "lambda:CreateFunction",
        1,
        400,
        INVALID,
        "Your request has been throttled by EC2, please make sure you have enough API rate limit.",
    ),
    refusal(
        "lambda:PutFunctionEventInvokeConfig",
        2,
        400,
        INVALID,
        "The function's execution role does not have permissions to call SendMessage on \
         arn:aws:sqs:ap-northeast-2:000000000000:mission-lambda-dead-letters",
    ),
    refusal(
        "lambda:PutFunctionEventInvokeConfig",
        1,
        409,
        "ResourceConflictException",
        "The operation cannot be performed at this time. An update is in progress for resource: mission-lambda",
    ),
    refusal(
        "lambda:AddPermission",
        2,
        409,
        "ResourceConflictException",
        "The function could not be updated due to a concurrent update operation.",
    ),
    refusal(
        "lambda:AddPermission",
        1,
        404,
        "ResourceNotFoundException",
        "Function not found: arn:aws:lambda:ap-northeast-2:000000000000:function:mission-lambda",
    ),
    refusal(
        "kms:Encrypt",
        2,
        400,
        "NotFoundException",
        "Key 'arn:aws:kms:k' does not exist",
    ),
    refusal(
        "kms:CreateAlias",
        1,
        400,
        "NotFoundException",
        "Key 'arn:aws:kms:k' does not exist",
    ),
    refusal(
        "sqs:CreateQueue",
        1,
        400,
        "AWS.SimpleQueueService.QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
    ),
    refusal(
        "logs:PutRetentionPolicy",
        1,
        400,
        "AccessDeniedException",
        "User: arn:aws:iam::000000000000:user/ci is not authorized to perform: logs:PutRetentionPolicy on \
         resource: arn:aws:logs:r because no identity-based policy allows the logs:PutRetentionPolicy action",
    ),
    refusal(
        "iam:PutRolePolicy",
        2,
        404,
        "NoSuchEntity",
        "The role with name mission-lambda-role cannot be found.",
    ),
    refusal("sns:Subscribe", 1, 404, "NotFound", "Topic does not exist"),
];

#[test]
fn apply_waits_for_what_aws_sees_only_a_moment_later() {
    let stage = Stage::new("cloudwatch-slack");
    stage.each(PASSING, |account, refusal| {
        let proxy = stage.refusing(*refusal);
        let ran = stage.world.run_at(&proxy.url, account, &["apply", "--yes"]);
        let name = format!("{}: {}", refusal.action, refusal.message);
        assert_eq!(ran.code, 0, "{name}\n{}", ran.stderr);
        let calls = proxy
            .actions()
            .iter()
            .filter(|action| *action == refusal.action)
            .count();
        assert!(calls > refusal.times, "{name}: asked {calls} times");
        stage.whole(account, &name);
    });
}

/// Every kind of call is throttled once, in AWS's way: mostly with HTTP 400.
#[test]
fn throttling_is_sat_out() {
    let stage = Stage::new("cloudwatch-slack");
    let throttled = Arc::new(Mutex::new(HashSet::new()));
    let seen = throttled.clone();
    let proxy = Proxy::judging(&stage.endpoint, AT_ONCE, move |_, action| {
        if !seen.lock().unwrap().insert(action.to_owned()) {
            return Fate::Pass;
        }
        let (status, code) = crate::support::limits::throttled(action);
        Fate::Refuse(status, code, "Rate exceeded")
    });
    let ran = stage
        .world
        .run_at(&proxy.url, "111111111111", &["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let throttled = throttled.lock().unwrap().clone();
    for action in [
        "kms:CreateKey",
        "iam:CreateRole",
        "sqs:CreateQueue",
        "lambda:CreateFunction",
        "sns:CreateTopic",
    ] {
        assert!(
            throttled.contains(action),
            "{action} was never called: {throttled:?}"
        );
    }
    assert!(throttled.contains("cloudwatch:PutMetricAlarm"), "{throttled:?}");
    stage.whole("111111111111", "throttling");
    let made = proxy
        .actions()
        .iter()
        .filter(|action| *action == "kms:CreateKey")
        .count();
    assert_eq!(made, 2, "one refused, one carried out");
}

/// Refusals that do not go away by waiting, each with the name of its snapshot.
const FINAL: &[(&str, Refusal)] = &[
    (
        "pass_role",
        refusal(
            "lambda:CreateFunction",
            usize::MAX,
            403,
            "AccessDeniedException",
            "User: arn:aws:iam::000000000000:user/ci is not authorized to perform: iam:PassRole on resource: \
             arn:aws:iam::000000000000:role/alertctl/mission/mission-lambda-role because no identity-based policy \
             allows the iam:PassRole action",
        ),
    ),
    (
        "create_role",
        refusal(
            "iam:CreateRole",
            usize::MAX,
            403,
            "AccessDenied",
            "User: arn:aws:iam::000000000000:user/ci is not authorized to perform: iam:CreateRole on resource: \
             arn:aws:iam::000000000000:role/alertctl/mission/mission-lambda-role",
        ),
    ),
    (
        "create_topic",
        refusal(
            "sns:CreateTopic",
            usize::MAX,
            403,
            "AuthorizationError",
            "User: arn:aws:iam::000000000000:user/ci is not authorized to perform: SNS:CreateTopic on resource: \
             arn:aws:sns:ap-northeast-2:000000000000:mission-sns",
        ),
    ),
    (
        "create_queue",
        refusal(
            "sqs:CreateQueue",
            usize::MAX,
            403,
            "AccessDenied",
            "User: arn:aws:iam::000000000000:user/ci is not authorized to perform: sqs:createqueue on resource: \
             arn:aws:sqs:ap-northeast-2:000000000000:mission-lambda-dead-letters",
        ),
    ),
    (
        "key_limit",
        refusal(
            "kms:CreateKey",
            usize::MAX,
            400,
            "LimitExceededException",
            "You have reached your quota of KMS keys in this region.",
        ),
    ),
    (
        "alarm_limit",
        refusal(
            "cloudwatch:PutMetricAlarm",
            usize::MAX,
            400,
            "LimitExceeded",
            "The maximum limit of 5000 alarms has been reached.",
        ),
    ),
    (
        "code_storage",
        refusal(
            "lambda:CreateFunction",
            usize::MAX,
            400,
            "CodeStorageExceededException",
            "Code storage limit exceeded.",
        ),
    ),
    (
        "tagging_denied",
        refusal(
            "tag:GetResources",
            usize::MAX,
            400,
            "AccessDeniedException",
            "User: arn:aws:iam::000000000000:user/ci is not authorized to perform: tag:GetResources because no \
             identity-based policy allows the tag:GetResources action",
        ),
    ),
    (
        "describe_alarms_denied",
        refusal(
            "cloudwatch:DescribeAlarms",
            usize::MAX,
            403,
            "AccessDenied",
            "User: arn:aws:iam::000000000000:user/ci is not authorized to perform: cloudwatch:DescribeAlarms on \
             resource: arn:aws:cloudwatch:ap-northeast-2:000000000000:alarm:*",
        ),
    ),
];

#[test]
fn a_refusal_for_good_ends_with_what_to_do() {
    let stage = Stage::new("cloudwatch-slack");
    let shown = Mutex::new(HashMap::new());
    stage.each(FINAL, |account, (name, refusal)| {
        let proxy = stage.refusing(*refusal);
        let ran = stage.world.run_at(&proxy.url, account, &["apply", "--yes"]);
        assert_eq!(ran.code, 1, "{name}\n{}", ran.stderr);
        shown
            .lock()
            .unwrap()
            .insert(*name, stage.errors(&ran.stderr, account));
    });
    for (name, _) in FINAL {
        insta::assert_snapshot!(*name, shown.lock().unwrap()[name]);
    }
}

/// The caller is refused before anything is read: each service has its own message.
#[test]
fn credentials_that_aws_does_not_take_are_one_error() {
    let (stage, account) = (Stage::new("cloudwatch-slack"), "222222222222");
    for (name, query, json, message) in [
        (
            "expired_token",
            "ExpiredToken",
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        (
            "unknown_key",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        (
            "wrong_secret",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        ),
    ] {
        let proxy = Proxy::judging(&stage.endpoint, AT_ONCE, move |_, action| {
            match action.split(':').next().unwrap() {
                "iam" | "sns" | "sts" | "cloudwatch" | "sqs" => Fate::Refuse(403, query, message),
                _ => Fate::Refuse(400, json, message),
            }
        });
        let ran = stage.world.run_at(&proxy.url, account, &["apply", "--yes"]);
        assert_eq!(ran.code, 1, "{name}\n{}", ran.stderr);
        insta::assert_snapshot!(name, stage.errors(&ran.stderr, account));
        let ran = stage.world.run_at(
            &proxy.url,
            account,
            &["encrypt-hook", "--env", "SLACK_WEBHOOK_URL"],
        );
        assert_eq!(ran.code, 1, "{name}\n{}", ran.stderr);
        assert_eq!(ran.stderr.matches("error:").count(), 1, "{}", ran.stderr);
    }
}

/// Nothing can answer: no credentials, no such host, no server.
#[test]
fn what_never_reaches_aws_is_told_in_a_line() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.set("SLACK_WEBHOOK_URL", crate::support::NO_WEBHOOK);
    // EC2's metadata service takes seconds to time out, and may exist on a build machine.
    world.set("AWS_EC2_METADATA_DISABLED", "true");
    let errors = |world: &World, args: &[&str]| {
        let ran = world.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
        assert!(!ran.stderr.contains('{'), "a dump: {}", ran.stderr);
        ran.stderr
    };
    insta::assert_snapshot!("no_credentials", errors(&world, &["plan"]));
    insta::assert_snapshot!(
        "no_such_profile",
        errors(&world, &["plan", "--profile", "nobody"])
    );

    let config = "[profile sso]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Admin\n\
                  region = eu-west-1\n[sso-session corp]\nsso_region = eu-west-1\n\
                  sso_start_url = https://corp.awsapps.com/start\n";
    let config = world.write("config", config);
    world.set("AWS_CONFIG_FILE", config.to_str().unwrap());
    insta::assert_snapshot!("signed_out_of_sso", errors(&world, &["plan", "--profile", "sso"]));

    world.set("AWS_ACCESS_KEY_ID", "test");
    world.set("AWS_SECRET_ACCESS_KEY", "test");
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{closed}");
    world.set("AWS_MAX_ATTEMPTS", "1");
    let shown = errors(&world, &["plan", "--endpoint-url", &url]).replace(&url, "http://127.0.0.1:PORT");
    insta::assert_snapshot!("nobody_answers", shown);
    insta::assert_snapshot!("no_url", errors(&world, &["plan", "--endpoint-url", "127.0.0.1"]));

    let text = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
    world.write("stack.yaml", &text.replace("region: ap-northeast-2\n", ""));
    insta::assert_snapshot!("no_region", errors(&world, &["plan"]));
}
