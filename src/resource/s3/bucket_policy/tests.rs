use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_bucket_policy::GetBucketPolicyOutput;
use aws_sdk_s3::operation::get_bucket_tagging::GetBucketTaggingOutput;
use aws_sdk_s3::operation::put_bucket_policy::PutBucketPolicyOutput;
use aws_sdk_s3::types::Tag;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use tokio::time::Instant;

use super::*;
use crate::aws::policy::Statement;
use crate::resource::Tags;
use crate::resource::tests::script::{Script, changes, known, node, ours, owned, step, tagged};

const NAME: &str = "mission-trail-123456789012";

fn desired() -> S3BucketPolicy {
    let name = Text::with_account("mission-trail-{account}");
    let check = Statement::allow("Check", &["s3:GetBucketAcl"])
        .service("cloudtrail.amazonaws.com")
        .on(Text::bare_arn("s3", name.clone()))
        .when(
            "StringEquals",
            "aws:SourceArn",
            Text::arn("cloudtrail", "trail/t"),
        );
    S3BucketPolicy {
        bucket: Ref::named(node(S3Bucket::KIND, "trail"), &name.to_string()),
        policy: Policy::of([check]),
    }
}

/// As S3 returns it: keys in another order, and one-element lists as strings.
const STORED: &str = r#"{"Statement":{"Resource":"arn:aws:s3:::mission-trail-123456789012","Sid":"Check",
    "Action":"s3:GetBucketAcl","Principal":{"Service":"cloudtrail.amazonaws.com"},"Effect":"Allow","Condition":
    {"StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:eu-west-1:123456789012:trail/t"}}},"Version":"2012-10-17"}"#;

fn aws(script: &Script, tags: Tags, listed: bool) -> Aws {
    let tags: Vec<_> = tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build().unwrap())
        .collect();
    let rules = [
        script.rule(
            "get",
            mock!(Client::get_bucket_policy),
            |_| String::new(),
            |_| GetBucketPolicyOutput::builder().policy(STORED).build(),
        ),
        script.rule(
            "tags",
            mock!(Client::get_bucket_tagging),
            |_| String::new(),
            move |_| {
                GetBucketTaggingOutput::builder()
                    .set_tag_set(Some(tags.clone()))
                    .build()
                    .unwrap()
            },
        ),
        script.rule(
            "put",
            mock!(Client::put_bucket_policy),
            |r| r.bucket().unwrap().to_owned(),
            |_| PutBucketPolicyOutput::builder().build(),
        ),
    ];
    let listed = listed.then(|| tagged(&format!("arn:aws:s3:::{NAME}"), Tags::new()));
    Aws::mocked(listed.into_iter().collect(), |clients| {
        clients.s3 = mock_client!(aws_sdk_s3, RuleMode::MatchAny, &rules);
    })
}

async fn observe(aws: &Aws, wanted: bool) -> Observed<Live> {
    let (id, desired) = (node(S3BucketPolicy::KIND, "trail"), desired());
    let wanted = wanted.then_some(Wanted {
        id: &id,
        desired: &desired,
    });
    S3BucketPolicy::observe(aws, wanted.as_slice()).await.unwrap()
}

fn bucket_tags() -> Tags {
    owned(&node(S3Bucket::KIND, "trail"))
}

#[tokio::test]
async fn what_s3_returns_equals_what_was_put_and_belongs_to_whom_the_bucket_does() {
    let script = Script::default();
    let seen = observe(&aws(&script, bucket_tags(), true), true).await;
    assert!(changes(&desired(), ours(&seen.wanted[0]), &known(&[])).is_empty());
    assert!(seen.orphans.is_empty());
    let seen = observe(&aws(&script, Tags::new(), true), true).await;
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)));
}

/// The last log files arrive after the trail was deleted, and a bucket that is kept stays protected.
#[tokio::test]
async fn it_is_never_deleted_before_its_bucket() {
    let script = Script::default();
    let aws = aws(&script, bucket_tags(), true);
    assert!(observe(&aws, false).await.orphans.is_empty());
    let live = ours(&observe(&aws, true).await.wanted[0]).clone();
    let before = script.log();
    S3BucketPolicy::delete(live, &step(&aws, known(&[])))
        .await
        .unwrap();
    assert_eq!(script.log(), before);
}

#[tokio::test]
async fn no_policy_no_bucket_and_a_bucket_elsewhere_are_absent() {
    for code in ["NoSuchBucketPolicy", "NoSuchBucket", "PermanentRedirect"] {
        let script = Script::default();
        script.refuse("get", 1, code, "");
        let seen = observe(&aws(&script, bucket_tags(), false), true).await;
        assert_eq!(seen.wanted, [Presence::Absent]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_bucket_and_a_new_principal_are_waited_for() {
    let script = Script::default();
    // 10 pauses take one minute of the two that are waited at most.
    script.refuse("put", 5, "NoSuchBucket", "");
    script.refuse("put", 5, "MalformedPolicy", "Invalid principal in policy");
    let aws = aws(&script, bucket_tags(), false);
    let made = desired().create(&step(&aws, known(&[]))).await.unwrap();
    assert!(changes(&desired(), &made, &known(&[])).is_empty());
    assert_eq!(script.log()[10], format!("put {NAME}"));

    let start = Instant::now();
    script.refuse("put", 1000, "MalformedPolicy", "");
    desired().create(&step(&aws, known(&[]))).await.unwrap_err();
    assert!(start.elapsed() <= crate::aws::retry::LIMIT);
}
