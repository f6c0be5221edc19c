//! CloudTrail with one trail at most.

use super::*;

/// A CloudTrail with one trail.
#[derive(Clone, Default)]
pub(super) struct Fake {
    pub(super) script: Script,
    pub(super) trail: Arc<Mutex<Option<sdk::Trail>>>,
    pub(super) tags: Arc<Mutex<Tags>>,
    pub(super) logging: Arc<Mutex<bool>>,
    pub(super) selectors: Arc<Mutex<(Vec<sdk::EventSelector>, Vec<sdk::AdvancedEventSelector>)>>,
    /// It drops the tags and the log group of the creating call, as an emulated AWS may do.
    pub(super) forgetful: bool,
}

/// Copies the fields that requests, answers and the trail itself have in common.
macro_rules! settings {
    ($to:expr, $from:expr) => {
        $to.set_s3_bucket_name($from.s3_bucket_name.clone())
            .set_s3_key_prefix($from.s3_key_prefix.clone())
            .set_include_global_service_events($from.include_global_service_events)
            .set_is_multi_region_trail($from.is_multi_region_trail)
            .set_kms_key_id($from.kms_key_id.clone())
            .set_cloud_watch_logs_log_group_arn($from.cloud_watch_logs_log_group_arn.clone())
            .set_cloud_watch_logs_role_arn($from.cloud_watch_logs_role_arn.clone())
    };
}

impl Fake {
    pub(super) fn aws(&self) -> Aws {
        self.aws_with(Vec::new())
    }

