//! What is written about an event takes little memory, whatever the event is: the function has 128 MB, and one alert that
//! takes all of it would take the others of its batch with it.
//!
//! The allocator counts, so this test has a program of its own.

#![allow(unsafe_code, reason = "an allocator cannot be written without")]

use alertctl_relay::event::{Notice, read_one};
use alertctl_relay::{
    ChannelKey, Endpoint, Envelope, Json, Settings, compose, digest, parse_lenient, slack, summarise, text,
};
use serde_json::{Value, json};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

const MIB: usize = 1 << 20;
/// The shapes that take the most.
const WORST: [&str; 3] = ["numbers", "fields", "json in a text"];

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: it hands every request to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller's layout.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: what `alloc` returned.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that `work` had at a time, besides those of before.
fn most<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let done = work();
    (done, MOST.load(Ordering::Relaxed) - before)
}

/// About a mebibyte of JSON text, in a shape that takes more when it is written for people.
fn values() -> Vec<(&'static str, Value)> {
    let mut deep = json!(1);
    for _ in 0..40 {
        deep = json!([deep]);
    }
    let count = |each: usize| MIB / each;
    let object = |key: &str, value: Value, each: usize| {
        let fields = (0..count(each)).map(|n| (format!("{key}{n}"), value.clone()));
        Value::Object(fields.collect())
    };
    vec![
        ("one text", json!("x".repeat(MIB))),
        (
            "one line of markup",
            json!("<!channel> *b* `c` ".repeat(count(19))),
        ),
        ("lines", json!("line\n".repeat(count(5)))),
        ("invisible", json!("\u{202e}".repeat(count(3)))),
        ("hangul", json!("가".repeat(count(3)))),
        ("escapes", json!("\"\\\n".repeat(count(6)))),
        ("numbers", json!(vec![0; count(2)])),
        ("empty lists", json!(vec![json!([]); count(3)])),
        ("deep lists", json!(vec![deep; count(82)])),
        ("fields", object("field", json!(""), 14)),
        ("long names", object(&"k".repeat(1_000), json!(1), 1_010)),
        ("texts", json!(vec!["secret=abc"; count(13)])),
        (
            "json in a text",
            json!(json!(vec![json!({ "a": "b" }); count(16)]).to_string()),
        ),
        ("key of a secret", object("password", json!("hunter2hunter2"), 30)),
    ]
}

fn events(value: &Value) -> Vec<(&'static str, Value)> {
    let topic = "arn:aws:sns:us-east-1:111122223333:t";
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let sns = |message: String| json!({ "Records": [{ "Sns": { "TopicArn": topic, "Subject": "s", "Message": message } }] });
    let alarm = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM", "NewStateReason": text, "AlarmDescription": text,
        "Trigger": { "Dimensions": value, "Metrics": value } });
    let bridge = |source: &str, kind: &str, detail: Value| {
        json!({ "source": source, "detail-type": kind, "id": "1", "account": "111122223333", "region": "us-east-1",
            "resources": [], "detail": detail })
    };
    let call = json!({ "eventName": "RunInstances", "eventSource": "ec2.amazonaws.com", "eventID": "1",
        "userIdentity": { "type": "IAMUser", "userName": "a" }, "requestParameters": value, "errorMessage": text });
    vec![
        ("bare", json!({ "any": value })),
        ("sns", sns(text.clone())),
        ("alarm", sns(alarm.to_string())),
        ("call", bridge("aws.ec2", "AWS API Call via CloudTrail", call)),
        (
            "unknown",
            bridge("my.app", "Something", json!({ "state": "FAILED", "x": value })),
        ),
        (
            "ecs",
            bridge(
                "aws.ecs",
                "ECS Task State Change",
                json!({ "lastStatus": "STOPPED", "containers": value, "stoppedReason": text }),
            ),
        ),
        (
            "guardduty",
            bridge(
                "aws.guardduty",
                "GuardDuty Finding",
                json!({ "title": text, "description": text, "severity": 8, "service": value }),
            ),
        ),
    ]
}

/// The message in all its forms.
fn write(notice: &Notice, settings: &Settings) -> usize {
    let card = compose(notice, settings);
    let message = json!(slack::message(&card)).to_string();
    let flat = json!(slack::flat(&card)).to_string();
    let digest = digest(&[summarise(notice, settings)], settings, slack::fit);
    message.len() + flat.len() + text(&card).len() + digest.len()
}

#[test]
fn no_event_of_a_mebibyte_takes_the_memory_of_the_function() {
    let settings = Settings::default();
    let mut parsing = Largest::new("parsing", 32 * MIB);
    // The JSON of an SNS message is held beside the text of the event. That of the alarm has three mebibytes.
    let mut reading = Largest::new("reading", 28 * MIB);
    let mut writing = Largest::new("writing", 18 * MIB);
    let mut mailing = Largest::new("a letter", 18 * MIB);
    let mut waiting = Largest::new("waiting for ten channels", 8 * MIB);
    for (shape, value) in values() {
        for (kind, event) in events(&value) {
            // All shapes come in every way in which a whole message does; the others take seconds each.
            if !["bare", "sns"].contains(&kind) && !WORST.contains(&shape) {
                continue;
            }
            let name = format!("{kind} of {shape}");
            let event = Json::from(event);
            let ((notice, _), read) = most(|| read_one(&event));
            reading.add(read, &name);
            writing.add(most(|| write(&notice, &settings)).1, &name);
            if kind != "bare" {
                continue;
            }
            let sent = event.to_string();
            parsing.add(most(|| parse_lenient(&sent).map(drop)).1, &name);
            let alert = Endpoint::default().notice(event.clone());
            writing.add(
                most(|| write(&alert, &settings)).1,
                &format!("an alert of {shape}"),
            );
            let sns_text = || Endpoint::default().sns_text(&event, settings.locale);
            mailing.add(most(sns_text).1, &name);
            let envelope = Envelope {
                event,
                ..Envelope::default()
            };
            let wait = || {
                let channels = (0..10).map(|n| envelope.for_channel(&ChannelKey(n.to_string())));
                let envelopes: Vec<_> = channels.collect();
                envelopes.iter().map(|one| one.text().len()).sum::<usize>()
            };
            waiting.add(most(wait).1, &name);
        }
    }
    for largest in [parsing, reading, writing, mailing, waiting] {
        println!("{}", largest.said());
    }
}

/// The most that one kind of work took.
struct Largest {
    what: &'static str,
    limit: usize,
    bytes: usize,
    of: String,
}

impl Largest {
    fn new(what: &'static str, limit: usize) -> Self {
        Self {
            what,
            limit,
            bytes: 0,
            of: String::new(),
        }
    }

    fn add(&mut self, bytes: usize, of: &str) {
        if bytes > self.bytes {
            self.bytes = bytes;
            of.clone_into(&mut self.of);
        }
        assert!(self.bytes <= self.limit, "{}", self.said());
    }

    fn said(&self) -> String {
        let (most, limit) = (self.bytes / 1_024, self.limit / 1_024);
        format!(
            "{} takes {most} KiB for {}; the limit is {limit} KiB",
            self.what, self.of
        )
    }
}
