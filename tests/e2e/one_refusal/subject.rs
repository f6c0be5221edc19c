//! Stacks whose calls are refused, each as it is first and as it is changed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::inventory::{Inventory, inventory};
use crate::support::{Ran, World};

pub const BEFORE: &str = "before.yaml";
pub const AFTER: &str = "after.yaml";
/// Runs that go on side by side: most of their time is pauses.
const WORKERS: usize = 8;

/// A stack of every kind that there is, each as few times as can be.
pub const EVERY_KIND: &str = r##"
stack: every
region: ap-northeast-2
tags: { team: one, leaves: "7" }
key: { alias: every-key, deletion_window_days: 7 }
channels:
  project: { label: "#project", webhook: { env: SLACK_WEBHOOK_URL }, buffer: true }
topics:
  alerts: { to: [project] }
  mail: { display_name: Mail, subscriptions: [{ email: oncall@example.com }] }
endpoints:
  elastalert:
    token: { sha256: 0f4e8a3b6c1d2957e0a4b8c36d5f7192a3b4c5d6e7f80912a3b4c5d6e7f80912 }
    throttle: { rate: 10, burst: 20 }
    to: [mail]
trail:
  bucket: { name: "every-trail-{account}", expire_after_days: 365 }
  logs: { retention_days: 90 }
  to: [mail]
buses:
  security: { forward: [aws.guardduty, aws.securityhub] }
rules:
  findings: { bus: security, pattern: { source: [aws.guardduty] }, to: [project] }
  keys:
    pattern: { source: [aws.kms], detail-type: [AWS API Call via CloudTrail] }
    regions: [us-east-1]
    to: [mail]
alarms:
  cpu:
    metric: AWS/EC2 CPUUtilization
    dimensions: { InstanceId: i-0f1e2d3c4b5a69780 }
    statistic: Average
    period: 60
    threshold: ">= 50"
    to: [alerts]
  root:
    filter: { pattern: "{ $.userIdentity.type = Root }" }
    to: [mail]
  lines:
    logs: { groups: [/aws/lambda/checkout], query: filter @message like /ERROR/, every: 5m, lines: 2 }
    threshold: "> 5"
    to: [alerts]
  trouble: { rule: ALARM(cpu) AND ALARM(root), to: [mail] }
relay: { reserved_concurrency: 5, log_retention_days: 30 }
"##;

/// Texts of the stack above, and what becomes of them.
pub const CHANGES: &[(&str, &str)] = &[
    (r#"{ team: one, leaves: "7" }"#, r#"{ team: two, comes: "8" }"#),
    ("deletion_window_days: 7", "deletion_window_days: 14"),
    ("display_name: Mail", "display_name: Mails"),
    ("rate: 10", "rate: 5"),
    ("expire_after_days: 365", "expire_after_days: 400"),
    ("retention_days: 90", "retention_days: 60"),
    ("  to: [mail]\nbuses", "  events: write-only\n  to: [mail]\nbuses"),
    ("source: [aws.guardduty] }, to", "source: [aws.securityhub] }, to"),
    ("source: [aws.kms]", "source: [aws.kms, aws.acm]"),
    (">= 50", ">= 70"),
    ("> 5", "> 7"),
    ("type = Root", "type = root"),
    ("ALARM(cpu) AND", "ALARM(cpu) OR"),
    ("reserved_concurrency: 5", "reserved_concurrency: 6"),
    (
        "log_retention_days: 30",
        "log_retention_days: 60, maximum_retry_attempts: 1, memory: 256",
    ),
];

const CLOUDWATCH: &[(&str, &str)] = &[
    (
        "region: ap-northeast-2",
        "region: ap-northeast-2\ntags: { team: two }",
    ),
    ("deletion_window_days: 7", "deletion_window_days: 14"),
    ("label: \"#project\"", "label: \"#others\""),
    ("name: mission-sns", "name: mission-sns\n    display_name: Alerts"),
    (">= 50", ">= 70"),
    (
        "name: mission-lambda",
        "name: mission-lambda\n  memory: 256\n  log_retention_days: 60\n  maximum_retry_attempts: 1",
    ),
];

const ELASTALERT: &[(&str, &str)] = &[
    (
        "region: ap-northeast-2",
        "region: ap-northeast-2\ntags: { team: two }",
    ),
    ("rate: 10", "rate: 5"),
    ("POST /elastalert", "POST /alerts"),
    ("탐지된 API", "API"),
    (
        "name: elastalertToEmail",
        "name: elastalertToEmail\n    display_name: Alerts",
    ),
];

const TRAIL_GUARD: &[(&str, &str)] = &[
    (
        "region: ap-northeast-2",
        "region: ap-northeast-2\ntags: { team: two }",
    ),
    (
        "  keep_logging: true  ",
        "  events: write-only\n  keep_logging: true  ",
    ),
    ("[running, stopped, terminated]", "[running, stopped]"),
    ("EC2 instance <instance>", "The instance <instance>"),
    (
        "guard: { name: enable_trail }",
        "guard: { name: enable_trail, memory: 256 }",
    ),
];

const FULL: &[(&str, &str)] = &[
    ("team: platform", "unit: platform"),
    ("deletion_window_days: 7", "deletion_window_days: 14"),
    ("severity: warning\n    route", "severity: error\n    route"),
    ("logs: true", "logs: { retention_days: 60 }"),
    (
        "state: [running, stopped, terminated]",
        "state: [running, stopped]",
    ),
    ("acm: all", "acm: [DeleteCertificate]"),
    (">= 50", ">= 70"),
    ("ALARM(cpu) AND", "ALARM(cpu) OR"),
    ("to: [ops]", "to: [mail]"),
];

/// A stack as it is first and as it is changed.
pub struct Subject {
    pub name: &'static str,
    before: String,
    after: String,
    pub regions: &'static [&'static str],
}

