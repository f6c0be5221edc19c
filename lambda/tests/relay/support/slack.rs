//! An unreliable Slack: it accepts, refuses, stalls and closes connections at random, from a seed.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How it handles a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Take,
    /// It accepts the message, but closes the connection or stalls before it responds.
    TakeAndReset,
    TakeAndStall,
    Reset,
    Stall,
    Answer(u16, &'static str),
}

/// Probabilities in thousandths; the rest is [`Mood::Take`].
const MOODS: [(u32, Mood); 8] = [
    (10, Mood::TakeAndReset),
    (3, Mood::TakeAndStall),
    (10, Mood::Reset),
    (3, Mood::Stall),
    (30, Mood::Answer(500, "rollup_error")),
    (15, Mood::Answer(404, "no_service")),
    (15, Mood::Answer(400, "invalid_payload")),
    (10, Mood::Answer(429, "rate_limited")),
];

/// Messages per second that it accepts. Slack's own limit is 1, which would make the test too slow.
const PER_SECOND: usize = 50;

#[derive(Default)]
pub struct Seen {
    /// Bodies of the accepted messages.
    pub taken: Vec<String>,
    /// Those of them that it did not confirm, or too late for who sent them.
    pub untold: Vec<String>,
    pub posts: usize,
    pub connections: usize,
    /// How often it closed the connection or stalled, both of which end a connection.
    pub broken: usize,
    /// How often the limit was exceeded.
    pub hurried: usize,
    recent: VecDeque<Instant>,
}

#[derive(Clone)]
pub struct Slack {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    die: Arc<Mutex<fastrand::Rng>>,
}

impl Slack {
    pub async fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let slack = Self {
            address: listener.local_addr().expect("its address"),
            seen: Arc::default(),
            die: Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))),
        };
        let server = slack.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server.seen().connections += 1;
                let server = server.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        slack
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("not poisoned")
    }

    /// Serves one connection until either side closes it.
    async fn serve(&self, mut stream: TcpStream) {
        let mut waiting = Vec::new();
        let mut confirmed = None;
        loop {
            let body = match read(&mut stream, &mut waiting).await {
                Ok(Some(body)) => body,
                Ok(None) => return,
                // Who closes a connection without having read all of it resets it: the confirmation came too late.
                Err(_) => {
                    let mut seen = self.seen();
                    seen.broken += 1;
                    seen.untold.extend(confirmed);
                    return;
                }
            };
            let mood = self.hear(&body);
            // Whoever hung up while this was busy hears of nothing any more.
            let hung_up = timeout(Duration::ZERO, stream.peek(&mut [0])).await;
            if mood == Mood::Take && matches!(hung_up, Ok(Ok(0) | Err(_))) {
                let mut seen = self.seen();
                seen.broken += 1;
                seen.untold.push(body);
                return;
            }
            confirmed = (mood == Mood::Take).then_some(body);
            match mood {
                Mood::Take => say(&mut stream, 200, "ok").await,
                Mood::Answer(status, text) => say(&mut stream, status, text).await,
                Mood::TakeAndReset | Mood::Reset => {
                    // Discards unsent data, so that the client sees a connection reset.
                    let _ = stream.set_zero_linger();
                    return;
                }
                Mood::TakeAndStall | Mood::Stall => {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    return;
                }
            }
        }
    }

    /// Decides how to handle a message, and stores it if it is accepted.
    fn hear(&self, body: &str) -> Mood {
        let mut roll = self.die.lock().expect("not poisoned").u32(0..1_000);
        let mood = MOODS.into_iter().find_map(|(chance, mood)| {
            let hit = roll < chance;
            roll = roll.saturating_sub(chance);
            hit.then_some(mood)
        });
        let mut mood = mood.unwrap_or(Mood::Take);
        let mut seen = self.seen();
        seen.posts += 1;
        let now = Instant::now();
        seen.recent.retain(|then| now - *then < Duration::from_secs(1));
        seen.recent.push_back(now);
        if seen.recent.len() > PER_SECOND {
            seen.hurried += 1;
            mood = Mood::Answer(429, "rate_limited");
        }
        if matches!(mood, Mood::Take | Mood::TakeAndReset | Mood::TakeAndStall) {
            seen.taken.push(body.to_owned());
        }
        if matches!(mood, Mood::TakeAndReset | Mood::TakeAndStall) {
            seen.untold.push(body.to_owned());
        }
        if !matches!(mood, Mood::Take | Mood::Answer(..)) {
            seen.broken += 1;
        }
        mood
    }
}

/// The body of the next request, `None` at the end; additional data stays in `waiting`.
async fn read(stream: &mut TcpStream, waiting: &mut Vec<u8>) -> std::io::Result<Option<String>> {
    loop {
        let end = waiting.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&waiting[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length = length.expect("a length").trim();
            let length: usize = length.parse().expect("a number");
            if waiting.len() >= end + 4 + length {
                let rest = waiting.split_off(end + 4 + length);
                let body = String::from_utf8(waiting[end + 4..].to_vec()).expect("UTF-8");
                *waiting = rest;
                return Ok(Some(body));
            }
        }
        if stream.read_buf(waiting).await? == 0 {
            return Ok(None);
        }
    }
}

async fn say(stream: &mut TcpStream, status: u16, text: &str) {
    let pause = if status == 429 { "retry-after: 1\r\n" } else { "" };
    let length = text.len();
    let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{pause}\r\n{text}");
    let _ = stream.write_all(answer.as_bytes()).await;
}
