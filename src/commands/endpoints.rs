//! The URLs of a stack's HTTP endpoints.

use serde::Serialize;

use crate::aws::{Aws, Known};
use crate::blueprint::{ACTIONS, actions_route};
use crate::partition::Partition;
use crate::stack::Stack;

/// An endpoint that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// Its key in the stack file, or that of the one for buttons.
    pub key: String,
    /// The HTTP method, or `ANY`.
    pub method: String,
    pub url: String,
}

impl Endpoint {
    /// `endpoint elastalert: POST https://…`.
    pub fn text(&self) -> String {
        match self.key == ACTIONS {
            true => format!(
                "buttons: {} {} (paste it in Slack: the app's page `Interactivity & Shortcuts`, `Request URL`)",
                self.method, self.url
            ),
            false => format!("endpoint {}: {} {}", self.key, self.method, self.url),
        }
    }
}

/// The stack's endpoints that can answer: an API without its route and stage cannot.
pub fn of(stack: &Stack, aws: &Aws, known: &Known) -> Vec<Endpoint> {
    let endpoints = stack.endpoints.iter();
    let endpoints = endpoints.map(|(key, endpoint)| (key.as_str(), endpoint.route(key)));
    let actions = stack.with_buttons().take(1).map(|_| (ACTIONS, actions_route()));
    let existing = endpoints.chain(actions).filter_map(|(key, route)| {
        let part = |kind: &str| known.outputs.get(&format!("{kind}/{key}"));
        let api = part("apigatewayv2-api")?;
        part("apigatewayv2-route").and(part("apigatewayv2-stage"))?;
        let url = invoke_url(aws.connection.endpoint(), known, &api.id) + &route.path;
        Some(Endpoint {
            key: key.to_owned(),
            method: route.method,
            url,
        })
    });
    existing.collect()
}

/// The URL of an HTTP API with its stage `$default`; an `emulator` has its own host name.
fn invoke_url(emulator: Option<&str>, known: &Known, api: &str) -> String {
    if let Some(endpoint) = emulator {
        return format!("{}/_aws/execute-api/{api}", endpoint.trim_end_matches('/'));
    }
    let suffix = Partition::named(&known.scope.partition).dns_suffix;
    format!("https://{api}.execute-api.{}.{suffix}", known.scope.region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Scope;

    #[test]
    fn each_partition_has_its_own_hosts() {
        let known = |partition: &str, region: &str| Known {
            scope: Scope {
                partition: partition.into(),
                region: region.into(),
                account: "123456789012".into(),
            },
            outputs: Default::default(),
        };
        let url = |known| invoke_url(None, &known, "a1b2c3d4");
        assert_eq!(
            url(known("aws", "eu-west-1")),
            "https://a1b2c3d4.execute-api.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            url(known("aws-cn", "cn-north-1")),
            "https://a1b2c3d4.execute-api.cn-north-1.amazonaws.com.cn"
        );
        assert_eq!(
            url(known("aws-eusc", "eusc-de-east-1")),
            "https://a1b2c3d4.execute-api.eusc-de-east-1.amazonaws.eu"
        );
        assert_eq!(
            invoke_url(
                Some("http://127.0.0.1:20001/"),
                &known("aws", "us-east-1"),
                "a1b2c3d4"
            ),
            "http://127.0.0.1:20001/_aws/execute-api/a1b2c3d4"
        );
    }
}
