//! Whatever breaks at whatever request, the next run brings the stack to what its file says, with nothing
//! made twice and nothing left behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod support;

use std::fmt;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use support::inventory::{Inventory, inventory};
use support::proxy::{Act, Fate, Proxy};
use support::{Ran, World};

const REGION: &str = "ap-northeast-2";
const APPLY: &[&str] = &["apply", "--yes"];
const DESTROY: &[&str] = &["destroy", "--yes"];
/// Cases that run side by side: most of their time is the local AWS's.
const WORKERS: usize = 4;

/// What the bundled stack is made of.
const WHOLE: [(&str, usize); 12] = [
    ("alarm", 1),
    ("alias", 1),
    ("event invoke config", 1),
    ("function", 1),
    ("key", 1),
    ("log group", 1),
    ("permission", 1),
    ("queue", 1),
    ("role", 1),
    ("role policy", 1),
    ("subscription", 1),
    ("topic", 1),
];
/// What `destroy` leaves.
const GONE: [(&str, usize); 1] = [("pending key", 1)];

/// One account in which something goes wrong.
struct Case<'a> {
    world: &'a World,
    endpoint: &'a str,
    account: String,
}

/// How a run with a fault ended.
struct Faulty {
    /// Whether any call met the fault.
    met: bool,
    ran: Ran,
    actions: Vec<String>,
}

impl Case<'_> {
    fn run(&self, args: &[&str]) -> Ran {
        self.world.run_at(self.endpoint, &self.account, args)
    }

    fn ok(&self, args: &[&str]) {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "alertctl {args:?}\n{}", ran.all());
    }

    fn inventory(&self) -> Inventory {
        inventory(self.endpoint, &self.account, REGION)
    }

    /// Runs a command; the first call that `strikes` picks meets `fate`, which is given a way to signal it.
    fn faulty(
        &self,
        args: &[&str],
        strikes: impl Fn(usize, &str) -> bool + Send + Sync + 'static,
        fate: impl Fn(&Signaller) -> Fate + Send + Sync + 'static,
    ) -> Faulty {
        let (signaller, met) = (Signaller::default(), Arc::new(AtomicBool::new(false)));
        let judge = {
            let (signaller, met) = (signaller.clone(), met.clone());
            move |index: usize, action: &str| match strikes(index, action) {
                true if !met.swap(true, Ordering::SeqCst) => fate(&signaller),
                _ => Fate::Pass,
            }
        };
        let proxy = Proxy::judging(self.endpoint, Duration::ZERO, judge);
        let mut command = self.world.command_at(&proxy.url, &self.account, args);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        signaller.0.set(child.id()).unwrap();
        let ran = Ran::of(child.wait_with_output().unwrap());
        proxy.quiet();
        Faulty {
            met: met.load(Ordering::SeqCst),
            ran,
            actions: proxy.actions(),
        }
    }

    /// One more run ends well, a plan finds nothing to do, and nothing is there twice.
    fn converges(&self, what: &str) {
        let ran = self.run(APPLY);
        assert_eq!(ran.code, 0, "apply after {what}\n{}", ran.all());
        self.is_whole(what);
    }

    fn is_whole(&self, what: &str) {
        let plan = self.run(&["plan", "--detailed-exitcode"]);
        assert_eq!(plan.code, 0, "plan after {what}\n{}", plan.all());
        assert_eq!(self.inventory(), Inventory::from(WHOLE), "after {what}");
    }
}

/// Signals a command once it runs.
#[derive(Clone, Default)]
struct Signaller(Arc<OnceLock<u32>>);

impl Signaller {
    fn send(&self, signal: Signal) -> Act {
        let id = self.0.clone();
        Arc::new(move || {
            let id = i32::try_from(*id.wait()).unwrap();
            kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
        })
    }
}

/// One request of a command: its action, and which of several with that action. Requests that run side by
/// side arrive in another order each time, so their place in line names none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Request {
    action: String,
    nth: usize,
}

impl Request {
    fn all(actions: &[String]) -> Vec<Self> {
        let nth = |(index, action): (usize, &String)| Self {
            action: action.clone(),
            nth: actions[..index].iter().filter(|before| *before == action).count(),
        };
        actions.iter().enumerate().map(nth).collect()
    }

    /// True when the call that just came in is this one.
    fn comes(&self) -> impl Fn(usize, &str) -> bool + Send + Sync + use<> {
        let (this, seen) = (self.clone(), AtomicUsize::new(0));
        move |_, action| action == this.action && seen.fetch_add(1, Ordering::SeqCst) == this.nth
    }

    /// Reads are repeated until something shows, now more often and now less.
    fn is_certain(&self) -> bool {
        let (_, operation) = self.action.split_once(':').unwrap();
        self.nth == 0
            || !["Get", "List", "Describe"]
                .iter()
                .any(|verb| operation.starts_with(verb))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.action, self.nth + 1)
    }
}

