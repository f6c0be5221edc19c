//! Decryption with KMS.

use super::aws::is_transient;
use crate::ENCRYPTION_CONTEXT_KEY;
use aws_sdk_kms::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::SdkConfig;
use secrecy::SecretString;

/// Why KMS did not decrypt a ciphertext, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KmsError {
    /// KMS answers an `InvalidCiphertextException` if the context differs, and says no more.
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

impl KmsError {
    /// Whether asking again may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { code, .. } => is_transient(code),
            Self::WrongContext { .. } | Self::KeyUnavailable { .. } | Self::NotText => false,
        }
    }
}

pub(super) struct Kms {
    client: aws_sdk_kms::Client,
    /// Value of the encryption context: the function for which the webhooks are encrypted.
    function: String,
    region: String,
}

impl Kms {
    pub fn new(config: &SdkConfig, function: String) -> Self {
        Self {
            client: aws_sdk_kms::Client::new(config),
            function,
            region: config.region().map(ToString::to_string).unwrap_or_default(),
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
            "InvalidCiphertextException" => KmsError::WrongContext {
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
