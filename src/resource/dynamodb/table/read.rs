//! Reads a table, its time to live and its tags.

use aws_sdk_dynamodb::types::{
    BillingMode, KeyType, SseStatus, TableDescription, TableStatus, TimeToLiveStatus,
};

use super::{Aws, Live, Result};
use crate::aws::call::pages;
use crate::aws::fault::found;
use crate::resource::Tags;

/// The table as it is. A table that is being deleted counts as absent: DynamoDB refuses to read its time to live, and
/// makes another one of its name only after it is gone.
pub(super) async fn read(aws: &Aws, name: &str) -> Result<Option<Live>> {
    let Some(table) = describe(aws, name).await? else {
        return Ok(None);
    };
    let arn = table.table_arn().unwrap_or_default();
    let is_new = table.table_status() == Some(&TableStatus::Creating);
    let ttl = async {
        // DynamoDB refuses to say.
        if is_new { Ok(None) } else { ttl(aws, name).await }
    };
    let (ttl, tags) = futures::try_join!(ttl, tags_of(aws, arn))?;
    let billing_mode = table
        .billing_mode_summary()
        .and_then(|summary| summary.billing_mode())
        // AWS leaves it out of a table that was never on demand.
        .unwrap_or(&BillingMode::Provisioned);
    Ok(Some(Live {
        name: name.to_owned(),
        arn: arn.to_owned(),
        status: table.table_status().map_or("", TableStatus::as_str).to_owned(),
        key_schema: key_schema(&table),
        billing_mode: billing_mode.as_str().to_owned(),
        kms_key: kms_key(&table),
        deletion_protection: table.deletion_protection_enabled().unwrap_or_default(),
        ttl,
        tags,
    }))
}

/// The table, unless it is being deleted.
pub(super) async fn describe(aws: &Aws, name: &str) -> Result<Option<TableDescription>> {
    let request = aws.connection.clients.dynamodb.describe_table().table_name(name);
    let answer = aws.call("dynamodb:DescribeTable", || request.clone().send());
    let table = found(answer.await)?.and_then(|answer| answer.table);
    Ok(table.filter(|table| table.table_status() != Some(&TableStatus::Deleting)))
}

/// The attribute by whose time items end.
async fn ttl(aws: &Aws, name: &str) -> Result<Option<String>> {
    let describe = aws.connection.clients.dynamodb.describe_time_to_live();
    let request = describe.table_name(name);
    let answer = aws.call("dynamodb:DescribeTimeToLive", || request.clone().send());
    let ttl = found(answer.await)?.and_then(|answer| answer.time_to_live_description);
    Ok(ttl.and_then(|ttl| match ttl.time_to_live_status? {
        TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling => ttl.attribute_name,
        _ => None,
    }))
}

/// The tags of the table with this ARN.
pub(super) async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags> {
    let list = aws.connection.clients.dynamodb.list_tags_of_resource();
    let request = list.resource_arn(arn);
    let tags = pages(async |token| {
        let request = request.clone().set_next_token(token);
        let page = aws.call("dynamodb:ListTagsOfResource", || request.clone().send());
        let page = page.await?;
        Ok((page.tags.unwrap_or_default(), page.next_token))
    });
    let tags = found(tags.await)?.unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// `pk (S), sk (N)`: the partition key, then the sort key.
fn key_schema(table: &TableDescription) -> String {
    let part = |key_type: KeyType| {
        let mut schema = table.key_schema().iter();
        let name = schema
            .find(|element| *element.key_type() == key_type)?
            .attribute_name();
        let mut attributes = table.attribute_definitions().iter();
        let attribute = attributes.find(|attribute| attribute.attribute_name() == name);
        let kind = attribute.map_or("?", |attribute| attribute.attribute_type().as_str());
        Some(format!("{name} ({kind})"))
    };
    let parts = [part(KeyType::Hash), part(KeyType::Range)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The KMS key that encrypts the table, if that is not DynamoDB's own.
fn kms_key(table: &TableDescription) -> Option<String> {
    let encryption = table.sse_description()?;
    match encryption.status()? {
        SseStatus::Disabled | SseStatus::Disabling => None,
        _ => encryption.kms_master_key_arn().map(str::to_owned),
    }
}
