//! Keys and their aliases.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::Ask;
use super::Call;

impl Call<'_> {
    pub(super) async fn kms(&self, operation: &str) -> Vec<Ask> {
        let requested = |tags: &Value| -> BTreeMap<String, String> {
            let tags = tags.as_array().into_iter().flatten();
            let tag = |tag: &Value| {
                Some((
                    format!("aws:RequestTag/{}", tag["TagKey"].as_str()?),
                    tag["TagValue"].as_str()?.to_owned(),
                ))
            };
            tags.filter_map(tag).collect()
        };
        let context = requested(&self.json["Tags"]);
        if operation == "CreateKey" {
            let mut asks = vec![self.own("*".to_owned())];
            asks.push(self.ask("kms:TagResource", self.arn("kms", "key/new")));
            asks.iter_mut().for_each(|ask| ask.context.clone_from(&context));
            return asks;
        }
        if operation.starts_with("List") && operation != "ListResourceTags" {
            return vec![self.own("*".to_owned())];
        }
        let mut asks = Vec::new();
        let alias = self.text("AliasName");
        if !alias.is_empty() {
            asks.push(self.own(self.arn("kms", alias)));
        }
        let keys = [self.text("KeyId"), self.text("TargetKeyId")];
        let mut keys: Vec<_> = keys
            .iter()
            .filter(|key| !key.is_empty())
            .map(|key| (*key).to_owned())
            .collect();
        if operation == "DeleteAlias" {
            keys.push(alias.to_owned());
        }
        for key in keys {
            // A key that does not exist needs no permission: KMS tells anybody in the account that it is missing.
            let Some(mut ask) = self.on_key(self.action, &key).await else {
                continue;
            };
            ask.context.extend(context.clone());
            asks.push(ask);
        }
        asks
    }

    /// An action on an existing key, with its tags.
    pub(super) async fn on_key(&self, action: &str, key: &str) -> Option<Ask> {
        let answer = self.aws().kms.describe_key().key_id(key).send().await.ok()?;
        let metadata = answer.key_metadata?;
        let tags = self
            .aws()
            .kms
            .list_resource_tags()
            .key_id(&metadata.key_id)
            .send()
            .await
            .ok()?;
        let mut ask = self.ask(action, metadata.arn?);
        let tag = |tag: &aws_sdk_kms::types::Tag| {
            (
                format!("aws:ResourceTag/{}", tag.tag_key()),
                tag.tag_value().to_owned(),
            )
        };
        ask.context = tags.tags().iter().map(tag).collect();
        Some(ask)
    }
}
