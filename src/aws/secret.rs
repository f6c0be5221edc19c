//! Secrets on their way to AWS: encrypted with the stack's key, compared by digest, never shown.

use alertctl_relay::ENCRYPTION_CONTEXT_KEY;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::call::Aws;
use super::fault::Result;
use super::wait;

/// A secret in clear text, wiped from memory when dropped; its `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub struct Secret(SecretString);

impl From<SecretString> for Secret {
    fn from(text: SecretString) -> Self {
        Self(text)
    }
}

impl Secret {
    /// Encrypts for `function` with the key `key` (id, ARN or alias); returns the ciphertext in base64.
    pub async fn encrypt(&self, aws: &Aws, key: &str, function: &str) -> Result<String> {
        // A key or alias made a moment ago is not known everywhere at once.
        let answer = wait::retry(
            wait::PROPAGATION,
            |fault| fault.is(&["NotFoundException"]),
            async || {
                let send = aws
                    .connection
                    .clients
                    .kms
                    .encrypt()
                    .key_id(key)
                    .plaintext(self.0.expose_secret().as_bytes().into())
                    .encryption_context(ENCRYPTION_CONTEXT_KEY, function)
                    .send();
                aws.call("kms:Encrypt", send).await
            },
        )
        .await?;
        Ok(BASE64_STANDARD.encode(answer.ciphertext_blob().map_or(&[][..], AsRef::as_ref)))
    }

    /// What tells an unchanged secret, although its ciphertext differs each time: a digest keyed with all
    /// that a change of which asks for a new ciphertext.
    ///
    /// A webhook URL holds far more randomness than can be guessed, so the digest gives nothing away.
    pub fn digest(&self, key_arn: &str, function: &str) -> String {
        let key = format!("alertctl secret 1\n{key_arn}\n{function}");
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(self.0.expose_secret().as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..16])
    }
}

/// True when a key of this account opens `ciphertext` for `function`, or would if it were enabled.
pub async fn opens(aws: &Aws, ciphertext: &str, function: &str) -> Result<bool> {
    let blob = BASE64_STANDARD.decode(ciphertext).unwrap_or_default();
    let kms = &aws.connection.clients.kms;
    let send = kms
        .decrypt()
        .ciphertext_blob(blob.into())
        .encryption_context(ENCRYPTION_CONTEXT_KEY, function)
        .send();
    match aws.call("kms:Decrypt", send).await {
        Ok(_) => Ok(true),
        Err(fault)
            if fault.is(&[
                "InvalidCiphertextException",
                "NotFoundException",
                "AccessDeniedException",
            ]) =>
        {
            Ok(false)
        }
        Err(fault) if fault.is(&["KMSInvalidStateException", "DisabledException"]) => Ok(true),
        Err(fault) => Err(fault),
    }
}

/// A short digest of what is not secret.
pub fn fingerprint(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_follows_secret_key_and_function_and_shows_nothing() {
        let secret = |text: &str| Secret::from(SecretString::from(text));
        let one = secret("https://hooks.slack.com/services/T/B/X");
        assert_eq!(
            one.digest("k", "f"),
            secret("https://hooks.slack.com/services/T/B/X").digest("k", "f")
        );
        let others = [
            secret("https://hooks.slack.com/services/T/B/Y").digest("k", "f"),
            one.digest("k2", "f"),
            one.digest("k", "f2"),
        ];
        assert!(others.iter().all(|digest| *digest != one.digest("k", "f")));
        assert!(!format!("{one:?}").contains("hooks"));
    }
}
