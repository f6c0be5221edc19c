//! A fake Slack, which answers as the test sets it.

#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The configured answer, and the bodies of the posts that it received.
#[derive(Clone)]
pub struct Slack(Arc<Mutex<State>>);

struct State {
    status: u16,
    code: &'static str,
    bodies: Vec<String>,
}

impl Slack {
    /// Starts a fake that accepts everything. Returns it with a webhook URL.
    pub fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/services/T0/B0/x", listener.local_addr().unwrap());
        let slack = Self(Arc::new(Mutex::new(State {
            status: 200,
            code: "ok",
            bodies: Vec::new(),
        })));
        let served = slack.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let slack = served.clone();
                std::thread::spawn(move || slack.serve(stream.unwrap()));
            }
        });
        (slack, url)
    }

    /// Sets the answer from now on.
    pub fn answer(&self, status: u16, code: &'static str) {
        let mut state = self.0.lock().unwrap();
        (state.status, state.code) = (status, code);
    }

    /// The bodies that it received.
    pub fn bodies(&self) -> Vec<String> {
        self.0.lock().unwrap().bodies.clone()
    }

    /// Answers the posts of one connection.
    fn serve(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(body) = post(&mut reader) {
            let answer = {
                let mut state = self.0.lock().unwrap();
                if state.status == 200 {
                    state.bodies.push(body);
                }
                let (status, code) = (state.status, state.code);
                format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{code}",
                    code.len()
                )
            };
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// The body of the next request; `None` at the end of the connection.
pub fn post(reader: &mut impl BufRead) -> Option<String> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim().to_ascii_lowercase();
        if let Some(number) = line.strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}
