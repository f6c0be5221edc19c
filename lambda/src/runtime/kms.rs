//! Decryption with KMS.

use super::aws::{Aws, AwsError, Call, Service};
use super::{FUNCTION_NAME, Variables};
use crate::contract::{ENCRYPTED_FOR, ENCRYPTION_CONTEXT_KEY};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use std::borrow::Cow;

/// Why KMS did not decrypt a ciphertext, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KmsError {
    /// KMS answers `InvalidCiphertextException` if the encryption context differs, and gives no details.
    #[error(
        "KMS refuses the ciphertext: it was encrypted for another function than `{function}` (renamed \
         since?) or is damaged; run `alertctl encrypt-hook` again and apply"
    )]
    WrongContext { function: String },
    /// KMS gives the same answer for three causes, so that a stranger learns nothing.
    #[error(
        "KMS does not decrypt: the key of the ciphertext is gone, lies in another region than {region}, \
         or the function's role may not use it; if the key is gone, run `alertctl encrypt-hook` again and apply"
    )]
    KeyUnavailable { region: String },
    #[error("KMS {0}")]
    Aws(AwsError),
    #[error("KMS answers with something that is not text")]
    NotText,
}

impl KmsError {
    /// Whether a retry may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Aws(error) => error.is_transient(),
            Self::WrongContext { .. } | Self::KeyUnavailable { .. } | Self::NotText => false,
        }
    }

    /// Whether a permission may be missing.
    pub fn is_denied(&self) -> bool {
        match self {
            Self::Aws(error) => error.is_denied(),
            Self::KeyUnavailable { .. } => true,
            Self::WrongContext { .. } | Self::NotText => false,
        }
    }
}

/// Decrypts the addresses of channels.
pub(super) struct Kms {
    aws: Aws,
    /// Value of the encryption context: the function for which the webhooks are encrypted.
    function: String,
}

/// The response of KMS. It has no `Debug` because the plaintext is a secret.
#[derive(Deserialize)]
struct Decrypted<'a> {
    #[serde(rename = "Plaintext", borrow)]
    plaintext: Cow<'a, str>,
}

impl Kms {
    pub fn new(aws: Aws, variable: Variables) -> Self {
        let named = |name| variable(name).filter(|value| !value.is_empty());
        let function = named(ENCRYPTED_FOR).or_else(|| named(FUNCTION_NAME));
        Self {
            aws,
            function: function.unwrap_or_default(),
        }
    }

    /// Decrypts a ciphertext that was encrypted for this function.
    pub async fn decrypt(&self, ciphertext: &[u8]) -> Result<SecretString, KmsError> {
        let input = json!({
            "CiphertextBlob": BASE64_STANDARD.encode(ciphertext),
            "EncryptionContext": { ENCRYPTION_CONTEXT_KEY: self.function },
        });
        let call = Call::json(Service::KMS, "Decrypt", &input);
        let answer = self.aws.call(self.aws.region(), &call).await;
        let answer = answer.map_err(|error| self.explain(error))?;
        let answer: Decrypted<'_> = serde_json::from_slice(&answer).map_err(|_| KmsError::NotText)?;
        let plaintext = BASE64_STANDARD
            .decode(answer.plaintext.as_bytes())
            .map_err(|_| KmsError::NotText)?;
        String::from_utf8(plaintext)
            .map(SecretString::from)
            .map_err(|_| KmsError::NotText)
    }

    fn explain(&self, error: AwsError) -> KmsError {
        match &error {
            AwsError::Refused { code, .. } if code == "InvalidCiphertextException" => {
                KmsError::WrongContext {
                    function: self.function.clone(),
                }
            }
            AwsError::Refused { code, message, .. }
                if code == "AccessDeniedException"
                    && message.contains("ciphertext refers to a customer master key") =>
            {
                KmsError::KeyUnavailable {
                    region: self.aws.region().to_owned(),
                }
            }
            _ => KmsError::Aws(error),
        }
    }
}
