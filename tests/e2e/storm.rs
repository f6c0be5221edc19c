//! An alert storm on a channel with a buffer: Slack accepts few posts per second and fails sometimes, and in
//! the end every alert was shown once, alone or in a digest.

use std::collections::BTreeSet;
use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::World;
use crate::support::account::{clients, unchanged};
use crate::support::slack::post;
use alertctl::aws::connect::Clients;
use aws_sdk_sns::types::PublishBatchRequestEntry;
use aws_sdk_sqs::types::QueueAttributeName;

const REGION: &str = "eu-west-1";
const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:storm-alerts";
const STACK: &str = r"
stack: storm
region: eu-west-1
key: { deletion_window_days: 7 }
channels:
  project: { webhook: { env: SLACK_WEBHOOK_URL }, buffer: { per_second: 4 } }
topics:
  alerts: { to: [project] }
";
/// How many alerts there are.
const ALERTS: usize = 300;
/// Posts that this Slack accepts per second.
const A_SECOND: usize = 6;
/// One in this many posts fails.
const FAILS: usize = 5;
/// A failed batch may return after its visibility timeout of six minutes.
const PATIENCE: Duration = Duration::from_secs(7 * 60);

/// A fake Slack, with the posts that it accepted.
#[derive(Clone, Default)]
struct Slack(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    posts: usize,
    /// Times of the latest accepted posts.
    taken: Vec<Instant>,
    bodies: Vec<String>,
}

impl Slack {
    /// Starts it; also returns a webhook for it.
    fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/services/T0/B0/x", listener.local_addr().unwrap());
        let slack = Self::default();
        let served = slack.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let slack = served.clone();
                std::thread::spawn(move || slack.serve(stream.unwrap()));
            }
        });
        (slack, url)
    }

    /// Answers the posts of one connection.
    fn serve(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(body) = post(&mut reader) {
            let answer = match self.answer(body) {
                200 => "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
                429 => "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
                _ => "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
            };
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, body: String) -> u16 {
        let mut state = self.0.lock().unwrap();
        state.posts += 1;
        state
            .taken
            .retain(|taken| taken.elapsed() < Duration::from_secs(1));
        if state.taken.len() >= A_SECOND {
            return 429;
        }
        if state.posts.is_multiple_of(FAILS) {
            return 500;
        }
        state.taken.push(Instant::now());
        state.bodies.push(body);
        200
    }

    fn bodies(&self) -> Vec<String> {
        self.0.lock().unwrap().bodies.clone()
    }
}

fn mark(alert: usize) -> String {
    format!("storm-{alert:04}")
}

/// The marks in a text.
fn marks(text: &str) -> BTreeSet<String> {
    let all = text.match_indices("storm-").filter_map(|(at, _)| {
        let mark = text.get(at..at + 10)?;
        mark[6..]
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(mark)
    });
    all.map(str::to_owned).collect()
}

/// Approximate number of messages in a queue, including those in flight.
async fn held(aws: &Clients, name: &str) -> usize {
    let url = aws.sqs.get_queue_url().queue_name(name).send().await.unwrap();
    let send = aws.sqs.get_queue_attributes().queue_url(url.queue_url.unwrap());
    let answer = send
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
        .unwrap();
    let attributes = answer.attributes.unwrap();
    [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ]
    .iter()
    .map(|name| attributes[name].parse::<usize>().unwrap())
    .sum()
}

#[tokio::test]
async fn every_alert_of_a_storm_is_shown_once() {
    let (slack, url) = Slack::start();
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", &url);
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    world.write("stack.yaml", STACK);
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "after apply");

    for first in (0..ALERTS).step_by(10) {
        let entry = |alert: usize| {
            let mark = mark(alert);
            let entry = PublishBatchRequestEntry::builder().id(&mark).subject(&mark);
            entry.message("the same trouble everywhere").build().unwrap()
        };
        let send = aws.sns.publish_batch().topic_arn(TOPIC);
        let entries = (first..first + 10).map(entry).collect();
        let sent = send
            .set_publish_batch_request_entries(Some(entries))
            .send()
            .await
            .unwrap();
        assert_eq!(sent.failed(), []);
    }

    let all: BTreeSet<_> = (0..ALERTS).map(mark).collect();
    let start = Instant::now();
    loop {
        let shown: BTreeSet<_> = slack.bodies().iter().flat_map(|body| marks(body)).collect();
        if shown == all {
            break;
        }
        let missing: Vec<_> = all.difference(&shown).take(5).collect();
        assert!(start.elapsed() < PATIENCE, "never shown: {missing:?} …");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let took = start.elapsed();
    while held(&aws, "storm-project-buffer").await > 0 {
        assert!(start.elapsed() < PATIENCE, "shown, and still in the buffer");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let bodies = slack.bodies();
    println!("{ALERTS} alerts in {} posts within {took:.1?}", bodies.len());
    let times = |mark: &String| bodies.iter().filter(|body| marks(body).contains(mark)).count();
    let twice: Vec<_> = all.iter().filter(|mark| times(mark) > 1).collect();
    assert!(twice.is_empty(), "shown more than once: {twice:?}");
    assert!(bodies.len() < ALERTS / 2, "{} posts: no digests", bodies.len());
    assert_eq!(held(&aws, "storm-relay-dead-letters").await, 0);
}
