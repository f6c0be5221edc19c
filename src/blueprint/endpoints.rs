//! HTTP endpoints: one HTTP API each, with one route to a function that checks the token and forwards the
//! alert.

use std::collections::{BTreeMap, BTreeSet};

use alertctl_relay::{
    BODY_LIMIT, DEAD_LETTER_QUEUE, DESTINATIONS, DUTY, ENCRYPTED_FOR, ENDPOINT, MESSAGE_BODY,
    MESSAGE_SUBJECT, TOKEN_SHA256, TOPICS,
};
use serde_json::json;

use super::environment::plain;
use super::function::{Duty, Function};
use super::{Addresses, Build};
use crate::aws::Text;
use crate::aws::policy::Statement;
use crate::resource::Ref;
use crate::resource::apigatewayv2::api::ApigatewayApi;
use crate::resource::apigatewayv2::integration::ApigatewayIntegration;
use crate::resource::apigatewayv2::route::ApigatewayRoute;
use crate::resource::apigatewayv2::stage::{AccessLog, ApigatewayStage};
use crate::resource::kms::key::KmsKey;
use crate::resource::lambda::function::EnvValue;
use crate::resource::lambda::permission::LambdaPermission;
use crate::resource::logs::log_group::LogGroup;
use crate::stack::{HttpEndpoint, HttpRoute, Throttle};

/// Timeout of the function in seconds. It answers within 8, because ElastAlert2 waits 10.
const TIMEOUT: i32 = 10;
/// Timeout of the API's integration in milliseconds.
const INTEGRATION_TIMEOUT: i32 = 10_000;

/// One line of JSON per request, without any content of its headers or body.
const ACCESS_LOG: &str = concat!(
    r#"{"requestId":"$context.requestId","time":"$context.requestTime","sourceIp":"$context.identity.sourceIp","#,
    r#""route":"$context.routeKey","status":"$context.status","bytes":"$context.responseLength","#,
    r#""milliseconds":"$context.responseLatency","error":"$context.integrationErrorMessage"}"#,
);

/// An HTTP API with one route.
pub(super) struct HttpApi<'a> {
    /// The key of its resources in the graph.
    pub key: &'a str,
    pub name: String,
    pub route: HttpRoute,
    pub throttle: Throttle,
    /// Whether to log each call.
    pub access_log: bool,
}

