//! A stack as CloudFormation describes it.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types as sdk;
use serde_json::Value;

use super::state::CLEANING;
use crate::aws::Scope;
use crate::aws::tags::{HUB_REGION_TAG, is_of_hub};
use crate::resource::Tags;

/// A stack as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its id, an ARN.
    pub id: String,
    pub status: String,
    /// Why it is in this status, in CloudFormation's words.
    pub reason: Option<String>,
    pub description: String,
    /// Without its description. Text if it is no JSON.
    pub template: Value,
    pub parameters: BTreeMap<String, String>,
    pub tags: Tags,
    /// CloudFormation refuses to delete it.
    pub is_protected: bool,
}

impl Found {
    /// Reads an answer. `None` if it has no id, since nothing could be done with such a stack.
    pub fn read(stack: sdk::Stack, template: Option<Value>) -> Option<Self> {
        let mut template = template.unwrap_or_default();
        if let Some(fields) = template.as_object_mut() {
            fields.remove("Description");
        }
        let parameters = stack.parameters.unwrap_or_default();
        let parameter =
            |one: sdk::Parameter| Some((one.parameter_key?, one.parameter_value.unwrap_or_default()));
        let tags = stack.tags.unwrap_or_default();
        let tag = |one: sdk::Tag| Some((one.key?, one.value.unwrap_or_default()));
        Some(Self {
            id: stack.stack_id?,
            status: stack
                .stack_status
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default(),
            reason: stack.stack_status_reason.filter(|reason| !reason.is_empty()),
            description: stack.description.unwrap_or_default(),
            template,
            parameters: parameters.into_iter().filter_map(parameter).collect(),
            tags: tags.into_iter().filter_map(tag).collect(),
            is_protected: stack.enable_termination_protection.unwrap_or_default(),
        })
    }

    /// True if the stack `hub` made it, and not one of that name in another account or region than that of `scope`.
    pub fn is_of(&self, hub: &str, scope: &Scope) -> bool {
        self.is_of_account(hub, scope) && self.of_namesake(hub, scope).is_none()
    }

    /// The region of the stack of the name `hub` that made it, if that is another one in the same account.
    pub fn of_namesake(&self, hub: &str, scope: &Scope) -> Option<&str> {
        let region = self.tags.get(HUB_REGION_TAG)?;
        (self.is_of_account(hub, scope) && *region != scope.region).then_some(region)
    }

    fn is_of_account(&self, hub: &str, scope: &Scope) -> bool {
        is_of_hub(&self.tags, hub, &scope.account)
    }

    /// True if all that is left to do is to delete what the old template had.
    pub fn is_cleaning(&self) -> bool {
        self.status == CLEANING
    }
}
