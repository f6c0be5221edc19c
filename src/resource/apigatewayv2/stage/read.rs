//! Reading the stages of an API.

use aws_sdk_apigatewayv2::types::{AccessLogSettings, RouteSettings, Stage};

use super::{Live, LiveLog, arn, bare};
use crate::aws::Aws;
use crate::aws::call::pages;
use crate::aws::fault::Result;
use crate::resource::apigatewayv2::api::calls;

/// Every stage of the API, by name.
pub(super) async fn list(aws: &Aws, api_id: &str, api_name: &str) -> Result<Vec<Live>> {
    let gateway = &aws.connection.clients.apigateway;
    let stages = pages(async |token| {
        let request = gateway.get_stages().api_id(api_id);
        let request = request.set_next_token(token);
        let page = aws
            .call("apigateway:GetStages", || request.clone().send())
            .await?;
        Ok((page.items.unwrap_or_default(), page.next_token))
    })
    .await?;
    let mut all = Vec::new();
    for stage in stages {
        all.push(read(aws, api_id, api_name, stage).await?);
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

async fn read(aws: &Aws, api_id: &str, api_name: &str, stage: Stage) -> Result<Live> {
    let name = stage.stage_name().unwrap_or_default();
    let arn = arn(aws, api_id, name).await?;
    let defaults = stage.default_route_settings();
    let log = |log: &AccessLogSettings| {
        Some(LiveLog {
            destination: bare(log.destination_arn()?.to_owned()),
            format: log.format().unwrap_or_default().to_owned(),
        })
    };
    let of_route = |(route, settings): (&String, &RouteSettings)| (route.clone(), shown(settings));
    Ok(Live {
        api_id: api_id.to_owned(),
        api_name: api_name.to_owned(),
        name: name.to_owned(),
        auto_deploy: stage.auto_deploy().unwrap_or(false),
        rate_limit: defaults.and_then(RouteSettings::throttling_rate_limit),
        burst_limit: defaults.and_then(RouteSettings::throttling_burst_limit),
        detailed_metrics: defaults
            .and_then(RouteSettings::detailed_metrics_enabled)
            .unwrap_or(false),
        access_log: stage.access_log_settings().and_then(log),
        route_settings: stage
            .route_settings()
            .into_iter()
            .flatten()
            .map(of_route)
            .collect(),
        tags: calls::tags(aws, &arn, stage.tags()).await?,
        managed: stage.api_gateway_managed().unwrap_or(false),
        deployment: stage.last_deployment_status_message().map(str::to_owned),
        arn,
    })
}

/// The settings of a single route, as the plan shows them.
fn shown(settings: &RouteSettings) -> String {
    let number = |number: Option<f64>| number.map_or("default".to_owned(), |number| number.to_string());
    format!(
        "rate limit {}, burst limit {}, detailed metrics {}",
        number(settings.throttling_rate_limit()),
        number(settings.throttling_burst_limit().map(f64::from)),
        settings.detailed_metrics_enabled().unwrap_or(false),
    )
}
