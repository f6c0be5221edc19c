use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::create_bucket::CreateBucketOutput;
use aws_sdk_s3::operation::delete_bucket::DeleteBucketOutput;
use aws_sdk_s3::operation::delete_bucket_lifecycle::DeleteBucketLifecycleOutput;
use aws_sdk_s3::operation::delete_objects::DeleteObjectsOutput;
use aws_sdk_s3::operation::get_bucket_encryption::GetBucketEncryptionOutput;
use aws_sdk_s3::operation::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput;
use aws_sdk_s3::operation::get_bucket_ownership_controls::GetBucketOwnershipControlsOutput;
use aws_sdk_s3::operation::get_bucket_tagging::GetBucketTaggingOutput;
use aws_sdk_s3::operation::get_public_access_block::GetPublicAccessBlockOutput;
use aws_sdk_s3::operation::head_bucket::HeadBucketOutput;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::operation::put_bucket_encryption::PutBucketEncryptionOutput;
use aws_sdk_s3::operation::put_bucket_lifecycle_configuration::PutBucketLifecycleConfigurationOutput;
use aws_sdk_s3::operation::put_bucket_ownership_controls::PutBucketOwnershipControlsOutput;
use aws_sdk_s3::operation::put_bucket_tagging::PutBucketTaggingOutput;
use aws_sdk_s3::operation::put_public_access_block::PutPublicAccessBlockOutput;
use aws_sdk_s3::types::{
    DeleteMarkerEntry, ExpirationStatus, LifecycleRule, LifecycleRuleFilter, ObjectOwnership, ObjectVersion,
    OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag,
};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use tokio::time::Instant;

use super::*;
use crate::resource::tests::script::{Script, changes, known, names, node, ours, owned, step, tagged};

mod fake;

use fake::Fake;

const NAME: &str = "mission-trail-123456789012";
const ARN: &str = "arn:aws:s3:::mission-trail-123456789012";

fn desired() -> S3Bucket {
    S3Bucket {
        name: Text::with_account("mission-trail-{account}"),
        expire_after_days: Some(365),
        tags: owned(&node(S3Bucket::KIND, "trail")),
    }
}

async fn observe(aws: &Aws, wanted: bool) -> Result<Observed<Live>> {
    let (id, desired) = (node(S3Bucket::KIND, "trail"), desired());
    let wanted = wanted.then_some(Wanted {
        id: &id,
        desired: &desired,
    });
    S3Bucket::observe(aws, wanted.as_slice()).await
}

async fn create(fake: &Fake, aws: &Aws) -> Result<Live> {
    let made = desired().create(&step(aws, known(&[]))).await?;
    assert!(changes(&desired(), &made, &known(&[])).is_empty());
    let seen = observe(&fake.aws(), true).await?;
    assert!(changes(&desired(), ours(&seen.wanted[0]), &known(&[])).is_empty());
    Ok(made)
}

#[tokio::test(start_paused = true)]
async fn it_is_made_with_its_tags_and_only_what_aws_does_not_set_itself_is_put() {
    let fake = Fake::empty();
    let made = create(&fake, &fake.aws()).await.unwrap();
    assert_eq!(fake.script.log()[0], "head");
    assert_eq!(
        fake.written(),
        ["create Some(EuWest1) tags=2", "put-rules alertctl-expiry"]
    );
    let output = S3Bucket::output(&made);
    assert_eq!((output.arn.as_str(), output.id.as_str()), (ARN, NAME));
}

#[tokio::test(start_paused = true)]
async fn us_east_1_must_not_be_named() {
    let fake = Fake::empty();
    let mut aws = fake.aws();
    aws.connection.region = "us-east-1".into();
    // The fake's bucket is in eu-west-1 afterwards, but only the call matters.
    let _ = desired().create(&step(&aws, known(&[]))).await;
    assert_eq!(fake.written()[0], "create None tags=2");
}

