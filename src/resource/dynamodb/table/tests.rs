use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableOutput;
use aws_sdk_dynamodb::operation::delete_table::DeleteTableOutput;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput;
use aws_sdk_dynamodb::operation::describe_time_to_live::DescribeTimeToLiveOutput;
use aws_sdk_dynamodb::operation::list_tags_of_resource::ListTagsOfResourceOutput;
use aws_sdk_dynamodb::operation::tag_resource::TagResourceOutput;
use aws_sdk_dynamodb::operation::untag_resource::UntagResourceOutput;
use aws_sdk_dynamodb::operation::update_table::UpdateTableOutput;
use aws_sdk_dynamodb::operation::update_time_to_live::UpdateTimeToLiveOutput;
use aws_sdk_dynamodb::types::{
    BillingModeSummary, SseDescription, SseStatus, TableDescription, TimeToLiveDescription, TimeToLiveStatus,
};
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;

use super::*;
use crate::aws::tags::{STACK_TAG, Tagged};
use crate::resource::{NodeId, Presence};

mod changing;
mod creating;
mod deleting;

const NAME: &str = "mission-incidents";

fn refusal(code: &str, message: &str) -> HttpResponse {
    let body = serde_json::json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message });
    HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body.to_string()))
}

fn id() -> NodeId {
    NodeId {
        kind: DynamodbTable::KIND,
        key: "incidents".into(),
    }
}

