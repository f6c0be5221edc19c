//! Secrets and signatures of Standard Webhooks.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme>

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

const PREFIX: &str = "whsec_";
/// Bytes of a key.
const SIZES: std::ops::RangeInclusive<usize> = 24..=64;

/// Whether a text is a secret.
pub(super) fn is_secret(text: &str) -> bool {
    key(text).is_some()
}

fn key(secret: &str) -> Option<Vec<u8>> {
    let key = BASE64_STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    SIZES.contains(&key.len()).then_some(key)
}

/// The signature of one try of a message, made at `seconds` since 1970. `None` if `secret` is not a valid secret.
pub(super) fn signature(secret: &str, id: &str, seconds: i64, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key(secret)?).ok()?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    let signed = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    Some(format!("v1,{signed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the libraries of Standard Webhooks test themselves with.
    /// <https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/rust/src/lib.rs>
    #[test]
    fn it_signs_as_others_do() {
        let signed = signature(
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            br#"{"email":"test@example.com","username":"test_user"}"#,
        );
        assert_eq!(
            signed.as_deref(),
            Some("v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=")
        );
    }

    #[test]
    fn a_secret_has_its_prefix_and_its_length() {
        let of = |bytes: usize| format!("whsec_{}", BASE64_STANDARD.encode(vec![7; bytes]));
        assert!(is_secret(&of(24)) && is_secret(&of(64)));
        for other in [
            of(23),
            of(65),
            of(32).replace("whsec_", ""),
            of(32).replace("whsec_", "whsk_"),
            of(32).replace('B', "-"),
            of(32).replace('=', ""),
            String::new(),
        ] {
            assert!(!is_secret(&other), "{other}");
        }
    }
}
