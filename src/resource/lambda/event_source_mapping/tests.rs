use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::create_event_source_mapping::CreateEventSourceMappingOutput;
use aws_sdk_lambda::operation::delete_event_source_mapping::DeleteEventSourceMappingOutput;
use aws_sdk_lambda::operation::get_event_source_mapping::GetEventSourceMappingOutput;
use aws_sdk_lambda::operation::list_event_source_mappings::ListEventSourceMappingsOutput;
use aws_sdk_lambda::operation::list_tags::ListTagsOutput;
use aws_sdk_lambda::operation::tag_resource::TagResourceOutput;
use aws_sdk_lambda::operation::untag_resource::UntagResourceOutput;
use aws_sdk_lambda::operation::update_event_source_mapping::UpdateEventSourceMappingOutput;
use aws_sdk_lambda::types::{EventSourceMappingConfiguration as Mapping, Filter};
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlOutput;
use aws_sdk_sqs::operation::list_queue_tags::ListQueueTagsOutput;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use tokio::time::Instant;

use super::*;
use crate::aws::Text;
use crate::resource::tests::script::{Script, changes, known, names, node, ours, owned, step, tagged};

mod fake;

use fake::Fake;

const UUID: &str = "0b5f3d2a-0000-4000-8000-000000000001";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:123456789012:mission-project-buffer";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:relay";
const INVALID: &str = "InvalidParameterValueException";
const MISSING: &str = "ResourceNotFoundException";
const CONFLICT: &str = "ResourceConflictException";
const IN_USE: &str = "ResourceInUseException";

fn id() -> NodeId {
    node("lambda-event-source-mapping", "buffer.project")
}

fn desired() -> LambdaEventSourceMapping {
    LambdaEventSourceMapping {
        queue: Ref::named(node("sqs-queue", "buffer.project"), "mission-project-buffer")
            .with_arn(Text::arn("sqs", "mission-project-buffer")),
        function: Ref::named(node("lambda-function", "relay"), "relay")
            .with_arn(Text::arn("lambda", "function:relay")),
        batch_size: 100,
        batching_window_seconds: 1,
        maximum_concurrency: 2,
        tags: owned(&id()),
    }
}

fn arn(uuid: &str) -> String {
    format!("arn:aws:lambda:eu-west-1:123456789012:event-source-mapping:{uuid}")
}

/// The mapping exactly as [`desired`].
fn there(uuid: &str) -> Mapping {
    Mapping::builder()
        .uuid(uuid)
        .event_source_mapping_arn(arn(uuid))
        .event_source_arn(QUEUE)
        .function_arn(FUNCTION)
        .batch_size(100)
        .maximum_batching_window_in_seconds(1)
        .scaling_config(ScalingConfig::builder().maximum_concurrency(2).build())
        .function_response_types(RESPONSE)
        .state("Enabled")
        .build()
}

async fn observe(aws: &Aws, wanted: &[LambdaEventSourceMapping]) -> Observed<Live> {
    let id = id();
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    LambdaEventSourceMapping::observe(aws, &wanted).await.unwrap()
}

fn exists_already() -> String {
    format!(
        "An event source mapping with SQS arn (\" {QUEUE} \") and function (\" relay \") already exists. Please \
         update or delete the existing mapping with UUID {UUID}"
    )
}

#[tokio::test]
async fn the_pair_of_queue_and_function_tells_it_and_its_tags_whose_it_is() {
    let tags = desired().tags;
    let other = |change: fn(&mut Mapping)| {
        let mut mapping = there(UUID);
        change(&mut mapping);
        (mapping, tags.clone())
    };
    let elsewhere = other(|one| one.event_source_arn = Some("arn:aws:kinesis:eu-west-1:1:stream/s".into()));
    let stranger = other(|one| one.event_source_arn = Some(QUEUE.replace("123456789012", "210987654321")));
    let version = other(|one| one.function_arn = Some(format!("{FUNCTION}:live")));
    let going = other(|one| one.state = Some("Deleting".into()));
    for absent in [elsewhere, stranger, version, going] {
        let fake = Fake::holding(&[absent]);
        assert_eq!(
            observe(&fake.aws(&[]), &[desired()]).await.wanted,
            [Presence::Absent]
        );
    }
    let fake = Fake::holding(&[(there(UUID), tags.clone())]);
    assert!(changes(&desired(), &fake.live().await, &known(&[])).is_empty());
    let fake = Fake::holding(&[(there(UUID), Tags::new())]);
    let seen = observe(&fake.aws(&[]), &[desired()]).await;
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)), "{seen:?}");
}

