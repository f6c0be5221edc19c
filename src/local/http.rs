//! A minimal HTTP client to query the two local servers.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// `GET` on a loopback port: the status and the body.
pub(super) async fn get(port: u16, path: &str, patience: Duration) -> std::io::Result<(u16, Vec<u8>)> {
    exchange(port, &format!("GET {path}"), JSON, &[], "", patience).await
}

/// `POST` of JSON on a loopback port: the status and the body.
pub(super) async fn post(
    port: u16,
    path: &str,
    body: &str,
    patience: Duration,
) -> std::io::Result<(u16, Vec<u8>)> {
    exchange(port, &format!("POST {path}"), JSON, &[], body, patience).await
}

/// `POST` of a form on a loopback port, with more headers: the status and the body.
pub(super) async fn post_form(
    port: u16,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
    patience: Duration,
) -> std::io::Result<(u16, Vec<u8>)> {
    exchange(port, &format!("POST {path}"), FORM, headers, body, patience).await
}

async fn exchange(
    port: u16,
    what: &str,
    kind: &str,
    headers: &[(&str, &str)],
    body: &str,
    patience: Duration,
) -> std::io::Result<(u16, Vec<u8>)> {
    let exchange = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let more = headers.iter().map(|(name, value)| format!("\r\n{name}: {value}"));
        let more: String = more.collect();
        let head = format!("{what} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {kind}{more}");
        let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        // With HTTP/1.0 the server closes the connection at the end, so lengths need not be parsed.
        stream.read_to_end(&mut answer).await?;
        parse(&answer).ok_or_else(|| std::io::Error::other("the answer is not HTTP"))
    };
    tokio::time::timeout(patience, exchange)
        .await
        .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer[end + 4..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_answer_is_split_into_status_and_body() {
        assert_eq!(
            parse(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\nhi"),
            Some((200, b"hi".to_vec()))
        );
        assert_eq!(parse(b"HTTP/1.1 404 Not Found\r\n\r\n"), Some((404, vec![])));
        assert_eq!(parse(b"SSH-2.0-x\r\n"), None);
    }
}
