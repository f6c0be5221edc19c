//! Secrets on their way to AWS: encrypted with the stack's key, compared by digest, never shown.

use alertctl_relay::ENCRYPTION_CONTEXT_KEY;
use aws_smithy_types::Blob;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::call::Aws;
use super::fault::Result;

/// A secret in clear text. It is wiped from memory when dropped, and its `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct Secret(SecretString);

impl From<SecretString> for Secret {
    fn from(text: SecretString) -> Self {
        Self(text)
    }
}

impl Secret {
    /// Encrypts for `function` with the key `key` (id, ARN or alias). Returns the ciphertext in base64.
    pub async fn encrypt(&self, aws: &Aws, key: &str, function: &str) -> Result<String> {
        let request = aws.connection.clients.kms.encrypt().key_id(key);
        let request = request.encryption_context(ENCRYPTION_CONTEXT_KEY, function);
        // The clear text is copied into each request and nowhere else.
        let clear = || self.0.expose_secret().as_bytes().into();
        let answer = aws
            .call("kms:Encrypt", || request.clone().plaintext(clear()).send())
            .await?;
        Ok(BASE64_STANDARD.encode(answer.ciphertext_blob().map_or(&[][..], AsRef::as_ref)))
    }

    /// A digest that detects an unchanged secret, although its ciphertext differs each time. The digest is keyed with
    /// everything that requires a new ciphertext when it changes.
    ///
    /// An address contains too much randomness to be guessed, so the digest reveals nothing.
    pub fn digest(&self, key_arn: &str, function: &str) -> String {
        let key = format!("alertctl secret 1\n{key_arn}\n{function}");
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(self.0.expose_secret().as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..16])
    }
}

/// The result of decrypting a ciphertext.
#[derive(Debug, Clone)]
pub enum Opening {
    /// The decrypted text.
    Open(SecretString),
    /// The key is disabled or about to be deleted. It cannot decrypt until it is enabled again.
    KeyAsleep,
    /// It was encrypted for another function. Only an emulator distinguishes this from an unknown ciphertext.
    OtherFunction,
    /// No key of this account can decrypt it.
    Unknown,
}

/// Decrypts `ciphertext` as `function` would. The plaintext comes to this machine, so this is only for the local AWS.
///
/// # Errors
/// Errors of KMS that are not about the ciphertext or its key, for example that KMS cannot be reached.
pub async fn open(aws: &Aws, ciphertext: &str, function: &str) -> Result<Opening> {
    let blob = BASE64_STANDARD.decode(ciphertext).unwrap_or_default();
    let kms = &aws.connection.clients.kms;
    let request = kms
        .decrypt()
        .ciphertext_blob(blob.into())
        .encryption_context(ENCRYPTION_CONTEXT_KEY, function);
    match aws.call("kms:Decrypt", || request.clone().send()).await {
        Ok(answer) => {
            let plaintext = answer.plaintext.map(Blob::into_inner).unwrap_or_default();
            let text = String::from_utf8(plaintext).map(SecretString::from);
            Ok(text.map_or(Opening::Unknown, Opening::Open))
        }
        Err(fault) if fault.says("InvalidCiphertextException", "context") => Ok(Opening::OtherFunction),
        Err(fault)
            if fault.is(&[
                "InvalidCiphertextException",
                "NotFoundException",
                "AccessDeniedException",
            ]) =>
        {
            Ok(Opening::Unknown)
        }
        Err(fault) if fault.is(&["KMSInvalidStateException", "DisabledException"]) => Ok(Opening::KeyAsleep),
        Err(fault) => Err(fault),
    }
}

/// Whether a function can decrypt a ciphertext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decrypts {
    Yes,
    /// KMS's reason.
    No(String),
    /// KMS was not asked, or gave no answer.
    Unknown(String),
}

/// Whether `function` can decrypt `ciphertext` with the key `key` (ARN), as far as the key and the ciphertext are
/// concerned.
///
/// KMS decrypts the ciphertext and encrypts it again with the same key for the same function. The result is
/// discarded, so no plaintext leaves KMS. Sources:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>, and for the condition that restricts the
/// permission to one key
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-reencrypt-on-same-key>.
pub async fn decrypts(aws: &Aws, key: &str, ciphertext: &str, function: &str) -> Decrypts {
    let Ok(blob) = BASE64_STANDARD.decode(ciphertext) else {
        return Decrypts::No("it is not base64".to_owned());
    };
    // If the request does not name the key, KMS does not distinguish a ciphertext of another key from one that the
    // caller may not use.
    let request = aws
        .connection
        .clients
        .kms
        .re_encrypt()
        .ciphertext_blob(blob.into())
        .source_key_id(key)
        .source_encryption_context(ENCRYPTION_CONTEXT_KEY, function)
        .destination_key_id(key)
        .destination_encryption_context(ENCRYPTION_CONTEXT_KEY, function);
    let fault = match aws.call("kms:ReEncrypt", || request.clone().send()).await {
        Ok(_) => return Decrypts::Yes,
        Err(fault) => fault,
    };
    match fault.code.as_str() {
        "InvalidCiphertextException" => Decrypts::No(format!(
            "it was encrypted for another function than `{function}`, or is damaged"
        )),
        "IncorrectKeyException" => {
            Decrypts::No("it was encrypted with another key than the stack's".to_owned())
        }
        "DisabledException" | "KMSInvalidStateException" => Decrypts::No(fault.message),
        _ => Decrypts::Unknown(fault.to_string()),
    }
}

/// A short digest of text that is not secret.
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
