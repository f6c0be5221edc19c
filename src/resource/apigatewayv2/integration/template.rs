//! The integration in a CloudFormation template.

use super::{ApigatewayIntegration, METHOD, PAYLOAD_FORMAT_VERSION, TYPE};
use crate::resource::template::{Attribute, Declaration, Entry, Template, Templated};

impl Templated for ApigatewayIntegration {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            api,
            function,
            timeout_ms,
        } = self;
        Declaration::new("AWS::ApiGatewayV2::Integration")
            .id(Attribute::Ref)
            .set("ApiId", template.reference(api))
            .set("IntegrationType", TYPE.as_str())
            .set("IntegrationUri", template.text(&function.arn()))
            .set("IntegrationMethod", METHOD)
            .set("PayloadFormatVersion", PAYLOAD_FORMAT_VERSION)
            .set("TimeoutInMillis", *timeout_ms)
            .into()
    }
}
