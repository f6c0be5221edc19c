//! An alert storm while Slack is unreliable: 10,000 alerts through a channel's buffer, 500 directly to Slack.
//!
//! The test simulates Lambda and SQS: an event source mapping that delivers batches of 100 to two functions,
//! accepts partial batch responses and gives up after a number of receives; asynchronous invocations with two
//! retries and a record of failed events. Processes are killed during their work, and SQS delivers some
//! messages twice.
//!
//! At the end every alert is in a message that Slack accepted, or in a dead-letter queue. An alert may appear
//! more than once only for one of these reasons, once for each:
//!
//! - Slack accepted a post without confirming it in time (it closed the connection, or was too slow): the post is
//!   repeated;
//! - the process with the alert was killed: the batch or event is repeated;
//! - SQS delivered it twice, and the copy went to another process, or to one that was started later.

use crate::support::alerts;
use crate::support::fakes::Outcome;
use crate::support::function::{BUFFER, Function, QUEUE, SECRET, lock};
use crate::support::slack::Slack;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const SEED: u64 = 20_261_121;
const BUFFERED: usize = 10_000;
const DIRECT: usize = 500;
/// SNS delivers one record at a time, but the relay accepts any number: this saves most of the test's time.
const RECORDS: usize = 50;
/// An event source mapping's `BatchSize`.
const BATCH: usize = 100;
/// The redrive policy's `maxReceiveCount`.
const RECEIVES: usize = 1_000;
/// The longest time for which a message is put off; the real one is not limited.
const LONGEST: Duration = Duration::from_millis(300);
/// Lambda makes one attempt for an asynchronous event, and two retries.
const ATTEMPTS: usize = 3;
/// The function's timeout; the real one is 30 s.
const TIMEOUT: Duration = Duration::from_secs(4);
const PROCESSES: usize = 2;

/// The state of the whole storm.
#[derive(Default)]
struct World {
    /// Bodies in the buffer queue, with an id, the number of receives, and when they are delivered.
    buffer: VecDeque<(String, String, usize, Instant)>,
    in_flight: usize,
    /// Everything in the dead-letter queue.
    dead: Vec<Value>,
    /// How many additional times an alert may appear.
    excuses: BTreeMap<String, usize>,
    kills: usize,
}

type Shared = Arc<Mutex<World>>;

fn open(world: &Shared) -> std::sync::MutexGuard<'_, World> {
    world.lock().expect("not poisoned")
}

impl World {
    /// Collects what a function sent to its queues.
    fn collect(&mut self, function: &Function) {
        let sent = std::mem::take(&mut lock(&function.script).sqs_requests);
        for request in sent {
            let body = request["MessageBody"].as_str().expect("a body");
            assert!(!body.contains(SECRET), "{body}");
            if request["QueueUrl"]
                .as_str()
                .expect("a queue")
                .ends_with("-buffer")
            {
                let id = format!("m-{}", alerts(body).first().expect("an alert"));
                self.buffer.push_back((id, body.to_owned(), 0, Instant::now()));
            } else {
                self.dead.push(serde_json::from_str(body).expect("JSON"));
            }
        }
    }

    fn excuse(&mut self, text: &str) {
        for alert in alerts(text) {
            *self.excuses.entry(alert).or_default() += 1;
        }
    }
}

fn event(channel: &str, ids: &[String]) -> Value {
    let record = |id: &String| {
        json!({ "EventSource": "aws:sns", "Sns": {
            "MessageId": id,
            "TopicArn": "arn:aws:sns:ap-northeast-2:111122223333:mission-sns",
            "Timestamp": "2026-11-20T05:00:00.000Z",
            "Subject": format!("disk full {id}"),
            "Message": "volume data of db-3 is at 97 %",
        }})
    };
    json!({
        "alertctl": { "rule": "storm", "channels": [channel] },
        "event": { "Records": ids.iter().map(record).collect::<Vec<_>>() },
    })
}

async fn function(slack: &Slack) -> Function {
    let settings = json!({
        "stack": "mission",
        "channels": {
            "project": {},
            "storm": { "buffer": { "digest_above": 5, "per_second": 1_000.0 } },
        },
    });
    let function = Function::start_as(&settings, |command| {
        let webhook = "Y2lwaGVydGV4dA==";
        command
            .env("WEBHOOK_storm", webhook)
            .env("WEBHOOK_project", webhook)
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("BUFFERS", json!({ "storm": BUFFER }).to_string());
    })
    .await;
    lock(&function.script).plaintext = format!("http://{}/services/T0/B0/{SECRET}", slack.address);
    function.runtime.hurry(TIMEOUT);
    function
}

