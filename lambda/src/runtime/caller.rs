//! The caller of an endpoint: what it sends, and whether its token is known.

use base64::DecodeError;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use subtle::{Choice, ConstantTimeEq};

/// Whether the request carries a token that matches one of `digests`, as `Authorization: Bearer …` or as
/// `x-api-key`. The comparison takes constant time for each digest.
pub(super) fn is_known(request: &Value, digests: &[[u8; 32]]) -> bool {
    let bearer = header(request, "authorization").and_then(bearer);
    let key = header(request, "x-api-key").map(str::trim);
    let tokens = bearer.into_iter().chain(key).filter(|token| !token.is_empty());
    let known = tokens.fold(Choice::from(0), |known, token| {
        let actual: [u8; 32] = Sha256::digest(token).into();
        digests
            .iter()
            .fold(known, |known, digest| known | actual.ct_eq(digest))
    });
    known.into()
}

/// The body as the caller sent it.
///
/// # Errors
/// It is not Base64, although the request says so.
pub(super) fn body(request: &Value) -> Result<Cow<'_, [u8]>, DecodeError> {
    let sent = sent(request);
    let is_base64 = request.get("isBase64Encoded").and_then(Value::as_bool) == Some(true);
    Ok(match is_base64 {
        true => BASE64_STANDARD.decode(sent)?.into(),
        false => sent.as_bytes().into(),
    })
}

/// The body as it stands in the request.
pub(super) fn sent(request: &Value) -> &str {
    request.get("body").and_then(Value::as_str).unwrap_or_default()
}

/// A header by its lower-case name. API Gateway lower-cases header names, but not every emulator does.
pub(super) fn header<'a>(request: &'a Value, name: &str) -> Option<&'a str> {
    let headers = request.get("headers")?.as_object()?;
    let mut found = headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next()?.1.as_str()
}

fn bearer(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_token_of_ours_is_known() {
        let digest = |token: &str| <[u8; 32]>::from(Sha256::digest(token));
        let digests = [digest("old"), digest("new")];
        let known = |headers: Value| is_known(&json!({ "headers": headers }), &digests);
        for headers in [
            json!({ "authorization": "Bearer old" }),
            json!({ "authorization": " bEARER   new " }),
            json!({ "Authorization": "Bearer new" }),
            json!({ "x-api-key": "old" }),
            json!({ "authorization": "Basic x", "x-api-key": "new" }),
        ] {
            assert!(known(headers.clone()), "{headers}");
        }
        for headers in [
            json!(null),
            json!({}),
            json!({ "authorization": "" }),
            json!({ "authorization": "old" }),
            json!({ "authorization": "Bearer" }),
            json!({ "authorization": "Bearer " }),
            json!({ "authorization": "Bearer OLD" }),
            json!({ "authorization": "Bearer old,Bearer old" }),
            json!({ "authorization": "Basic old" }),
            json!({ "authorization": ["Bearer old"] }),
            json!({ "x-api-key": "olds" }),
            json!({ "x-api-key": "" }),
        ] {
            assert!(!known(headers.clone()), "{headers}");
        }
        assert!(!is_known(
            &json!({ "headers": { "x-api-key": "" } }),
            &[digest("")]
        ));
        assert!(!is_known(&json!([]), &digests));
    }
}