/// Runs `args` once without a fault, then `case` for each request it made, in an account of its own; the
/// stack is there already when `after_apply`. A case says whether it met its request.
fn at_every_request(args: &[&str], after_apply: bool, case: impl Fn(&Case<'_>, &Request) -> bool + Sync) {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let account = |number: usize| {
        let case = Case {
            world: &world,
            endpoint: &endpoint,
            account: format!("{:012}", 100 + number),
        };
        if after_apply {
            case.ok(APPLY);
        }
        case
    };
    let plain = account(0).faulty(args, |_, _| false, |_| Fate::Pass);
    assert_eq!(plain.ran.code, 0, "{}", plain.ran.all());
    let requests = Request::all(&plain.actions);
    let (next, missed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let Some(request) = requests.get(number) else {
                        break;
                    };
                    if !case(&account(number + 1), request) && request.is_certain() {
                        missed.lock().unwrap().push(request.to_string());
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "never made again: {missed:?}");
    assert!(requests.len() > 30, "only {} requests", requests.len());
}

fn killed_apply(name: &str, fate: impl Fn(Act) -> Fate + Copy + Send + Sync + 'static) {
    at_every_request(APPLY, false, |case, request| {
        let kill = move |signaller: &Signaller| fate(signaller.send(Signal::KILL));
        let faulty = case.faulty(APPLY, request.comes(), kill);
        if faulty.met {
            let what = format!("killed {name} {request}");
            assert_eq!(faulty.ran.code, -1, "{what}\n{}", faulty.ran.all());
            // Nothing made yet: the next run is like a first one.
            if !case.inventory().is_empty() {
                case.converges(&what);
            }
        }
        faulty.met
    });
}

#[test]
fn apply_killed_right_before_any_request() {
    killed_apply("before", Fate::Before);
}

#[test]
fn apply_killed_right_after_any_request() {
    killed_apply("after", Fate::After);
}

fn killed_destroy(name: &str, fate: impl Fn(Act) -> Fate + Copy + Send + Sync + 'static) {
    at_every_request(DESTROY, true, |case, request| {
        let kill = move |signaller: &Signaller| fate(signaller.send(Signal::KILL));
        let faulty = case.faulty(DESTROY, request.comes(), kill);
        if faulty.met {
            let what = format!("destroy killed {name} {request}");
            assert_eq!(faulty.ran.code, -1, "{what}\n{}", faulty.ran.all());
            let next = case.run(DESTROY);
            assert_eq!(next.code, 0, "{what}\n{}", next.all());
            assert_eq!(case.inventory(), Inventory::from(GONE), "{what}");
        }
        faulty.met
    });
}

#[test]
fn destroy_killed_right_before_any_request() {
    killed_destroy("before", Fate::Before);
}

#[test]
fn destroy_killed_right_after_any_request() {
    killed_destroy("after", Fate::After);
}

/// `apply` gets over one fault by itself, whatever request it meets.
fn apply_gets_over(name: &str, fate: impl Fn(&Request) -> Fate + Sync) {
    at_every_request(APPLY, false, |case, request| {
        let fate = fate(request);
        let faulty = case.faulty(APPLY, request.comes(), move |_| fate.clone());
        let what = format!("{name} at {request}");
        assert_eq!(faulty.ran.code, 0, "{what}\n{}", faulty.ran.all());
        case.is_whole(&what);
        faulty.met
    });
}

#[test]
fn a_lost_answer_to_any_request() {
    apply_gets_over("a lost answer", |_| Fate::lost());
}

#[test]
fn a_failure_of_the_service_at_any_request() {
    apply_gets_over("a failure of the service", |request| {
        match request.action.len() % 2 {
            0 => Fate::Refuse(500, "InternalFailure", "try again"),
            _ => Fate::Refuse(503, "ServiceUnavailable", "try again"),
        }
    });
}

#[test]
fn throttling_of_any_request() {
    apply_gets_over("throttling", |_| {
        Fate::Refuse(400, "ThrottlingException", "Rate exceeded")
    });
}

#[test]
fn an_interrupt_finishes_what_runs_and_the_next_run_goes_on() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let mut account = 100;
    for signal in [Signal::INT, Signal::TERM] {
        for (during, never) in [
            ("kms:CreateKey", "lambda:CreateFunction"),
            ("lambda:CreateFunction", "sns:Subscribe"),
        ] {
            account += 1;
            let case = Case {
                world: &world,
                endpoint: &endpoint,
                account: format!("{account:012}"),
            };
            // Carried out as usual, but only once the command has had time to see the signal.
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
                "stopping: calls under way are finished first",
                " not finished in ",
                "to go on, run",
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
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let case = Case {
        world: &world,
        endpoint: &endpoint,
        account: "000000000100".into(),
    };
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
        "not started because of it: lambda-event-invoke-config/relay, lambda-permission/alerts, \
         sns-subscription/alerts-relay",
        "8 created, 1 failed, 3 skipped",
    ] {
        assert!(said.contains(line), "`{line}` is missing\n{said}");
    }
    let skipped = ["function", "permission", "event invoke config", "subscription"];
    let mut expected = Inventory::from(WHOLE);
    expected.retain(|kind, _| !skipped.contains(kind));
    assert_eq!(case.inventory(), expected);
    case.converges("a refused CreateFunction");
}
