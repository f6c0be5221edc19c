use std::sync::{Arc, Mutex};

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::add_tags::AddTagsOutput;
use aws_sdk_cloudtrail::operation::create_trail::CreateTrailOutput;
use aws_sdk_cloudtrail::operation::delete_trail::DeleteTrailOutput;
use aws_sdk_cloudtrail::operation::describe_trails::DescribeTrailsOutput;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::operation::get_trail::GetTrailOutput;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::operation::list_tags::ListTagsOutput;
use aws_sdk_cloudtrail::operation::put_event_selectors::PutEventSelectorsOutput;
use aws_sdk_cloudtrail::operation::remove_tags::RemoveTagsOutput;
use aws_sdk_cloudtrail::operation::start_logging::StartLoggingOutput;
use aws_sdk_cloudtrail::operation::update_trail::UpdateTrailOutput;
use aws_sdk_cloudtrail::types as sdk;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::resource::tests::script::{Script, changes, known, names, node, ours, owned, step, tagged};

mod fake;
mod of_organization;
mod selectors;

use fake::Fake;

const ARN: &str = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/mission-trail";

fn desired() -> CloudtrailTrail {
    CloudtrailTrail {
        name: "mission-trail".into(),
        bucket_name: Text::with_account("mission-trail-{account}"),
        prefix: Some("p".into()),
        multi_region: true,
        organization: false,
        owner: None,
        log_file_validation: true,
        kms_key: Some(Ref::named(node("kms-key", "main"), "alias/mission")),
        logs: Some(TrailLogs {
            log_group_arn: Text::arn("logs", "log-group:g"),
            role_arn: Text::global_arn("iam", "role/r"),
        }),
        selectors: Selectors::Default,
        tags: owned(&node(CloudtrailTrail::KIND, "trail")),
    }
}

fn at_hand() -> Known {
    known(&[("kms-key/main", "arn:aws:kms:eu-west-1:123456789012:key/k", "k")])
}

async fn observe(aws: &Aws, wanted: bool) -> Result<Observed<Live>> {
    let (id, desired) = (node(CloudtrailTrail::KIND, "trail"), desired());
    let wanted = wanted.then_some(Wanted {
        id: &id,
        desired: &desired,
    });
    CloudtrailTrail::observe(aws, wanted.as_slice()).await
}

const GROUP: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:g:*";

#[tokio::test(start_paused = true)]
async fn it_is_made_with_its_tags_and_logs_at_the_end() {
    let fake = Fake::default();
    let made = fake.create().await.unwrap();
    let create = format!("create tags=2 Some({GROUP:?})");
    assert_eq!(fake.written(), [create, format!("start {ARN}")]);
    assert!(changes(&desired(), &made, &at_hand()).is_empty());
    let before = fake.script.log().len();
    let seen = observe(&fake.aws(), true).await.unwrap();
    let none = changes(&desired(), ours(&seen.wanted[0]), &at_hand());
    assert!(none.is_empty(), "{none:?}");
    let mut reads = fake.script.log()[before..].to_vec();
    reads.sort();
    assert_eq!(
        reads,
        [
            "describe".to_owned(),
            format!("list-tags {ARN}"),
            "selectors".into(),
            "status".into()
        ]
    );
    assert_eq!(CloudtrailTrail::output(&made).arn, ARN);
}

#[tokio::test(start_paused = true)]
async fn what_the_creating_call_dropped_is_put_behind_it() {
    let fake = Fake {
        forgetful: true,
        ..Fake::default()
    };
    let made = fake.create().await.unwrap();
    assert!(changes(&desired(), &made, &at_hand()).is_empty());
    let calls = fake.written();
    assert_eq!(calls[1], "add-tags alertctl:node alertctl:stack");
    assert!(
        calls[2].starts_with("update ") && calls[2].contains(GROUP),
        "{calls:?}"
    );
    assert_eq!(calls[3], format!("start {ARN}"));
}

#[tokio::test(start_paused = true)]
async fn policies_made_a_moment_ago_are_waited_for_and_not_for_ever() {
    for (code, text) in [
        (
            "InsufficientS3BucketPolicyException",
            "Incorrect S3 bucket policy is detected for bucket: b",
        ),
        ("InsufficientEncryptionPolicyException", ""),
        (
            "InvalidCloudWatchLogsLogGroupArnException",
            "Access denied. Check the permissions for your role.",
        ),
        ("InvalidCloudWatchLogsRoleArnException", "Access denied."),
        ("ConflictException", ""),
    ] {
        let fake = Fake::default();
        fake.script.refuse("create", 10, code, text);
        fake.create().await.unwrap();
        let (fake, start) = (Fake::default(), Instant::now());
        fake.script.refuse("create", 1000, code, text);
        fake.create().await.unwrap_err();
        assert!(start.elapsed() <= crate::aws::retry::LIMIT);
    }
    let fake = Fake::default();
    let wrong = "CloudTrail cannot find a log group of this name";
    fake.script
        .refuse("create", 1, "InvalidCloudWatchLogsLogGroupArnException", wrong);
    fake.create().await.unwrap_err();
    assert_eq!(fake.script.count("create"), 1);
}

#[tokio::test(start_paused = true)]
async fn refusals_say_what_to_do() {
    for (code, hint) in [
        ("MaximumNumberOfTrailsExceededException", "existing: NAME"),
        ("S3BucketDoesNotExistException", "bucket:"),
        ("InvalidHomeRegionException", "region:"),
    ] {
        let fake = Fake::default();
        fake.script.refuse("create", 1, code, "no");
        assert!(fake.create().await.unwrap_err().hint.unwrap().contains(hint));
    }
}

