//! The route that sends requests of an HTTP API to its integration.

use aws_sdk_apigatewayv2::types::{AuthorizationType, Route};

use crate::aws::call::pages;
use crate::aws::fault::gone;
use crate::resource::access::Access;
use crate::resource::apigatewayv2::api::calls::{self, change};
use crate::resource::apigatewayv2::api::children::{self, Child};
use crate::resource::apigatewayv2::api::{self, ApigatewayApi};
use crate::resource::apigatewayv2::integration::ApigatewayIntegration;
use crate::resource::{
    Aws, Changes, Context, Fields, Known, NodeId, Observed, Output, Ref, Resource, Result, Wanted, converge,
};

mod template;

/// The desired route. Its key is its identity: with another key it is another route, which is created before this one
/// is deleted.
#[derive(Debug, Clone)]
pub struct ApigatewayRoute {
    pub api: Ref<ApigatewayApi>,
    /// `POST /elastalert`.
    pub route_key: String,
    pub integration: Ref<ApigatewayIntegration>,
}

/// A route as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    api_id: String,
    api_name: String,
    id: String,
    route_key: String,
    /// The id of its integration.
    integration: Option<String>,
    authorization: String,
    /// Created together with its API by "quick create".
    managed: bool,
}

/// The function itself authenticates callers: an HTTP API does not support API keys.
const AUTHORIZATION: AuthorizationType = AuthorizationType::None;
/// The prefix of the integration's id in a route's target.
const TARGET: &str = "integrations/";

const ALL: &str = "arn:{partition}:apigateway:{region}::/apis/*/routes";
const ONE: &str = "arn:{partition}:apigateway:{region}::/apis/*/routes/*";

impl Resource for ApigatewayRoute {
    const KIND: &'static str = "apigatewayv2-route";
    const ACCESS: &'static [Access] = &[
        Access::read(&["apigateway:GET"], &[ALL]).by(&["apigateway:GetRoutes"]),
        Access::write(&["apigateway:POST"], &[ALL])
            .by(&["apigateway:CreateRoute"])
            .because("only APIs and stages have tags"),
        Access::change(&["apigateway:PATCH"], &[ONE])
            .by(&["apigateway:UpdateRoute"])
            .because("only APIs and stages have tags"),
        Access::delete(&["apigateway:DELETE"], &[ONE])
            .by(&["apigateway:DeleteRoute"])
            .because("only APIs and stages have tags"),
    ];
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        vec![self.api.id().clone(), self.integration.id().clone()]
    }

    fn parent(&self) -> Option<NodeId> {
        Some(self.api.id().clone())
    }

    fn name(&self) -> String {
        named(self.api.name(), &self.route_key)
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        children::observe(aws, wanted).await
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            api: _,
            route_key,
            integration,
        } = self;
        Fields::default()
            .set("route_key", route_key.as_str())
            .text("integration", &integration.unique_id(), known)
            .set("authorization", AUTHORIZATION.as_str())
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            api_id: _,
            api_name: _,
            id: _,
            route_key,
            integration,
            authorization,
            managed: _,
        } = live;
        Fields::default()
            .set("route_key", route_key.as_str())
            .set_some("integration", integration.as_deref())
            .set("authorization", authorization.as_str())
    }

    fn live_name(live: &Live) -> String {
        named(&live.api_name, &live.route_key)
    }

    fn output(live: &Live) -> Output {
        Output {
            arn: String::new(),
            id: live.id.clone(),
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let api_id = cx.text(&self.api.unique_id())?;
        let integration = cx.text(&self.integration.unique_id())?;
        let gateway = &cx.aws.connection.clients.apigateway;
        let make = async || {
            let answer = change(cx.aws, &api_id, async || {
                let request = gateway
                    .create_route()
                    .api_id(&api_id)
                    .route_key(&self.route_key)
                    .target(format!("{TARGET}{integration}"))
                    .authorization_type(AUTHORIZATION);
                cx.aws
                    .call("apigateway:CreateRoute", || request.clone().send())
                    .await
            })
            .await?;
            Ok(Live {
                api_id: api_id.clone(),
                api_name: self.api.name().to_owned(),
                id: answer.route_id.unwrap_or_default(),
                route_key: self.route_key.clone(),
                integration: Some(integration.clone()),
                authorization: AUTHORIZATION.as_str().to_owned(),
                managed: false,
            })
        };
        let find = async || {
            let all = list(cx.aws, &api_id, self.api.name()).await?;
            Ok(all.into_iter().find(|live| live.route_key == self.route_key))
        };
        let live = calls::create(make, find).await?;
        converge(self, live, cx).await
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let integration = cx.text(&self.integration.unique_id())?;
        if !changes.is_empty() {
            let gateway = &cx.aws.connection.clients.apigateway;
            change(cx.aws, &live.api_id, async || {
                let request = gateway
                    .update_route()
                    .api_id(&live.api_id)
                    .route_id(&live.id)
                    .target(format!("{TARGET}{integration}"))
                    .authorization_type(AUTHORIZATION);
                cx.aws
                    .call("apigateway:UpdateRoute", || request.clone().send())
                    .await
                    .map(drop)
            })
            .await?;
        }
        Ok(Live {
            integration: Some(integration),
            authorization: AUTHORIZATION.as_str().to_owned(),
            ..live
        })
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let gateway = &cx.aws.connection.clients.apigateway;
        change(cx.aws, &live.api_id, async || {
            let request = gateway.delete_route().api_id(&live.api_id);
            let request = request.route_id(&live.id);
            gone(
                cx.aws
                    .call("apigateway:DeleteRoute", || request.clone().send())
                    .await,
            )
        })
        .await
    }
}

impl Child for ApigatewayRoute {
    fn api(&self) -> (&NodeId, &str) {
        (self.api.id(), self.api.name())
    }

    async fn list(aws: &Aws, api: &api::Live) -> Result<Vec<Live>> {
        list(aws, &api.id, &api.name).await
    }

    async fn find(&self, _aws: &Aws, all: &[Live]) -> Result<Option<usize>> {
        Ok(all.iter().position(|live| live.route_key == self.route_key))
    }

    fn key(live: &Live) -> Option<String> {
        (!live.managed).then(|| format!("{}/{}", live.api_id, live.id))
    }
}

async fn list(aws: &Aws, api_id: &str, api_name: &str) -> Result<Vec<Live>> {
    let gateway = &aws.connection.clients.apigateway;
    let all = pages(async |token| {
        let request = gateway.get_routes().api_id(api_id);
        let request = request.set_next_token(token);
        let page = aws
            .call("apigateway:GetRoutes", || request.clone().send())
            .await?;
        Ok((page.items.unwrap_or_default(), page.next_token))
    })
    .await?;
    let read = |route: Route| Live {
        api_id: api_id.to_owned(),
        api_name: api_name.to_owned(),
        id: route.route_id.unwrap_or_default(),
        route_key: route.route_key.unwrap_or_default(),
        integration: route
            .target
            .map(|target| target.strip_prefix(TARGET).unwrap_or(&target).to_owned()),
        authorization: route
            .authorization_type
            .unwrap_or(AUTHORIZATION)
            .as_str()
            .to_owned(),
        managed: route.api_gateway_managed.unwrap_or(false),
    };
    let mut all: Vec<_> = all.into_iter().map(read).collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

fn named(api: &str, route_key: &str) -> String {
    format!("{api} {route_key}")
}

#[cfg(test)]
mod tests;
