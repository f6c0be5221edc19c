//! Signature Version 4 (SigV4), as far as these calls need it: a POST to the root of a service, with its body in
//! memory.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use crate::hash::hex;
use ::http::Request;
use ::http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue, InvalidHeaderValue, USER_AGENT};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const SESSION_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// The function's temporary credentials, which Lambda sets.
#[derive(Clone)]
pub(super) struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: SecretString,
    pub session_token: Option<SecretString>,
}

/// Where a signature is valid.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub region: &'a str,
    /// The service's id in signatures, such as `kms`.
    pub service: &'a str,
}

/// Signs `request` with all its headers but `User-Agent`, which a proxy may change, and adds the headers of the
/// signature.
pub(super) fn sign(
    request: &mut Request<Bytes>,
    credentials: &Credentials,
    scope: Scope<'_>,
    time: Timestamp,
) -> Result<(), InvalidHeaderValue> {
    let time = time
        .to_zoned(TimeZone::UTC)
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let date = time.split('T').next().unwrap_or_default();
    let Scope { region, service } = scope;
    let scope = format!("{date}/{region}/{service}/aws4_request");

    let host = request
        .uri()
        .authority()
        .map_or("", |authority| authority.as_str());
    let host = HeaderValue::from_str(host)?;
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(DATE, HeaderValue::from_str(&time)?);
    if let Some(token) = &credentials.session_token {
        let mut token = HeaderValue::from_str(token.expose_secret())?;
        token.set_sensitive(true);
        request.headers_mut().insert(SESSION_TOKEN, token);
    }

    let (headers, names) = canonical_headers(request);
    let canonical = format!(
        "{method}\n{path}\n\n{headers}\n{names}\n{body}",
        method = request.method(),
        path = request.uri().path(),
        body = hex(&Sha256::digest(request.body())),
    );
    let to_sign = format!(
        "{ALGORITHM}\n{time}\n{scope}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let secret = format!("AWS4{}", credentials.secret_access_key.expose_secret());
    let key = [date, region, service, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| hmac(&key, part));
    let signature = hex(&hmac(&key, &to_sign));
    let mut authorization = HeaderValue::from_str(&format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credentials.access_key_id
    ))?;
    authorization.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, authorization);
    Ok(())
}

/// The signed headers, a line each and sorted by name, and their names.
fn canonical_headers(request: &Request<Bytes>) -> (String, String) {
    let mut headers: Vec<_> = request
        .headers()
        .iter()
        .filter(|(name, _)| **name != USER_AGENT)
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    headers.sort_unstable();
    let lines = headers.iter().fold(String::new(), |mut lines, (name, value)| {
        let _ = writeln!(lines, "{name}:{}", String::from_utf8_lossy(value).trim());
        lines
    });
    let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
    (lines, names.join(";"))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of any length");
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
