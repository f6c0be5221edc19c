//! A Slack app in a storm of alarms while Slack is away: each alarm is one message in the end.

use crate::living::{FIRED, OVER, alarm, start_beside, start_with};
use crate::support::function::{Function, RETRIES, batch_from};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

#[tokio::test]
async fn after_a_storm_each_alarm_shows_its_end() {
    storm(60, None).await;
}

/// Two processes, and a workspace that takes 60 calls a second.
#[tokio::test]
#[ignore = "2,000 alarms at Slack's pace take minutes"]
async fn after_a_storm_of_2000_alarms_each_shows_its_end() {
    let refused = storm(2_000, Some(60)).await;
    assert!(refused < 200, "{refused} calls came too fast");
}

/// A storm while Slack is away: each alarm is one message, and shows how it ended. Returns how many calls came faster than the
/// workspace takes them.
async fn storm(count: usize, per_second: Option<usize>) -> usize {
    let pace = |settings: &mut Value| {
        if let Some(per_second) = per_second {
            settings["channels"]["project"]["buffer"]["per_second"] = json!(per_second as f64 * 0.8);
        }
    };
    let (one, workspace) = start_with(pace).await;
    let other = start_beside(&workspace, pace).await;
    workspace.state().per_second = per_second;
    let mut bodies = Vec::new();
    for number in 0..count {
        let name = format!("alert-{number:06}");
        let event =
            |event: Value| json!({ "alertctl": { "channels": ["project"] }, "event": event }).to_string();
        bodies.push(event(alarm(&name, "OK", "ALARM", FIRED)));
        if number % 2 == 0 {
            bodies.push(event(alarm(&name, "ALARM", "OK", OVER)));
        }
    }
    fastrand::Rng::with_seed(7).shuffle(&mut bodies);
    // Lambda gives batches to both; what stays in the queue comes again.
    let queue = Mutex::new(VecDeque::from(bodies));
    let work = async |mut function: Function| {
        function.runtime.hurry(Duration::from_secs(20));
        loop {
            let batch: Vec<String> = {
                let mut queue = queue.lock().expect("not poisoned");
                let size = queue.len().min(20);
                queue.drain(..size).collect()
            };
            if batch.is_empty() {
                break function.stop().await;
            }
            let event = batch_from(RETRIES, Duration::from_secs(1), &batch);
            let answer = function.succeed(&event).await;
            let left = answer["batchItemFailures"].as_array().expect("ids").iter();
            let left = left.map(|one| one["itemIdentifier"].as_str().expect("an id").to_owned());
            let place = |id: String| id.trim_start_matches("m-").parse::<usize>().expect("its place");
            let again: Vec<_> = left.map(|id| batch[place(id)].clone()).collect();
            queue.lock().expect("not poisoned").extend(again);
        }
    };
    tokio::join!(work(one), work(other));
    let headlines = workspace.headlines();
    assert_eq!(headlines.len(), count);
    for number in 0..count {
        let name = format!("alert-{number:06}");
        let mut shown = headlines.iter().filter(|headline| headline.contains(&name));
        let (Some(shown), None) = (shown.next(), shown.next()) else {
            panic!("{name} is not one message")
        };
        assert_eq!(shown.contains("back to OK"), number % 2 == 0, "{shown}");
    }
    let state = workspace.state();
    state.too_fast
}
