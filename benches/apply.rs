//! What bundled stacks, and one of some 800 resources, cost where every request takes 40 ms longer than on this
//! machine: calls, round trips one after the other, time and memory of create, a plan without changes, a repair and
//! destroy.
//!
//! `cargo bench --bench apply`; with `-- --calls` it also prints each call of the last run and its time, and
//! with `-- full` it measures that stack only. `cargo test --bench apply` does it once, with a build for
//! development. The large stack is measured only by `-- large`: AWS takes its 200 alarms three a second.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use support::World;
use support::inventory::past;
use support::large;
use support::limits::allowance;
use support::measure::Sample;
use support::proxy::{Call, Proxy};

const ACCOUNT: &str = "000000000000";
const REGION: &str = "ap-northeast-2";
const DELAY: Duration = Duration::from_millis(40);
/// How long the local AWS keeps a new function pending: time that no client can save.
const PENDING: Duration = Duration::from_millis(500);
/// The stacks, how often each is measured, and the log group of each that is changed by hand.
const STACKS: [(&str, usize, &str); 3] = [
    ("cloudwatch-slack", 7, "/aws/lambda/mission-lambda"),
    ("full", 3, "/aws/lambda/full-relay"),
    ("large", 1, "/aws/lambda/large-relay"),
];

/// A world with the stack file: a bundled one, or the large one.
fn world_of(stack: &str) -> World {
    let world = World::new();
    match stack {
        "large" => world.write("stack.yaml", &large::stack_file()),
        bundled => world.bundled(bundled),
    };
    world
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |argument: &str| arguments.iter().any(|one| one == argument);
    let chosen = STACKS.iter().any(|(stack, ..)| has(stack));
    println!("every request takes {} ms longer\n", DELAY.as_millis());
    for (stack, runs, log_group) in STACKS {
        if !has(stack) && (chosen || stack == "large") {
            continue;
        }
        // Cargo also runs benches as tests, without this argument: once is enough to see that it works.
        let runs = if has("--bench") { runs } else { 1 };
        println!("{stack}, medians of {runs}:");
        measure(stack, runs, log_group, has("--calls"));
    }
}

const APPLY: &[&str] = &["apply", "--local", "--yes"];
const PLAN: &[&str] = &["plan", "--local", "--detailed-exitcode"];
const DESTROY: &[&str] = &["destroy", "--local", "--yes", "--delete-trail-logs"];
const OPERATIONS: [&str; 4] = ["create", "plan, no changes", "repair", "destroy"];

fn measure(stack: &str, runs: usize, log_group: &str, show_calls: bool) {
    let mut samples: [Vec<Sample>; 4] = Default::default();
    for _ in 0..runs {
        let world = world_of(stack);
        let (endpoint, _) = world.up();
        let proxy = Proxy::start(&endpoint, DELAY);
        world.reach_at(&proxy.url);
        let measure = |args: &[&str]| Sample::of(&proxy, world.command(args));
        // The local AWS loads each service at its first call, which takes half a second in all; AWS does not.
        measure(&["plan", "--local"]);
        samples[0].push(measure(APPLY));
        samples[1].push(measure(PLAN));
        past(&endpoint, ACCOUNT, REGION, async |config| {
            forget_soon(config, log_group).await;
        });
        samples[2].push(measure(APPLY));
        samples[3].push(measure(DESTROY));
    }
    println!(
        "{:<17} {:>5} {:>12} {:>8} {:>6} {:>8} {:>8} {:>8}",
        "", "calls", "connections", "at once", "chain", "span ms", "wall ms", "peak MB"
    );
    for (name, samples) in OPERATIONS.iter().zip(&samples) {
        println!(
            "{name:<17} {:>5} {:>12} {:>8} {:>6} {:>8} {:>8} {:>8.1}",
            median(samples.iter().map(|sample| sample.calls.len())),
            median(samples.iter().map(|sample| sample.connections)),
            median(samples.iter().map(Sample::most_at_once)),
            median(samples.iter().map(|sample| sample.chain().len())),
            median(samples.iter().map(|sample| sample.span().as_millis())),
            median(samples.iter().map(|sample| sample.wall.as_millis())),
            median(samples.iter().map(|sample| sample.peak_kb)) as f64 / 1024.0,
        );
    }
    println!("\n{}\n", floors(stack));
    for (name, samples) in OPERATIONS.iter().zip(&samples) {
        let last = samples.last().unwrap();
        let chain: Vec<_> = last.chain().iter().map(|call| call.action.as_str()).collect();
        println!("{name}: {}", chain.join(" → "));
        if show_calls {
            let first = last.calls.iter().map(|call| call.start).min().unwrap_or_default();
            for call in &last.calls {
                let at = |time: Duration| (time - first).as_millis();
                let (start, end) = (at(call.start), at(call.end));
                println!("  {start:>5} – {end:>5}  {} {}", call.action, call.region);
            }
        }
    }
    println!();
}

/// What create and a plan without changes take at least, from runs in which answers are held until nothing more
/// is asked: what then comes after one another depends on one another.
fn floors(stack: &str) -> String {
    let world = world_of(stack);
    // Longer than any call waits for its turn: pace is none of the dependencies.
    let proxy = Proxy::in_rounds(&world.up().0, Duration::from_millis(1300));
    world.reach_at(&proxy.url);
    let measure = |args: &[&str]| Sample::of(&proxy, world.command(args));
    let create = measure(&[APPLY, &["--parallelism", "256"]].concat());
    let (plan, destroy) = (measure(PLAN), measure(DESTROY));
    let dependent = DELAY * u32::try_from(create.round_trips()).unwrap() + PENDING;
    let (paced, what) = paced(&create.calls);
    format!(
        "round trips that wait for one another: create {}, plan {}, destroy {}\n\
         create takes at least {} ms: its round trips and a new function's pending {}, AWS's rates {} ({what})",
        create.round_trips(),
        plan.round_trips(),
        destroy.round_trips(),
        dependent.max(paced).as_millis(),
        dependent.as_millis(),
        paced.as_millis(),
    )
}

/// The least time that AWS's rates leave to calls that were made in rounds, and the action that needs it.
fn paced(calls: &[Call]) -> (Duration, String) {
    let mut alike: BTreeMap<_, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        if let Some(allowance) = allowance(&call.action) {
            alike.entry((allowance, &call.region)).or_default().push(call);
        }
    }
    let least = alike.into_iter().map(|((allowance, region), calls)| {
        let first = calls.iter().map(|call| call.round).min().unwrap_or_default();
        let beyond = calls.len().saturating_sub(allowance.burst as usize);
        let wait = Duration::from_secs(beyond as u64) / allowance.rate;
        let count = calls.len();
        let what = format!("{count} of {} in {region}", allowance.name);
        (DELAY * u32::try_from(first + 1).unwrap() + wait, what)
    });
    least.max().unwrap_or_default()
}

/// Changes one field by hand.
async fn forget_soon(config: aws_config::SdkConfig, log_group: &str) {
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
    let send = logs.put_retention_policy().log_group_name(log_group);
    send.retention_in_days(1).send().await.unwrap();
}

fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    values[values.len() / 2]
}
