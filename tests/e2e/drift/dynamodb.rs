//! The table of messages that are updated.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ProvisionedThroughput, ScalarAttributeType,
    SseSpecification, SseType, Tag, TimeToLiveSpecification,
};

use super::{Case, REGION};
use crate::support::account::ACCOUNT;
use alertctl::aws::connect::Clients;

const TABLE: &str = "drift-incidents";

pub const CASES: &[Case] = &[
    case!(
        "table's billing mode changed",
        ["update dynamodb-table/incidents: billing_mode"],
        |aws| {
            let capacity = ProvisionedThroughput::builder()
                .read_capacity_units(1)
                .write_capacity_units(1);
            let send = aws.dynamodb.update_table().table_name(TABLE);
            let send = send.billing_mode(BillingMode::Provisioned);
            send.provisioned_throughput(capacity.build().unwrap())
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "table protected against deletion",
        ["update dynamodb-table/incidents: deletion_protection"],
        |aws| {
            let send = aws.dynamodb.update_table().table_name(TABLE);
            send.deletion_protection_enabled(true).send().await.unwrap()
        }
    ),
    case!(
        "table encrypted with a key",
        ["update dynamodb-table/incidents: kms_key"],
        |aws| {
            let encryption = SseSpecification::builder().enabled(true).sse_type(SseType::Kms);
            let send = aws.dynamodb.update_table().table_name(TABLE);
            send.sse_specification(encryption.build()).send().await.unwrap()
        }
    ),
    case!(
        "table's items end no more",
        ["update dynamodb-table/incidents: ttl"],
        |aws| end_by(aws, "ttl", false).await
    ),
    case!(
        "table's items end by another attribute",
        ["update dynamodb-table/incidents: ttl"],
        |aws| {
            end_by(aws, "ttl", false).await;
            end_by(aws, "expires", true).await
        }
    ),
    case!(
        "table's tag changed",
        ["update dynamodb-table/incidents: tags.team"],
        |aws| {
            let tag = Tag::builder().key("team").value("x").build().unwrap();
            let send = aws.dynamodb.tag_resource().resource_arn(arn());
            send.tags(tag).send().await.unwrap()
        }
    ),
    case!(
        "table's tag removed",
        ["update dynamodb-table/incidents: tags.team"],
        |aws| untag(aws, "team").await
    ),
    case!(
        "table's node tag removed",
        ["update dynamodb-table/incidents: tags.alertctl:node"],
        |aws| untag(aws, "alertctl:node").await
    ),
    case!(
        "table made anew with another key",
        ["replace dynamodb-table/incidents: key_schema, ttl"],
        |aws| {
            let tags = aws.dynamodb.list_tags_of_resource().resource_arn(arn());
            let tags = tags.send().await.unwrap().tags;
            delete(aws).await;
            let part = |name: &str, kind| {
                let part = KeySchemaElement::builder().attribute_name(name).key_type(kind);
                part.build().unwrap()
            };
            let text = |name: &str| {
                let text = AttributeDefinition::builder().attribute_name(name);
                text.attribute_type(ScalarAttributeType::S).build().unwrap()
            };
            let send = aws.dynamodb.create_table().table_name(TABLE);
            let send = send
                .key_schema(part("pk", KeyType::Hash))
                .key_schema(part("sk", KeyType::Range))
                .attribute_definitions(text("pk"))
                .attribute_definitions(text("sk"));
            let send = send.billing_mode(BillingMode::PayPerRequest).set_tags(tags);
            send.send().await.unwrap()
        }
    ),
    case!("table deleted", ["create dynamodb-table/incidents"], |aws| {
        delete(aws).await
    }),
];

fn arn() -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}")
}

async fn end_by(aws: &Clients, attribute: &str, enabled: bool) {
    let wanted = TimeToLiveSpecification::builder()
        .attribute_name(attribute)
        .enabled(enabled);
    let send = aws.dynamodb.update_time_to_live().table_name(TABLE);
    let send = send.time_to_live_specification(wanted.build().unwrap());
    send.send().await.unwrap();
}

async fn untag(aws: &Clients, key: &str) {
    let send = aws.dynamodb.untag_resource().resource_arn(arn());
    send.tag_keys(key).send().await.unwrap();
}

async fn delete(aws: &Clients) {
    aws.dynamodb
        .delete_table()
        .table_name(TABLE)
        .send()
        .await
        .unwrap();
}
