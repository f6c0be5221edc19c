//! The stage in a CloudFormation template.

use serde_json::json;

use super::{ApigatewayStage, NAME};
use crate::resource::template::{Declaration, Entry, Template, Templated};

impl Templated for ApigatewayStage {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            api,
            rate_limit,
            burst_limit,
            access_log,
            tags,
        } = self;
        let log = access_log.as_ref().map(|log| {
            let group = template.text(&log.log_group.arn());
            json!({ "DestinationArn": group, "Format": log.format })
        });
        Declaration::new("AWS::ApiGatewayV2::Stage")
            .set("ApiId", template.reference(api))
            .set("StageName", NAME)
            .set("AutoDeploy", true)
            .set(
                "DefaultRouteSettings",
                json!({
                    "ThrottlingRateLimit": rate_limit,
                    "ThrottlingBurstLimit": burst_limit,
                    "DetailedMetricsEnabled": false,
                }),
            )
            .set_some("AccessLogSettings", log)
            .tagged_by_key(template, tags)
            .into()
    }
}