#[tokio::test(start_paused = true)]
async fn one_of_a_lost_answer_is_finished_and_a_strangers_is_refused() {
    let fake = Fake::default();
    fake.create().await.unwrap();
    *fake.logging.lock().unwrap() = false;
    fake.script
        .refuse("create", 1, "TrailAlreadyExistsException", "exists");
    fake.create().await.unwrap();
    assert_eq!(fake.written().last().unwrap(), &format!("start {ARN}"));

    fake.tags.lock().unwrap().clear();
    fake.script
        .refuse("create", 1, "TrailAlreadyExistsException", "exists");
    assert!(fake.create().await.unwrap_err().hint.unwrap().contains("--adopt"));
}

async fn update(fake: &Fake, to: &CloudtrailTrail) -> Vec<String> {
    let before = fake.written().len();
    let aws = fake.aws();
    let seen = observe(&aws, true).await.unwrap();
    let live = ours(&seen.wanted[0]).clone();
    let planned = changes(to, &live, &at_hand());
    let now = to.update(live, &planned, &step(&aws, at_hand())).await.unwrap();
    assert_eq!(names(&changes(to, &now, &at_hand())), [""; 0]);
    fake.written()[before..].to_vec()
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_is_cleared_and_only_what_differs_is_called() {
    let fake = Fake::default();
    fake.create().await.unwrap();
    let bare = CloudtrailTrail {
        prefix: None,
        kms_key: None,
        logs: None,
        ..desired()
    };
    assert_eq!(
        update(&fake, &bare).await,
        ["update prefix=\"\" kms=\"\" logs=\"\""]
    );
    let selecting = CloudtrailTrail {
        selectors: Selectors::Basic(json!([{ "ReadWriteType": "WriteOnly" }])),
        ..bare.clone()
    };
    assert_eq!(update(&fake, &selecting).await, ["put-selectors 1 0"]);
    assert_eq!(update(&fake, &bare).await, ["put-selectors 1 0"]);
    *fake.logging.lock().unwrap() = false;
    assert_eq!(update(&fake, &bare).await, [format!("start {ARN}")]);
    let tagged = CloudtrailTrail {
        tags: tags::owned(
            "mission",
            &node(CloudtrailTrail::KIND, "trail"),
            &Tags::from([("a".into(), "b".into())]),
        ),
        ..bare.clone()
    };
    assert_eq!(update(&fake, &tagged).await, ["add-tags a alertctl:tags"]);
    assert_eq!(update(&fake, &bare).await, ["remove-tags a alertctl:tags"]);
}

#[tokio::test]
async fn a_trail_at_home_elsewhere_cannot_be_wanted_here() {
    let fake = Fake::default();
    let shadow = sdk::Trail::builder()
        .name("mission-trail")
        .trail_arn(ARN.replace("eu-west-1", "us-east-1"))
        .home_region("us-east-1");
    *fake.trail.lock().unwrap() = Some(shadow.build());
    let fault = observe(&fake.aws(), true).await.unwrap_err();
    assert!(fault.message.contains("at home in us-east-1"), "{fault}");
    assert!(
        fault
            .hint
            .unwrap()
            .contains("existing: arn:aws:cloudtrail:us-east-1")
    );
    // It is no orphan either.
    assert!(observe(&fake.aws(), false).await.unwrap().orphans.is_empty());
}

#[tokio::test(start_paused = true)]
async fn ours_foreign_left_over_or_none() {
    let fake = Fake::default();
    assert_eq!(
        observe(&fake.aws(), true).await.unwrap().wanted,
        [Presence::Absent]
    );
    // With no trail in the account, one call is enough. If none is wanted either, no call is made.
    assert_eq!(fake.script.log(), ["describe"]);
    observe(&fake.aws(), false).await.unwrap();
    assert_eq!(fake.script.count("describe"), 1);
    fake.create().await.unwrap();
    let seen = observe(&fake.aws_with(vec![tagged(ARN, desired().tags)]), false)
        .await
        .unwrap();
    assert_eq!(seen.orphans[0].0, node(CloudtrailTrail::KIND, "trail"));
    let remark = CloudtrailTrail::about(&seen.orphans[0].1).remark.unwrap();
    assert!(remark.contains("could not be delivered") && remark.contains("AccessDenied"));
    fake.tags.lock().unwrap().clear();
    let seen = observe(&fake.aws_with(vec![tagged(ARN, desired().tags)]), true)
        .await
        .unwrap();
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)) && seen.orphans.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_gone_is_done_and_what_needs_it_goes_first() {
    let fake = Fake::default();
    let live = fake.create().await.unwrap();
    let aws = fake.aws();
    fake.script.refuse("delete", 1, "ConflictException", "");
    fake.script.refuse("delete", 1, "TrailNotFoundException", "");
    CloudtrailTrail::delete(live, &step(&aws, at_hand()))
        .await
        .unwrap();
    assert_eq!(fake.script.count("delete"), 2);
    for after in [
        crate::resource::logs::log_group::LogGroup::HANDLING.deleted_after,
        crate::resource::iam::role::IamRole::HANDLING.deleted_after,
        KmsKey::HANDLING.deleted_after,
        crate::resource::s3::bucket::S3Bucket::HANDLING.deleted_after,
    ] {
        assert!(after.contains(&CloudtrailTrail::KIND));
    }
}
