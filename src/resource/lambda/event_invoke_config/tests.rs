use std::sync::{Arc, Mutex};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::delete_function_event_invoke_config::DeleteFunctionEventInvokeConfigOutput;
use aws_sdk_lambda::operation::get_function_event_invoke_config::GetFunctionEventInvokeConfigOutput;
use aws_sdk_lambda::operation::put_function_event_invoke_config::PutFunctionEventInvokeConfigOutput;
use aws_sdk_lambda::types::OnSuccess;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use tokio::time::Instant;

use super::*;
use crate::resource::tests::script::{Script, changes, known, node, ours, owned, step, tagged};

const QUEUE: &str = "arn:aws:sqs:eu-west-1:123456789012:mission-dead";
const INVALID: &str = "InvalidParameterValueException";
const MISSING: &str = "ResourceNotFoundException";

fn desired() -> LambdaEventInvokeConfig {
    LambdaEventInvokeConfig {
        function: Ref::named(node("lambda-function", "notify"), "relay"),
        maximum_retry_attempts: 2,
        maximum_event_age_seconds: 3600,
        on_failure_arn: Text::arn("sqs", "mission-dead"),
    }
}

fn there() -> GetFunctionEventInvokeConfigOutput {
    let failed = OnFailure::builder().destination(QUEUE).build();
    // If no destination is set, AWS returns an empty one.
    let done = OnSuccess::builder().build();
    GetFunctionEventInvokeConfigOutput::builder()
        .maximum_retry_attempts(2)
        .maximum_event_age_in_seconds(3600)
        .destination_config(
            DestinationConfig::builder()
                .on_failure(failed)
                .on_success(done)
                .build(),
        )
        .build()
}

#[derive(Clone)]
struct Fake {
    script: Script,
    config: Arc<Mutex<GetFunctionEventInvokeConfigOutput>>,
}

impl Fake {
    fn new() -> Self {
        Self {
            script: Script::default(),
            config: Arc::new(Mutex::new(there())),
        }
    }

    fn aws(&self, tagged: Vec<crate::aws::tags::Tagged>) -> Aws {
        let config = self.config.clone();
        let rules = [
            self.script.rule(
                "get",
                mock!(Client::get_function_event_invoke_config),
                |r| r.function_name().unwrap_or_default().to_owned(),
                move |_| config.lock().unwrap().clone(),
            ),
            self.script.rule(
                "put",
                mock!(Client::put_function_event_invoke_config),
                |r| {
                    let to = r.destination_config();
                    format!(
                        "{} {} {}s {} {:?}",
                        r.function_name().unwrap_or_default(),
                        r.maximum_retry_attempts().unwrap_or_default(),
                        r.maximum_event_age_in_seconds().unwrap_or_default(),
                        to.and_then(|to| to.on_failure()?.destination())
                            .unwrap_or_default(),
                        to.and_then(|to| to.on_success()?.destination()),
                    )
                },
                |_| PutFunctionEventInvokeConfigOutput::builder().build(),
            ),
            self.script.rule(
                "delete",
                mock!(Client::delete_function_event_invoke_config),
                |r| r.function_name().unwrap_or_default().to_owned(),
                |_| DeleteFunctionEventInvokeConfigOutput::builder().build(),
            ),
        ];
        Aws::mocked(tagged, |clients| {
            clients.lambda = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, &rules);
        })
    }

    async fn create(&self) -> Result<Live> {
        let aws = self.aws(Vec::new());
        desired().create(&step(&aws, known(&[]))).await
    }

    async fn live(&self) -> Live {
        let seen = observe(&self.aws(Vec::new()), &[desired()]).await;
        ours(&seen.wanted[0]).clone()
    }
}

async fn observe(aws: &Aws, wanted: &[LambdaEventInvokeConfig]) -> Observed<Live> {
    let id = node("lambda-event-invoke-config", "notify");
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    LambdaEventInvokeConfig::observe(aws, &wanted).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_call_sets_everything_on_create_and_update() {
    let fake = Fake::new();
    let made = fake.create().await.unwrap();
    assert!(changes(&desired(), &made, &known(&[])).is_empty());
    let aws = fake.aws(Vec::new());
    let cx = step(&aws, known(&[]));
    desired().update(made, &Changes::default(), &cx).await.unwrap();
    let put = format!("put relay 2 3600s {QUEUE} None");
    assert_eq!(fake.script.log(), [put.as_str(), put.as_str()]);
}

#[tokio::test(start_paused = true)]
async fn what_lambda_does_not_see_yet_is_tried_for_five_minutes() {
    let cases = [
        (
            INVALID,
            "The function's execution role does not have permissions to call SendMessage on arn:aws:sqs",
        ),
        (
            INVALID,
            "The destination ARN arn:aws:sqs:eu-west-1:1:q is invalid.",
        ),
        (
            "ResourceConflictException",
            "The operation cannot be performed at this time. The function is currently in the following state: \
             Pending",
        ),
    ];
    for (code, text) in cases {
        let fake = Fake::new();
        fake.script.refuse("put", 30, code, text);
        fake.create().await.unwrap();
        assert_eq!(fake.script.count("put"), 31);
        let fake = Fake::new();
        fake.script.refuse("put", 10_000, code, text);
        let start = Instant::now();
        fake.create().await.unwrap_err();
        assert!((280..=300).contains(&start.elapsed().as_secs()));
    }
    let fake = Fake::new();
    fake.script
        .refuse("put", 1, INVALID, "MaximumEventAgeInSeconds must be at least 60");
    fake.create().await.unwrap_err();
    assert_eq!(fake.script.count("put"), 1);
}

#[tokio::test(start_paused = true)]
async fn observing_finds_what_left_the_file_on_the_stacks_functions() {
    let fake = Fake::new();
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:";
    let tags = owned(&node("lambda-function", "notify"));
    let listed = ["relay", "guard"].map(|name| tagged(&format!("{arn}{name}"), tags.clone()));
    let seen = observe(&fake.aws(listed.to_vec()), &[desired()]).await;
    assert_eq!(fake.script.log(), ["get relay", "get guard"]);
    assert!(changes(&desired(), ours(&seen.wanted[0]), &known(&[])).is_empty());
    assert_eq!(seen.orphans[0].0.to_string(), "lambda-event-invoke-config/guard");

    let fake = Fake::new();
    fake.script.refuse(
        "get",
        2,
        MISSING,
        "The function arn doesn't have an EventInvokeConfig",
    );
    let seen = observe(&fake.aws(listed.to_vec()), &[desired()]).await;
    assert_eq!((seen.wanted, seen.orphans), (vec![Presence::Absent], Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn delete_outlasts_a_change_and_succeeds_when_it_or_the_function_are_gone() {
    let fake = Fake::new();
    let live = fake.live().await;
    let text = "The function is currently in the following state: Pending";
    fake.script
        .refuse("delete", 3, "ResourceConflictException", text)
        .refuse("delete", 1, MISSING, "");
    let aws = fake.aws(Vec::new());
    LambdaEventInvokeConfig::delete(live, &step(&aws, known(&[])))
        .await
        .unwrap();
    assert_eq!(fake.script.count("delete"), 4);
}

#[test]
fn it_waits_for_its_function_and_dies_with_it() {
    assert_eq!(desired().refs(), [node("lambda-function", "notify")]);
    assert_eq!(desired().parent(), Some(node("lambda-function", "notify")));
}
