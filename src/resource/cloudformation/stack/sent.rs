//! A stack as it is sent to CloudFormation.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types as sdk;
use serde_json::Value;

use super::found::Found;
use crate::resource::Tags;

/// What CloudFormation gets.
#[derive(Debug, Clone)]
pub struct Sent {
    pub name: String,
    pub description: String,
    pub template: Value,
    pub parameters: BTreeMap<String, String>,
    pub tags: Tags,
}

impl Sent {
    /// The template's text.
    pub fn body(&self) -> String {
        let mut template = self.template.clone();
        if let Some(fields) = template.as_object_mut() {
            fields.insert("Description".to_owned(), self.description.as_str().into());
        }
        template.to_string()
    }

    pub fn parameters(&self) -> Vec<sdk::Parameter> {
        let parameter = |(key, value): (&String, &String)| {
            let parameter = sdk::Parameter::builder();
            parameter.parameter_key(key).parameter_value(value).build()
        };
        self.parameters.iter().map(parameter).collect()
    }

    pub fn tags(&self) -> Vec<sdk::Tag> {
        let tag = |(key, value)| sdk::Tag::builder().key(key).value(value).build();
        self.tags.iter().map(tag).collect()
    }

    /// The stack with this id as it is once CloudFormation has begun with it.
    pub fn begun(self, id: String, status: &str) -> Found {
        let Self {
            name: _,
            description,
            template,
            parameters,
            tags,
        } = self;
        Found {
            id,
            status: status.to_owned(),
            reason: None,
            description,
            template,
            parameters,
            tags,
            is_protected: false,
        }
    }
}
