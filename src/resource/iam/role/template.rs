//! The role in a CloudFormation template.

use super::IamRole;
use crate::resource::Resource as _;
use crate::resource::template::{Attribute, Declaration, Entry, Mark, Template, Templated};

/// Every role under the path of a stack is alertctl's, whatever its tags. Those that CloudFormation makes are under another.
const OWN: &str = "/alertctl/";
const EXPORTED: &str = "/alertctl-exported/";

/// A text with the ARNs that the stack's roles have once CloudFormation has made them.
pub fn exported(text: &str) -> String {
    text.replace(&format!(":role{OWN}"), &format!(":role{EXPORTED}"))
}

impl Templated for IamRole {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            path,
            description,
            trust,
            permissions_boundary,
            tags,
        } = self;
        let boundary = permissions_boundary
            .as_ref()
            .map(|arn| in_any_partition(&template.text(arn)));
        Declaration::new("AWS::IAM::Role")
            .arn(Attribute::Get("Arn"))
            .id(Attribute::Get("RoleId"))
            .computed(template, self.arn())
            .set("RoleName", name.as_str())
            .set("Path", path.replacen(OWN, EXPORTED, 1))
            .set("Description", description.as_str())
            .set("AssumeRolePolicyDocument", template.policy(trust))
            .set_some("PermissionsBoundary", boundary)
            .tagged(template, tags)
            .into()
    }
}

/// An ARN from the stack file, whose partition is the one that the template is deployed in: there is no other it could be.
fn in_any_partition(arn: &str) -> String {
    let parts = arn.strip_prefix("arn:").and_then(|rest| rest.split_once(':'));
    match parts {
        Some((_, rest)) => format!("arn:{}:{rest}", Mark::Partition),
        None => arn.to_owned(),
    }
}
