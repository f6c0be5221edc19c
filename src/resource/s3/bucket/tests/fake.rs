//! S3 with one bucket.

use super::*;

/// An S3 with one bucket.
#[derive(Clone)]
pub(super) struct Fake {
    pub(super) script: Script,
    /// What HeadBucket answers: a status, and the region of the bucket.
    pub(super) head: Arc<Mutex<(u16, &'static str)>>,
    pub(super) tags: Arc<Mutex<Tags>>,
    pub(super) rules: Arc<Mutex<Vec<LifecycleRule>>>,
    pub(super) public: Arc<Mutex<bool>>,
    pub(super) keyed: Arc<Mutex<bool>>,
    pub(super) objects: Arc<Mutex<usize>>,
    pub(super) locked: Arc<Mutex<bool>>,
    /// The errors that S3 returns for one file each, starting with the last.
    pub(super) busy: Arc<Mutex<Vec<&'static str>>>,
}

impl Fake {
    pub(super) fn new(status: u16, region: &'static str) -> Self {
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
    pub(super) fn empty() -> Self {
        Self::new(404, "")
    }

    /// The bucket as it is after its creation, with these tags.
    pub(super) fn holding(tags: Tags) -> Self {
        let fake = Self::new(200, "eu-west-1");
        *fake.tags.lock().unwrap() = tags;
        *fake.rules.lock().unwrap() = Settings::wanted(Some(365)).rules().to_vec();
        fake
    }

    pub(super) fn aws(&self) -> Aws {
        self.aws_with(&[])
    }

    pub(super) fn aws_with(&self, listed: &[&str]) -> Aws {
        let listed = listed
            .iter()
            .map(|name| tagged(&format!("arn:aws:s3:::{name}"), Tags::new()));
        Aws::mocked(listed.collect(), |clients| clients.s3 = self.client())
    }

    pub(super) fn client(&self) -> Client {
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

    fn settings(&self) -> impl Iterator<Item = aws_smithy_mocks::Rule> {
        let settings = [self.tagging(), self.access(), self.encryption(), self.lifecycle()];
        settings.into_iter().flatten()
    }

    /// Its tags.
    fn tagging(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (tags, put_tags) = (self.tags.clone(), self.tags.clone());
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
        ]
    }

    /// Whether it keeps the public out, and who owns its objects.
    fn access(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (public, closed) = (self.public.clone(), self.public.clone());
        vec![
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
        ]
    }

    /// How it encrypts what has no encryption of its own.
    fn encryption(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (keyed, sse) = (self.keyed.clone(), self.keyed.clone());
        vec![
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
        ]
    }

    /// When its objects expire.
    fn lifecycle(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (rules, put_rules, no_rules) = (self.rules.clone(), self.rules.clone(), self.rules.clone());
        vec![
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

    pub(super) fn deletion(&self) -> Vec<aws_smithy_mocks::Rule> {
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
    pub(super) fn written(&self) -> Vec<String> {
        let read = |line: &String| line.starts_with("get-") || line == "head";
        self.script.log().into_iter().filter(|line| !read(line)).collect()
    }
}
