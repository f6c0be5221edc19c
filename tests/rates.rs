//! Speed that does not depend on the machine: no call comes faster than AWS takes it, and what is not changed
//! takes few round trips.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "e2e/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::support::World;
use crate::support::account::reads;
use crate::support::measure::Sample;
use crate::support::proxy::Proxy;

const APPLY: &[&str] = &["apply", "--local", "--yes"];
const PLAN: &[&str] = &["plan", "--local", "--detailed-exitcode"];
const DESTROY: &[&str] = &["destroy", "--local", "--yes", "--delete-trail-logs"];

/// One test at a time, and a program of its own beside no other: what stalls the machine bunches calls up on their way.
static ALONE: Mutex<()> = Mutex::new(());

/// The largest bundled stack from apply to destroy, where every call that comes too fast is refused.
#[test]
fn no_call_of_the_full_stack_is_throttled() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let world = World::new();
    world.bundled("full");
    let proxy = Proxy::limiting(&world.up().0, Duration::ZERO);
    world.reach_at(&proxy.url);
    for args in [APPLY, PLAN, DESTROY] {
        let sample = Sample::of(&proxy, world.command(args));
        let (calls, span) = (sample.calls.len(), sample.span());
        println!("{}: {calls} calls in {span:.1?}", args[0]);
        let mut throttled = BTreeMap::new();
        for call in sample.calls.iter().filter(|call| call.throttled) {
            *throttled.entry((&call.action, &call.region)).or_insert(0) += 1;
        }
        assert!(throttled.is_empty(), "{}: {throttled:#?}", args[0]);
        for call in &sample.calls {
            assert!(!call.region.is_empty(), "{}: no region", call.action);
            assert!(!call.action.contains([' ', '/']), "{}: no action", call.action);
        }
    }
}

/// How many round trips a plan without changes may take.
const ROUND_TRIPS: usize = 4;
/// A client that asks nothing for so long waits for an answer. Far more than a busy machine needs: one that asks
/// later than this makes another round trip of it.
const QUIET: Duration = Duration::from_millis(500);

#[test]
fn a_plan_without_changes_writes_nothing_and_takes_few_round_trips() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let stacks = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/stacks")).unwrap();
    let mut stacks: Vec<_> = stacks.map(|entry| entry.unwrap().path()).collect();
    stacks.sort();
    for path in stacks {
        let stack = path.file_stem().unwrap().to_str().unwrap();
        let world = World::new();
        world.bundled(stack);
        let (endpoint, _) = world.up();
        world.ok(APPLY);
        let proxy = Proxy::in_rounds(&endpoint, QUIET);
        world.reach_at(&proxy.url);
        let sample = Sample::of(&proxy, world.command(PLAN));
        let mut rounds = BTreeMap::new();
        for call in &sample.calls {
            assert!(reads(&call.action), "{stack}: {call:?}");
            *rounds.entry((call.round, &call.action)).or_insert(0) += 1;
        }
        let (calls, round_trips) = (sample.calls.len(), sample.round_trips());
        println!("{stack}: {calls} calls in {round_trips} round trips");
        assert!(round_trips <= ROUND_TRIPS, "{stack}: {rounds:#?}");
    }
}
