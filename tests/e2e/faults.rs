//! AWS on a bad day: many calls are throttled and some fail on the server. A run takes longer, but succeeds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::large;
use crate::support::proxy::{Fate, Proxy};
use crate::support::stage::Stage;

const THROTTLED: Fate = Fate::Refuse(400, "ThrottlingException", "Rate exceeded");
const FAILED: Fate = Fate::Refuse(500, "InternalFailure", "We encountered an internal error.");

/// S3's throttling has another status, and a HEAD request only gets the status.
const SLOWED: Fate = Fate::Refuse(503, "SlowDown", "Please reduce your request rate.");

/// The fate of the call with this index: of a hundred calls, thirty are throttled and five fail.
fn fate(seed: u64, index: usize, action: &str) -> Fate {
    // splitmix64: the same seed gives the same sequence of faults.
    let mut dice = seed.wrapping_add((index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    dice = (dice ^ (dice >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    dice = (dice ^ (dice >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    match (dice ^ (dice >> 31)) % 100 {
        0..30 if action.starts_with("s3:") => SLOWED,
        0..30 => THROTTLED,
        30..35 => FAILED,
        _ => Fate::Pass,
    }
}

fn survives(stack: &str, seeds: impl Iterator<Item = u64>) {
    let stage = Stage::new(stack);
    let seeds: Vec<u64> = seeds.collect();
    stage.each(&seeds, |account, seed| {
        let seed = *seed;
        let proxy = Proxy::judging(&stage.endpoint, Duration::ZERO, move |index, action| {
            fate(seed, index, action)
        });
        let ran = stage
            .world
            .run_at(&proxy.url, account, &["apply", "--yes", "--no-preflight"]);
        assert_eq!(ran.code, 0, "{stack}, seed {seed}\n{}", ran.stderr);
        stage.whole(account, &format!("{stack}, seed {seed}"));
        let ran = stage.world.run_at(&proxy.url, account, &["destroy", "--yes"]);
        assert_eq!(ran.code, 0, "{stack}, seed {seed}\n{}", ran.stderr);
    });
}

#[test]
fn a_small_stack_survives_throttling_and_failures() {
    survives("cloudwatch-slack", 1..=4);
}

#[test]
fn a_stack_of_every_kind_survives_throttling_and_failures() {
    survives("console-login", 5..=6);
    survives("elastalert-email", 7..=7);
}

/// Create, change, observe and delete. It takes some minutes, mostly because of AWS's rate limit for alarms.
/// Run it manually: `cargo test --workspace --locked --test e2e -- --ignored --nocapture a_large_stack`
#[test]
#[ignore = "takes minutes"]
fn a_large_stack_survives_throttling_and_failures() {
    let stage = Stage::of(&large::stack_file());
    let changed = large::stack_file()
        .replace("uploads-00", "uploads-changed-00")
        .replace("InstanceId: i-0000000000000000", "InstanceId: i-1000000000000000");
    stage.world.write("changed.yaml", &changed);
    let commands: [&[&str]; 4] = [
        &["apply", "--yes", "--no-preflight"],
        &["apply", "changed.yaml", "--yes", "--no-preflight"],
        &["plan", "changed.yaml", "--detailed-exitcode"],
        &["destroy", "changed.yaml", "--yes"],
    ];
    stage.each(&[11_u64, 12, 13], |account, seed| {
        for (number, args) in commands.iter().enumerate() {
            let seed = seed * 100 + number as u64;
            let proxy = Proxy::judging(&stage.endpoint, Duration::ZERO, move |index, action| {
                fate(seed, index, action)
            });
            let start = Instant::now();
            let ran = stage.world.run_at(&proxy.url, account, args);
            let (elapsed, calls) = (start.elapsed(), proxy.calls().len());
            println!("seed {seed}: {}: {calls} calls in {elapsed:.0?}", args.join(" "));
            assert_eq!(ran.code, 0, "seed {seed}: {args:?}\n{}", ran.stderr);
        }
    });
}

/// A user who waits is told once what for.
#[test]
fn the_user_hears_what_is_waited_for() {
    let stage = Stage::new("elastalert-email");
    let asked = Arc::new(AtomicUsize::new(0));
    let seen = asked.clone();
    let proxy = Proxy::judging(&stage.endpoint, Duration::ZERO, move |_, action| {
        match action == "sns:CreateTopic" && seen.fetch_add(1, Ordering::SeqCst) < 8 {
            true => THROTTLED,
            false => Fate::Pass,
        }
    });
    let apply = ["apply", "--yes", "--no-preflight"];
    let ran = stage.world.run_at(&proxy.url, "400000000009", &apply);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(asked.load(Ordering::SeqCst), 9);
    let shown: Vec<_> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("waiting: "))
        .collect();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(
        shown[0].starts_with("waiting: sns:CreateTopic: Throttling")
            && shown[0].ends_with("retrying for up to 5 min"),
        "{shown:?}"
    );
}