impl Build<'_> {
    /// Adds every endpoint.
    pub(super) fn endpoints(&mut self, key: Option<&Ref<KmsKey>>, addresses: &Addresses) {
        for (name, endpoint) in &self.stack.endpoints {
            let function = self.ingest(name, endpoint, key, addresses);
            let api = HttpApi {
                key: name,
                name: self.names.http_api(name, endpoint),
                route: endpoint.route(name),
                throttle: endpoint.throttle,
                access_log: endpoint.access_log,
            };
            self.http_api(api, &function);
        }
    }

    fn ingest(
        &mut self,
        key: &str,
        endpoint: &HttpEndpoint,
        kms: Option<&Ref<KmsKey>>,
        addresses: &Addresses,
    ) -> Function {
        let name = self.names.ingest_function(key, endpoint);
        let mut environment = plain([
            (DUTY, "ingest".into()),
            (ENDPOINT, key.into()),
            (TOKEN_SHA256, endpoint.token.sha256.join(",").into()),
            (BODY_LIMIT, (endpoint.body_limit_kb * 1024).to_string().into()),
            (DEAD_LETTER_QUEUE, self.names.dead_letters_arn(&name)),
        ]);
        let templates = [
            (MESSAGE_SUBJECT, &endpoint.message.subject),
            (MESSAGE_BODY, &endpoint.message.body),
        ];
        for (variable, template) in templates {
            let template = template
                .as_ref()
                .map(|text| EnvValue::Plain(text.as_str().into()));
            environment.extend(template.map(|text| (variable.to_owned(), text)));
        }
        environment.extend(self.destinations(&endpoint.to, addresses));
        let duty = Duty {
            key: format!("endpoint.{key}"),
            description: format!(
                "alertctl stack {}: takes alerts by HTTP ({key})",
                self.stack.stack
            ),
            memory_mb: endpoint.memory,
            timeout: TIMEOUT,
            environment,
            kms_key: self.for_addresses(&endpoint.to, kms),
            policy_name: "ingest",
            may: self.may_notify(&endpoint.to, kms),
            policy_after: kms.map(|key| key.id().clone()).into_iter().collect(),
            dead_letter_senders: Some(Vec::new()),
            to: endpoint.to.clone(),
            queues: self.queues(&endpoint.to),
            works_off: false,
            reserved_concurrency: None,
            name,
        };
        self.function(duty)
    }

    /// Adds an HTTP API with one route to `function`.
    pub(super) fn http_api(&mut self, api: HttpApi<'_>, function: &Function) {
        let HttpApi {
            key,
            name,
            route,
            throttle,
            access_log,
        } = api;
        let api = self.graph.add(
            key,
            ApigatewayApi {
                name,
                description: format!("alertctl stack {}: {route}", self.stack.stack),
                tags: self.tags::<ApigatewayApi>(key),
            },
        );
        self.watched.apis.push((key.to_owned(), api.id().clone()));
        let integration = self.graph.add(
            key,
            ApigatewayIntegration {
                api: api.clone(),
                function: function.function.clone(),
                timeout_ms: INTEGRATION_TIMEOUT,
            },
        );
        let method = if route.method == "ANY" { "*" } else { &route.method };
        let permission = self.graph.add_after(
            format!("endpoint.{key}"),
            LambdaPermission {
                function: function.function.clone(),
                // Lambda takes no dot there.
                statement_id: format!("alertctl-endpoint-{}", key.replace('.', "-")),
                principal: "apigateway.amazonaws.com",
                // Only this method and path, on any stage; the API has no other than `$default`.
                source_arn: Text::concat([Text::arn("execute-api", ""), api.unique_id()])
                    .then(format!("/*/{method}{}", route.path)),
            },
            [function.after.clone(), vec![api.id().clone()]].concat(),
        );
        let route = self.graph.add_after(
            key,
            ApigatewayRoute {
                api: api.clone(),
                route_key: route.to_string(),
                integration,
            },
            [permission.id().clone()],
        );
        let access_log = access_log.then(|| self.access_log(key));
        self.graph.add_after(
            key,
            ApigatewayStage {
                api,
                rate_limit: throttle.rate,
                burst_limit: throttle.burst,
                access_log,
                tags: self.tags::<ApigatewayStage>(key),
            },
            // The stage is added last: the address must not answer before everything behind it exists.
            [route.id().clone()],
        );
    }

    fn access_log(&mut self, key: &str) -> AccessLog {
        let node = format!("access.{key}");
        let name = self.names.access_log(key);
        let log_group = self.graph.add(
            &node,
            LogGroup {
                name: name.clone(),
                retention_days: self.stack.relay.log_retention_days,
                tags: self.tags::<LogGroup>(&node),
            },
        );
        AccessLog {
            log_group,
            format: ACCESS_LOG.to_owned(),
        }
    }

    /// Environment variables with the channels and topics of a function that notifies `to` itself.
    pub(super) fn destinations(&self, to: &[String], addresses: &Addresses) -> BTreeMap<String, EnvValue> {
        let channels: Vec<_> = self.channels_in(to).collect();
        let topics: Vec<_> = self
            .topics_in(to)
            .map(|topic| self.names.topic_arn(topic))
            .collect();
        let mut environment = BTreeMap::new();
        if !topics.is_empty() {
            environment.extend(plain([(TOPICS, Text::json_array(topics))]));
        }
        if !channels.is_empty() {
            environment.extend(self.channel_variables(channels, addresses));
        }
        environment.extend(self.queue_variables(&self.queues(to)));
        environment
    }

    /// Environment variables with these channels.
    pub(super) fn channel_variables(
        &self,
        channels: Vec<&String>,
        addresses: &Addresses,
    ) -> BTreeMap<String, EnvValue> {
        let mut environment = plain([
            (DESTINATIONS, json!(channels).to_string().into()),
            (ENCRYPTED_FOR, self.names.function().into()),
        ]);
        environment.extend(self.addresses(addresses, channels));
        environment
    }

    /// The key, if the function has addresses to decrypt.
    pub(super) fn for_addresses<'a>(
        &self,
        to: &[String],
        key: Option<&'a Ref<KmsKey>>,
    ) -> Option<&'a Ref<KmsKey>> {
        key.filter(|_| self.channels_in(to).next().is_some())
    }

    /// Permissions of such a function: publish to exactly these topics, decrypt the addresses, put messages into the
    /// queues.
    pub(super) fn may_notify(&self, to: &[String], key: Option<&Ref<KmsKey>>) -> Vec<Statement> {
        let has_channels = self.channels_in(to).next().is_some();
        let decrypt = key.filter(|_| has_channels).map(|key| self.may_decrypt(key));
        let publish = self.may_publish(to, key).into_iter();
        let others = decrypt.into_iter().chain(self.may_defer(&self.queues(to)));
        publish.chain(others).collect()
    }

    /// Permissions to publish to those of `to` that are topics.
    pub(super) fn may_publish<'t>(
        &self,
        to: impl IntoIterator<Item = &'t String>,
        key: Option<&Ref<KmsKey>>,
    ) -> Vec<Statement> {
        let topics: BTreeSet<_> = to
            .into_iter()
            .filter(|key| self.stack.topics.contains_key(*key) && !self.stack.channels.contains_key(*key))
            .collect();
        let publish = Statement::allow("Publish", &["sns:Publish"]);
        let publish = topics
            .iter()
            .fold(publish, |publish, topic| publish.on(self.names.topic_arn(topic)));
        let publish = (!topics.is_empty()).then_some(publish);
        let encrypted = topics.iter().any(|topic| self.stack.topics[*topic].encrypted);
        // SNS encrypts with the publisher's permissions.
        let encrypt = key.filter(|_| encrypted).map(|key| {
            Statement::allow("EncryptForTopics", &["kms:Decrypt", "kms:GenerateDataKey*"]).on(key.arn())
        });
        publish.into_iter().chain(encrypt).collect()
    }
}