    pub(super) fn aws_with(&self, listed: Vec<crate::aws::tags::Tagged>) -> Aws {
        let rules: Vec<_> = self.reading().into_iter().chain(self.writing()).collect();
        Aws::mocked(listed, |clients| {
            clients.cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, &rules);
        })
    }

    pub(super) fn reading(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (all, one) = (self.trail.clone(), self.trail.clone());
        let (tags, logging, selectors) = (self.tags.clone(), self.logging.clone(), self.selectors.clone());
        vec![
            script.rule(
                "describe",
                mock!(Client::describe_trails),
                |_| String::new(),
                move |_| {
                    let trails = all.lock().unwrap().clone().into_iter().collect();
                    DescribeTrailsOutput::builder()
                        .set_trail_list(Some(trails))
                        .build()
                },
            ),
            script.rule(
                "get",
                mock!(Client::get_trail),
                |_| String::new(),
                move |_| {
                    GetTrailOutput::builder()
                        .set_trail(one.lock().unwrap().clone())
                        .build()
                },
            ),
            script.rule(
                "list-tags",
                mock!(Client::list_tags),
                |r| r.resource_id_list().join(" "),
                move |r| {
                    let tags = to_sdk(&tags.lock().unwrap());
                    let tags = sdk::ResourceTag::builder()
                        .resource_id(&r.resource_id_list()[0])
                        .set_tags_list(Some(tags));
                    ListTagsOutput::builder().resource_tag_list(tags.build()).build()
                },
            ),
            script.rule(
                "status",
                mock!(Client::get_trail_status),
                |_| String::new(),
                move |_| {
                    GetTrailStatusOutput::builder()
                        .is_logging(*logging.lock().unwrap())
                        .latest_delivery_error("AccessDenied")
                        .build()
                },
            ),
            script.rule(
                "selectors",
                mock!(Client::get_event_selectors),
                |_| String::new(),
                move |_| {
                    let (basic, advanced) = selectors.lock().unwrap().clone();
                    GetEventSelectorsOutput::builder()
                        .set_event_selectors(Some(basic))
                        .set_advanced_event_selectors(Some(advanced))
                        .build()
                },
            ),
        ]
    }

    pub(super) fn writing(&self) -> Vec<aws_smithy_mocks::Rule> {
        let (script, forgetful) = (&self.script, self.forgetful);
        let (create, update, tags, added) = (
            self.trail.clone(),
            self.trail.clone(),
            self.tags.clone(),
            self.tags.clone(),
        );
        let (logging, put) = (self.logging.clone(), self.selectors.clone());
        vec![
            script.rule(
                "create",
                mock!(Client::create_trail),
                |r| {
                    format!(
                        "tags={} {:?}",
                        r.tags_list().len(),
                        r.cloud_watch_logs_log_group_arn()
                    )
                },
                move |r| {
                    let mut sent = r.clone();
                    if forgetful {
                        sent.cloud_watch_logs_log_group_arn = None;
                        sent.cloud_watch_logs_role_arn = None;
                    } else {
                        let list = r.tags_list().iter();
                        *tags.lock().unwrap() = list
                            .map(|tag| (tag.key().into(), tag.value().unwrap().into()))
                            .collect();
                    }
                    let validation = sent.enable_log_file_validation.unwrap();
                    let trail = sdk::Trail::builder()
                        .name(sent.name().unwrap())
                        .trail_arn(ARN)
                        .home_region("eu-west-1");
                    let trail = settings!(trail, sent).log_file_validation_enabled(validation);
                    *create.lock().unwrap() = Some(trail.build());
                    let answer = CreateTrailOutput::builder()
                        .name(sent.name().unwrap())
                        .trail_arn(ARN);
                    settings!(answer, sent)
                        .log_file_validation_enabled(validation)
                        .build()
                },
            ),
            script.rule(
                "update",
                mock!(Client::update_trail),
                |r| {
                    format!(
                        "prefix={:?} kms={:?} logs={:?}",
                        r.s3_key_prefix().unwrap(),
                        r.kms_key_id().unwrap(),
                        r.cloud_watch_logs_log_group_arn().unwrap()
                    )
                },
                move |r| {
                    let validation = r.enable_log_file_validation.unwrap();
                    let trail = sdk::Trail::builder()
                        .name("mission-trail")
                        .trail_arn(ARN)
                        .home_region("eu-west-1");
                    let trail = settings!(trail, r).log_file_validation_enabled(validation);
                    *update.lock().unwrap() = Some(trail.build());
                    let answer = UpdateTrailOutput::builder().name("mission-trail").trail_arn(ARN);
                    settings!(answer, r)
                        .log_file_validation_enabled(validation)
                        .build()
                },
            ),
            script.rule(
                "put-selectors",
                mock!(Client::put_event_selectors),
                |r| {
                    format!(
                        "{} {}",
                        r.event_selectors().len(),
                        r.advanced_event_selectors().len()
                    )
                },
                move |r| {
                    *put.lock().unwrap() = (
                        r.event_selectors().to_vec(),
                        r.advanced_event_selectors().to_vec(),
                    );
                    PutEventSelectorsOutput::builder().build()
                },
            ),
            script.rule(
                "start",
                mock!(Client::start_logging),
                |r| r.name().unwrap().to_owned(),
                move |_| {
                    *logging.lock().unwrap() = true;
                    StartLoggingOutput::builder().build()
                },
            ),
            script.rule(
                "add-tags",
                mock!(Client::add_tags),
                |r| r.tags_list().iter().map(Tag::key).collect::<Vec<_>>().join(" "),
                move |r| {
                    let list = r.tags_list().iter();
                    let list = list.map(|tag| (tag.key().into(), tag.value().unwrap().into()));
                    added.lock().unwrap().extend(list);
                    AddTagsOutput::builder().build()
                },
            ),
            script.rule(
                "remove-tags",
                mock!(Client::remove_tags),
                |r| r.tags_list().iter().map(Tag::key).collect::<Vec<_>>().join(" "),
                |_| RemoveTagsOutput::builder().build(),
            ),
            script.rule(
                "delete",
                mock!(Client::delete_trail),
                |r| r.name().unwrap().to_owned(),
                |_| DeleteTrailOutput::builder().build(),
            ),
        ]
    }

    pub(super) async fn create(&self) -> Result<Live> {
        let aws = self.aws();
        desired().create(&step(&aws, at_hand())).await
    }

    /// The calls that change something.
    pub(super) fn written(&self) -> Vec<String> {
        let read = ["describe", "get", "list-tags", "status", "selectors"];
        let log = self.script.log().into_iter();
        log.filter(|line| !read.contains(&line.split(' ').next().unwrap()))
            .collect()
    }
}
