//! The inline policy in a CloudFormation template.

use serde_json::json;

use super::IamRolePolicy;
use crate::resource::template::{Declaration, Entry, Template, Templated};

impl Templated for IamRolePolicy {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self { role, name, policy } = self;
        Declaration::new("AWS::IAM::Policy")
            .set("PolicyName", name.as_str())
            .set("Roles", json!([template.reference(role)]))
            .set("PolicyDocument", template.policy(policy))
            .into()
    }
}
