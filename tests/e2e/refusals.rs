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

mod passing;
mod trails;

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
