//! Removes settings of a stage, which UpdateStage cannot do: it keeps settings that are left out.

use std::collections::HashMap;

use aws_sdk_apigatewayv2::types::AccessLogSettings;

use super::{Live, change};
use crate::aws::Aws;
use crate::aws::fault::{Result, gone};

impl Live {
    pub(super) async fn drop_access_log(&self, aws: &Aws) -> Result<()> {
        let gateway = &aws.connection.clients.apigateway;
        change(aws, &self.api_id, async || {
            if aws.connection.emulated {
                // The local AWS mistakes DeleteAccessLogSettings for DeleteStage.
                let request = gateway.update_stage().api_id(&self.api_id).stage_name(&self.name);
                let request = request.access_log_settings(AccessLogSettings::builder().build());
                return aws
                    .call("apigateway:UpdateStage", || request.clone().send())
                    .await
                    .map(drop);
            }
            let request = gateway.delete_access_log_settings().api_id(&self.api_id);
            let request = request.stage_name(&self.name);
            gone(
                aws.call("apigateway:DeleteAccessLogSettings", || request.clone().send())
                    .await,
            )
        })
        .await
    }

    pub(super) async fn drop_route_settings(&self, route: &str, aws: &Aws) -> Result<()> {
        let gateway = &aws.connection.clients.apigateway;
        change(aws, &self.api_id, async || {
            if aws.connection.emulated {
                // The local AWS mistakes DeleteRouteSettings for DeleteStage. Its UpdateStage drops settings that are
                // left out.
                let request = gateway.update_stage().api_id(&self.api_id).stage_name(&self.name);
                let request = request.set_route_settings(Some(HashMap::new()));
                return aws
                    .call("apigateway:UpdateStage", || request.clone().send())
                    .await
                    .map(drop);
            }
            let request = gateway.delete_route_settings().api_id(&self.api_id);
            let request = request.stage_name(&self.name).route_key(route);
            gone(
                aws.call("apigateway:DeleteRouteSettings", || request.clone().send())
                    .await,
            )
        })
        .await
    }
}