pub const HOME: &str = "ap-northeast-2";
const SIGN_INS: &[&str] = &[HOME, "us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"];

impl Subject {
    pub fn every_kind() -> Self {
        Self::of("every kind", EVERY_KIND.to_owned(), CHANGES, &[HOME, "us-east-1"])
    }

    /// Of which the tags change, and nothing else.
    pub fn every_kind_retagged() -> Self {
        Self::of(
            "every kind",
            EVERY_KIND.to_owned(),
            &CHANGES[..1],
            &[HOME, "us-east-1"],
        )
    }

    /// A bundled stack.
    pub fn bundled(name: &'static str) -> Self {
        let path = format!("{}/stacks/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let text = text.replace("i-0123456789abcdef0", "i-0f1e2d3c4b5a69780");
        let (changes, regions): (_, &[&str]) = match name {
            "cloudwatch-slack" => (CLOUDWATCH, &[HOME]),
            "elastalert-email" => (ELASTALERT, &[HOME]),
            "trail-guard" => (TRAIL_GUARD, &[HOME]),
            "full" => (FULL, SIGN_INS),
            _ => panic!("{name}"),
        };
        Self::of(name, text, changes, regions)
    }

    fn of(
        name: &'static str,
        before: String,
        changes: &[(&str, &str)],
        regions: &'static [&'static str],
    ) -> Self {
        let mut after = before.clone();
        for (from, to) in changes {
            assert!(after.contains(from), "{name}: no `{from}`");
            after = after.replace(from, to);
        }
        Self {
            name,
            before,
            after,
            regions,
        }
    }
}

/// A subject in a world with a local AWS, in which each case has an account.
pub struct Place {
    pub subject: Subject,
    pub world: World,
    pub endpoint: String,
    accounts: AtomicUsize,
}

impl Place {
    pub fn new(subject: Subject) -> Self {
        let world = World::new();
        world.write(BEFORE, &subject.before);
        world.write(AFTER, &subject.after);
        let (endpoint, _) = world.up();
        Self {
            subject,
            world,
            endpoint,
            accounts: AtomicUsize::new(0),
        }
    }

    /// An account in which nothing was done yet.
    pub fn account(&self) -> Account<'_> {
        let number = 500_000_000_000 + self.accounts.fetch_add(1, Ordering::SeqCst);
        Account {
            place: self,
            id: number.to_string(),
        }
    }

    /// Runs every case, some side by side; what comes of them in the order of the cases.
    pub fn each<T: Sync, R: Send>(&self, cases: &[T], run: impl Fn(&T) -> R + Sync) -> Vec<R> {
        let waiting = Mutex::new(cases.iter().enumerate());
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..WORKERS.min(cases.len()) {
                scope.spawn(|| {
                    loop {
                        let Some((index, case)) = waiting.lock().unwrap().next() else {
                            return;
                        };
                        let result = run(case);
                        done.lock().unwrap().push((index, result));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap();
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, result)| result).collect()
    }
}

pub struct Account<'a> {
    place: &'a Place,
    pub id: String,
}

impl Account<'_> {
    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_by(&self.place.endpoint, args)
    }

    /// By way of a proxy.
    pub fn run_by(&self, url: &str, args: &[&str]) -> Ran {
        self.place.world.run_at(url, &self.id, args)
    }

    pub fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "alertctl {args:?}\n{}", ran.all());
        ran
    }

    pub fn inventory(&self) -> Inventory {
        inventory(&self.place.endpoint, &self.id, self.place.subject.regions)
    }
}
