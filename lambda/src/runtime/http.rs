//! The HTTP clients for services and AWS: hyper over rustls, with the root certificates in the binary.

use super::dns::{Private, Resolver};
use ::http::{Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);
/// Lambda freezes an idle function for minutes; by then the server has closed the connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Largest response. Slack answers with one word, KMS with at most 4 KiB of plaintext in Base64 and its key's
/// ARN.
const MAX_ANSWER: usize = 64 * 1024;

/// Why a request got no response. Does not contain the address, which may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("no connection ({0})")]
    Connect(io::ErrorKind),
    #[error("no secure connection (TLS)")]
    Tls,
    #[error("its host is in a private network")]
    Private,
    #[error("no answer within {} s", TOTAL_TIMEOUT.as_secs())]
    Timeout,
    #[error("the connection broke off, or the answer is not HTTP")]
    Broken,
}

type Channel = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// A cheap handle; clones share their connections.
#[derive(Clone, Debug)]
pub(super) struct Http {
    any: Channel,
    /// It has connections of its own, so that none leads into a private network.
    public: Channel,
}

impl Http {
    /// Sets up TLS without reading a file, because the runtime's image is not guaranteed to contain
    /// certificates.
    pub fn new() -> Self {
        let roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let tls =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions();
        let tls = match tls {
            Ok(tls) => tls.with_root_certificates(roots).with_no_client_auth(),
            // Cannot happen: ring supports rustls's default versions, and both are compiled in.
            Err(error) => unreachable!("{error}"),
        };
        Self {
            any: channel(tls.clone(), Resolver::Any),
            public: channel(tls, Resolver::Public),
        }
    }

    /// Sends a request and reads the whole response, whatever its status.
    ///
    /// # Errors
    /// [`Fault`]: no connection within 3 s, no complete response within 10 s, or a response over 64 KiB.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Fault> {
        Self::exchange(&self.any, request).await
    }

    /// The same to a host whose name somebody chose: only over the internet at large.
    ///
    /// # Errors
    /// Also [`Fault::Private`].
    pub async fn send_abroad(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Fault> {
        Self::exchange(&self.public, request).await
    }

    async fn exchange(channel: &Channel, request: Request<Bytes>) -> Result<Response<Bytes>, Fault> {
        let exchange = async {
            let response = channel
                .request(request.map(Full::new))
                .await
                .map_err(|error| fault(&error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_ANSWER)
                .collect()
                .await
                .map_err(|_| Fault::Broken)?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        timeout(TOTAL_TIMEOUT, exchange)
            .await
            .unwrap_or(Err(Fault::Timeout))
    }
}

fn channel(tls: rustls::ClientConfig, resolver: Resolver) -> Channel {
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_nodelay(true);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1();
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(connector.wrap_connector(tcp))
}

/// Reduces an error to its kind, because its text may contain the address.
fn fault(error: &hyper_util::client::legacy::Error) -> Fault {
    if !error.is_connect() {
        return Fault::Broken;
    }
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    let mut kind = io::ErrorKind::Other;
    while let Some(current) = cause {
        if current.is::<rustls::Error>() {
            return Fault::Tls;
        }
        if current.is::<Private>() {
            return Fault::Private;
        }
        cause = match current.downcast_ref::<io::Error>() {
            // The `source` of an I/O error skips the error that it wraps, and that one may be rustls's.
            Some(error) => {
                kind = error.kind();
                error.get_ref().map(|inner| inner as &(dyn StdError + 'static))
            }
            None => current.source(),
        };
    }
    Fault::Connect(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn get(url: String) -> Request<Bytes> {
        Request::get(url).body(Bytes::new()).expect("a request")
    }

    #[tokio::test]
    async fn faults_are_told_apart_and_keep_the_address() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        drop(listener);
        let refused = Http::new()
            .send(get(format!("http://127.0.0.1:{port}/secret")))
            .await;
        assert_eq!(
            refused.expect_err("refused"),
            Fault::Connect(io::ErrorKind::ConnectionRefused)
        );

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let served = tokio::spawn(async move {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let _ = stream.read(&mut [0; 1024]).await;
                stream
                    .write_all(b"this is no protocol\r\n\r\n")
                    .await
                    .expect("written");
            }
        });
        let garbled = Http::new()
            .send(get(format!("https://127.0.0.1:{port}/secret")))
            .await;
        assert_eq!(garbled.expect_err("not TLS"), Fault::Tls);
        let garbled = Http::new()
            .send(get(format!("http://127.0.0.1:{port}/secret")))
            .await;
        assert_eq!(garbled.expect_err("not HTTP"), Fault::Broken);
        served.await.expect("served");
    }

    #[tokio::test]
    async fn abroad_is_never_this_machine() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let abroad = Http::new()
            .send_abroad(get(format!("https://localhost:{port}/secret")))
            .await;
        assert_eq!(abroad.expect_err("private"), Fault::Private);
        assert!(!Fault::Private.to_string().contains("localhost"));
    }
}
