//! A real headless browser, driven through chromedriver: WebDriver is JSON over HTTP.

#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

/// Set where a browser must be installed: without one the test then fails. Elsewhere it is skipped.
const REQUIRED: &str = "ALERTCTL_TEST_BROWSER";

/// A browser session. Dropping it ends both processes.
pub struct Browser {
    driver: Child,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// A browser, or `None` if none is installed, which is reported.
    pub fn open() -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let started = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let driver = match started {
            Ok(driver) => driver,
            Err(error) => {
                assert!(std::env::var_os(REQUIRED).is_none(), "no chromedriver: {error}");
                eprintln!("SKIPPED: the inbox was not looked at, there is no chromedriver here: {error}");
                return None;
            }
        };
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Self {
            driver,
            session: String::new(),
            _profile: profile,
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "chromedriver does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        let profile = format!("--user-data-dir={}", browser._profile.path().display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1100,1400",
            &profile,
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let driver = format!("http://127.0.0.1:{port}/session");
        let (status, answer) = http("POST", &driver, &wanted.to_string());
        assert_eq!(status, 200, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        browser.session = format!("{driver}/{}", answer["value"]["sessionId"].as_str().unwrap());
        Some(browser)
    }

    pub fn go(&self, url: &str) {
        self.ask("url", &json!({ "url": url }));
    }

    /// Runs the body of a function with these `arguments` and returns its result.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.ask("execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// Waits until a script returns true.
    pub fn until(&self, script: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.run(script, &[]) != true {
            assert!(Instant::now() < deadline, "never: {script}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Everything in the console log at level warning or above.
    pub fn complaints(&self) -> Vec<Value> {
        let log = self.ask("se/log", &json!({ "type": "browser" }));
        let lines = log.as_array().unwrap().iter().cloned();
        lines
            .filter(|line| line["level"] == "SEVERE" || line["level"] == "WARNING")
            .collect()
    }

    /// Saves a screenshot of the first element that matches the selector.
    pub fn picture(&self, selector: &str, path: &Path) {
        let found = self.ask("element", &json!({ "using": "css selector", "value": selector }));
        let id = found
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned();
        let (status, answer) = http("GET", &format!("{}/element/{id}/screenshot", self.session), "");
        assert_eq!(status, 200, "{selector}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let png = BASE64_STANDARD.decode(answer["value"].as_str().unwrap()).unwrap();
        std::fs::write(path, png).unwrap();
    }

    fn ask(&self, what: &str, body: &Value) -> Value {
        let (status, answer) = http("POST", &format!("{}/{what}", self.session), &body.to_string());
        assert_eq!(status, 200, "{what}: {answer}");
        serde_json::from_str::<Value>(&answer).unwrap()["value"].clone()
    }
}

/// chromedriver speaks only HTTP/1.1 and keeps the connection open: the length says where the answer ends.
fn http(method: &str, url: &str, body: &str) -> (u16, String) {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = BufReader::new(TcpStream::connect(host).unwrap());
    let length = body.len();
    let head = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n");
    stream.get_mut().write_all((head + body).as_bytes()).unwrap();
    let (mut status, mut length, mut line) = (0, 0, String::new());
    while stream.read_line(&mut line).unwrap() > 2 {
        if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
            status = rest[..3].parse().unwrap();
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).unwrap();
    (status, String::from_utf8(answer).unwrap())
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = std::panic::catch_unwind(|| http("DELETE", &self.session, ""));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
