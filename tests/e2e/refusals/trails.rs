//! An organization's trail, and a trail whose bucket is kept.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{APPLY, DESTROY, REGION};
use crate::support::inventory::past;
use crate::support::proxy::{Fate, Proxy};
use crate::support::stage::{Stage, refusal};

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
