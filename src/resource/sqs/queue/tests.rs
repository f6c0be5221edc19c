use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::create_queue::CreateQueueOutput;
use aws_sdk_sqs::operation::delete_queue::DeleteQueueOutput;
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlOutput;
use aws_sdk_sqs::operation::list_queue_tags::ListQueueTagsOutput;
use aws_sdk_sqs::operation::set_queue_attributes::SetQueueAttributesOutput;
use aws_sdk_sqs::operation::tag_queue::TagQueueOutput;
use aws_sdk_sqs::operation::untag_queue::UntagQueueOutput;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use tokio::time::Instant;

use super::*;
use crate::aws::Text;
use crate::aws::policy::Statement;
use crate::aws::tags::{STACK_TAG, Tagged};
use crate::resource::{NodeId, Presence};

mod creating;
mod deleting;
mod redelivering;
mod settling;
mod updating;

const NAME: &str = "mission-dead-letters";

/// The two forms of an error response of SQS: with and without the code of its older protocol.
fn refusals(code: &str, old: &str, message: &str) -> [HttpResponse; 2] {
    let body = serde_json::json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": message });
    let plain = || HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body.to_string()));
    let mut compatible = plain();
    compatible
        .headers_mut()
        .insert("x-amzn-query-error", format!("{old};Sender"));
    [plain(), compatible]
}

fn gone(form: usize) -> HttpResponse {
    let old = "AWS.SimpleQueueService.NonExistentQueue";
    refusals("QueueDoesNotExist", old, "The specified queue does not exist.")
        .into_iter()
        .nth(form)
        .unwrap()
}

fn id() -> NodeId {
    NodeId {
        kind: SqsQueue::KIND,
        key: "relay".into(),
    }
}

fn desired() -> SqsQueue {
    let park = Statement::allow("Park", &["sqs:SendMessage"])
        .service("sns.amazonaws.com")
        .on(Text::arn("sqs", NAME));
    SqsQueue {
        name: NAME.into(),
        retention_seconds: 1_209_600,
        policy: Some(Policy::of([park])),
        redelivery: None,
        tags: tags::owned("mission", &id(), &Tags::new()),
    }
}

fn known() -> Known {
    let scope = crate::aws::Scope {
        partition: "aws".into(),
        region: "eu-west-1".into(),
        account: "123456789012".into(),
    };
    Known {
        scope,
        outputs: Default::default(),
    }
}

fn url(name: &str) -> String {
    format!("https://sqs.eu-west-1.amazonaws.com/123456789012/{name}")
}

/// The queue exactly as [`desired`].
fn live() -> Live {
    let desired = desired();
    Live {
        name: NAME.into(),
        url: url(NAME),
        arn: format!("arn:aws:sqs:eu-west-1:123456789012:{NAME}"),
        retention_seconds: desired.retention_seconds,
        maximum_message_size: MAXIMUM_MESSAGE_SIZE,
        sqs_managed_sse: true,
        kms_key: None,
        policy: desired.policy.map(|policy| policy.render(&known()).unwrap()),
        redelivery: None,
        messages: 0,
        passes_on: false,
        tags: desired.tags,
    }
}

fn attributes(live: &Live) -> GetQueueAttributesOutput {
    let attributes = HashMap::from([
        (Attribute::QueueArn, live.arn.clone()),
        (
            Attribute::MessageRetentionPeriod,
            live.retention_seconds.to_string(),
        ),
        (
            Attribute::MaximumMessageSize,
            live.maximum_message_size.to_string(),
        ),
        (Attribute::SqsManagedSseEnabled, live.sqs_managed_sse.to_string()),
        (
            Attribute::KmsMasterKeyId,
            live.kms_key.clone().unwrap_or_default(),
        ),
        (
            Attribute::Policy,
            live.policy.as_ref().map(Value::to_string).unwrap_or_default(),
        ),
        (Attribute::ApproximateNumberOfMessages, live.messages.to_string()),
    ]);
    GetQueueAttributesOutput::builder()
        .set_attributes(Some(attributes))
        .build()
}

fn answer<O, E>(live: Option<Live>, output: impl Fn(Live) -> O) -> MockResponse<O, E> {
    match live {
        Some(live) => MockResponse::Output(output(live)),
        None => MockResponse::Http(gone(1)),
    }
}

