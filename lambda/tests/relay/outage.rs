//! Slack takes nothing for an hour, and 10,000 alerts come at its beginning: half of them for a channel with a buffer, half for
//! one without. Nobody does anything, and all are shown.
//!
//! The test is Lambda and SQS, with a clock of its own: a message comes back after as many seconds as the relay says, at
//! once. Between two batches of a process that time has passed, in which Lambda would have ended it: so each batch gets
//! a new process. Some are killed during their work.

use crate::support::alerts;
use crate::support::fakes::Outcome;
use crate::support::function::{BUFFER, Function, QUEUE, RETRIES, batch_from, lock};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::timeout;

const ALERTS: usize = 10_000;
const HOUR: u64 = 3_600;
/// Records of one invocation: SNS sends one, but the relay takes any number, which saves time.
const RECORDS: usize = 50;
const BATCH: usize = 100;
const PROCESSES: usize = 6;
/// The time limit of an invocation.
const LIMIT: Duration = Duration::from_secs(10);
/// The time limit while the alerts come in, of which none is to be sent again: long enough for a busy machine.
const WHILE_COMING_IN: Duration = Duration::from_secs(30);

/// A message in a queue.
#[derive(Clone)]
struct Message {
    queue: &'static str,
    body: String,
    receives: u64,
    sent: u64,
    due: u64,
}

async fn function() -> Function {
    let settings = json!({
        "stack": "mission",
        "channels": { "project": {}, "storm": { "buffer": { "digest_above": 5, "per_second": 10.0 } } },
    });
    let function = Function::start_as(&settings, |command| {
        command
            .env("WEBHOOK_storm", "Y2lwaGVydGV4dA==")
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("RETRY_QUEUE", RETRIES)
            .env("BUFFERS", json!({ "storm": BUFFER }).to_string());
    })
    .await;
    function.runtime.hurry(LIMIT);
    function
}

/// Every hundredth alert is critical.
fn event(channel: &str, ids: &[usize]) -> Value {
    let record = |id: &usize| {
        json!({ "EventSource": "aws:sns", "Sns": {
            "MessageId": format!("alert-{id:06}"),
            "TopicArn": "arn:aws:sns:ap-northeast-2:111122223333:mission-sns",
            "Timestamp": "2026-11-20T05:00:00.000Z",
            "Subject": format!("disk full alert-{id:06}"),
            "Message": "volume data of db-3 is at 97 %",
        }})
    };
    let severity = if ids[0].is_multiple_of(100) {
        "critical"
    } else {
        "error"
    };
    json!({
        "alertctl": { "rule": "storm", "channels": [channel], "verdict": { "severity": severity } },
        "event": { "Records": ids.iter().map(record).collect::<Vec<_>>() },
    })
}

/// What a function put into queues since the last time.
fn sent(function: &Function, now: u64) -> Vec<Message> {
    let requests = std::mem::take(&mut lock(&function.script).sqs_requests);
    let message = |request: Value| {
        let url = request["QueueUrl"].as_str().expect("a queue");
        assert!(!url.ends_with("/dead"), "nothing is for a person: {request}");
        Message {
            queue: if url.ends_with("-buffer") { BUFFER } else { RETRIES },
            body: request["MessageBody"].as_str().expect("a body").to_owned(),
            receives: 0,
            sent: now,
            due: now + request["DelaySeconds"].as_u64().unwrap_or_default(),
        }
    };
    requests.into_iter().map(message).collect()
}

