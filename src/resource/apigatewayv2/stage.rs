//! The stage `$default` of an HTTP API: it deploys every change at once, limits the rate of requests, and logs them.

use std::collections::BTreeMap;

use aws_sdk_apigatewayv2::types::{AccessLogSettings, RouteSettings};

use crate::aws::fault::gone;
use crate::resource::access::Access;
use crate::resource::apigatewayv2::api::calls::{self, change};
use crate::resource::apigatewayv2::api::children::{self, Child};
use crate::resource::apigatewayv2::api::{self, ApigatewayApi};
use crate::resource::logs::log_group::LogGroup;
use crate::resource::{
    About, Aws, Changes, Context, Fault, Fields, Known, NodeId, Observed, Output, Ref, Resource, Result,
    Tags, Wanted, converge, tags,
};

mod access;
mod drop;
mod read;
mod template;

use read::list;

/// The desired stage.
#[derive(Debug, Clone)]
pub struct ApigatewayStage {
    pub api: Ref<ApigatewayApi>,
    /// Requests per second, over all routes.
    pub rate_limit: f64,
    /// Concurrent requests.
    pub burst_limit: i32,
    pub access_log: Option<AccessLog>,
    pub tags: Tags,
}

/// The log group in which a stage writes a line for each request.
#[derive(Debug, Clone)]
pub struct AccessLog {
    pub log_group: Ref<LogGroup>,
    /// One line of JSON with `$context` variables.
    pub format: String,
}

/// A stage as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    api_id: String,
    api_name: String,
    arn: String,
    name: String,
    auto_deploy: bool,
    rate_limit: Option<f64>,
    burst_limit: Option<i32>,
    detailed_metrics: bool,
    access_log: Option<LiveLog>,
    /// The settings of single routes, which override those of the stage.
    route_settings: BTreeMap<String, String>,
    tags: Tags,
    /// Created together with its API by "quick create".
    managed: bool,
    /// The result of the last deployment.
    deployment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct LiveLog {
    /// The log group's ARN without `:*`, as API Gateway returns it.
    destination: String,
    format: String,
}

/// The stage that is served at the API's URL itself.
const NAME: &str = "$default";

impl Resource for ApigatewayStage {
    const KIND: &'static str = "apigatewayv2-stage";
    const ACCESS: &'static [Access] = access::ACCESS;
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        let log = self.access_log.as_ref().map(|log| log.log_group.id().clone());
        [self.api.id().clone()].into_iter().chain(log).collect()
    }

    fn parent(&self) -> Option<NodeId> {
        Some(self.api.id().clone())
    }

    fn name(&self) -> String {
        named(self.api.name(), NAME)
    }

    fn uses(&self, access: &Access) -> bool {
        !access::is_for_log(access) || self.access_log.is_some()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        children::observe(aws, wanted).await
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            api: _,
            rate_limit,
            burst_limit,
            access_log,
            tags,
        } = self;
        let fields = Fields::default()
            .set("name", NAME)
            .set("auto_deploy", true)
            .set("rate_limit", *rate_limit)
            .set("burst_limit", *burst_limit)
            .set("detailed_metrics", false);
        let fields = match access_log {
            Some(log) => fields
                .when_known(
                    "access_log.destination",
                    log.log_group.arn().fill(known).map(bare),
                )
                .set("access_log.format", log.format.as_str()),
            None => fields,
        };
        fields.tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            api_id: _,
            api_name: _,
            arn: _,
            name,
            auto_deploy,
            rate_limit,
            burst_limit,
            detailed_metrics,
            access_log,
            route_settings,
            tags,
            managed: _,
            deployment: _,
        } = live;
        let log = access_log.as_ref();
        let fields = Fields::default()
            .set("name", name.as_str())
            .set("auto_deploy", *auto_deploy)
            .set_some("rate_limit", *rate_limit)
            .set_some("burst_limit", *burst_limit)
            .set("detailed_metrics", *detailed_metrics)
            .set_some("access_log.destination", log.map(|log| log.destination.as_str()))
            .set_some("access_log.format", log.map(|log| log.format.as_str()));
        let fields = route_settings.iter().fold(fields, |fields, (route, settings)| {
            fields.set(format!("route_settings.{route}"), settings.as_str())
        });
        fields.live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        named(&live.api_name, &live.name)
    }

    fn output(live: &Live) -> Output {
        Output {
            arn: live.arn.clone(),
            id: live.name.clone(),
        }
    }

    fn about(live: &Live) -> About {
        let deployment = live.deployment.as_ref();
        let failed = deployment.filter(|text| text.to_lowercase().contains("failed"));
        About {
            remark: failed.map(|text| format!("its last deployment: {text}")),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let api_id = cx.text(&self.api.unique_id())?;
        let gateway = &cx.aws.connection.clients.apigateway;
        let log = self.log(cx)?;
        let make = async || {
            let answer = change(cx.aws, &api_id, async || {
                let request = gateway
                    .create_stage()
                    .api_id(&api_id)
                    .stage_name(NAME)
                    .auto_deploy(true)
                    .default_route_settings(self.settings())
                    .set_access_log_settings(log.as_ref().map(LiveLog::settings))
                    .set_tags(Some(tags::hashed(&self.tags)));
                cx.aws
                    .call("apigateway:CreateStage", || request.clone().send())
                    .await
            })
            .await?;
            Ok(Live {
                api_id: api_id.clone(),
                api_name: self.api.name().to_owned(),
                arn: arn(cx.aws, &api_id, NAME).await?,
                name: NAME.to_owned(),
                auto_deploy: true,
                rate_limit: Some(self.rate_limit),
                burst_limit: Some(self.burst_limit),
                detailed_metrics: false,
                access_log: log.clone(),
                route_settings: BTreeMap::new(),
                tags: self.tags.clone(),
                managed: false,
                deployment: answer.last_deployment_status_message,
            })
        };
        let find = async || {
            let all = list(cx.aws, &api_id, self.api.name()).await?;
            Ok(all.into_iter().find(|live| live.name == NAME))
        };
        let live = calls::create(make, find).await.map_err(explain)?;
        converge(self, live, cx).await
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let log = self.log(cx)?;
        self.put(&live, changes, log.as_ref(), cx)
            .await
            .map_err(|fault| match live.managed {
                true => fault.hint(
                    "the API was made by API Gateway's quick create, and its stage cannot be changed: delete \
                     the stage, then run the same command again",
                ),
                false => explain(fault),
            })?;
        Ok(Live {
            auto_deploy: true,
            rate_limit: Some(self.rate_limit),
            burst_limit: Some(self.burst_limit),
            detailed_metrics: false,
            access_log: log,
            route_settings: BTreeMap::new(),
            tags: self.tags.clone(),
            ..live
        })
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let gateway = &cx.aws.connection.clients.apigateway;
        change(cx.aws, &live.api_id, async || {
            let request = gateway.delete_stage().api_id(&live.api_id);
            let request = request.stage_name(&live.name);
            gone(
                cx.aws
                    .call("apigateway:DeleteStage", || request.clone().send())
                    .await,
            )
        })
        .await
    }
}