/// An SQS that contains `queues`.
fn holding(queues: &[Live]) -> [Rule; 3] {
    let queues = queues.to_vec();
    let find = move |wanted: Option<&str>| {
        let mut queues = queues.iter();
        queues
            .find(|live| Some(live.name.as_str()) == wanted || Some(live.url.as_str()) == wanted)
            .cloned()
    };
    let (named, tagged) = (find.clone(), find.clone());
    [
        mock!(Client::get_queue_url).then_compute_response(move |ask| {
            answer(named(ask.queue_name()), |live| {
                GetQueueUrlOutput::builder().queue_url(live.url).build()
            })
        }),
        mock!(Client::get_queue_attributes)
            .then_compute_response(move |ask| answer(find(ask.queue_url()), |live| attributes(&live))),
        mock!(Client::list_queue_tags).then_compute_response(move |ask| {
            answer(tagged(ask.queue_url()), |live| {
                ListQueueTagsOutput::builder()
                    .set_tags(Some(tags::hashed(&live.tags)))
                    .build()
            })
        }),
    ]
}

fn sqs(tagged: &[&str], mode: RuleMode, rules: &[Rule]) -> Aws {
    let tagged = tagged.iter().map(|name| Tagged {
        arn: format!("arn:aws:sqs:eu-west-1:123456789012:{name}"),
        tags: Tags::new(),
    });
    Aws::mocked(tagged.collect(), |clients| {
        clients.sqs = mock_client!(aws_sdk_sqs, mode, rules)
    })
}

async fn observe(aws: &Aws) -> Observed<Live> {
    let (id, desired) = (id(), desired());
    SqsQueue::observe(
        aws,
        &[Wanted {
            id: &id,
            desired: &desired,
        }],
    )
    .await
    .unwrap()
}

async fn cx(aws: &Aws) -> Context<'_> {
    Context::mocked(aws, aws.scope().await.unwrap().clone())
}

fn changes(from: &Live, to: &SqsQueue) -> Changes {
    to.fields(&known())
        .difference(&SqsQueue::live_fields(from), SqsQueue::IMMUTABLE)
}

#[tokio::test]
async fn ours_foreign_or_absent_by_tag() {
    let foreign = Live {
        tags: Tags::from([(STACK_TAG.into(), "other".into())]),
        ..live()
    };
    let bare = Live {
        tags: Tags::new(),
        policy: None,
        messages: 3,
        ..live()
    };
    for (queues, expected) in [
        (vec![], Presence::Absent),
        (vec![live()], Presence::Ours(live())),
        (vec![foreign.clone()], Presence::Foreign(foreign)),
        (vec![bare.clone()], Presence::Foreign(bare)),
    ] {
        let seen = observe(&sqs(&[], RuleMode::MatchAny, &holding(&queues))).await;
        assert_eq!(seen.wanted, [expected]);
    }
}

#[tokio::test]
async fn a_queue_that_goes_while_it_is_read_is_absent_in_either_form() {
    for form in [0, 1] {
        let rules = [
            mock!(Client::get_queue_url)
                .then_output(|| GetQueueUrlOutput::builder().queue_url(url(NAME)).build()),
            mock!(Client::get_queue_attributes).then_http_response(move || gone(form)),
            mock!(Client::list_queue_tags).then_http_response(move || gone(form)),
        ];
        assert_eq!(
            observe(&sqs(&[], RuleMode::MatchAny, &rules)).await.wanted,
            [Presence::Absent]
        );
    }
}

#[tokio::test]
async fn what_left_the_file_is_found_by_its_tag() {
    let node = NodeId {
        kind: SqsQueue::KIND,
        key: "old".into(),
    };
    let named = |name: &str, tags: Tags| Live {
        name: name.into(),
        url: url(name),
        tags,
        ..live()
    };
    let queues = [
        live(),
        named("left", tags::owned("mission", &node, &Tags::new())),
        named("untagged-since", Tags::new()),
    ];
    let tagged = [NAME, "left", "untagged-since", "gone"];
    let seen = observe(&sqs(&tagged, RuleMode::MatchAny, &holding(&queues))).await;
    let orphans: Vec<_> = seen
        .orphans
        .iter()
        .map(|(id, live)| (id.to_string(), live.name.as_str()))
        .collect();
    assert_eq!(orphans, [("sqs-queue/old".to_owned(), "left")]);
}
