//! One command against one stack, broken off at every request.

use super::*;

/// Number of cases that run in parallel: most of their time is spent in the local AWS.
const WORKERS: usize = 6;

/// A stack and its resources.
pub(super) struct Subject {
    /// The name of a bundled stack, or a whole stack file.
    pub(super) stack: &'static str,
    pub(super) regions: &'static [&'static str],
    /// A stack file that was applied earlier.
    pub(super) before: Option<&'static str>,
    /// The complete resources.
    pub(super) whole: &'static [(&'static str, usize)],
    /// The resources that `destroy` leaves.
    pub(super) gone: &'static [(&'static str, usize)],
}

pub(super) const CLOUDWATCH: Subject = Subject {
    stack: "cloudwatch-slack",
    regions: &[HOME],
    before: None,
    whole: &[
        ("alarm", 1),
        ("alias", 1),
        ("event invoke config", 1),
        ("event source mapping", 1),
        ("function", 1),
        ("key", 1),
        ("log group", 1),
        ("permission", 1),
        ("policy", 1),
        ("queue", 2),
        ("role", 1),
        ("subscription", 1),
        ("topic", 1),
    ],
    gone: &[("pending key", 1)],
};

pub(super) const ELASTALERT: Subject = Subject {
    stack: "elastalert-email",
    regions: &[HOME],
    before: None,
    whole: &[
        ("api", 1),
        ("event invoke config", 1),
        ("function", 1),
        ("integration", 1),
        ("log group", 2),
        ("permission", 1),
        ("policy", 1),
        ("queue", 1),
        ("role", 1),
        ("route", 1),
        ("stage", 1),
        ("subscription", 1),
        ("topic", 1),
    ],
    gone: &[],
};

pub(super) const TRAIL_GUARD: Subject = Subject {
    stack: "trail-guard",
    regions: &[HOME],
    before: None,
    whole: &[
        ("bucket", 1),
        ("bucket policy", 1),
        ("event invoke config", 1),
        ("function", 1),
        ("log group", 1),
        ("permission", 1),
        ("policy", 1),
        ("queue", 2),
        ("role", 1),
        ("rule", 2),
        ("subscription", 1),
        ("target", 2),
        ("topic", 1),
        ("trail", 1),
    ],
    gone: &[],
};

/// A custom bus, and a rule in another region.
const IN_TWO_REGIONS: &str = "
stack: far
region: ap-northeast-2
topics:
  mail: { subscriptions: [{ email: oncall@example.com }] }
buses:
  security: { forward: [aws.guardduty] }
rules:
  findings: { bus: security, pattern: { source: [aws.guardduty] }, to: [mail] }
  keys:
    pattern: { source: [aws.kms], detail-type: [AWS API Call via CloudTrail] }
    regions: [us-east-1]
    to: [mail]
";

pub(super) const FAR: Subject = Subject {
    stack: IN_TWO_REGIONS,
    regions: &[HOME, "us-east-1"],
    before: None,
    whole: &[
        ("event bus", 2),
        ("policy", 2),
        ("queue", 2),
        ("role", 2),
        ("rule", 5),
        ("subscription", 1),
        ("target", 5),
        ("topic", 1),
    ],
    gone: &[],
};

/// The same after the other region and the bus have been removed from the file.
pub(super) const NEAR: Subject = Subject {
    stack: "
stack: far
region: ap-northeast-2
topics:
  mail: { subscriptions: [{ email: oncall@example.com }] }
rules:
  keys:
    pattern: { source: [aws.kms], detail-type: [AWS API Call via CloudTrail] }
    to: [mail]
",
    regions: &[HOME, "us-east-1"],
    before: Some(IN_TWO_REGIONS),
    whole: &[
        ("queue", 1),
        ("rule", 1),
        ("subscription", 1),
        ("target", 1),
        ("topic", 1),
    ],
    gone: &[],
};

impl Subject {
    /// A world with its stack file, and the endpoint of the local AWS there.
    pub(super) fn world(&self) -> (World, String) {
        let world = World::new();
        match self.stack.contains('\n') {
            true => world.write("stack.yaml", self.stack),
            false => world.bundled(self.stack),
        };
        if let Some(before) = self.before {
            world.write("before.yaml", before);
        }
        let (endpoint, _) = world.up();
        (world, endpoint)
    }
}

/// One account in which a fault occurs.
pub(super) struct Case<'a> {
    pub(super) subject: &'a Subject,
    pub(super) world: &'a World,
    pub(super) endpoint: &'a str,
    pub(super) account: String,
}

/// The result of a run with a fault.
pub(super) struct Faulty {
    /// Whether a call was hit by the fault.
    pub(super) met: bool,
    pub(super) ran: Ran,
    pub(super) actions: Vec<String>,
}

impl<'a> Case<'a> {
    pub(super) fn new(subject: &'a Subject, world: &'a World, endpoint: &'a str, number: usize) -> Self {
        Self {
            subject,
            world,
            endpoint,
            account: format!("{:012}", 100 + number),
        }
    }

