//! The table in a CloudFormation template.

use serde_json::json;

use super::DynamodbTable;
use crate::resource::Resource as _;
use crate::resource::template::{Attribute, Declaration, Entry, Template, Templated};

impl Templated for DynamodbTable {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            partition_key,
            ttl,
            tags,
        } = self;
        Declaration::new("AWS::DynamoDB::Table")
            .arn(Attribute::Get("Arn"))
            .computed(template, self.arn())
            .set("TableName", name.as_str())
            .set(
                "AttributeDefinitions",
                json!([{ "AttributeName": partition_key, "AttributeType": "S" }]),
            )
            .set(
                "KeySchema",
                json!([{ "AttributeName": partition_key, "KeyType": "HASH" }]),
            )
            .set("BillingMode", "PAY_PER_REQUEST")
            .set("DeletionProtectionEnabled", false)
            .set(
                "TimeToLiveSpecification",
                json!({ "AttributeName": ttl, "Enabled": true }),
            )
            .tagged(template, tags)
            .holding()
            .into()
    }
}
