//! The permission in a CloudFormation template.

use super::{ACTION, LambdaPermission};
use crate::resource::template::{Declaration, Entry, Template, Templated};

impl Templated for LambdaPermission {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            function,
            statement_id: _,
            principal,
            source_arn,
        } = self;
        Declaration::new("AWS::Lambda::Permission")
            .set("FunctionName", template.reference(function))
            .set("Action", ACTION)
            .set("Principal", *principal)
            .set("SourceArn", template.text(source_arn))
            .lost("CloudFormation names the statements of a function's policy itself")
            .into()
    }
}
