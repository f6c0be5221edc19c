//! Whatever request fails in whatever way, the next run brings the stack to the state in its file, without
//! duplicates or leftovers. `one_refusal` covers refusals by AWS.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::inventory::{Inventory, inventory};
use crate::support::proxy::{Fate, Proxy};
use crate::support::strike::{Request, Signaller};
use crate::support::{Ran, World};
use rustix::process::Signal;

mod case;

use case::{
    CLOUDWATCH, Case, ELASTALERT, FAR, Fault, NEAR, OF_THE_FIRST, Subject, TRAIL_GUARD, at_requests, counts,
};

const HOME: &str = "ap-northeast-2";
const APPLY: &[&str] = &["apply", "--yes"];
const DESTROY: &[&str] = &["destroy", "--yes"];

/// Kills the command right after each changing call, except of `known` services, and causes a varying fault at every
/// `step`th request of any service.
fn whatever_breaks(subject: &Subject, args: &[&str], known: &[&str], step: usize) {
    let others = [Fault::KilledBefore, Fault::LostAnswer, Fault::KilledAfter];
    at_requests(subject, args, |at, request| {
        let killed =
            Some(Fault::KilledAfter).filter(|_| request.writes() && !known.contains(&request.service()));
        let other = Some(others[at / step % others.len()]).filter(|_| at % step == 0);
        killed.into_iter().chain(other).collect()
    });
}

#[test]
fn a_stack_is_made_whatever_breaks() {
    whatever_breaks(&CLOUDWATCH, APPLY, &[], 9);
}

#[test]
fn a_stack_is_destroyed_whatever_breaks() {
    whatever_breaks(&CLOUDWATCH, DESTROY, &[], 9);
}

#[test]
fn an_endpoint_is_made_whatever_breaks() {
    whatever_breaks(&ELASTALERT, APPLY, OF_THE_FIRST, 8);
}

#[test]
fn an_endpoint_is_destroyed_whatever_breaks() {
    whatever_breaks(&ELASTALERT, DESTROY, OF_THE_FIRST, 8);
}

#[test]
fn a_trail_is_made_whatever_breaks() {
    whatever_breaks(&TRAIL_GUARD, APPLY, OF_THE_FIRST, 12);
}

#[test]
fn a_trail_is_destroyed_whatever_breaks() {
    whatever_breaks(&TRAIL_GUARD, DESTROY, OF_THE_FIRST, 12);
}

#[test]
fn rules_of_two_regions_are_made_whatever_breaks() {
    whatever_breaks(&FAR, APPLY, OF_THE_FIRST, 12);
}

#[test]
fn a_region_that_leaves_the_file_is_left_whatever_breaks() {
    whatever_breaks(&NEAR, APPLY, &[], 12);
}

/// The file is lost: only the stack's name is known.
#[test]
fn rules_of_two_regions_are_destroyed_whatever_breaks() {
    let by_name = ["destroy", "--yes", "--stack", "far", "--region", HOME];
    whatever_breaks(&FAR, &by_name, OF_THE_FIRST, 12);
}

#[test]
fn an_interrupt_finishes_what_runs_and_the_next_run_goes_on() {
    let (world, endpoint) = CLOUDWATCH.world();
    let mut number = 0;
    for signal in [Signal::INT, Signal::TERM] {
        for (during, never) in [
            ("kms:CreateKey", "lambda:CreateFunction"),
            ("lambda:CreateFunction", "sns:Subscribe"),
        ] {
            number += 1;
            let case = Case::new(&CLOUDWATCH, &world, &endpoint, number);
            // The call is executed normally, but only after the command has had time to see the signal.
            let stop = move |signaller: &Signaller| {
                let send = signaller.send(signal);
                Fate::Meanwhile(Arc::new(move || {
                    send();
                    std::thread::sleep(Duration::from_millis(200));
                }))
            };
            let faulty = case.faulty(APPLY, move |_, action| action == during, stop);
            let (what, said) = (format!("{signal:?} during {during}"), faulty.ran.all());
            assert!(faulty.met, "{what}\n{said}");
            assert_eq!(faulty.ran.code, 130, "{what}\n{said}");
            assert!(
                !faulty.actions.iter().any(|action| action == never),
                "{what}\n{said}"
            );
            for line in [
                "stopping after the calls in progress",
                " not finished in ",
                "to continue, run",
            ] {
                assert!(said.contains(line), "{what}: `{line}` is missing\n{said}");
            }
            assert_eq!(case.inventory().get("key"), Some(&1), "{what}");
            case.converges(&what);
        }
    }
}

#[test]
fn a_refused_step_skips_only_what_depends_on_it() {
    let (world, endpoint) = CLOUDWATCH.world();
    let case = Case::new(&CLOUDWATCH, &world, &endpoint, 0);
    let denied = Fate::Refuse(403, "AccessDeniedException", "not authorized to perform this");
    let faulty = case.faulty(
        APPLY,
        |_, action| action == "lambda:CreateFunction",
        move |_| denied.clone(),
    );
    let said = faulty.ran.all();
    assert_eq!(faulty.ran.code, 1, "{said}");
    for line in [
        "error: lambda-function/relay (mission-lambda): lambda:CreateFunction: AccessDeniedException: not authorized",
        "help: the identity that runs alertctl needs `lambda:CreateFunction`",
        "not started because of it: lambda-event-invoke-config/relay, lambda-event-source-mapping/retries, \
         lambda-permission/alerts, sns-subscription/alerts-relay",
        "9 created, 1 failed, 4 skipped",
    ] {
        assert!(said.contains(line), "`{line}` is missing\n{said}");
    }
    let skipped = [
        "function",
        "permission",
        "event invoke config",
        "event source mapping",
        "subscription",
    ];
    let mut expected = counts(CLOUDWATCH.whole);
    expected.retain(|kind, _| !skipped.contains(kind));
    assert_eq!(case.inventory(), expected);
    case.converges("a refused CreateFunction");
}
