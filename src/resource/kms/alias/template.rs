//! The alias in a CloudFormation template.

use super::KmsAlias;
use crate::resource::template::{Declaration, Entry, Template, Templated};

impl Templated for KmsAlias {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self { name, key } = self;
        Declaration::new("AWS::KMS::Alias")
            .set("AliasName", name.as_str())
            .set("TargetKeyId", template.text(&key.arn()))
            .into()
    }
}
