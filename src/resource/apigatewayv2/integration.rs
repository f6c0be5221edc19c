//! The integration that passes the requests of an HTTP API to a Lambda function.

use aws_sdk_apigatewayv2::types::{Integration, IntegrationType};

use crate::aws::call::pages;
use crate::aws::fault::gone;
use crate::resource::access::Access;
use crate::resource::apigatewayv2::api::calls::{self, change};
use crate::resource::apigatewayv2::api::children::{self, Child};
use crate::resource::apigatewayv2::api::{self, ApigatewayApi};
use crate::resource::lambda::function::LambdaFunction;
use crate::resource::{
    Aws, Changes, Context, Fields, Handling, Known, NodeId, Observed, Output, Ref, Resource, Result, Wanted,
    converge,
};

mod template;

/// The desired integration, the only one of its API.
#[derive(Debug, Clone)]
pub struct ApigatewayIntegration {
    pub api: Ref<ApigatewayApi>,
    pub function: Ref<LambdaFunction>,
    /// 50 to 30,000.
    pub timeout_ms: i32,
}

/// An integration as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    api_id: String,
    api_name: String,
    id: String,
    kind: Option<IntegrationType>,
    /// The ARN of a function, or another target of the requests.
    target: String,
    method: String,
    payload_format_version: String,
    timeout_ms: Option<i32>,
    /// Created together with its API by "quick create".
    managed: bool,
}

const TYPE: IntegrationType = IntegrationType::AwsProxy;
/// Lambda is invoked with POST, whatever the method of the request.
const METHOD: &str = "POST";
const PAYLOAD_FORMAT_VERSION: &str = "2.0";

const ALL: &str = "arn:{partition}:apigateway:{region}::/apis/*/integrations";
const ONE: &str = "arn:{partition}:apigateway:{region}::/apis/*/integrations/*";

impl Resource for ApigatewayIntegration {
    const KIND: &'static str = "apigatewayv2-integration";
    const HANDLING: Handling = Handling {
        // API Gateway does not delete an integration that a route still uses.
        deleted_after: &["apigatewayv2-route"],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["apigateway:GET"], &[ALL]).by(&["apigateway:GetIntegrations"]),
        Access::write(&["apigateway:POST"], &[ALL])
            .by(&["apigateway:CreateIntegration"])
            .because("only APIs and stages have tags"),
        Access::change(&["apigateway:PATCH"], &[ONE])
            .by(&["apigateway:UpdateIntegration"])
            .because("only APIs and stages have tags"),
        Access::delete(&["apigateway:DELETE"], &[ONE])
            .by(&["apigateway:DeleteIntegration"])
            .because("only APIs and stages have tags"),
    ];
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        vec![self.api.id().clone(), self.function.id().clone()]
    }

    fn parent(&self) -> Option<NodeId> {
        Some(self.api.id().clone())
    }

    fn name(&self) -> String {
        named(self.api.name(), &self.function.arn().to_string())
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        children::observe(aws, wanted).await
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            api: _,
            function,
            timeout_ms,
        } = self;
        Fields::default()
            .text("target", &function.arn(), known)
            .set("method", METHOD)
            .set("payload_format_version", PAYLOAD_FORMAT_VERSION)
            .set("timeout_ms", *timeout_ms)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            api_id: _,
            api_name: _,
            id: _,
            kind: _,
            target,
            method,
            payload_format_version,
            timeout_ms,
            managed: _,
        } = live;
        Fields::default()
            .set("target", target.as_str())
            .set("method", method.as_str())
            .set("payload_format_version", payload_format_version.as_str())
            .set_some("timeout_ms", *timeout_ms)
    }

    fn live_name(live: &Live) -> String {
        named(&live.api_name, &live.target)
    }

    fn output(live: &Live) -> Output {
        Output {
            arn: String::new(),
            id: live.id.clone(),
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let (api_id, target) = (cx.text(&self.api.unique_id())?, cx.text(&self.function.arn())?);
        let gateway = &cx.aws.connection.clients.apigateway;
        let make = async || {
            let answer = change(cx.aws, &api_id, async || {
                let request = gateway
                    .create_integration()
                    .api_id(&api_id)
                    .integration_type(TYPE)
                    .integration_uri(&target)
                    .integration_method(METHOD)
                    .payload_format_version(PAYLOAD_FORMAT_VERSION)
                    .timeout_in_millis(self.timeout_ms);
                cx.aws
                    .call("apigateway:CreateIntegration", || request.clone().send())
                    .await
            })
            .await?;
            Ok(Live {
                api_id: api_id.clone(),
                api_name: self.api.name().to_owned(),
                id: answer.integration_id.unwrap_or_default(),
                kind: Some(TYPE),
                target: target.clone(),
                method: METHOD.to_owned(),
                payload_format_version: PAYLOAD_FORMAT_VERSION.to_owned(),
                timeout_ms: Some(self.timeout_ms),
                managed: false,
            })
        };
        let find = async || {
            let all = list(cx.aws, &api_id, self.api.name()).await?;
            Ok(all.into_iter().find(|live| live.invokes(&target)))
        };
        let live = calls::create(make, find).await?;
        converge(self, live, cx).await
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let target = cx.text(&self.function.arn())?;
        if !changes.is_empty() {
            let gateway = &cx.aws.connection.clients.apigateway;
            change(cx.aws, &live.api_id, async || {
                let request = gateway
                    .update_integration()
                    .api_id(&live.api_id)
                    .integration_id(&live.id)
                    .integration_uri(&target)
                    .integration_method(METHOD)
                    .payload_format_version(PAYLOAD_FORMAT_VERSION)
                    .timeout_in_millis(self.timeout_ms);
                cx.aws
                    .call("apigateway:UpdateIntegration", || request.clone().send())
                    .await
                    .map(drop)
            })
            .await?;
        }
        Ok(Live {
            target,
            method: METHOD.to_owned(),
            payload_format_version: PAYLOAD_FORMAT_VERSION.to_owned(),
            timeout_ms: Some(self.timeout_ms),
            ..live
        })
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let gateway = &cx.aws.connection.clients.apigateway;
        change(cx.aws, &live.api_id, async || {
            let request = gateway.delete_integration().api_id(&live.api_id);
            let request = request.integration_id(&live.id);
            gone(
                cx.aws
                    .call("apigateway:DeleteIntegration", || request.clone().send())
                    .await,
            )
        })
        .await
    }
}

