//! Two runs on one stack at the same time, interleaved in various ways: the result is one complete stack with
//! one key, and the run that gives way says so.

use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::inventory::{Inventory, inventory, past};
use crate::support::proxy::{Fate, Proxy};
use crate::support::{Ran, World};
use alertctl::aws::connect::Clients;

const REGION: &str = "ap-northeast-2";
const APPLY: &[&str] = &["apply", "--yes"];
const DESTROY: &[&str] = &["destroy", "--yes"];
const GIVES_WAY: &str = "another run is changing stack `mission` right now";
const ROLE: &str = "mission-lambda-role";

/// The local AWS with the bundled stack's file, and a separate account for each case.
struct Stage {
    world: World,
    endpoint: String,
    accounts: AtomicUsize,
}

/// One account.
struct Case<'a> {
    stage: &'a Stage,
    account: String,
}

/// A running command, one of whose calls is held back.
struct Held {
    child: Option<Child>,
    proxy: Proxy,
    /// Whether that call has arrived.
    came: Arc<AtomicBool>,
    go: Arc<AtomicBool>,
    what: String,
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        let (endpoint, _) = world.up();
        world.bundled("cloudwatch-slack");
        let text = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
        world.write("changed.yaml", &text.replace("period: 60 ", "period: 300 "));
        Self {
            world,
            endpoint,
            accounts: AtomicUsize::new(0),
        }
    }

    fn case(&self) -> Case<'_> {
        let number = self.accounts.fetch_add(1, Ordering::SeqCst);
        Case {
            stage: self,
            account: format!("{:012}", 700 + number),
        }
    }
}

impl Case<'_> {
    fn run(&self, args: &[&str]) -> Ran {
        self.stage.world.run_at(&self.stage.endpoint, &self.account, args)
    }

    fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "alertctl {args:?}\n{}", ran.all());
        ran
    }

    /// Starts a command and holds back its calls of `action`; waits until one arrives.
    fn held(&self, args: &[&str], action: &'static str) -> Held {
        self.held_at(args, &[action])
    }

    fn held_at(&self, args: &[&str], actions: &[&'static str]) -> Held {
        let actions = actions.to_vec();
        let (came, go) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let what = format!("{} held at {actions:?}", args[0]);
        let judge = {
            let (came, go) = (came.clone(), go.clone());
            move |_, called: &str| {
                if !actions.contains(&called) || go.load(Ordering::SeqCst) {
                    return Fate::Pass;
                }
                came.store(true, Ordering::SeqCst);
                Fate::Hold(go.clone())
            }
        };
        let proxy = Proxy::judging(&self.stage.endpoint, Duration::ZERO, judge);
        let mut command = self.stage.world.command_at(&proxy.url, &self.account, args);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let held = Held {
            child: Some(child),
            proxy,
            came,
            go,
            what,
        };
        held.comes();
        held
    }

    fn inventory(&self) -> Inventory {
        inventory(&self.stage.endpoint, &self.account, &[REGION])
    }

    /// No changes are left, there is one key, and no mark of a run.
    fn is_whole(&self, file: &str, what: &str) {
        let plan = self.run(&["plan", file, "--detailed-exitcode"]);
        assert_eq!(plan.code, 0, "{what}\n{}", plan.all());
        let seen = self.inventory();
        for (kind, count) in [
            ("key", 1),
            ("alias", 1),
            ("function", 1),
            ("role", 1),
            ("policy", 1),
            ("topic", 1),
            ("queue", 2),
            ("alarm", 1),
            ("subscription", 1),
        ] {
            assert_eq!(seen.get(kind), Some(&count), "{what}: {kind} of {seen:?}");
        }
        assert!(self.marks().is_empty(), "{what}: {:?}", self.marks());
    }

    /// Only keys that are pending deletion are left.
    fn is_gone(&self, what: &str) {
        let mut left = self.inventory();
        left.remove("pending key");
        assert!(left.is_empty(), "{what}: {left:?}");
    }

    /// The tags with which runs mark that they are active.
    fn marks(&self) -> Vec<String> {
        past(&self.stage.endpoint, &self.account, REGION, async |config| {
            let iam = Clients::new(&config).iam;
            let role = iam.get_role().role_name(ROLE).send().await.unwrap().role.unwrap();
            let keys = role.tags().iter().map(|tag| tag.key().to_owned());
            keys.filter(|key| key.starts_with("alertctl:run")).collect()
        })
    }
}