#[tokio::test]
async fn what_left_the_file_is_found_by_its_tag() {
    let tags = desired().tags;
    let mappings = [
        (there("ours"), tags.clone()),
        (there("untagged-since"), Tags::new()),
    ];
    let fake = Fake::holding(&mappings);
    let seen = observe(&fake.aws(&["ours", "untagged-since", "gone"]), &[]).await;
    let orphans: Vec<_> = seen.orphans.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(orphans, ["lambda-event-source-mapping/buffer.project"]);
    // Functions for which no mapping is wanted are not read.
    assert_eq!(fake.script.count("list"), 0);
}

#[tokio::test]
async fn everything_travels_in_the_creating_call() {
    let fake = Fake::default();
    let made = fake.create().await.unwrap();
    assert!(changes(&desired(), &made, &known(&[])).is_empty());
    let create = format!(
        "create {QUEUE} relay 100 1s 2 [ReportBatchItemFailures] Some(true) \
         lambda-event-source-mapping/buffer.project"
    );
    assert_eq!(fake.script.log(), [create]);
}

#[tokio::test(start_paused = true)]
async fn what_lambda_does_not_see_yet_is_tried_for_five_minutes() {
    let texts = [
        (
            INVALID,
            "The function execution role does not have permissions to call ReceiveMessage on SQS",
        ),
        (
            INVALID,
            "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds",
        ),
        (
            INVALID,
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue.",
        ),
        (MISSING, "Function not found: relay"),
    ];
    for (code, text) in texts {
        let fake = Fake::default();
        fake.script.refuse("create", 3, code, text);
        fake.create().await.unwrap();
        assert_eq!(fake.script.count("create"), 4, "{text}");

        let start = Instant::now();
        fake.script.refuse("create", 1000, code, text);
        let fault = fake.create().await.unwrap_err();
        assert!(
            start.elapsed() <= wait::LAMBDA && fault.tried.is_some(),
            "{fault}"
        );
    }
    let fake = Fake::default();
    fake.script
        .refuse("create", 1, INVALID, "Batch size is too large");
    fake.create().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn one_that_is_there_already_is_taken_where_it_is_ours_and_waited_out_where_it_goes() {
    let ours = Fake::holding(&[(there(UUID), desired().tags)]);
    ours.script.refuse("create", 1, CONFLICT, &exists_already());
    assert_eq!(ours.create().await.unwrap().uuid, UUID);
    assert_eq!(ours.script.log()[1..], ["list relay", "tags"]);

    let foreign = Fake::holding(&[(there(UUID), Tags::new())]);
    foreign.script.refuse("create", 1, CONFLICT, &exists_already());
    let fault = foreign.create().await.unwrap_err();
    assert!(fault.hint.unwrap().contains("run the same command again"));

    let mut going = there(UUID);
    going.state = Some("Deleting".into());
    let going = Fake::holding(&[(going, desired().tags)]);
    going.script.refuse("create", 3, CONFLICT, &exists_already());
    going.create().await.unwrap();
    assert_eq!(going.script.count("create"), 4);

    // If it stays, AWS's own message is the one that helps.
    going
        .script
        .refuse("create", 100_000, CONFLICT, &exists_already());
    let fault = going.create().await.unwrap_err();
    assert!(
        fault.is(&[CONFLICT]) && fault.message == exists_already(),
        "{fault}"
    );
    let hint = fault.hint.unwrap();
    assert!(hint.contains("still waiting for the former mapping"), "{hint}");
    assert!(hint.contains("run the same command again"), "{hint}");
}

#[tokio::test(start_paused = true)]
async fn whatever_somebody_changed_is_put_right_in_place() {
    type Change = fn(&mut Mapping);
    let cases: [(&str, Change); 6] = [
        ("batch_size", |one| one.batch_size = Some(10)),
        ("batching_window_seconds", |one| {
            one.maximum_batching_window_in_seconds = Some(300)
        }),
        ("maximum_concurrency", |one| one.scaling_config = None),
        ("response_types", |one| {
            one.function_response_types = Some(Vec::new())
        }),
        ("enabled", |one| one.state = Some("Disabled".into())),
        ("filters", |one| {
            let filter = Filter::builder().pattern("{}").build();
            one.filter_criteria = Some(FilterCriteria::builder().filters(filter).build());
        }),
    ];
    for (field, change) in cases {
        let mut mapping = there(UUID);
        change(&mut mapping);
        let fake = Fake::holding(&[(mapping, desired().tags)]);
        let live = fake.live().await;
        let differs = changes(&desired(), &live, &known(&[]));
        assert_eq!(
            (names(&differs), differs.replace()),
            (vec![field.to_owned()], false)
        );
        fake.script
            .refuse("update", 2, IN_USE, "The mapping is being updated");
        fake.script.forget();
        let aws = fake.aws(&[]);
        let cx = step(&aws, known(&[]));
        let now = desired().update(live, &differs, &cx).await.unwrap();
        assert!(changes(&desired(), &now, &known(&[])).is_empty());
        let update = format!("update {UUID} Some(100) Some(true) Some([])");
        assert_eq!(fake.script.log(), [update.as_str(); 3]);
    }
}

#[tokio::test]
async fn adopting_it_tags_it_and_changes_nothing_else() {
    let fake = Fake::holding(&[(there(UUID), Tags::new())]);
    let seen = observe(&fake.aws(&[]), &[desired()]).await;
    let Presence::Foreign(live) = seen.wanted[0].clone() else {
        panic!("{seen:?}");
    };
    fake.script.forget();
    let aws = fake.aws(&[]);
    let differs = changes(&desired(), &live, &known(&[]));
    let cx = step(&aws, known(&[]));
    desired().update(live, &differs, &cx).await.unwrap();
    assert_eq!(fake.script.log(), [format!("tag {}", arn(UUID))]);
}

#[tokio::test(start_paused = true)]
async fn it_is_usable_once_aws_works_on_it_no_more() {
    let mut mapping = there(UUID);
    mapping.state = Some("Creating".into());
    let fake = Fake::holding(&[(mapping, desired().tags)]);
    let (aws, live) = (fake.aws(&[]), fake.live().await);
    let cx = step(&aws, known(&[]));
    let later = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        fake.mappings.lock().unwrap()[0].0.state = Some("Enabled".into());
    };
    let wanted = desired();
    let (settled, ()) = tokio::join!(wanted.settle(&live, &cx), later);
    settled.unwrap();
    fake.mappings.lock().unwrap()[0].0.state = Some("Updating".into());
    let fault = wanted.settle(&live, &cx).await.unwrap_err();
    assert!(fault.is(&["Timeout"]), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn it_goes_once_its_queue_is_empty_and_is_waited_for() {
    let fake = Fake::holding(&[(there(UUID), desired().tags)]);
    let live = fake.live().await;
    *fake.messages.lock().unwrap() = vec![40, 12, 0];
    fake.script.forget();
    fake.script
        .refuse("delete", 2, IN_USE, "The mapping is being created");
    assert_eq!(fake.delete(live.clone()).await, (Ok(()), Vec::new()));
    assert_eq!(fake.script.count("delete"), 3);
    // It is also a success if the mapping is already gone.
    fake.script.refuse("delete", 1, MISSING, "no");
    fake.delete(live).await.0.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_does_not_empty_is_told_of_after_a_minute() {
    let fake = Fake::holding(&[(there(UUID), desired().tags)]);
    let live = fake.live().await;
    *fake.messages.lock().unwrap() = vec![7];
    let start = Instant::now();
    let (result, notes) = fake.delete(live).await;
    result.unwrap();
    assert!(start.elapsed() <= DRAINED, "{:?}", start.elapsed());
    assert!(
        notes[0].contains("`mission-project-buffer` was not empty"),
        "{notes:?}"
    );
}