/// Delivers a batch; returns the function and what is in the queue afterwards.
async fn deliver(
    mut function: Function,
    batch: Vec<Message>,
    now: u64,
    kill: Option<Duration>,
) -> (Function, Vec<Message>) {
    function.restart().await;
    let bodies: Vec<_> = batch.iter().map(|message| message.body.clone()).collect();
    let age = batch
        .iter()
        .map(|message| now - message.sent)
        .max()
        .expect("a message");
    let mut event = batch_from(batch[0].queue, Duration::from_secs(age), &bodies);
    for (record, message) in event["Records"]
        .as_array_mut()
        .expect("a list")
        .iter_mut()
        .zip(&batch)
    {
        record["attributes"]["ApproximateReceiveCount"] = (message.receives + 1).to_string().into();
    }
    lock(&function.script).put_off.clear();
    let outcome = match kill {
        Some(after) => timeout(after, function.runtime.invoke(&event)).await.ok(),
        None => Some(function.invoke(&event).await),
    };
    let put_off: BTreeMap<_, _> = std::mem::take(&mut lock(&function.script).put_off)
        .into_iter()
        .collect();
    let left: BTreeSet<String> = match outcome {
        Some(Outcome::Success(answer)) => {
            let failures = answer["batchItemFailures"].as_array().expect("a list").clone();
            let id = |failure: &Value| failure["itemIdentifier"].as_str().expect("an id").to_owned();
            failures.iter().map(id).collect()
        }
        Some(Outcome::Failure(report)) => panic!("{report}"),
        // The queue's visibility timeout.
        None => (0..batch.len()).map(|index| format!("m-{index}")).collect(),
    };
    let mut after = sent(&function, now);
    for (index, message) in batch.into_iter().enumerate() {
        if left.contains(&format!("m-{index}")) {
            let due = put_off.get(&format!("r-{index}")).copied().unwrap_or(90);
            after.push(Message {
                receives: message.receives + 1,
                due: now + due,
                ..message
            });
        }
    }
    (function, after)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_without_slack_costs_no_alert_and_nobodys_time() {
    let mut functions = Vec::new();
    for _ in 0..PROCESSES {
        let function = function().await;
        let mut script = lock(&function.script);
        script.slack_always = Some((429, "rate_limited"));
        script.slack_pause = Some(600);
        drop(script);
        functions.push(function);
    }
    let (mut functions, mut queue) = come_in(functions).await;
    assert_eq!(queue.len(), ALERTS);

    let mut die = fastrand::Rng::with_seed(20_261_129);
    let (mut now, mut batches, mut kills) = (0, 0, 0);
    let (mut excuses, mut last) = (BTreeMap::<String, usize>::new(), 0);
    while !queue.is_empty() {
        queue.sort_by_key(|message| message.due);
        now = queue[0].due.max(now);
        let (mut due, later): (Vec<_>, Vec<_>) =
            queue.into_iter().partition(|message| message.due <= now + 2);
        queue = later;
        // SQS delivers in no order.
        die.shuffle(&mut due);
        let (buffer, retries): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|message| message.queue == BUFFER);
        let mut ready: Vec<Vec<Message>> = buffer
            .chunks(BATCH)
            .chain(retries.chunks(BATCH))
            .map(<[_]>::to_vec)
            .collect();
        let rest = ready.split_off(ready.len().min(PROCESSES));
        queue.extend(rest.into_iter().flatten());
        let mut tasks = Vec::new();
        for batch in ready {
            let function = functions.pop().expect("a function");
            if now >= HOUR {
                lock(&function.script).slack_always = None;
                last = now;
            }
            let kill = (die.u32(0..40) == 0).then(|| Duration::from_millis(die.u64(1..60)));
            if kill.is_some() {
                kills += 1;
                for alert in batch.iter().flat_map(|message| alerts(&message.body)) {
                    *excuses.entry(alert).or_default() += 1;
                }
            }
            batches += 1;
            assert!(batches < 5_000, "{now}");
            tasks.push(tokio::spawn(deliver(function, batch, now + 2, kill)));
        }
        for task in tasks {
            let (function, after) = task.await.expect("a batch");
            functions.push(function);
            queue.extend(after);
        }
    }
    let (mut shown, mut posts, mut tried) = (BTreeMap::<String, usize>::new(), 0, 0);
    let mut waited = 0;
    for function in functions {
        {
            let script = lock(&function.script);
            tried += script.slack_messages.len();
            posts += script.slack_taken.len();
            for alert in script
                .slack_taken
                .iter()
                .flat_map(|message| alerts(&message.to_string()))
            {
                *shown.entry(alert).or_default() += 1;
            }
        }
        let ages = function.log().await;
        let ages = ages.iter().filter_map(|line| line["Waiting"].as_u64());
        waited = ages.max().unwrap_or_default().max(waited);
    }
    println!(
        "{ALERTS} alerts in {posts} messages after {tried} posts and {batches} batches, {kills} kills; \
         the last {} s after Slack was there again",
        last - HOUR
    );
    assert_eq!(shown.len(), ALERTS, "every alert is shown");
    for (alert, count) in shown {
        let excuses = excuses.get(&alert).copied().unwrap_or_default();
        assert!(
            count - 1 <= excuses,
            "{alert} is there {count} times, {excuses} excused"
        );
    }
    // The longest pause, and a round of batches that a killed process had.
    assert!(last <= HOUR + 900 + 180, "{last}");
    assert!(kills > 3 && posts < ALERTS / 20, "{kills} {posts}");
    // The alarm on what waits would have told somebody.
    assert!(waited > 300, "{waited}");
}

/// All alerts come in, a share of them to each function. Returns what these put into their queues.
async fn come_in(functions: Vec<Function>) -> (Vec<Function>, Vec<Message>) {
    let (critical, usual): (Vec<usize>, Vec<usize>) = (0..ALERTS).partition(|id| id.is_multiple_of(100));
    let chunks = critical.chunks(RECORDS).chain(usual.chunks(RECORDS));
    let events: Vec<_> = chunks
        .enumerate()
        .map(|(index, ids)| event(["project", "storm"][index % 2], ids))
        .collect();
    let share = events.len().div_ceil(PROCESSES);
    let coming: Vec<_> = functions
        .into_iter()
        .zip(events.chunks(share).map(<[Value]>::to_vec))
        .map(|(mut function, events)| {
            tokio::spawn(async move {
                function.runtime.hurry(WHILE_COMING_IN);
                for event in events {
                    function.succeed(&event).await;
                }
                function.runtime.hurry(LIMIT);
                let sent = sent(&function, 0);
                (function, sent)
            })
        })
        .collect();
    let (mut functions, mut queue) = (Vec::new(), Vec::new());
    for task in coming {
        let (function, sent) = task.await.expect("alerts come in");
        functions.push(function);
        queue.extend(sent);
    }
    (functions, queue)
}
