//! What AWS refuses for trails, buckets, rules, endpoints and filters: retried, or reported with advice. The
//! tests of each kind cover its reaction to a refusal; these test that a whole run recovers, and what a user
//! reads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::inventory::past;
use crate::support::proxy::{Fate, Proxy};
use crate::support::stage::{Refusal, Stage, refusal};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

const REGION: &str = "ap-northeast-2";
const APPLY: &[&str] = &["apply", "--yes"];
const DESTROY: &[&str] = &["destroy", "--yes"];

/// A composite alarm, and a filter on the log group of an existing trail.
const ALARMS: &str = r#"
stack: alarms
region: ap-northeast-2
topics:
  mail: { subscriptions: [{ email: oncall@example.com }] }
alarms:
  root:
    filter: { pattern: '{ $.userIdentity.type = Root }', log_group: theirs }
    threshold: ">= 1"
    to: [mail]
  trouble: { rule: ALARM(root), to: [mail] }
"#;

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

/// PutTargets succeeds with the refusal inside its response.
#[test]
fn targets_refused_in_a_good_answer_are_put_again_or_told() {
    const BUSY: &str = r#"{"FailedEntryCount":1,"FailedEntries":[{"TargetId":"mail",
        "ErrorCode":"ConcurrentModificationException","ErrorMessage":"Rule is being modified"}]}"#;
    const WRONG: &str = r#"{"FailedEntryCount":1,"FailedEntries":[{"TargetId":"mail",
        "ErrorCode":"ValidationException","ErrorMessage":"Parameter is not valid for target mail."}]}"#;
    let stage = Stage::new("trail-guard");
    let answering = |json: &'static str, times: usize| {
        let answered = AtomicUsize::new(0);
        Proxy::judging(&stage.endpoint, Duration::ZERO, move |_, action| {
            match action == "events:PutTargets" && answered.fetch_add(1, Ordering::SeqCst) < times {
                true => Fate::Answer(json),
                false => Fate::Pass,
            }
        })
    };
    let proxy = answering(BUSY, 2);
    let ran = stage.world.run_at(&proxy.url, "400000000001", APPLY);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    stage.whole("400000000001", "busy");

    let account = "400000000002";
    let proxy = answering(WRONG, usize::MAX);
    let ran = stage.world.run_at(&proxy.url, account, APPLY);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    insta::assert_snapshot!("failed_entries", stage.errors(&ran.stderr, account));
    let ran = stage.world.run_at(&stage.endpoint, account, APPLY);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    stage.whole(account, "after refused targets");
}

/// Refusals that do not go away by waiting.
const TRAIL_FINAL: &[(&str, Refusal)] = &[
    (
        "another account's bucket",
        refusal(
            "s3:CreateBucket",
            usize::MAX,
            409,
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all users of the \
             system. Please select a different name and try again.",
        ),
    ),
    (
        "a bucket closed to us",
        refusal("s3:ListBucket", usize::MAX, 403, "AccessDenied", "Access Denied"),
    ),
    (
        "too many trails",
        refusal(
            "cloudtrail:CreateTrail",
            usize::MAX,
            400,
            "MaximumNumberOfTrailsExceededException",
            "User: 000000000000 already has 5 trails in ap-northeast-2.",
        ),
    ),
    (
        "a full bus",
        refusal(
            "events:PutRule",
            usize::MAX,
            400,
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        ),
    ),
    (
        "a managed rule",
        refusal(
            "events:PutRule",
            usize::MAX,
            400,
            "ManagedRuleException",
            "Rule ec2_state_change is managed by an AWS service can only be modified if force is set to true.",
        ),
    ),
];

const ENDPOINT_FINAL: &[(&str, Refusal)] = &[(
    "access logs",
    refusal(
        "apigateway:CreateStage",
        usize::MAX,
        400,
        "BadRequestException",
        "Insufficient permissions to enable logging",
    ),
)];

const ALARMS_FINAL: &[(&str, Refusal)] = &[
    (
        "too many filters",
        refusal(
            "logs:PutMetricFilter",
            usize::MAX,
            400,
            "LimitExceededException",
            "Resource limit exceeded.",
        ),
    ),
    (
        "a composite alarm",
        refusal(
            "cloudwatch:PutCompositeAlarm",
            usize::MAX,
            400,
            "ValidationError",
            "AlarmRule must not contain more than 100 children.",
        ),
    ),
];

#[test]
fn a_refusal_for_good_ends_with_what_to_do() {
    let mut shown = BTreeMap::new();
    shown.extend(refused(&Stage::new("trail-guard"), TRAIL_FINAL));
    shown.extend(refused(&Stage::new("elastalert-email"), ENDPOINT_FINAL));
    let stage = Stage::new("elastalert-email");
    stage.world.write("stack.yaml", ALARMS);
    shown.extend(refused(&stage, ALARMS_FINAL));
    let shown = shown.iter().map(|(name, text)| format!("## {name}\n{text}"));
    insta::assert_snapshot!("for_good", shown.collect::<Vec<_>>().join("\n"));
}

