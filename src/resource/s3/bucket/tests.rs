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

const NAME: &str = "mission-trail-123456789012";
const ARN: &str = "arn:aws:s3:::mission-trail-123456789012";

fn desired() -> S3Bucket {
    S3Bucket {
        name: Text::with_account("mission-trail-{account}"),
        expire_after_days: Some(365),
        tags: owned(&node(S3Bucket::KIND, "trail")),
    }
}

/// An S3 with one bucket.
#[derive(Clone)]
struct Fake {
    script: Script,
    /// What HeadBucket answers: a status, and the region of the bucket.
    head: Arc<Mutex<(u16, &'static str)>>,
    tags: Arc<Mutex<Tags>>,
    rules: Arc<Mutex<Vec<LifecycleRule>>>,
    public: Arc<Mutex<bool>>,
    keyed: Arc<Mutex<bool>>,
    objects: Arc<Mutex<usize>>,
    locked: Arc<Mutex<bool>>,
    /// The errors that S3 returns for one file each, starting with the last.
    busy: Arc<Mutex<Vec<&'static str>>>,
}

impl Fake {
    fn new(status: u16, region: &'static str) -> Self {
        Self {
            script: Script::default(),
            head: Arc::new(Mutex::new((status, region))),
            tags: Arc::default(),
            rules: Arc::default(),
            public: Arc::default(),
            keyed: Arc::default(),
            objects: Arc::default(),
            locked: Arc::default(),
            busy: Arc::default(),
        }
    }

    /// There is no bucket with this name.
    fn empty() -> Self {
        Self::new(404, "")
    }

    /// The bucket as it is after its creation, with these tags.
    fn holding(tags: Tags) -> Self {
        let fake = Self::new(200, "eu-west-1");
        *fake.tags.lock().unwrap() = tags;
        *fake.rules.lock().unwrap() = Settings::wanted(Some(365)).rules().to_vec();
        fake
    }

    fn aws(&self) -> Aws {
        self.aws_with(&[])
    }

    fn aws_with(&self, listed: &[&str]) -> Aws {
        let listed = listed
            .iter()
            .map(|name| tagged(&format!("arn:aws:s3:::{name}"), Tags::new()));
        Aws::mocked(listed.collect(), |clients| clients.s3 = self.client())
    }

    fn client(&self) -> Client {
        let (script, fake) = (&self.script, self.clone());
        let head = self.head.clone();
        let (log, made) = (self.script.clone(), self.head.clone());
        let mut rules = vec![
            script.rule(
                "create",
                mock!(Client::create_bucket),
                {
                    move |r| {
                        let more = r.create_bucket_configuration().unwrap();
                        format!("{:?} tags={}", more.location_constraint(), more.tags().len())
                    }
                },
                {
                    let tags = self.tags.clone();
                    move |r| {
                        *made.lock().unwrap() = (200, "eu-west-1");
                        let sent = r.create_bucket_configuration().unwrap().tags().iter();
                        *tags.lock().unwrap() =
                            sent.map(|tag| (tag.key().into(), tag.value().into())).collect();
                        CreateBucketOutput::builder().build()
                    }
                },
            ),
            mock!(Client::head_bucket).then_compute_response(move |r| {
                assert_eq!(r.expected_bucket_owner(), Some("123456789012"));
                log.note("head");
                let (status, region) = *head.lock().unwrap();
                if status == 200 {
                    let answer = HeadBucketOutput::builder().bucket_region(region);
                    return MockResponse::Output(answer.build());
                }
                let mut answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
                answer.headers_mut().insert("x-amz-bucket-region", region);
                MockResponse::Http(answer)
            }),
        ];
        rules.extend(fake.settings());
        rules.extend(fake.deletion());
        mock_client!(aws_sdk_s3, RuleMode::MatchAny, &rules)
    }