#[tokio::test(start_paused = true)]
async fn what_a_create_without_tags_left_behind_is_tagged_at_once() {
    let fake = Fake::empty();
    // An emulated AWS may drop the tags: the first read finds none.
    fake.script
        .refuse("get-tags", 1, "NoSuchTagSet", "The TagSet does not exist");
    create(&fake, &fake.aws()).await.unwrap();
    assert!(
        fake.written()
            .contains(&"put-tags alertctl:node alertctl:stack".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_there_is_never_created_again() {
    let fake = Fake::holding(desired().tags);
    create(&fake, &fake.aws()).await.unwrap();
    assert_eq!(fake.written(), [""; 0]);
    let foreign = Fake::holding(Tags::new());
    let fault = create(&foreign, &foreign.aws()).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("--adopt"));
    assert_eq!(foreign.written(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_another_account_has_is_told_and_a_busy_one_is_waited_for() {
    let fake = Fake::empty();
    fake.script
        .refuse("create", 1, "BucketAlreadyExists", "not available");
    let fault = create(&fake, &fake.aws()).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("choose another"));

    let fake = Fake::empty();
    fake.script.refuse(
        "create",
        20,
        "OperationAborted",
        "A conflicting conditional operation",
    );
    create(&fake, &fake.aws()).await.unwrap();
    assert_eq!(fake.script.count("create"), 21);

    let (fake, start) = (Fake::empty(), Instant::now());
    fake.script.refuse(
        "create",
        1000,
        "OperationAborted",
        "A conflicting conditional operation",
    );
    create(&fake, &fake.aws()).await.unwrap_err();
    assert!(start.elapsed() <= crate::aws::retry::LIMIT);
}

#[tokio::test(start_paused = true)]
async fn an_own_bucket_of_a_lost_answer_is_taken_up() {
    let fake = Fake::empty();
    *fake.tags.lock().unwrap() = desired().tags;
    fake.script.refuse("create", 1, "BucketAlreadyOwnedByYou", "");
    let aws = fake.aws();
    let (head, made) = (fake.head.clone(), async {
        desired().create(&step(&aws, known(&[]))).await
    });
    // The bucket becomes visible a moment later.
    let shows = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        *head.lock().unwrap() = (200, "eu-west-1");
    };
    let (made, ()) = tokio::join!(made, shows);
    made.unwrap();
}

#[tokio::test]
async fn another_region_and_another_account_are_clear_faults() {
    for (status, region, expected) in [
        (200, "us-east-1", "is in us-east-1, and the stack in eu-west-1"),
        (301, "us-east-1", "is in us-east-1, and the stack in eu-west-1"),
        (403, "eu-west-1", "belongs to another account"),
    ] {
        let fake = Fake::new(status, region);
        fake.script
            .refuse("get-tags", 1, "PermanentRedirect", "elsewhere");
        let fault = observe(&fake.aws(), true).await.unwrap_err();
        assert!(fault.message.contains(expected), "{fault}");
        assert!(fault.hint.unwrap().contains("choose another name"));
        // One that left the stack file and is in another region is another stack's.
        let seen = observe(&fake.aws_with(&[NAME]), false).await;
        assert!(seen.map_or(status == 403, |seen| seen.orphans.is_empty()));
    }
}

#[tokio::test]
async fn a_tagged_bucket_that_may_not_be_accessed_is_never_passed_over() {
    let fake = Fake::new(403, "eu-west-1");
    let fault = observe(&fake.aws_with(&[NAME]), false).await.unwrap_err();
    assert!(fault.message.contains(NAME), "{fault}");
    let hint = fault.hint.unwrap();
    assert!(
        hint.contains("needs `s3:ListBucket`") && !hint.contains("choose another"),
        "{hint}"
    );
}

#[tokio::test]
async fn ours_by_its_tag_and_found_by_it_when_it_left_the_file() {
    let fake = Fake::holding(desired().tags);
    let aws = fake.aws_with(&[NAME]);
    let seen = observe(&aws, true).await.unwrap();
    assert!(changes(&desired(), ours(&seen.wanted[0]), &known(&[])).is_empty());
    assert!(seen.orphans.is_empty());
    let seen = observe(&fake.aws_with(&[NAME]), false).await.unwrap();
    assert_eq!(seen.orphans[0].0, node(S3Bucket::KIND, "trail"));
    let loss = |live: &Live| S3Bucket::about(live).data_loss.unwrap();
    assert!(loss(&seen.orphans[0].1).contains("kept unless you add --delete-trail-logs"));
    assert_eq!(S3Bucket::about(&seen.orphans[0].1).stays, None);
    // If it contains files and the run may not delete them, there is no step for it: otherwise no plan would ever be
    // empty again.
    *fake.objects.lock().unwrap() = 1;
    let seen = observe(&fake.aws_with(&[NAME]), false).await.unwrap();
    let stays = S3Bucket::about(&seen.orphans[0].1).stays.unwrap();
    assert!(
        stays.contains("--delete-trail-logs") && stays.contains(NAME),
        "{stays}"
    );
    let mut aws = fake.aws_with(&[NAME]);
    aws.may_empty_buckets = true;
    let seen = observe(&aws, false).await.unwrap();
    assert!(loss(&seen.orphans[0].1).contains("are deleted"));
    assert_eq!(S3Bucket::about(&seen.orphans[0].1).stays, None);

    let foreign = Fake::holding(Tags::new());
    let seen = observe(&foreign.aws_with(&[NAME]), true).await.unwrap();
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)));
    let nothing = observe(&Fake::empty().aws(), true).await.unwrap();
    assert!(matches!(nothing.wanted[0], Presence::Absent));
}

async fn update(fake: &Fake, to: &S3Bucket) -> Vec<String> {
    let aws = fake.aws();
    let seen = observe(&aws, true).await.unwrap();
    let (Presence::Ours(live) | Presence::Foreign(live)) = &seen.wanted[0] else {
        panic!("absent")
    };
    let planned = changes(to, live, &known(&[]));
    let now = to
        .update(live.clone(), &planned, &step(&aws, known(&[])))
        .await
        .unwrap();
    let left = names(&changes(to, &now, &known(&[])));
    assert_eq!(left, [""; 0]);
    fake.written()
}