/// The user's output for each refusal; once it is lifted, the next run repairs everything.
fn refused(stage: &Stage, refusals: &[(&'static str, Refusal)]) -> BTreeMap<&'static str, String> {
    let shown = Mutex::new(BTreeMap::new());
    stage.each(refusals, |account, (name, refusal)| {
        past(&stage.endpoint, account, REGION, async |config| {
            let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
            logs.create_log_group()
                .log_group_name("theirs")
                .send()
                .await
                .unwrap();
        });
        let proxy = stage.refusing(*refusal);
        let ran = stage.world.run_at(&proxy.url, account, APPLY);
        assert_eq!(ran.code, 1, "{name}\n{}", ran.stderr);
        let text = stage.errors(&ran.stderr, account);
        shown.lock().unwrap().insert(*name, text);
        let ran = stage.world.run_at(&stage.endpoint, account, APPLY);
        assert_eq!(ran.code, 0, "{name}\n{}", ran.stderr);
        stage.whole(account, name);
    });
    shown.into_inner().unwrap()
}

/// A filter's name shows that it belongs to the stack. Without permission to list filters, the user is warned
/// that one could be left over, and the run continues.
#[test]
fn metric_filters_that_may_not_be_listed_are_a_warning_to_who_wants_none() {
    const DENIED: Refusal = refusal(
        "logs:DescribeMetricFilters",
        usize::MAX,
        400,
        "AccessDeniedException",
        "User: arn:aws:iam::000000000000:user/ci is not authorized to perform: logs:DescribeMetricFilters",
    );
    let (stage, account) = (Stage::new("cloudwatch-slack"), "400000000006");
    let ran = stage.world.run_at(&stage.endpoint, account, APPLY);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let proxy = stage.refusing(DENIED);
    for (args, code) in [(&["plan"][..], 0), (&["plan", "--strict"], 1), (DESTROY, 0)] {
        let ran = stage.world.run_at(&proxy.url, account, args);
        assert_eq!(ran.code, code, "{args:?}\n{}", ran.stderr);
        let warned = ran.stderr.lines().any(|line| {
            line.starts_with("warning: no `logs-metric-filter` can be listed") && line.contains(DENIED.action)
        });
        assert!(warned, "{args:?}\n{}", ran.stderr);
    }
}

/// An existing trail with this name from another region is visible in every region, but cannot be changed from
/// here; and a bucket cannot move.
#[test]
fn what_is_at_home_elsewhere_is_told_before_anything_is_made() {
    let (stage, account) = (Stage::new("trail-guard"), "400000000003");
    past(&stage.endpoint, account, "eu-west-1", async |config| {
        let trail = aws_sdk_cloudtrail::Client::new(&config).create_trail();
        let trail = trail.name("management-events").s3_bucket_name("somebodys");
        trail.is_multi_region_trail(true).send().await.unwrap();
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(true)
            .build();
        let place = BucketLocationConstraint::EuWest1;
        let place = CreateBucketConfiguration::builder().location_constraint(place);
        let bucket = aws_sdk_s3::Client::from_conf(s3).create_bucket();
        let bucket = bucket.bucket(format!("trail-guard-{account}"));
        bucket
            .create_bucket_configuration(place.build())
            .send()
            .await
            .unwrap();
    });
    let ran = stage.world.run_at(&stage.endpoint, account, APPLY);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    insta::assert_snapshot!("at_home_elsewhere", stage.errors(&ran.stderr, account));
}

/// A member account sees its organization's trail, but may not query it: this does not fail a plan and causes
/// no false warning.
#[test]
fn an_organizations_trail_counts_and_its_name_is_taken() {
    const TRAILS: &str = r#"{"trailList":[{"Name":"organization","HomeRegion":"ap-northeast-2",
        "TrailARN":"arn:aws:cloudtrail:ap-northeast-2:999988887777:trail/organization","S3BucketName":"theirs",
        "IsMultiRegionTrail":true,"IsOrganizationTrail":true}]}"#;
    let (stage, account) = (Stage::new("trail-guard"), "400000000005");
    let member = Proxy::judging(&stage.endpoint, Duration::ZERO, |_, action| match action {
        "cloudtrail:DescribeTrails" => Fate::Answer(TRAILS),
        "cloudtrail:GetTrailStatus" | "cloudtrail:GetEventSelectors" | "cloudtrail:ListTags" => Fate::Refuse(
            400,
            "CloudTrailARNInvalidException",
            "AccountID in ARN is wrong, you can only access resources with AccountID 400000000005",
        ),
        _ => Fate::Pass,
    });
    let plan = |trail: &str| {
        let mail = "{ subscriptions: [{ email: oncall@example.com }] }";
        let rules = "rules: { iam: { preset: iam-changes, to: [mail] } }";
        let text =
            format!("stack: member\nregion: ap-northeast-2\ntopics: {{ mail: {mail} }}\n{rules}\n{trail}");
        stage.world.write("stack.yaml", &text);
        stage.world.run_at(&member.url, account, &["plan"])
    };
    let counted = plan("");
    // There is no message about trails.
    assert!(
        counted.code == 0 && !counted.stderr.contains("CloudTrail"),
        "{}",
        counted.all()
    );
    let arn = "arn:aws:cloudtrail:ap-northeast-2:999988887777:trail/organization";
    let guarded = plan(&format!("trail: {{ existing: \"{arn}\", to: [mail] }}\n"));
    assert!(
        guarded.code == 0 && guarded.stderr.contains("no guard is created here"),
        "{}",
        guarded.all()
    );
    assert!(!guarded.stdout.contains("guard"), "{}", guarded.all());
    let taken = plan("trail: { name: organization }\n");
    assert!(
        taken.code == 1 && taken.stderr.contains(&format!("existing: {arn}")),
        "{}",
        taken.all()
    );
}

