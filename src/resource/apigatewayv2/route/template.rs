//! The route in a CloudFormation template.

use super::{AUTHORIZATION, ApigatewayRoute, TARGET};
use crate::resource::template::{Declaration, Entry, Template, Templated};

impl Templated for ApigatewayRoute {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            api,
            route_key,
            integration,
        } = self;
        let target = format!("{TARGET}{}", template.text(&integration.unique_id()));
        Declaration::new("AWS::ApiGatewayV2::Route")
            .set("ApiId", template.reference(api))
            .set("RouteKey", route_key.as_str())
            .set("Target", target)
            .set("AuthorizationType", AUTHORIZATION.as_str())
            .into()
    }
}