fn desired() -> DynamodbTable {
    DynamodbTable {
        name: NAME.into(),
        partition_key: "pk",
        ttl: "ttl",
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

/// The table exactly as [`desired`].
fn live() -> Live {
    Live {
        name: NAME.into(),
        arn: format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{NAME}"),
        status: ACTIVE.into(),
        key_schema: "pk (S)".into(),
        billing_mode: "PAY_PER_REQUEST".into(),
        kms_key: None,
        deletion_protection: false,
        ttl: Some("ttl".into()),
        tags: desired().tags,
    }
}

/// The answer to `DescribeTable`. AWS leaves out the billing mode of a table that was never on demand.
fn described(live: &Live) -> DescribeTableOutput {
    let names = live.key_schema.split(", ").zip([KeyType::Hash, KeyType::Range]);
    let (keys, attributes): (Vec<_>, Vec<_>) = names
        .map(|(part, kind)| {
            let (name, of) = part.split_once(' ').unwrap();
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            let attribute = AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(of.trim_matches(['(', ')']).into());
            (key.build().unwrap(), attribute.build().unwrap())
        })
        .unzip();
    let mode = (live.billing_mode != "PROVISIONED").then(|| {
        BillingModeSummary::builder()
            .billing_mode(live.billing_mode.as_str().into())
            .build()
    });
    let encryption = live.kms_key.as_ref().map(|key| {
        SseDescription::builder()
            .status(SseStatus::Enabled)
            .kms_master_key_arn(key)
            .build()
    });
    let table = TableDescription::builder()
        .table_name(&live.name)
        .table_arn(&live.arn)
        .table_status(live.status.as_str().into())
        // In another order than the table's own.
        .set_key_schema(Some(keys.into_iter().rev().collect()))
        .set_attribute_definitions(Some(attributes))
        .set_billing_mode_summary(mode)
        .set_sse_description(encryption)
        .deletion_protection_enabled(live.deletion_protection);
    DescribeTableOutput::builder().table(table.build()).build()
}

fn answer<O, E>(live: Option<Live>, output: impl Fn(Live) -> O) -> MockResponse<O, E> {
    match live {
        Some(live) => MockResponse::Output(output(live)),
        None => MockResponse::Http(refusal(
            "ResourceNotFoundException",
            "Requested resource not found",
        )),
    }
}

/// A DynamoDB that contains `tables`, and refuses what DynamoDB refuses of a table that comes or goes.
fn holding(tables: &[Live]) -> [Rule; 3] {
    let tables = tables.to_vec();
    let find = move |wanted: Option<&str>| {
        let mut tables = tables.iter();
        tables
            .find(|live| Some(live.name.as_str()) == wanted || Some(live.arn.as_str()) == wanted)
            .cloned()
    };
    let (named, tagged) = (find.clone(), find.clone());
    [
        mock!(Client::describe_table)
            .then_compute_response(move |ask| answer(named(ask.table_name()), |live| described(&live))),
        mock!(Client::describe_time_to_live).then_compute_response(move |ask| {
            let live = find(ask.table_name());
            if let Some(live) = live.as_ref().filter(|live| live.status != ACTIVE) {
                let text = format!(
                    "Cannot describe time to live while table is in {} state",
                    live.status
                );
                return MockResponse::Http(refusal("ValidationException", &text));
            }
            answer(live, |live| {
                let status = match live.ttl {
                    Some(_) => TimeToLiveStatus::Enabled,
                    None => TimeToLiveStatus::Disabled,
                };
                let ttl = TimeToLiveDescription::builder()
                    .time_to_live_status(status)
                    .set_attribute_name(live.ttl);
                DescribeTimeToLiveOutput::builder()
                    .time_to_live_description(ttl.build())
                    .build()
            })
        }),
        mock!(Client::list_tags_of_resource).then_compute_response(move |ask| {
            answer(tagged(ask.resource_arn()), |live| {
                ListTagsOfResourceOutput::builder()
                    .set_tags(Some(to_sdk(&live.tags)))
                    .build()
            })
        }),
    ]
}

fn dynamodb(tagged: &[&str], mode: RuleMode, rules: &[Rule]) -> Aws {
    let tagged = tagged.iter().map(|name| Tagged {
        arn: format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{name}"),
        tags: Tags::new(),
    });
    Aws::mocked(tagged.collect(), |clients| {
        // As in [`crate::aws::connect::Clients`]: the SDK itself would repeat a call after `LimitExceededException`.
        clients.dynamodb = mock_client!(
            aws_sdk_dynamodb,
            mode,
            rules,
            |config: aws_sdk_dynamodb::config::Builder| config.retry_config(RetryConfig::disabled())
        )
    })
}

async fn observe(aws: &Aws) -> Observed<Live> {
    let (id, desired) = (id(), desired());
    let wanted = Wanted {
        id: &id,
        desired: &desired,
    };
    DynamodbTable::observe(aws, &[wanted]).await.unwrap()
}

async fn cx(aws: &Aws) -> Context<'_> {
    Context::mocked(aws, aws.scope().await.unwrap().clone())
}

fn changes(from: &Live, to: &DynamodbTable) -> Changes {
    to.fields(&known())
        .difference(&DynamodbTable::live_fields(from), DynamodbTable::IMMUTABLE)
}

#[tokio::test]
async fn ours_foreign_or_absent_by_tag() {
    let foreign = Live {
        tags: Tags::from([(STACK_TAG.into(), "other".into())]),
        ..live()
    };
    let strange = Live {
        tags: Tags::new(),
        key_schema: "id (S), at (N)".into(),
        billing_mode: "PROVISIONED".into(),
        kms_key: Some("arn:aws:kms:eu-west-1:123456789012:key/1".into()),
        deletion_protection: true,
        ttl: None,
        ..live()
    };
    let new = Live {
        status: "CREATING".into(),
        ttl: None,
        ..live()
    };
    let going = Live {
        status: "DELETING".into(),
        ..live()
    };
    for (tables, expected) in [
        (vec![], Presence::Absent),
        (vec![live()], Presence::Ours(live())),
        (vec![foreign.clone()], Presence::Foreign(foreign)),
        (vec![strange.clone()], Presence::Foreign(strange)),
        (vec![new.clone()], Presence::Ours(new)),
        (vec![going], Presence::Absent),
    ] {
        let seen = observe(&dynamodb(&[], RuleMode::MatchAny, &holding(&tables))).await;
        assert_eq!(seen.wanted, [expected]);
    }
}

#[tokio::test]
async fn what_left_the_file_is_found_by_its_tag() {
    let node = NodeId {
        kind: DynamodbTable::KIND,
        key: "old".into(),
    };
    let named = |name: &str, tags: Tags| Live {
        name: name.into(),
        arn: format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{name}"),
        tags,
        ..live()
    };
    let tables = [
        live(),
        named("left", tags::owned("mission", &node, &Tags::new())),
        named("untagged-since", Tags::new()),
    ];
    let tagged = [NAME, "left", "untagged-since", "gone"];
    let seen = observe(&dynamodb(&tagged, RuleMode::MatchAny, &holding(&tables))).await;
    let orphans: Vec<_> = seen
        .orphans
        .iter()
        .map(|(id, live)| (id.to_string(), live.name.as_str()))
        .collect();
    assert_eq!(orphans, [("dynamodb-table/old".to_owned(), "left")]);
}

#[test]
fn only_another_key_makes_another_table() {
    let exact = changes(&live(), &desired());
    assert!(exact.is_empty(), "{exact:?}");
    let by_hand = Live {
        billing_mode: "PROVISIONED".into(),
        kms_key: Some("k".into()),
        deletion_protection: true,
        ttl: Some("expires".into()),
        ..live()
    };
    let by_hand = changes(&by_hand, &desired());
    let fields: Vec<_> = by_hand.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(fields, ["billing_mode", "deletion_protection", "ttl", "kms_key"]);
    assert!(!by_hand.replace());
    let other_key = Live {
        key_schema: "pk (S), sk (S)".into(),
        ..live()
    };
    assert!(changes(&other_key, &desired()).replace());
}

#[test]
fn it_is_well_while_it_takes_items() {
    let verdict = |status: &str| {
        let live = Live {
            status: status.into(),
            ..live()
        };
        let health = DynamodbTable::about(&live).health.unwrap();
        (health.verdict, health.text)
    };
    assert_eq!(verdict("ACTIVE"), (Verdict::Healthy, "active".to_owned()));
    assert_eq!(verdict("CREATING"), (Verdict::Waiting, "creating".to_owned()));
    let locked = "inaccessible encryption credentials".to_owned();
    assert_eq!(
        verdict("INACCESSIBLE_ENCRYPTION_CREDENTIALS"),
        (Verdict::Failed, locked)
    );
}