/// One invocation during which the process may be killed; `None` if it was.
async fn invoke(function: &mut Function, event: &Value, kill: Option<Duration>) -> Option<Outcome> {
    let Some(after) = kill else {
        let started = Instant::now();
        let outcome = function.invoke(event).await;
        // Lambda would end it after its time limit; a busy machine may be late to say that it is over.
        assert!(started.elapsed() < 5 * TIMEOUT, "{:?}", started.elapsed());
        return Some(outcome);
    };
    match timeout(after, function.runtime.invoke(event)).await {
        Ok(outcome) => Some(outcome),
        Err(_) => {
            function.restart().await;
            None
        }
    }
}

/// Asynchronous invocations: up to three attempts per event, then Lambda's record of the failure.
async fn direct(mut function: Function, events: Vec<Value>, world: Shared, seed: u64) -> Function {
    let mut die = fastrand::Rng::with_seed(seed);
    for event in events {
        let mut failed = None;
        for _ in 0..ATTEMPTS {
            let kill = (die.u32(0..60) == 0).then(|| Duration::from_millis(die.u64(1..8)));
            failed = match invoke(&mut function, &event, kill).await {
                Some(Outcome::Success(_)) => None,
                Some(Outcome::Failure(report)) => Some(report),
                None => {
                    let mut world = open(&world);
                    world.kills += 1;
                    world.excuse(&event.to_string());
                    Some(json!({ "errorType": "Runtime.ExitError" }))
                }
            };
            open(&world).collect(&function);
            if failed.is_none() {
                break;
            }
        }
        if let Some(report) = failed {
            let record = json!({
                "version": "1.0",
                "requestContext": { "condition": "RetriesExhausted", "approximateInvokeCount": ATTEMPTS },
                "requestPayload": event,
                "responsePayload": report,
            });
            open(&world).dead.push(record);
        }
    }
    function
}