    pub(super) fn run(&self, args: &[&str]) -> Ran {
        self.world.run_at(self.endpoint, &self.account, args)
    }

    pub(super) fn ok(&self, args: &[&str]) {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "alertctl {args:?}\n{}", ran.all());
    }

    pub(super) fn inventory(&self) -> Inventory {
        inventory(self.endpoint, &self.account, self.subject.regions)
    }

    /// Runs a command; the first call that `strikes` selects gets `fate`, which can send a signal to the
    /// command.
    pub(super) fn faulty(
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
        signaller.runs(child.id());
        let ran = Ran::of(child.wait_with_output().unwrap());
        proxy.quiet();
        Faulty {
            met: met.load(Ordering::SeqCst),
            ran,
            actions: proxy.actions(),
        }
    }

    /// Another run succeeds, a plan has no changes, and there are no duplicates.
    pub(super) fn converges(&self, what: &str) {
        let ran = self.run(APPLY);
        assert_eq!(ran.code, 0, "apply after {what}\n{}", ran.all());
        self.is_whole(what);
    }

    pub(super) fn is_whole(&self, what: &str) {
        let plan = self.run(&["plan", "--detailed-exitcode"]);
        assert_eq!(plan.code, 0, "plan after {what}\n{}", plan.all());
        assert_eq!(self.inventory(), counts(self.subject.whole), "after {what}");
    }

    pub(super) fn is_gone(&self, what: &str) {
        assert_eq!(self.inventory(), counts(self.subject.gone), "after {what}");
    }

    /// One fault in one command; whatever the result, one more run repairs everything. Returns whether the
    /// fault occurred.
    pub(super) fn survives(&self, args: &[&str], fault: Fault, request: &Request) -> bool {
        let fate = move |signaller: &Signaller| fault.fate(signaller);
        let faulty = self.faulty(args, request.comes(), fate);
        if !faulty.met {
            return false;
        }
        let (what, killed) = (format!("{} {fault:?} at {request}", args[0]), fault.kills());
        let expected = if killed { -1 } else { 0 };
        assert_eq!(faulty.ran.code, expected, "{what}\n{}", faulty.ran.all());
        match args[0] == "apply" {
            // Nothing has been created yet, so the next run is like a first one.
            true if killed && self.inventory().is_empty() => {}
            true if killed => self.converges(&what),
            true => self.is_whole(&what),
            false => {
                if killed {
                    let next = self.run(args);
                    assert_eq!(next.code, 0, "{what}\n{}", next.all());
                }
                self.is_gone(&what);
            }
        }
        true
    }
}

pub(super) fn counts(expected: &[(&'static str, usize)]) -> Inventory {
    expected.iter().copied().collect()
}

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    KilledBefore,
    KilledAfter,
    LostAnswer,
}

impl Fault {
    pub(super) fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }

    pub(super) fn fate(self, signaller: &Signaller) -> Fate {
        match self {
            Self::KilledBefore => Fate::Before(signaller.send(Signal::KILL)),
            Self::KilledAfter => Fate::After(signaller.send(Signal::KILL)),
            Self::LostAnswer => Fate::lost(),
        }
    }
}

/// Runs `args` once without a fault, then once for each of its requests and each fault that `faults` selects
/// for it, each time in a separate account. For a destroy the stack is created first. `faults` gets the index
/// of the request in the sorted list, because parallel requests come in any order.
pub(super) fn at_requests(subject: &Subject, args: &[&str], faults: impl Fn(usize, &Request) -> Vec<Fault>) {
    let (world, endpoint) = subject.world();
    let account = |number: usize| {
        let case = Case::new(subject, &world, &endpoint, number);
        if subject.before.is_some() {
            case.ok(&["apply", "--yes", "before.yaml"]);
        } else if args[0] == "destroy" {
            case.ok(APPLY);
        }
        case
    };
    let plain = account(0);
    let ran = plain.faulty(args, |_, _| false, |_| Fate::Pass);
    assert_eq!(ran.ran.code, 0, "{}", ran.ran.all());
    match args[0] == "destroy" {
        true => plain.is_gone("a plain run"),
        false => plain.is_whole("a plain run"),
    }
    let mut requests = Request::all(&ran.actions);
    requests.sort();
    let cases: Vec<(Request, Fault)> = requests
        .iter()
        .enumerate()
        .flat_map(|(at, request)| {
            faults(at, request)
                .into_iter()
                .map(|fault| (request.clone(), fault))
        })
        .collect();
    let (next, missed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let Some((request, fault)) = cases.get(number) else {
                        break;
                    };
                    if !account(number + 1).survives(args, *fault, request) && request.is_certain() {
                        missed.lock().unwrap().push(request.to_string());
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "never made again: {missed:?}");
    assert!(cases.len() > 10, "only {} cases", cases.len());
}

/// The services of the first stack. In the other stacks' tests, their changing calls are not each met again.
pub(super) const OF_THE_FIRST: &[&str] = &["iam", "kms", "lambda", "logs", "sns", "sqs"];
