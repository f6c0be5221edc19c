//! A deployment package, and code that sends it without holding more of it in memory than one request needs.

use std::fmt;
use std::io::{Error, Write as _};
use std::sync::{Arc, LazyLock};

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::Blob;
use aws_smithy_types::body::SdkBody;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use base64::write::EncoderStringWriter;

use super::contents::{Relay, Settings};

/// The code of a function. Its deployment package is made when it is first asked for: most commands only need to
/// know which code it is. Clones share the package.
#[derive(Clone)]
pub struct Code {
    /// The executable in it.
    pub relay: Arc<Relay>,
    /// The settings beside the executable.
    pub settings: Arc<Settings>,
    package: Arc<LazyLock<Package, Box<dyn FnOnce() -> Package + Send>>>,
}

/// A zip of some megabytes, in two parts. They are put together only while they are sent.
pub struct Package {
    /// The beginning, as it is embedded in the program.
    pub head: &'static [u8],
    pub tail: Vec<u8>,
    /// Base64, as AWS reports it in `CodeSha256`.
    pub sha256: String,
}

impl Code {
    /// The code whose package `package` makes from `relay` and `settings`.
    pub fn new(relay: Relay, settings: Settings, package: impl FnOnce() -> Package + Send + 'static) -> Self {
        Self {
            relay: relay.into(),
            settings: settings.into(),
            package: Arc::new(LazyLock::new(Box::new(package))),
        }
    }

    /// The package's digest in Base64, as AWS reports it in `CodeSha256`.
    pub fn sha256(&self) -> &str {
        &self.package.sha256
    }

    /// The package: what a function of this code consists of.
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// A placeholder for the package until [`Self::put_into`]. If the SDK got the package itself, it would hold it
    /// three times at once: raw, in Base64, and in a body that is kept for the next attempt.
    pub(super) fn placeholder(&self) -> Blob {
        Blob::new(self.sha256().as_bytes())
    }

    /// A function that puts the package into a request with [`Self::placeholder`], before each attempt is signed.
    pub(super) fn put_into(&self) -> impl Fn(HttpRequest) -> Result<HttpRequest, Error> + use<> {
        let code = self.clone();
        move |mut request| {
            let body = request.body().bytes().unwrap_or_default();
            let body = code
                .written_out(body)
                .ok_or_else(|| Error::other("the request has no place for the package"))?;
            request
                .headers_mut()
                .insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(body);
            Ok(request)
        }
    }

    /// The JSON `body` with the placeholder replaced by the package.
    fn written_out(&self, body: &[u8]) -> Option<String> {
        let body = std::str::from_utf8(body).ok()?;
        let (before, behind) = body.split_once(&BASE64_STANDARD.encode(self.sha256()))?;
        let Package { head, tail, .. } = &**self.package;
        let length = (head.len() + tail.len()).div_ceil(3) * 4;
        let mut text = String::with_capacity(before.len() + length + behind.len());
        text.push_str(before);
        let mut base64 = EncoderStringWriter::from_consumer(&mut text, &BASE64_STANDARD);
        base64.write_all(head).ok()?;
        base64.write_all(tail).ok()?;
        base64.into_inner();
        text.push_str(behind);
        Some(text)
    }
}

/// The package follows from the rest.
impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.relay == other.relay && self.settings == other.settings
    }
}

impl Eq for Code {}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code(relay {})", self.relay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attempt_has_the_package_in_the_place_of_its_digest_and_says_how_long_it_is() {
        let relay = Relay {
            version: "0.1.0".to_owned(),
            sha256: "ab".repeat(32),
        };
        let code = Code::new(relay, Settings::of("{}"), || Package {
            head: b"four",
            tail: b" and ten".to_vec(),
            sha256: "c29tZQ==".to_owned(),
        });
        let standing = BASE64_STANDARD.encode(code.placeholder());
        let body = |zip: &str| format!(r#"{{"Architectures":["x86_64"],"ZipFile":"{zip}","Publish":false}}"#);
        let put = code.put_into();
        for _attempt in 0..2 {
            let mut request = HttpRequest::new(SdkBody::from(body(&standing)));
            request.headers_mut().insert("content-length", "1");
            let request = put(request).unwrap();
            let expected = body(&BASE64_STANDARD.encode("four and ten"));
            assert_eq!(
                request.headers().get("content-length"),
                Some(expected.len().to_string().as_str())
            );
            assert_eq!(request.body().bytes(), Some(expected.as_bytes()));
        }
        assert!(put(HttpRequest::new(SdkBody::from(body("other")))).is_err());
    }
}