/// Log files are kept unless the user gives them up, and a deletion that is refused temporarily is retried
/// until it succeeds.
#[test]
fn a_destroyed_trail_keeps_its_files_until_they_are_given_up() {
    let (stage, account) = (Stage::new("trail-guard"), "400000000004");
    let bucket = format!("trail-guard-{account}");
    let ran = stage.world.run_at(&stage.endpoint, account, APPLY);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let s3 = async |config: aws_config::SdkConfig| {
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(true)
            .build();
        aws_sdk_s3::Client::from_conf(s3)
    };
    past(&stage.endpoint, account, REGION, async |config| {
        let file = s3(config).await.put_object().bucket(&bucket).key("AWSLogs/file");
        file.send().await.unwrap();
    });
    let passing = [
        refusal(
            "events:DeleteRule",
            1,
            400,
            "ValidationException",
            "Rule can't be deleted since it has targets.",
        ),
        refusal(
            "cloudtrail:DeleteTrail",
            1,
            409,
            "ConflictException",
            "An operation is in progress.",
        ),
        refusal(
            "s3:DeleteBucket",
            1,
            409,
            "OperationAborted",
            "A conflicting operation is in progress.",
        ),
    ];
    let seen: Vec<_> = passing.iter().map(|_| AtomicUsize::new(0)).collect();
    let proxy = Proxy::judging(&stage.endpoint, Duration::ZERO, move |_, action| {
        let at = passing.iter().position(|refusal| refusal.action == action);
        match at.map(|at| (passing[at], seen[at].fetch_add(1, Ordering::SeqCst))) {
            Some((refusal, before)) if before < refusal.times => {
                Fate::Refuse(refusal.status, refusal.code, refusal.message)
            }
            _ => Fate::Pass,
        }
    });
    let kept = |ran: &crate::support::Ran| {
        let shown = format!("{bucket}: kept with the log files in it");
        assert!(ran.code == 0 && ran.all().contains(&shown), "{}", ran.all());
    };
    // The trail is removed from the file; the bucket that is kept is not reported as a pending change forever.
    let whole = std::fs::read_to_string(stage.world.path().join("stack.yaml")).unwrap();
    stage
        .world
        .edit(|text| text.split_once("\ntrail:").unwrap().0.to_owned());
    kept(&stage.world.run_at(&proxy.url, account, APPLY));
    let plan = &["plan", "--detailed-exitcode"];
    let planned = stage.world.run_at(&stage.endpoint, account, plan);
    kept(&planned);
    assert!(planned.stdout.contains("no changes"), "{}", planned.all());
    let protected = || {
        past(&stage.endpoint, account, REGION, async |config| {
            let policy = s3(config).await.get_bucket_policy().bucket(&bucket).send().await;
            policy.unwrap().policy().unwrap().contains("CloudTrailWrites")
        })
    };
    assert!(protected(), "the policy went without its bucket");
    // The bucket is reused together with the trail.
    stage.world.write("stack.yaml", &whole);
    let ran = stage.world.run_at(&stage.endpoint, account, APPLY);
    assert_eq!(ran.code, 0, "{}", ran.stderr);

    kept(&stage.world.run_at(&proxy.url, account, DESTROY));
    let left = crate::support::inventory::inventory(&stage.endpoint, account, &[REGION]);
    assert_eq!(left, BTreeMap::from([("bucket", 1), ("bucket policy", 1)]));
    assert!(protected(), "the policy went without its bucket");
    let again = stage.world.run_at(&stage.endpoint, account, DESTROY);
    assert!(
        again.code == 0 && again.stderr.contains(&format!("but `{bucket}`: kept with")),
        "{}",
        again.all()
    );

    let all = [DESTROY, &["--delete-trail-logs"]].concat();
    let ran = stage.world.run_at(&proxy.url, account, &all);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let left = crate::support::inventory::inventory(&stage.endpoint, account, &[REGION]);
    assert!(left.is_empty(), "{left:?}");
}
