//! An API Gateway in memory, for the tests of the kinds that live in an API.

use std::sync::{Arc, Mutex};

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::operation::create_api::CreateApiOutput;
use aws_sdk_apigatewayv2::operation::create_integration::CreateIntegrationOutput;
use aws_sdk_apigatewayv2::operation::create_route::CreateRouteOutput;
use aws_sdk_apigatewayv2::operation::create_stage::CreateStageOutput;
use aws_sdk_apigatewayv2::operation::delete_access_log_settings::DeleteAccessLogSettingsOutput;
use aws_sdk_apigatewayv2::operation::delete_api::DeleteApiOutput;
use aws_sdk_apigatewayv2::operation::delete_integration::DeleteIntegrationOutput;
use aws_sdk_apigatewayv2::operation::delete_route::DeleteRouteOutput;
use aws_sdk_apigatewayv2::operation::delete_route_settings::DeleteRouteSettingsOutput;
use aws_sdk_apigatewayv2::operation::delete_stage::DeleteStageOutput;
use aws_sdk_apigatewayv2::operation::get_apis::GetApisOutput;
use aws_sdk_apigatewayv2::operation::get_integrations::GetIntegrationsOutput;
use aws_sdk_apigatewayv2::operation::get_routes::GetRoutesOutput;
use aws_sdk_apigatewayv2::operation::get_stages::GetStagesOutput;
use aws_sdk_apigatewayv2::operation::tag_resource::TagResourceOutput;
use aws_sdk_apigatewayv2::operation::untag_resource::UntagResourceOutput;
use aws_sdk_apigatewayv2::operation::update_api::UpdateApiOutput;
use aws_sdk_apigatewayv2::operation::update_integration::UpdateIntegrationOutput;
use aws_sdk_apigatewayv2::operation::update_route::UpdateRouteOutput;
use aws_sdk_apigatewayv2::operation::update_stage::UpdateStageOutput;
use aws_sdk_apigatewayv2::primitives::DateTime;
use aws_sdk_apigatewayv2::types::{
    Api, AuthorizationType, Integration, IntegrationType, ProtocolType, Route, Stage,
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::retry::RetryConfig;

use crate::aws::tags::Tagged;
use crate::resource::tests::script::{Script, known, node, owned};
use crate::resource::{Aws, Known, NodeId, Tags};

/// The contents of the mocked region: each resource with the id of its API.
#[derive(Default)]
pub struct Held {
    pub apis: Vec<Api>,
    pub integrations: Vec<(String, Integration)>,
    pub routes: Vec<(String, Route)>,
    pub stages: Vec<(String, Stage)>,
}

#[derive(Clone, Default)]
pub struct Gateway {
    pub script: Script,
    held: Arc<Mutex<Held>>,
}

pub const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:relay";

pub fn api_node() -> NodeId {
    node("apigatewayv2-api", "in")
}

/// An API named `mission-api` with these tags, created at second `created`.
pub fn api(id: &str, created: i64, tags: Tags) -> Api {
    Api::builder()
        .api_id(id)
        .name("mission-api")
        .description("Alerts")
        .protocol_type(ProtocolType::Http)
        .disable_execute_api_endpoint(false)
        .created_date(DateTime::from_secs(created))
        .set_tags(Some(tags.into_iter().collect()))
        .build()
}

/// The same API, owned by the stack.
pub fn our_api(id: &str) -> Api {
    api(id, 1, owned(&api_node()))
}

pub fn integration(id: &str, uri: &str) -> Integration {
    Integration::builder()
        .integration_id(id)
        .integration_type(IntegrationType::AwsProxy)
        .integration_uri(uri)
        .integration_method("POST")
        .payload_format_version("2.0")
        .timeout_in_millis(29_000)
        .build()
}

pub fn route(id: &str, key: &str) -> Route {
    Route::builder()
        .route_id(id)
        .route_key(key)
        .target("integrations/i1")
        .authorization_type(AuthorizationType::None)
        .build()
}

/// The outputs of the nodes that the children refer to.
pub fn outputs() -> Known {
    known(&[
        (
            "apigatewayv2-api/in",
            "arn:aws:apigateway:eu-west-1::/apis/a1",
            "a1",
        ),
        ("apigatewayv2-integration/in", "", "i1"),
    ])
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

fn of<T: Clone>(all: &[(String, T)], api: Option<&str>) -> Option<Vec<T>> {
    let mine = all.iter().filter(|(id, _)| Some(id.as_str()) == api);
    Some(mine.map(|(_, one)| one.clone()).collect())
}

/// A rule with the contents of the fake.
macro_rules! rule {
    ($fake:expr, $name:literal, $operation:ident, |$r:ident| $tell:expr, |$held:ident, $q:ident| $answer:expr) => {{
        let held = $fake.held.clone();
        $fake.script.rule(
            $name,
            mock!(Client::$operation),
            |$r| $tell,
            move |$q| {
                let $held = held.lock().unwrap();
                let _ = &$held;
                $answer
            },
        )
    }};
}

impl Gateway {
    pub fn holding(fill: impl FnOnce(&mut Held)) -> Self {
        let gateway = Self::default();
        fill(&mut gateway.held.lock().unwrap());
        gateway
    }

    pub fn aws(&self) -> Aws {
        self.aws_with(Vec::new())
    }

    pub fn aws_with(&self, tagged: Vec<Tagged>) -> Aws {
        let rules: Vec<_> = [self.apis(), self.integrations(), self.routes(), self.stages()].concat();
        Aws::mocked(tagged, |clients| {
            clients.apigateway =
                mock_client!(aws_sdk_apigatewayv2, RuleMode::MatchAny, &rules, |config| config
                    .retry_config(RetryConfig::disabled()));
        })
    }

    fn apis(&self) -> Vec<Rule> {
        vec![
            // One API per page.
            rule!(
                self,
                "apis",
                get_apis,
                |r| r.next_token().unwrap_or_default().to_owned(),
                |held, r| {
                    let at: usize = r.next_token().map_or(0, |token| token.parse().unwrap());
                    let next = (at + 1 < held.apis.len()).then(|| (at + 1).to_string());
                    let page =
                        GetApisOutput::builder().set_items(held.apis.get(at).cloned().map(|one| vec![one]));
                    page.set_next_token(next).build()
                }
            ),
            rule!(
                self,
                "create-api",
                create_api,
                |r| format!(
                    "{} {} {} {} tags",
                    text(r.name()),
                    r.protocol_type().unwrap(),
                    text(r.description()),
                    r.tags().unwrap().len()
                ),
                |held, r| CreateApiOutput::builder()
                    .api_id("a1")
                    .set_name(r.name.clone())
                    .set_description(r.description.clone())
                    .set_protocol_type(r.protocol_type.clone())
                    .build()
            ),
            rule!(
                self,
                "update-api",
                update_api,
                |r| format!(
                    "{} {} {} disabled={}",
                    text(r.api_id()),
                    text(r.name()),
                    text(r.description()),
                    r.disable_execute_api_endpoint().unwrap()
                ),
                |held, _r| UpdateApiOutput::builder().build()
            ),
            rule!(
                self,
                "delete-api",
                delete_api,
                |r| text(r.api_id()),
                |held, _r| DeleteApiOutput::builder().build()
            ),
            rule!(
                self,
                "tag",
                tag_resource,
                |r| {
                    let mut keys: Vec<_> = r.tags().unwrap().keys().cloned().collect();
                    keys.sort();
                    format!("{} {}", text(r.resource_arn()), keys.join(" "))
                },
                |held, _r| TagResourceOutput::builder().build()
            ),
            rule!(
                self,
                "untag",
                untag_resource,
                |r| format!("{} {}", text(r.resource_arn()), r.tag_keys().join(" ")),
                |held, _r| UntagResourceOutput::builder().build()
            ),
        ]
    }

    fn integrations(&self) -> Vec<Rule> {
        vec![
            rule!(
                self,
                "integrations",
                get_integrations,
                |r| text(r.api_id()),
                |held, r| {
                    let page = GetIntegrationsOutput::builder();
                    page.set_items(of(&held.integrations, r.api_id())).build()
                }
            ),
            rule!(
                self,
                "create-integration",
                create_integration,
                |r| format!(
                    "{} {} {} {} {} {}",
                    text(r.api_id()),
                    r.integration_type().unwrap(),
                    text(r.integration_uri()),
                    text(r.integration_method()),
                    text(r.payload_format_version()),
                    r.timeout_in_millis().unwrap()
                ),
                |held, _r| CreateIntegrationOutput::builder().integration_id("i1").build()
            ),
            rule!(
                self,
                "update-integration",
                update_integration,
                |r| format!(
                    "{} {} {} {} {} {}",
                    text(r.api_id()),
                    text(r.integration_id()),
                    text(r.integration_uri()),
                    text(r.integration_method()),
                    text(r.payload_format_version()),
                    r.timeout_in_millis().unwrap()
                ),
                |held, _r| UpdateIntegrationOutput::builder().build()
            ),
            rule!(
                self,
                "delete-integration",
                delete_integration,
                |r| format!("{} {}", text(r.api_id()), text(r.integration_id())),
                |held, _r| DeleteIntegrationOutput::builder().build()
            ),
        ]
    }

    fn routes(&self) -> Vec<Rule> {
        vec![
            rule!(self, "routes", get_routes, |r| text(r.api_id()), |held, r| {
                GetRoutesOutput::builder()
                    .set_items(of(&held.routes, r.api_id()))
                    .build()
            }),
            rule!(
                self,
                "create-route",
                create_route,
                |r| format!(
                    "{} {} {} {}",
                    text(r.api_id()),
                    text(r.route_key()),
                    text(r.target()),
                    r.authorization_type().unwrap()
                ),
                |held, _r| CreateRouteOutput::builder().route_id("r1").build()
            ),
            rule!(
                self,
                "update-route",
                update_route,
                |r| format!(
                    "{} {} {} {} {}",
                    text(r.api_id()),
                    text(r.route_id()),
                    text(r.route_key()),
                    text(r.target()),
                    r.authorization_type().unwrap()
                ),
                |held, _r| UpdateRouteOutput::builder().build()
            ),
            rule!(
                self,
                "delete-route",
                delete_route,
                |r| format!("{} {}", text(r.api_id()), text(r.route_id())),
                |held, _r| DeleteRouteOutput::builder().build()
            ),
        ]
    }

    fn stages(&self) -> Vec<Rule> {
        vec![
            rule!(self, "stages", get_stages, |r| text(r.api_id()), |held, r| {
                GetStagesOutput::builder()
                    .set_items(of(&held.stages, r.api_id()))
                    .build()
            }),
            rule!(
                self,
                "create-stage",
                create_stage,
                |r| {
                    let limits = r.default_route_settings().unwrap();
                    format!(
                        "{} {} {} {}/{} {} {} tags",
                        text(r.api_id()),
                        text(r.stage_name()),
                        r.auto_deploy().unwrap(),
                        limits.throttling_rate_limit().unwrap(),
                        limits.throttling_burst_limit().unwrap(),
                        text(r.access_log_settings().and_then(|log| log.destination_arn())),
                        r.tags().unwrap().len()
                    )
                },
                |held, _r| CreateStageOutput::builder().build()
            ),
            rule!(
                self,
                "update-stage",
                update_stage,
                |r| {
                    let limits = r.default_route_settings().unwrap();
                    format!(
                        "{} {} {} {}/{} {}",
                        text(r.api_id()),
                        text(r.stage_name()),
                        r.auto_deploy().unwrap(),
                        limits.throttling_rate_limit().unwrap(),
                        limits.throttling_burst_limit().unwrap(),
                        text(r.access_log_settings().and_then(|log| log.format())),
                    )
                },
                |held, _r| UpdateStageOutput::builder().build()
            ),
            rule!(
                self,
                "delete-log",
                delete_access_log_settings,
                |r| format!("{} {}", text(r.api_id()), text(r.stage_name())),
                |held, _r| DeleteAccessLogSettingsOutput::builder().build()
            ),
            rule!(
                self,
                "delete-settings",
                delete_route_settings,
                |r| format!(
                    "{} {} {}",
                    text(r.api_id()),
                    text(r.stage_name()),
                    text(r.route_key())
                ),
                |held, _r| DeleteRouteSettingsOutput::builder().build()
            ),
            rule!(
                self,
                "delete-stage",
                delete_stage,
                |r| format!("{} {}", text(r.api_id()), text(r.stage_name())),
                |held, _r| DeleteStageOutput::builder().build()
            ),
        ]
    }
}
