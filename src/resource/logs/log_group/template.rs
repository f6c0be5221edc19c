//! The log group in a CloudFormation template.

use super::LogGroup;
use crate::resource::Resource as _;
use crate::resource::template::{Attribute, Declaration, Entry, Template, Templated};

/// `Fn::GetAtt` gives an ARN that ends in `:*`.
const ARN: &str = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${}";

impl Templated for LogGroup {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            retention_days,
            tags,
        } = self;
        Declaration::new("AWS::Logs::LogGroup")
            .arn(Attribute::Sub(ARN))
            .computed(template, self.arn())
            .set("LogGroupName", name.as_str())
            .set("RetentionInDays", *retention_days)
            .tagged(template, tags)
            .holding()
            .into()
    }
}
