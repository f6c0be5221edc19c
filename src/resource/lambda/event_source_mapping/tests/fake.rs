//! Lambda with one event source mapping at most.

use super::*;

/// Lambda with mappings and their tags, and a queue with messages.
#[derive(Clone, Default)]
pub(super) struct Fake {
    pub(super) script: Script,
    pub(super) mappings: Arc<Mutex<Vec<(Mapping, Tags)>>>,
    /// How many messages each read of the queue finds. The last number stays.
    pub(super) messages: Arc<Mutex<Vec<u32>>>,
}

impl Fake {
    pub(super) fn holding(mappings: &[(Mapping, Tags)]) -> Self {
        Self {
            mappings: Arc::new(Mutex::new(mappings.to_vec())),
            ..Self::default()
        }
    }

    pub(super) fn aws(&self, listed: &[&str]) -> Aws {
        let lambda: Vec<_> = self.reading().into_iter().chain(self.writing()).collect();
        let sqs = self.queue();
        let listed = listed.iter().map(|uuid| tagged(&arn(uuid), Tags::new()));
        Aws::mocked(listed.collect(), |clients| {
            clients.lambda = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, &lambda);
            clients.sqs = mock_client!(aws_sdk_sqs, RuleMode::MatchAny, &sqs);
        })
    }

    /// What is there.
    fn reading(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (all, one, tags) = (
            self.mappings.clone(),
            self.mappings.clone(),
            self.mappings.clone(),
        );
        let missing = || (MISSING, "The resource you requested does not exist.".to_owned());
        vec![
            script.rule(
                "list",
                mock!(Client::list_event_source_mappings),
                |r| r.function_name().unwrap_or_default().to_owned(),
                move |_| {
                    let all = all.lock().unwrap().iter().map(|(one, _)| one.clone()).collect();
                    ListEventSourceMappingsOutput::builder()
                        .set_event_source_mappings(Some(all))
                        .build()
                },
            ),
            script.rule_or(
                "get",
                mock!(Client::get_event_source_mapping),
                |_| String::new(),
                move |r| {
                    let all = one.lock().unwrap();
                    let found = all.iter().find(|(one, _)| one.uuid() == r.uuid());
                    let (one, _) = found.ok_or_else(missing)?;
                    Ok(GetEventSourceMappingOutput::builder()
                        .set_uuid(one.uuid.clone())
                        .set_event_source_mapping_arn(one.event_source_mapping_arn.clone())
                        .set_event_source_arn(one.event_source_arn.clone())
                        .set_function_arn(one.function_arn.clone())
                        .set_batch_size(one.batch_size)
                        .set_state(one.state.clone())
                        .build())
                },
            ),
            script.rule_or(
                "tags",
                mock!(Client::list_tags),
                |_| String::new(),
                move |r| {
                    let all = tags.lock().unwrap();
                    let found = all
                        .iter()
                        .find(|(one, _)| one.event_source_mapping_arn() == r.resource());
                    let (_, tags) = found.ok_or_else(missing)?;
                    let tags = tags.clone().into_iter().collect();
                    Ok(ListTagsOutput::builder().set_tags(Some(tags)).build())
                },
            ),
        ]
    }

    /// What changes it.
    fn writing(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let gone = self.mappings.clone();
        vec![
            script.rule(
                "create",
                mock!(Client::create_event_source_mapping),
                |r| {
                    format!(
                        "{} {} {} {}s {} {:?} {:?} {}",
                        r.event_source_arn().unwrap(),
                        r.function_name().unwrap(),
                        r.batch_size().unwrap(),
                        r.maximum_batching_window_in_seconds().unwrap(),
                        r.scaling_config().unwrap().maximum_concurrency().unwrap(),
                        r.function_response_types(),
                        r.enabled(),
                        r.tags().unwrap()["alertctl:node"],
                    )
                },
                |_| {
                    CreateEventSourceMappingOutput::builder()
                        .uuid(UUID)
                        .event_source_mapping_arn(arn(UUID))
                        .build()
                },
            ),
            script.rule(
                "update",
                mock!(Client::update_event_source_mapping),
                |r| {
                    format!(
                        "{} {:?} {:?} {:?}",
                        r.uuid().unwrap(),
                        r.batch_size(),
                        r.enabled(),
                        r.filter_criteria().map(FilterCriteria::filters),
                    )
                },
                |_| UpdateEventSourceMappingOutput::builder().build(),
            ),
            script.rule(
                "delete",
                mock!(Client::delete_event_source_mapping),
                |r| r.uuid().unwrap().to_owned(),
                move |r| {
                    gone.lock().unwrap().retain(|(one, _)| one.uuid() != r.uuid());
                    DeleteEventSourceMappingOutput::builder().build()
                },
            ),
            script.rule(
                "tag",
                mock!(Client::tag_resource),
                |r| r.resource().unwrap().to_owned(),
                |_| TagResourceOutput::builder().build(),
            ),
            script.rule(
                "untag",
                mock!(Client::untag_resource),
                |r| r.resource().unwrap().to_owned(),
                |_| UntagResourceOutput::builder().build(),
            ),
        ]
    }

    /// The queue that the function reads.
    fn queue(&self) -> [aws_smithy_mocks::Rule; 3] {
        let messages = self.messages.clone();
        [
            mock!(aws_sdk_sqs::Client::get_queue_url)
                .then_output(|| GetQueueUrlOutput::builder().queue_url("https://queue").build()),
            mock!(aws_sdk_sqs::Client::get_queue_attributes).then_compute_output(move |_| {
                let mut messages = messages.lock().unwrap();
                let held = match messages.as_slice() {
                    [] => 0,
                    [last] => *last,
                    _ => messages.remove(0),
                };
                GetQueueAttributesOutput::builder()
                    .attributes(QueueAttributeName::ApproximateNumberOfMessages, held.to_string())
                    .build()
            }),
            mock!(aws_sdk_sqs::Client::list_queue_tags).then_output(|| {
                ListQueueTagsOutput::builder()
                    .set_tags(Some(HashMap::new()))
                    .build()
            }),
        ]
    }

    pub(super) async fn live(&self) -> Live {
        ours(&observe(&self.aws(&[]), &[desired()]).await.wanted[0]).clone()
    }

    pub(super) async fn create(&self) -> Result<Live> {
        let aws = self.aws(&[]);
        desired().create(&step(&aws, known(&[]))).await
    }

    pub(super) async fn delete(&self, live: Live) -> (Result<()>, Vec<String>) {
        let aws = self.aws(&[]);
        let cx = step(&aws, known(&[]));
        let result = LambdaEventSourceMapping::delete(live, &cx).await;
        (result, cx.notes.take())
    }
}
