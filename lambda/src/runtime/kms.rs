//! Decryption with KMS through the SDK, over the relay's own HTTP client.

use super::http::Http;
use crate::ENCRYPTION_CONTEXT_KEY;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region, StalledStreamProtectionConfig};
use aws_sdk_kms::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use secrecy::SecretString;

/// What the KMS client needs to know about the function, all of it set by Lambda.
pub(super) struct Identity {
    pub function: String,
    pub region: String,
    pub credentials: Credentials,
    /// `AWS_ENDPOINT_URL`: another address than KMS's own, such as an emulator's.
    pub endpoint: Option<String>,
}

/// Why KMS did not decrypt a ciphertext, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KmsError {
    /// KMS answers an `InvalidCiphertextException` with an empty message if the context differs.
    #[error(
        "KMS refuses the ciphertext: it was encrypted for another function than `{function}` (renamed \
         since?) or is damaged; run `alertctl encrypt-hook` again and apply"
    )]
    WrongContext { function: String },
    /// KMS gives one answer for three causes, so that a stranger learns nothing.
    #[error(
        "KMS does not decrypt: the key of the ciphertext is gone, lies in another region than {region}, \
         or the function's role may not use it; if the key is gone, run `alertctl encrypt-hook` again and apply"
    )]
    KeyUnavailable { region: String },
    #[error("KMS answers {code}: {message}")]
    Refused { code: String, message: String },
    #[error("KMS cannot be reached: {0}")]
    Unreachable(String),
    #[error("KMS answers with something that is not text")]
    NotText,
}

pub(super) struct Kms {
    client: aws_sdk_kms::Client,
    function: String,
    region: String,
}

impl Kms {
    pub fn new(identity: Identity, http: Http) -> Self {
        let connector = SharedHttpConnector::new(Connector(http));
        let mut config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(identity.region.clone()))
            .credentials_provider(identity.credentials)
            .retry_config(RetryConfig::standard())
            // Answers are read whole, under the HTTP client's own time limit.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()));
        if let Some(endpoint) = identity.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self {
            client: aws_sdk_kms::Client::from_conf(config.build()),
            function: identity.function,
            region: identity.region,
        }
    }

    /// Decrypts a ciphertext that was encrypted for this very function.
    pub async fn decrypt(&self, ciphertext: Vec<u8>) -> Result<SecretString, KmsError> {
        let answer = self
            .client
            .decrypt()
            .ciphertext_blob(Blob::new(ciphertext))
            .encryption_context(ENCRYPTION_CONTEXT_KEY, &self.function)
            .send()
            .await
            .map_err(|error| self.explain(&error))?;
        let plaintext = answer.plaintext.map(Blob::into_inner).unwrap_or_default();
        String::from_utf8(plaintext)
            .map(SecretString::from)
            .map_err(|_| KmsError::NotText)
    }

    fn explain<E>(&self, error: &SdkError<E, HttpResponse>) -> KmsError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let Some(refusal) = error.as_service_error() else {
            return KmsError::Unreachable(DisplayErrorContext(error).to_string());
        };
        let code = refusal.code().unwrap_or("an unnamed error");
        let message = refusal.message().unwrap_or_default();
        match code {
            "InvalidCiphertextException" if message.is_empty() => KmsError::WrongContext {
                function: self.function.clone(),
            },
            "AccessDeniedException" if message.contains("ciphertext refers to a customer master key") => {
                KmsError::KeyUnavailable {
                    region: self.region.clone(),
                }
            }
            _ => KmsError::Refused {
                code: code.to_owned(),
                message: message.to_owned(),
            },
        }
    }
}

/// Hands the SDK's requests to the relay's HTTP client.
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