impl Child for ApigatewayStage {
    fn api(&self) -> (&NodeId, &str) {
        (self.api.id(), self.api.name())
    }

    async fn list(aws: &Aws, api: &api::Live) -> Result<Vec<Live>> {
        list(aws, &api.id, &api.name).await
    }

    async fn find(&self, _aws: &Aws, all: &[Live]) -> Result<Option<usize>> {
        Ok(all.iter().position(|live| live.name == NAME))
    }

    fn key(live: &Live) -> Option<String> {
        (!live.managed).then(|| format!("{}/{}", live.api_id, live.name))
    }
}

impl ApigatewayStage {
    fn settings(&self) -> RouteSettings {
        RouteSettings::builder()
            .throttling_rate_limit(self.rate_limit)
            .throttling_burst_limit(self.burst_limit)
            .detailed_metrics_enabled(false)
            .build()
    }

    fn log(&self, cx: &Context<'_>) -> Result<Option<LiveLog>> {
        let log = |log: &AccessLog| {
            Ok(LiveLog {
                destination: bare(cx.text(&log.log_group.arn())?),
                format: log.format.clone(),
            })
        };
        self.access_log.as_ref().map(log).transpose()
    }

    async fn put(
        &self,
        live: &Live,
        changes: &Changes,
        log: Option<&LiveLog>,
        cx: &Context<'_>,
    ) -> Result<()> {
        calls::retag(cx.aws, &live.api_id, &live.arn, &live.tags, &self.tags).await?;
        // UpdateStage keeps settings that are left out, so a setting is removed by a call of its own.
        if changes.touch("route_settings") {
            for route in live.route_settings.keys() {
                live.drop_route_settings(route, cx.aws).await?;
            }
        }
        if changes.touch("access_log") && log.is_none() {
            live.drop_access_log(cx.aws).await?;
        }
        let limits = changes.touch_any(&["auto_deploy", "rate_limit", "burst_limit", "detailed_metrics"]);
        let logging = changes.touch("access_log") && log.is_some();
        if limits || logging {
            change(cx.aws, &live.api_id, async || {
                let request = cx.aws.connection.clients.apigateway.update_stage();
                let request = request
                    .api_id(&live.api_id)
                    .stage_name(&live.name)
                    .auto_deploy(true)
                    .default_route_settings(self.settings())
                    .set_access_log_settings(log.map(LiveLog::settings));
                cx.aws
                    .call("apigateway:UpdateStage", || request.clone().send())
                    .await
                    .map(drop)
            })
            .await?;
        }
        Ok(())
    }
}

impl LiveLog {
    fn settings(&self) -> AccessLogSettings {
        AccessLogSettings::builder()
            .destination_arn(&self.destination)
            .format(&self.format)
            .build()
    }
}

/// When a caller enables access logging, API Gateway sets up a log delivery with the caller's permissions.
fn explain(fault: Fault) -> Fault {
    match fault.says(
        "BadRequestException",
        "Insufficient permissions to enable logging",
    ) {
        true => fault.hint(
            "the identity that runs alertctl needs logs:CreateLogDelivery, logs:GetLogDelivery, \
             logs:UpdateLogDelivery, logs:DeleteLogDelivery, logs:ListLogDeliveries, logs:PutResourcePolicy, \
             logs:DescribeResourcePolicies and logs:DescribeLogGroups on `*`; if it has them, the region's \
             resource policies of CloudWatch Logs are full (10, of 5,120 characters each): remove one that \
             nothing needs, or log to a group whose name begins with `/aws/vendedlogs/`",
        ),
        false => fault,
    }
}

/// The ARN of a log group without the trailing `:*` that some of its ARNs have.
fn bare(arn: String) -> String {
    arn.strip_suffix(":*").map(str::to_owned).unwrap_or(arn)
}

async fn arn(aws: &Aws, api_id: &str, name: &str) -> Result<String> {
    let api = api::arn(aws.scope().await?, api_id);
    Ok(format!("{api}/stages/{name}"))
}

fn named(api: &str, stage: &str) -> String {
    format!("{api} {stage}")
}

#[cfg(test)]
mod tests;