/// The part of the event source mapping for one of its two functions.
async fn empty(mut function: Function, world: Shared, seed: u64) -> Function {
    let mut die = fastrand::Rng::with_seed(seed);
    loop {
        let batch: Vec<_> = {
            let mut world = open(&world);
            let now = Instant::now();
            let is_due = |message: &&(String, String, usize, Instant)| message.3 <= now;
            let count = world.buffer.iter().take_while(is_due).take(BATCH).count();
            world.in_flight += count;
            world.buffer.drain(..count).collect()
        };
        if batch.is_empty() {
            let is_over = {
                let world = open(&world);
                world.in_flight == 0 && world.buffer.is_empty()
            };
            if is_over {
                return function;
            }
            sleep(Duration::from_millis(5)).await;
            continue;
        }
        let record = |(id, body, receives, _): &(String, String, usize, Instant)| {
            json!({
                "messageId": id,
                "receiptHandle": id,
                "body": body,
                "attributes": { "ApproximateReceiveCount": (receives + 1).to_string() },
                "eventSource": "aws:sqs",
                "eventSourceARN": BUFFER,
            })
        };
        let records: Vec<_> = batch.iter().map(record).collect();
        let kill = (die.u32(0..12) == 0).then(|| Duration::from_millis(die.u64(5..60)));
        let outcome = invoke(&mut function, &json!({ "Records": records }), kill).await;
        let put_off: BTreeMap<_, _> = std::mem::take(&mut lock(&function.script).put_off)
            .into_iter()
            .collect();
        let mut world = open(&world);
        world.collect(&function);
        let left: BTreeSet<String> = match &outcome {
            Some(Outcome::Success(answer)) => {
                let failures = answer["batchItemFailures"].as_array().expect("a list");
                let id = |failure: &Value| failure["itemIdentifier"].as_str().expect("an id").to_owned();
                failures.iter().map(id).collect()
            }
            Some(Outcome::Failure(report)) => panic!("{report}"),
            None => batch.iter().map(|(id, ..)| id.clone()).collect(),
        };
        if outcome.is_none() {
            world.kills += 1;
        }
        world.in_flight -= batch.len();
        for (id, body, receives, _) in batch {
            let due = Duration::from_secs(put_off.get(&id).copied().unwrap_or_default());
            let due = Instant::now() + due.min(LONGEST);
            if outcome.is_none() {
                world.excuse(&body);
            }
            if !left.contains(&id) {
                // Occasionally SQS delivers a message again that was already deleted.
                if die.u32(0..200) == 0 {
                    world.excuse(&body);
                    world.buffer.push_back((id, body, receives + 1, due));
                }
            } else if receives + 1 < RECEIVES {
                world.buffer.push_back((id, body, receives + 1, due));
            } else {
                world.dead.push(serde_json::from_str(&body).expect("JSON"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_alert_of_a_storm_is_shown_or_parked() {
    let started = Instant::now();
    let slack = Slack::start(SEED).await;
    let world = Shared::default();
    let ids = |from: char, count: usize| (0..count).map(move |n| format!("alert-{from}{n:05}"));
    let buffered: Vec<_> = ids('b', BUFFERED).collect();
    let straight: Vec<_> = ids('d', DIRECT).collect();
    let events: Vec<_> = buffered
        .chunks(RECORDS)
        .map(|ids| event("storm", ids))
        .chain(
            straight
                .iter()
                .map(|id| event("project", std::slice::from_ref(id))),
        )
        .collect();
    let sent: BTreeSet<_> = buffered.into_iter().chain(straight).collect();

    // First the incoming events, in parallel in several processes, then the messages in the buffer.
    let mut shares = vec![Vec::new(); PROCESSES];
    for (index, event) in events.into_iter().enumerate() {
        shares[index % PROCESSES].push(event);
    }
    let mut tasks = Vec::new();
    for (seed, events) in (SEED + 1..).zip(shares) {
        let function = function(&slack).await;
        // The queue is throttled occasionally, too.
        lock(&function.script).sqs_refusals = [(500, "InternalFailure"), (400, "RequestThrottled")].into();
        tasks.push(tokio::spawn(direct(function, events, world.clone(), seed)));
    }
    let mut functions = Vec::new();
    for task in tasks {
        functions.push(task.await.expect("the storm goes on"));
    }
    let came_in = started.elapsed();
    let mut tasks = Vec::new();
    for (seed, function) in (SEED + 11..).zip(functions) {
        tasks.push(tokio::spawn(empty(function, world.clone(), seed)));
    }
    let (mut delivered, mut said_parked) = (0, 0);
    for task in tasks {
        let function = task.await.expect("the storm goes on");
        for line in function.log().await {
            delivered += line["Delivered"].as_u64().unwrap_or_default();
            said_parked += line["Parked"].as_u64().unwrap_or_default();
        }
    }

    let seen = slack.seen();
    let mut world = open(&world);
    for body in &seen.untold {
        world.excuse(body);
    }
    let mut there: BTreeMap<String, usize> = BTreeMap::new();
    for body in &seen.taken {
        for alert in alerts(body) {
            *there.entry(alert).or_default() += 1;
        }
    }
    let shown = there.len();
    let mut parked = BTreeSet::new();
    for letter in &world.dead {
        let reason = &letter["alertctl"]["parked"]["reason"];
        assert!(
            reason.is_string() || letter["requestPayload"].is_object(),
            "only the relay parks what waited in the buffer: {letter}"
        );
        for alert in alerts(&letter.to_string()) {
            parked.insert(alert.clone());
            *there.entry(alert).or_default() += 1;
        }
    }
    println!(
        "{} alerts: {shown} shown in {} messages ({} posts, {} connections, {} over the limit), {} parked, \
         {} kills, {delivered} delivered and {said_parked} parked by the log, in {came_in:?} and {:?}",
        sent.len(),
        seen.taken.len(),
        seen.posts,
        seen.connections,
        seen.hurried,
        parked.len(),
        world.kills,
        started.elapsed(),
    );
    let found: BTreeSet<_> = there.keys().cloned().collect();
    assert_eq!(found, sent, "every alert that was sent, and no other");
    for (alert, count) in &there {
        let excuses = world.excuses.get(alert).copied().unwrap_or_default();
        assert!(
            count - 1 <= excuses,
            "{alert} is there {count} times, {excuses} excused"
        );
    }
    // All kinds of trouble occurred, and connections were reused in spite of it.
    assert!(seen.broken > 5 && world.kills > 3 && !parked.is_empty());
    let processes = PROCESSES + world.kills;
    assert!(
        seen.connections <= seen.broken + 4 * processes,
        "{}",
        seen.connections
    );
}