impl Child for ApigatewayIntegration {
    fn api(&self) -> (&NodeId, &str) {
        (self.api.id(), self.api.name())
    }

    async fn list(aws: &Aws, api: &api::Live) -> Result<Vec<Live>> {
        list(aws, &api.id, &api.name).await
    }

    /// The integration that invokes the function. If there is none, the only existing one, so that switching to
    /// another function leaves no gap. The type of an integration cannot be changed: one of another type never
    /// matches, and is deleted once no route uses it.
    async fn find(&self, aws: &Aws, all: &[Live]) -> Result<Option<usize>> {
        let target = self.function.arn().fill_computed(aws.scope().await?);
        let invokes = |live: &Live| target.as_ref().is_ok_and(|target| live.invokes(target));
        let only = (all.len() == 1 && all[0].kind == Some(TYPE)).then_some(0);
        Ok(all.iter().position(invokes).or(only))
    }

    fn key(live: &Live) -> Option<String> {
        (!live.managed).then(|| format!("{}/{}", live.api_id, live.id))
    }
}

impl Live {
    fn of(integration: Integration, api_id: &str, api_name: &str) -> Self {
        Self {
            api_id: api_id.to_owned(),
            api_name: api_name.to_owned(),
            id: integration.integration_id.unwrap_or_default(),
            kind: integration.integration_type,
            target: function_of(&integration.integration_uri.unwrap_or_default()).to_owned(),
            method: integration.integration_method.unwrap_or_default(),
            payload_format_version: integration.payload_format_version.unwrap_or_default(),
            timeout_ms: integration.timeout_in_millis,
            managed: integration.api_gateway_managed.unwrap_or(false),
        }
    }

    fn invokes(&self, function_arn: &str) -> bool {
        self.kind == Some(TYPE) && self.target == function_arn
    }
}

async fn list(aws: &Aws, api_id: &str, api_name: &str) -> Result<Vec<Live>> {
    let gateway = &aws.connection.clients.apigateway;
    let all = pages(async |token| {
        let request = gateway.get_integrations().api_id(api_id);
        let request = request.set_next_token(token);
        let page = aws
            .call("apigateway:GetIntegrations", || request.clone().send())
            .await?;
        Ok((page.items.unwrap_or_default(), page.next_token))
    })
    .await?;
    let all = all.into_iter().map(|one| Live::of(one, api_id, api_name));
    let mut all: Vec<_> = all.collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

/// The function in a URI. API Gateway accepts the function's ARN, or the path by which Lambda invokes it.
fn function_of(uri: &str) -> &str {
    let path = uri.split_once("/functions/").map(|(_, rest)| rest);
    path.and_then(|rest| rest.strip_suffix("/invocations"))
        .unwrap_or(uri)
}

fn named(api: &str, target: &str) -> String {
    format!("{api} → {}", target.rsplit(':').next().unwrap_or(target))
}

#[cfg(test)]
mod tests;
