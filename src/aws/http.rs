//! The HTTPS client for all calls to AWS, and requests to the stack's own HTTP endpoints.

use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpClient};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use secrecy::{ExposeSecret as _, SecretString};

/// The timeout of a request: ElastAlert2 and API Gateway wait no longer.
const PATIENCE: Duration = Duration::from_secs(35);

/// The timeout of a download that a plan can do without.
const DOWNLOAD: Duration = Duration::from_secs(10);

/// The relay uses the same. The SDK's default, aws-lc, takes minutes of C to build and adds nothing that calls to AWS
/// need.
const TLS: Provider = Provider::Rustls(CryptoMode::Ring);

/// Does the same as the SDK's default client, but with [`TLS`]: timeouts come from each client's settings, proxies
/// from the environment.
pub(super) fn client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(TLS)
            .proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.build()
    })
}

/// Sends JSON with a bearer token. Returns the status and the body of the answer.
///
/// # Errors
/// Why no answer came, in words that contain neither the token nor the body.
pub async fn send(
    method: &str,
    url: &str,
    token: &SecretString,
    headers: &[(&'static str, &str)],
    json: &str,
) -> Result<(u16, String), String> {
    let mut request = HttpRequest::new(SdkBody::from(json));
    request
        .set_method(method)
        .map_err(|_| format!("`{method}` is not an HTTP method"))?;
    request
        .set_uri(url)
        .map_err(|_| "the URL cannot be called".to_owned())?;
    let bearer = format!("Bearer {}", token.expose_secret());
    let to_put = [("content-type", "application/json"), ("authorization", &bearer)];
    for (name, value) in to_put.iter().chain(headers) {
        request
            .headers_mut()
            .try_insert(*name, (*value).to_owned())
            .map_err(|_| {
                format!(
                    "the header `{name}` cannot be sent: it contains a character that HTTP does not allow"
                )
            })?;
    }
    let connector = Connector::builder().tls_provider(TLS).build();
    let exchange = async {
        let response = connector
            .call(request)
            .await
            .map_err(|error| format!("no response: {}", super::fault::reasons(&error)))?;
        let status = response.status().as_u16();
        let body = ByteStream::new(response.into_body()).collect().await;
        let body = body.map_err(|error| format!("the response ended early: {error}"))?;
        Ok((status, String::from_utf8_lossy(&body.into_bytes()).into_owned()))
    };
    tokio::time::timeout(PATIENCE, exchange)
        .await
        .unwrap_or_else(|_| Err(format!("no response within {} s", PATIENCE.as_secs())))
}

/// The last `bytes` bytes of what is at `url`, or more of it. `None` if the download fails.
pub(super) async fn end_of(url: &str, bytes: usize, proxy: ProxyConfig) -> Option<Vec<u8>> {
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_uri(url).ok()?;
    request
        .headers_mut()
        .try_insert("range", format!("bytes=-{bytes}"))
        .ok()?;
    let connector = Connector::builder().tls_provider(TLS).proxy_config(proxy).build();
    let exchange = async {
        let response = connector.call(request).await.ok()?;
        let body = response.status().is_success().then(|| response.into_body())?;
        let body = ByteStream::new(body).collect().await.ok()?;
        Some(body.into_bytes().into())
    };
    tokio::time::timeout(DOWNLOAD, exchange).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn token_headers_and_body_arrive_and_the_answer_comes_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut got = vec![0; 4096];
            let length = stream.read(&mut got).await.unwrap();
            let answer = "HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&got[..length]).into_owned()
        };
        let token = SecretString::from("s3cret");
        let headers = [("x-alertctl-test", "t-00000000")];
        let (got, answer) = tokio::join!(server, send("POST", &url, &token, &headers, "{}"));
        assert_eq!(answer, Ok((202, "ok".to_owned())));
        let got = got.to_lowercase();
        for part in [
            "post /hook http/1.1",
            "authorization: bearer s3cret",
            "x-alertctl-test: t-00000000",
        ] {
            assert!(got.contains(part), "{got}");
        }
    }

    #[tokio::test]
    async fn of_a_download_the_end_alone_is_asked_for_and_a_refusal_is_nothing() {
        for (status, expected) in [
            ("206 Partial Content", Some(b"end".to_vec())),
            ("403 Forbidden", None),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/code?X-Amz-Signature=1", listener.local_addr().unwrap());
            let server = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut got = vec![0; 4096];
                let length = stream.read(&mut got).await.unwrap();
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: 3\r\nconnection: close\r\n\r\nend");
                stream.write_all(answer.as_bytes()).await.unwrap();
                String::from_utf8_lossy(&got[..length]).to_lowercase()
            };
            let (got, end) = tokio::join!(server, end_of(&url, 300, ProxyConfig::disabled()));
            assert_eq!(end, expected);
            assert!(
                got.starts_with("get /code?x-amz-signature=1 ") && got.contains("range: bytes=-300"),
                "{got}"
            );
            // The link has its own signature. A second one would be refused.
            assert!(!got.contains("authorization"), "{got}");
        }
    }

    #[tokio::test]
    async fn what_went_wrong_never_shows_the_token() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let token = SecretString::from("s3cret");
        let error = send("POST", &format!("http://{closed}/"), &token, &[], "{}")
            .await
            .unwrap_err();
        assert!(error.starts_with("no response: "), "{error}");
        let broken = SecretString::from("s3cret\n");
        for (url, token) in [("http://127.0.0.1:1/", &broken), (":", &token)] {
            let error = send("POST", url, token, &[], "{}").await.unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
