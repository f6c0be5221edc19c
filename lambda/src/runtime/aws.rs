//! What the AWS clients share: who calls, over the function's own HTTP client.

use super::destinations::Refusal;
use super::http::Http;
use crate::ENCRYPTED_FOR;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_sdk_kms::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use bytes::Bytes;
use std::error::Error as StdError;
use std::time::Duration;

/// AWS answers these calls in milliseconds. One that hangs, such as on a connection that died while Lambda
/// had frozen the function, leaves time for another.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(2_500);

/// What the clients need to know about the function, nearly all of it set by Lambda.
#[derive(Clone)]
pub(super) struct Identity {
    /// The function for which the webhooks are encrypted.
    pub encrypted_for: String,
    pub region: String,
    credentials: Credentials,
    /// `AWS_ENDPOINT_URL`: another address than AWS's own, such as an emulator's.
    pub endpoint: Option<String>,
}

impl Identity {
    /// Lambda sets these for each execution environment, and its credentials outlive it.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let required = |name| variable(name).unwrap_or_default();
        Self {
            encrypted_for: variable(ENCRYPTED_FOR).unwrap_or_else(|| required("AWS_LAMBDA_FUNCTION_NAME")),
            region: required("AWS_REGION"),
            credentials: Credentials::new(
                required("AWS_ACCESS_KEY_ID"),
                required("AWS_SECRET_ACCESS_KEY"),
                variable("AWS_SESSION_TOKEN"),
                None,
                "lambda",
            ),
            endpoint: variable("AWS_ENDPOINT_URL"),
        }
    }

    /// The configuration of every client, in the function's own region.
    pub fn config(&self, http: Http) -> SdkConfig {
        let connector = SharedHttpConnector::new(Connector(http));
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(self.credentials.clone()))
            .retry_config(RetryConfig::standard())
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .build(),
            )
            // Answers are read whole, under the HTTP client's own time limit.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()));
        config.set_endpoint_url(self.endpoint.clone());
        config.build()
    }
}

/// The same configuration for another region.
pub(super) fn in_region(config: &SdkConfig, region: &str) -> SdkConfig {
    config.to_builder().region(Region::new(region.to_owned())).build()
}

/// Why `service` did not do what it was asked for, and whether asking again may help.
pub(super) fn refusal<E>(service: &str, error: &SdkError<E, HttpResponse>) -> Refusal
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let Some(refusal) = error.as_service_error() else {
        return Refusal::transient(format!(
            "{service} cannot be reached: {}",
            DisplayErrorContext(error)
        ));
    };
    let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
    let code = refusal.code().unwrap_or("an unnamed error");
    Refusal {
        transient: status >= 500 || status == 429 || is_transient(code),
        reason: format!(
            "{service} answers {code}: {}",
            refusal.message().unwrap_or_default()
        ),
        ..Refusal::default()
    }
}

/// Whether an error code speaks of a moment and not of the request.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
pub(super) fn is_transient(code: &str) -> bool {
    code.contains("Throttl")
        || matches!(
            code,
            "RequestLimitExceeded"
                | "TooManyRequestsException"
                | "LimitExceededException"
                | "InternalError"
                | "InternalFailure"
                | "KMSInternalException"
                | "DependencyTimeoutException"
                | "KeyUnavailableException"
                | "ServiceUnavailable"
                | "RequestTimeout"
                | "RequestExpired"
                | "ExpiredToken"
                | "ExpiredTokenException"
        )
}

/// Hands the SDK's requests to the function's HTTP client.
#[derive(Debug)]
struct Connector(Http);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.map(|body| body.bytes().map(Bytes::copy_from_slice).unwrap_or_default());
            let answer = http
                .send(request)
                .await
                .map_err(|fault| ConnectorError::io(fault.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
