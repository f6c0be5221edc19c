//! The body of a request. A body that is not an alert is shown as text, because nobody looks at what is only stored.

use crate::parse_lenient;
use crate::runtime::caller::{self, header};
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::borrow::Cow;
use std::io::Read as _;

/// What a request brings.
#[derive(Debug, PartialEq)]
pub(super) enum Body<'a> {
    /// A JSON object: ElastAlert2 sends one for each match.
    Alert(Value),
    /// Anything else that can be shown, and why it is no alert.
    Text { text: String, reason: &'static str },
    /// What cannot be shown, as it was sent, and why.
    Unreadable {
        bytes: Cow<'a, [u8]>,
        reason: &'static str,
    },
}

impl<'a> Body<'a> {
    /// Reads the body of `request`, which has at most `limit` bytes when it is decompressed.
    pub fn read(request: &'a Value, limit: usize) -> Self {
        let Ok(bytes) = caller::body(request) else {
            return text(
                caller::sent(request),
                "the body is not Base64, although the request says so",
            );
        };
        match decompressed(request, &bytes, limit) {
            Ok(plain) => content(request, plain.as_deref().unwrap_or(&bytes)),
            Err(reason) => Self::Unreadable { bytes, reason },
        }
    }
}

/// The decompressed body; `None` if it is not compressed.
fn decompressed(request: &Value, bytes: &[u8], limit: usize) -> Result<Option<Vec<u8>>, &'static str> {
    const TOO_LARGE: &str = "the body is larger than the endpoint takes";
    if bytes.len() > limit {
        return Err(TOO_LARGE);
    }
    let encoding = header(request, "content-encoding").unwrap_or("identity");
    if encoding.eq_ignore_ascii_case("identity") {
        return Ok(None);
    }
    if !["gzip", "x-gzip"]
        .iter()
        .any(|known| encoding.eq_ignore_ascii_case(known))
    {
        return Err("the body is compressed, and not with gzip");
    }
    let mut plain = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(bytes).take(most).read_to_end(&mut plain);
    match read {
        Ok(_) if plain.len() > limit => Err(TOO_LARGE),
        Ok(_) => Ok(Some(plain)),
        Err(_) => Err("the body is not gzip, although the request says so"),
    }
}

fn content(request: &Value, bytes: &[u8]) -> Body<'static> {
    let declared = header(request, "content-type").is_none_or(is_utf8);
    let Ok(sent) = std::str::from_utf8(bytes) else {
        return text(&String::from_utf8_lossy(bytes), "the body is not in UTF-8");
    };
    let sent = sent.strip_prefix('\u{feff}').unwrap_or(sent);
    match parse_lenient(sent) {
        // ASCII, which JSON may be written in, is the same in nearly every charset.
        _ if !declared && !sent.is_ascii() => text(sent, "the body is not in UTF-8"),
        Ok(alert) if alert.is_object() => Body::Alert(alert),
        Ok(_) => text(sent, "the body is not a JSON object"),
        Err(_) => text(sent, "the body is not JSON, or nested too deeply"),
    }
}

fn text(text: &str, reason: &'static str) -> Body<'static> {
    Body::Text {
        text: text.to_owned(),
        reason,
    }
}

/// Whether the charset of a content type is compatible with UTF-8, which is also the default for JSON.
fn is_utf8(content_type: &str) -> bool {
    content_type
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| {
            let charset = charset.trim().trim_matches('"').to_ascii_lowercase();
            matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;
    use std::io::Write as _;

    #[test]
    fn only_another_charset_is_refused() {
        for content_type in [
            "application/json",
            "application/json;charset=utf-8",
            "text/plain; x=y; Charset=\"UTF-8\"",
            "",
        ] {
            assert!(is_utf8(content_type), "{content_type}");
        }
        assert!(!is_utf8("application/json; charset=EUC-KR"));
        assert!(!is_utf8("application/json; charset=utf-8; charset=utf-16"));
    }

    fn zipped(bytes: &[u8]) -> Value {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("written");
        let bytes = encoder.finish().expect("finished");
        json!({
            "headers": { "content-encoding": "gzip" },
            "isBase64Encoded": true,
            "body": BASE64_STANDARD.encode(bytes),
        })
    }

    #[test]
    fn gzip_is_read_and_a_bomb_is_not() {
        let request = zipped(br#"{"rule":"a"}"#);
        let body = Body::read(&request, 1_000);
        assert_eq!(body, Body::Alert(json!({ "rule": "a" })));
        let request = zipped(&vec![b' '; 50_000_000]);
        let Body::Unreadable { bytes, reason } = Body::read(&request, 100_000) else {
            panic!("it was read");
        };
        assert!(reason.contains("larger"), "{reason}");
        assert!(bytes.len() < 100_000, "what is stored is what was sent");
    }
}
