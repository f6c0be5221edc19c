//! Tests the server over real connections.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::local::http;

const PATIENCE: Duration = Duration::from_secs(5);

struct Server {
    port: u16,
    _dir: tempfile::TempDir,
}

async fn serve() -> Server {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(dir.path()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = router(store, dir.path());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Server { port, _dir: dir }
}

impl Server {
    async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let (host, length) = (format!("127.0.0.1:{}", self.port), body.len());
        let head = format!("POST {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n");
        let answer = self.raw(&(head + body)).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let (status, body) = http::get(self.port, path, PATIENCE).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_posted_is_listed() {
    let server = serve().await;
    let webhook = "/services/LOCAL/INBOX/project";
    assert_eq!(
        server.post(webhook, r#"{"text":"one"}"#).await,
        (200, "ok".into())
    );
    assert_eq!(
        server.post("/triggers/E1/2/%ED%95%9C", r#"{"text":"two"}"#).await,
        (200, "ok".into())
    );

    let (_, all) = server.get("/messages").await;
    assert_eq!(all[0]["body"], json!({ "text": "one" }));
    assert_eq!(
        (&all[0]["seq"], &all[0]["channel"]),
        (&json!(1), &json!("project"))
    );
    assert_eq!(all[1]["channel"], "한");
    let (_, newer) = server.get("/messages?after=1").await;
    assert_eq!(newer.as_array().unwrap().len(), 1);
    assert_eq!(server.get("/messages/2").await.1["body"]["text"], "two");
    assert_eq!(server.get("/messages/3").await.0, 404);
}

#[tokio::test(flavor = "current_thread")]
async fn what_slack_refuses_is_refused_and_kept() {
    let server = serve().await;
    assert_eq!(
        server.post("/services/a/b/c", "hi").await,
        (400, "invalid_payload".into())
    );
    assert_eq!(
        server.post("/services/a/b/c", "{}").await,
        (400, "no_text".into())
    );
    let (_, all) = server.get("/messages").await;
    assert_eq!(
        (&all[0]["status"], &all[0]["body"]),
        (&json!("rejected"), &json!("hi"))
    );
    assert_eq!(all[1]["code"], "no_text");
    assert_eq!(
        server
            .post("/triggers/a/b/c", r#"{"text":"x","blocks":[]}"#)
            .await,
        (400, "invalid_workflow_input".into())
    );
    assert_eq!(server.post("/elsewhere", "{}").await.0, 404);
}

#[tokio::test(flavor = "current_thread")]
async fn other_sites_are_kept_out() {
    let server = serve().await;
    let port = server.port;
    let status = |answer: String| answer.split(' ').nth(1).unwrap().to_owned();
    let rebound = server
        .raw(&format!(
            "GET /messages HTTP/1.0\r\nHost: evil.example:{port}\r\n\r\n"
        ))
        .await;
    assert_eq!(status(rebound), "403");
    let page = format!(
        "POST /services/a HTTP/1.0\r\nHost: localhost:{port}\r\nOrigin: https://evil.example\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(status(server.raw(&page).await), "403");
    let own = server
        .raw(&format!("GET / HTTP/1.0\r\nHost: localhost:{port}\r\n\r\n"))
        .await;
    assert!(
        own.contains("content-security-policy: default-src 'none'"),
        "{own}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn listeners_hear_the_present_and_each_change() {
    let server = serve().await;
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    let request = format!("GET /events HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", server.port);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = String::new();
    for wanted in ["data: 0\n\n", "data: 1\n\n"] {
        while !heard.contains(wanted) {
            let mut chunk = [0; 1024];
            let length = tokio::time::timeout(PATIENCE, stream.read(&mut chunk))
                .await
                .unwrap()
                .unwrap();
            assert_ne!(length, 0, "{heard}");
            heard.push_str(std::str::from_utf8(&chunk[..length]).unwrap());
        }
        server.post("/services/x", r#"{"text":"one"}"#).await;
    }
}