    fn settings(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (tags, put_tags) = (self.tags.clone(), self.tags.clone());
        let (rules, put_rules, no_rules) = (self.rules.clone(), self.rules.clone(), self.rules.clone());
        let (public, closed) = (self.public.clone(), self.public.clone());
        let (keyed, sse) = (self.keyed.clone(), self.keyed.clone());
        vec![
            script.rule(
                "get-tags",
                mock!(Client::get_bucket_tagging),
                |_| String::new(),
                move |_| {
                    let tags = to_sdk(&tags.lock().unwrap());
                    GetBucketTaggingOutput::builder()
                        .set_tag_set(Some(tags))
                        .build()
                        .unwrap()
                },
            ),
            script.rule(
                "put-tags",
                mock!(Client::put_bucket_tagging),
                |r| {
                    let keys = r.tagging().unwrap().tag_set().iter().map(Tag::key);
                    keys.collect::<Vec<_>>().join(" ")
                },
                move |r| {
                    let sent = r.tagging().unwrap().tag_set().iter();
                    *put_tags.lock().unwrap() =
                        sent.map(|tag| (tag.key().into(), tag.value().into())).collect();
                    PutBucketTaggingOutput::builder().build()
                },
            ),
            script.rule(
                "get-access",
                mock!(Client::get_public_access_block),
                |_| String::new(),
                move |_| {
                    let block = !*public.lock().unwrap();
                    let block = PublicAccessBlockConfiguration::builder()
                        .block_public_acls(block)
                        .ignore_public_acls(true)
                        .block_public_policy(true)
                        .restrict_public_buckets(true);
                    GetPublicAccessBlockOutput::builder()
                        .public_access_block_configuration(block.build())
                        .build()
                },
            ),
            script.rule(
                "put-access",
                mock!(Client::put_public_access_block),
                |_| String::new(),
                move |_| {
                    *closed.lock().unwrap() = false;
                    PutPublicAccessBlockOutput::builder().build()
                },
            ),
            script.rule(
                "get-sse",
                mock!(Client::get_bucket_encryption),
                |_| String::new(),
                move |_| {
                    let keyed = *keyed.lock().unwrap();
                    let algorithm = if keyed {
                        ServerSideEncryption::AwsKms
                    } else {
                        ServerSideEncryption::Aes256
                    };
                    let default = ServerSideEncryptionByDefault::builder().sse_algorithm(algorithm);
                    let rule = ServerSideEncryptionRule::builder()
                        .apply_server_side_encryption_by_default(default.build().unwrap());
                    let rules = ServerSideEncryptionConfiguration::builder().rules(rule.build());
                    GetBucketEncryptionOutput::builder()
                        .server_side_encryption_configuration(rules.build().unwrap())
                        .build()
                },
            ),
            script.rule(
                "put-sse",
                mock!(Client::put_bucket_encryption),
                |_| String::new(),
                move |_| {
                    *sse.lock().unwrap() = false;
                    PutBucketEncryptionOutput::builder().build()
                },
            ),
            script.rule(
                "get-owner",
                mock!(Client::get_bucket_ownership_controls),
                |_| String::new(),
                |_| {
                    let rule = OwnershipControlsRule::builder();
                    let rule = rule
                        .object_ownership(ObjectOwnership::BucketOwnerEnforced)
                        .build()
                        .unwrap();
                    let controls = OwnershipControls::builder().rules(rule).build().unwrap();
                    GetBucketOwnershipControlsOutput::builder()
                        .ownership_controls(controls)
                        .build()
                },
            ),
            script.rule(
                "put-owner",
                mock!(Client::put_bucket_ownership_controls),
                |_| String::new(),
                |_| PutBucketOwnershipControlsOutput::builder().build(),
            ),
            script.rule(
                "get-rules",
                mock!(Client::get_bucket_lifecycle_configuration),
                |_| String::new(),
                move |_| {
                    let rules = rules.lock().unwrap().clone();
                    GetBucketLifecycleConfigurationOutput::builder()
                        .set_rules(Some(rules))
                        .build()
                },
            ),
            script.rule(
                "put-rules",
                mock!(Client::put_bucket_lifecycle_configuration),
                |r| {
                    let rules = r.lifecycle_configuration().unwrap().rules().iter();
                    rules.filter_map(LifecycleRule::id).collect::<Vec<_>>().join(" ")
                },
                move |r| {
                    *put_rules.lock().unwrap() = r.lifecycle_configuration().unwrap().rules().to_vec();
                    PutBucketLifecycleConfigurationOutput::builder().build()
                },
            ),
            script.rule(
                "delete-rules",
                mock!(Client::delete_bucket_lifecycle),
                |_| String::new(),
                move |_| {
                    no_rules.lock().unwrap().clear();
                    DeleteBucketLifecycleOutput::builder().build()
                },
            ),
        ]
    }

    fn deletion(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (objects, deleted, locked) = (self.objects.clone(), self.objects.clone(), self.locked.clone());
        let (busy, held) = (self.busy.clone(), self.objects.clone());
        vec![
            script.rule(
                "get-files",
                mock!(Client::list_object_versions).match_requests(|r| r.max_keys() == Some(1)),
                |_| String::new(),
                move |_| {
                    // A delete marker of a versioned bucket.
                    let marker = DeleteMarkerEntry::builder().key("gone").version_id("m").build();
                    ListObjectVersionsOutput::builder()
                        .set_delete_markers((*held.lock().unwrap() > 0).then(|| vec![marker]))
                        .build()
                },
            ),
            script.rule(
                "list",
                mock!(Client::list_object_versions).match_requests(|r| r.max_keys() == Some(1000)),
                |_| String::new(),
                move |_| {
                    let there = (*objects.lock().unwrap()).min(1000);
                    let version = |n: usize| {
                        ObjectVersion::builder()
                            .key(format!("k{n}"))
                            .version_id("v")
                            .build()
                    };
                    let marker = DeleteMarkerEntry::builder().key("gone").version_id("m").build();
                    ListObjectVersionsOutput::builder()
                        .set_versions(Some((1..there).map(version).collect()))
                        .set_delete_markers((there > 0).then(|| vec![marker]))
                        .build()
                },
            ),
            script.rule(
                "empty",
                mock!(Client::delete_objects),
                |r| r.delete().unwrap().objects().len().to_string(),
                move |r| {
                    let answer = DeleteObjectsOutput::builder();
                    let error = |code: &str, key: usize| {
                        let error = aws_sdk_s3::types::Error::builder().key(format!("k{key}"));
                        error.code(code).message("no").build()
                    };
                    if *locked.lock().unwrap() {
                        let errors = (1..=5).map(|key| error("AccessDenied", key));
                        return answer.set_errors(Some(errors.collect())).build();
                    }
                    if let Some(code) = busy.lock().unwrap().pop() {
                        // All but one object are deleted.
                        *deleted.lock().unwrap() -= r.delete().unwrap().objects().len() - 1;
                        return answer.errors(error(code, 1)).build();
                    }
                    *deleted.lock().unwrap() -= r.delete().unwrap().objects().len();
                    answer.build()
                },
            ),
            script.rule(
                "delete",
                mock!(Client::delete_bucket),
                |_| String::new(),
                |_| DeleteBucketOutput::builder().build(),
            ),
        ]
    }

    /// The calls that change something.
    fn written(&self) -> Vec<String> {
        let read = |line: &String| line.starts_with("get-") || line == "head";
        self.script.log().into_iter().filter(|line| !read(line)).collect()
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