impl Held {
    fn comes(&self) {
        let start = Instant::now();
        while !self.came.load(Ordering::SeqCst) {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{}: never comes",
                self.what
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn goes_on(&self) {
        self.go.store(true, Ordering::SeqCst);
    }

    fn ends(mut self) -> Ran {
        self.goes_on();
        let ran = Ran::of(self.child.take().unwrap().wait_with_output().unwrap());
        self.proxy.quiet();
        ran
    }

    /// Ends without any cleanup, like a machine that loses power.
    fn dies(mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        self.goes_on();
        self.proxy.quiet();
    }
}

/// Checks that the run succeeded.
#[track_caller]
fn done(ran: &Ran, what: &str) {
    assert_eq!(ran.code, 0, "{what}\n{}", ran.all());
}

/// Checks that the run gave way to another one and said so.
#[track_caller]
fn gave_way(ran: &Ran, what: &str) {
    assert_eq!(ran.code, 1, "{what}\n{}", ran.all());
    assert!(ran.stderr.contains(GIVES_WAY), "{what}\n{}", ran.all());
    assert!(
        ran.stderr
            .contains("wait until it is done, then run the same command again")
    );
}

/// One run is held back after it has observed, or after it has created something; the other one runs completely
/// in the meantime.
#[test]
fn two_applies_of_a_new_stack_make_one() {
    let stage = Stage::new();
    // The role claims the stack: the run that creates it first owns the stack.
    let case = stage.case();
    let first = case.held(APPLY, "iam:CreateRole");
    done(&case.run(APPLY), "the one that makes the role");
    gave_way(&first.ends(), "the one that comes to make it, too");
    case.is_whole("stack.yaml", "held at iam:CreateRole");

    for action in [
        "kms:CreateKey",
        "kms:CreateAlias",
        "lambda:CreateFunction",
        "sns:Subscribe",
    ] {
        let case = stage.case();
        let first = case.held(APPLY, action);
        gave_way(&case.run(APPLY), &format!("beside one held at {action}"));
        done(&first.ends(), &format!("the one held at {action}"));
        case.is_whole("stack.yaml", action);
    }
}

#[test]
fn of_two_applies_that_both_saw_nothing_one_takes_back_what_it_made() {
    let stage = Stage::new();
    for _ in 0..2 {
        let case = stage.case();
        const FIRST: &[&str] = &["kms:CreateKey", "iam:CreateRole"];
        let (one, two) = (case.held_at(APPLY, FIRST), case.held_at(APPLY, FIRST));
        one.goes_on();
        two.goes_on();
        let ran = [one.ends(), two.ends()];
        let codes: Vec<_> = ran.iter().map(|ran| ran.code).collect();
        assert!(
            codes == [0, 1] || codes == [1, 0],
            "{}\n{}",
            ran[0].all(),
            ran[1].all()
        );
        gave_way(ran.iter().find(|ran| ran.code == 1).unwrap(), "the other one");
        case.is_whole("stack.yaml", "both saw nothing");
    }
}

#[test]
fn two_applies_of_a_stack_that_exists_make_their_changes_one_after_the_other() {
    let stage = Stage::new();
    let changed = ["apply", "changed.yaml", "--yes"];
    // One run is active when the other one starts.
    let case = stage.case();
    case.ok(APPLY);
    let first = case.held(&changed, "cloudwatch:PutMetricAlarm");
    gave_way(&case.run(&changed), "the one that comes later");
    done(&first.ends(), "the one that was at work");
    case.is_whole("changed.yaml", "one after the other");

    // Both have observed before either starts: the run whose mark is there first keeps the stack.
    for ahead in [0, 1] {
        let case = stage.case();
        case.ok(APPLY);
        let mut both = vec![
            case.held(&changed, "iam:TagRole"),
            case.held(&changed, "iam:TagRole"),
        ];
        let behind = both.remove(1 - ahead);
        done(&both.remove(0).ends(), "the one whose mark is first");
        let late = behind.ends();
        // The other run has finished by then: this run's observation is outdated, but no other run is active.
        assert!(
            late.code == 0 || late.stderr.contains(GIVES_WAY),
            "{}",
            late.all()
        );
        case.is_whole("changed.yaml", "both had looked");
    }
}

#[test]
fn an_apply_and_a_destroy_do_not_mix() {
    let stage = Stage::new();
    let changed = ["apply", "changed.yaml", "--yes"];
    // An active run continues to the end.
    let case = stage.case();
    case.ok(APPLY);
    let apply = case.held(&changed, "cloudwatch:PutMetricAlarm");
    gave_way(&case.run(DESTROY), "destroy beside an apply");
    done(&apply.ends(), "the apply");
    case.is_whole("changed.yaml", "apply, then destroy");

    let case = stage.case();
    let apply = case.held(APPLY, "lambda:CreateFunction");
    gave_way(&case.run(DESTROY), "destroy beside a first apply");
    done(&apply.ends(), "the first apply");
    case.is_whole("stack.yaml", "first apply, then destroy");

    for action in ["lambda:DeleteFunction", "iam:DeleteRole"] {
        let case = stage.case();
        case.ok(APPLY);
        let destroy = case.held(DESTROY, action);
        gave_way(
            &case.run(APPLY),
            &format!("apply beside a destroy held at {action}"),
        );
        done(&destroy.ends(), &format!("the destroy held at {action}"));
        case.is_gone(action);
        case.ok(APPLY);
        case.is_whole("stack.yaml", action);
    }

    // Both have observed; the destroy finishes before the apply starts.
    let case = stage.case();
    case.ok(APPLY);
    let apply = case.held(&changed, "iam:TagRole");
    done(&case.run(DESTROY), "a whole destroy");
    gave_way(&apply.ends(), "an apply that finds no role any more");
    case.is_gone("destroyed under an apply");
}

/// A mark is not a lock.
#[test]
fn a_run_that_was_killed_holds_up_the_next_one_for_some_seconds_only() {
    let stage = Stage::new();
    let case = stage.case();
    case.held(APPLY, "lambda:CreateFunction").dies();
    assert_eq!(case.marks().len(), 1);
    let start = Instant::now();
    let next = case.ok(APPLY);
    assert!(start.elapsed() < Duration::from_secs(30));
    assert!(
        next.stderr.contains("has not ended: checking whether"),
        "{}",
        next.stderr
    );
    case.is_whole("stack.yaml", "after a kill");

    let changed = ["apply", "changed.yaml", "--yes"];
    case.held(&changed, "cloudwatch:PutMetricAlarm").dies();
    case.ok(DESTROY);
    case.is_gone("destroyed after a kill");
}
