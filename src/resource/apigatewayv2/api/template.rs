//! The API in a CloudFormation template.

use super::{ApigatewayApi, PROTOCOL};
use crate::resource::template::{Attribute, Declaration, Entry, Template, Templated};

impl Templated for ApigatewayApi {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            description,
            tags,
        } = self;
        Declaration::new("AWS::ApiGatewayV2::Api")
            .id(Attribute::Ref)
            .set("Name", name.as_str())
            .set("ProtocolType", PROTOCOL.as_str())
            .set("Description", description.as_str())
            .tagged_by_key(template, tags)
            .into()
    }
}