#[tokio::test]
async fn what_others_added_stays() {
    let theirs = LifecycleRule::builder()
        .id("theirs")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("x").build())
        .build()
        .unwrap();
    let fake = Fake::holding(Tags::from([("auto".into(), "tagger".into())]));
    *fake.rules.lock().unwrap() = vec![theirs.clone()];
    *fake.public.lock().unwrap() = true;
    *fake.keyed.lock().unwrap() = true;
    let calls = [
        "put-tags alertctl:node alertctl:stack auto",
        "put-access",
        "put-sse",
    ];
    let expected = calls.into_iter().chain(["put-rules theirs alertctl-expiry"]);
    assert_eq!(update(&fake, &desired()).await, expected.collect::<Vec<_>>());

    let forever = S3Bucket {
        expire_after_days: None,
        ..desired()
    };
    assert_eq!(update(&fake, &forever).await.last().unwrap(), "put-rules theirs");
    fake.rules.lock().unwrap().clear();
    assert_eq!(
        update(&fake, &desired()).await.last().unwrap(),
        "put-rules alertctl-expiry"
    );
    // S3 refuses a configuration without rules.
    assert_eq!(update(&fake, &forever).await.last().unwrap(), "delete-rules");
}

async fn delete(fake: &Fake, may_empty: bool) -> (Result<()>, Vec<String>) {
    let mut aws = fake.aws_with(&[NAME]);
    aws.may_empty_buckets = may_empty;
    let live = observe(&aws, false).await.unwrap().orphans.remove(0).1;
    let cx = step(&aws, known(&[]));
    let result = S3Bucket::delete(live, &cx).await;
    (result, cx.notes.take())
}

#[tokio::test(start_paused = true)]
async fn a_bucket_with_files_stays_unless_the_user_agreed() {
    let fake = Fake::holding(desired().tags);
    fake.script.refuse("delete", 1, "BucketNotEmpty", "not empty");
    let (result, notes) = delete(&fake, false).await;
    result.unwrap();
    assert!(notes[0].contains("keeps its log files") && notes[0].contains("--delete-trail-logs"));
    assert_eq!(fake.written(), ["delete"]);

    let fake = Fake::holding(desired().tags);
    *fake.objects.lock().unwrap() = 2500;
    // A late file arrives between the last list and the deletion of the bucket.
    fake.script.refuse("delete", 2, "BucketNotEmpty", "not empty");
    let (result, notes) = delete(&fake, true).await;
    result.unwrap();
    assert_eq!(notes, [""; 0]);
    let emptied = [
        "list",
        "empty 1000",
        "list",
        "empty 1000",
        "list",
        "empty 500",
        "list",
    ];
    let expected = ["delete"]
        .into_iter()
        .chain(emptied)
        .chain(["delete", "list", "delete"]);
    assert_eq!(fake.written(), expected.collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_deleted_ends_it_and_so_does_a_writer_that_never_stops() {
    let fake = Fake::holding(desired().tags);
    *fake.objects.lock().unwrap() = 10;
    *fake.locked.lock().unwrap() = true;
    fake.script.refuse("delete", 1, "BucketNotEmpty", "not empty");
    let fault = delete(&fake, true).await.0.unwrap_err();
    assert!(fault.message.contains("`k1`, `k2`, `k3` and 2 more"), "{fault}");
    assert!(fault.hint.unwrap().contains("Object Lock"));

    let (fake, start) = (Fake::holding(desired().tags), Instant::now());
    fake.script
        .refuse("delete", 10_000, "BucketNotEmpty", "not empty");
    let fault = delete(&fake, true).await.0.unwrap_err();
    assert!(fault.message.contains("something still writes to it"), "{fault}");
    assert!(start.elapsed() <= empty::LIMIT);
}

/// DeleteObjects succeeds, but reports for single files that S3 is overloaded.
#[tokio::test(start_paused = true)]
async fn files_that_s3_has_no_time_for_are_asked_for_again() {
    let fake = Fake::holding(desired().tags);
    *fake.objects.lock().unwrap() = 10;
    *fake.busy.lock().unwrap() = vec!["ServiceUnavailable", "InternalError", "SlowDown"];
    fake.script.refuse("delete", 1, "BucketNotEmpty", "not empty");
    let start = Instant::now();
    delete(&fake, true).await.0.unwrap();
    // Pauses of 1, 2 and 4 s.
    assert!(
        (7..=9).contains(&start.elapsed().as_secs()),
        "{:?}",
        start.elapsed()
    );
    let emptied = fake.script.log();
    let emptied: Vec<_> = emptied.iter().filter(|line| line.starts_with("empty")).collect();
    assert_eq!(emptied, ["empty 10", "empty 1", "empty 1", "empty 1"]);
}

#[tokio::test]
async fn one_that_is_gone_is_done() {
    let fake = Fake::holding(desired().tags);
    fake.script.refuse("delete", 1, "NoSuchBucket", "");
    assert_eq!(delete(&fake, false).await, (Ok(()), vec![]));
}
