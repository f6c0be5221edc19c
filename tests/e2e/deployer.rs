//! The policy of `alertctl policy --deployer` is sufficient for every command on every bundled stack, and
//! minimal: without any of its permissions a command fails and names it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::support::gate::{Ask, Gate, Unit, units};
use crate::support::inventory::past;
use crate::support::proxy::Proxy;
use crate::support::schema::violations;
use crate::support::{Ran, World};
use alertctl::aws::connect::Clients;
use alertctl::resource::KINDS;
use alertctl::resource::access::Phase;
use alertctl::stack::BUNDLED;
use serde_json::{Value, json};

mod trial;

use trial::{Shared, Trial, key};

/// Actions in the policy that no run here needs. Most of them revert what somebody else changed (tests/drift
/// covers that). Others are about mute rules, which no bundled stack has, Lambda's use of the caller's `kms:Decrypt`, which the local AWS does not make, and
/// an optional question of `status` to KMS.
const UNUSED: [&str; 21] = [
    "apigateway:PATCH",
    "cloudtrail:GetTrail",
    "cloudwatch:DeleteAlarmMuteRule",
    "cloudwatch:GetAlarmMuteRule",
    "cloudwatch:SetAlarmState",
    "dynamodb:UpdateTable",
    "iam:DetachRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRoleDescription",
    "kms:CancelKeyDeletion",
    "kms:Decrypt",
    "kms:EnableKey",
    "kms:PutKeyPolicy",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:UpdateAlias",
    "lambda:UpdateEventSourceMapping",
    "s3:PutBucketOwnershipControls",
    "s3:PutEncryptionConfiguration",
    "sns:SetSubscriptionAttributes",
    "sqs:SetQueueAttributes",
];

const SIMULATE: &str = "iam:SimulatePrincipalPolicy";

#[test]
fn the_printed_policy_is_enough_and_none_of_it_is_too_much() {
    let shared = Shared::default();
    // The small stacks run first; what they prove need not be found again for the large one.
    let names: Vec<_> = BUNDLED.iter().map(|one| one.name).collect();
    let (full, small) = names.split_last().unwrap();
    let (some, others) = small.split_at(small.len() / 2);
    std::thread::scope(|scope| {
        scope.spawn(|| prove(some, 700_000_000_000, &shared));
        scope.spawn(|| prove(others, 700_000_000_100, &shared));
    });
    prove(&[*full], 700_000_000_200, &shared);
    let (proven, printed) = (
        shared.proven.into_inner().unwrap(),
        shared.printed.into_inner().unwrap(),
    );
    let unused: BTreeSet<_> = printed
        .difference(&proven)
        .map(|(action, _)| action.as_str())
        .collect();
    assert_eq!(unused, BTreeSet::from(UNUSED));
}

/// Runs the whole life cycle of these stacks, each in a separate account, with numbers from `first` on.
fn prove(stacks: &[&str], first: u64, shared: &Shared) {
    let world = World::new();
    let (endpoint, _) = world.up();
    for (account, stack) in (first..).zip(stacks) {
        world.bundled(stack);
        if *stack == "full" {
            world.edit(unreadable);
            world.edit(without_repetitions);
        }
        let name = world.json(&["validate"])["stack"].as_str().unwrap().to_owned();
        let account = format!("{account:012}");
        let trial = Trial::new(&world, &endpoint, &name, &account);
        let (plan, apply, destroy) = (
            trial.printed(&["--plan"]),
            trial.printed(&["--apply"]),
            trial.printed(&["--destroy", "--delete-trail-logs"]),
        );
        let printed = plan.iter().chain(&apply).chain(&destroy).map(key);
        shared.printed.lock().unwrap().extend(printed);
        let proven = &shared.proven;
        trial.grow(&["plan"], &plan, proven);
        let making = apply.iter().filter(|unit| !only_changes(&unit.action));
        trial.grow(&["apply", "--yes"], &making.cloned().collect(), proven);
        trial.grow(&["plan"], &plan, proven);
        world.edit(|text| tagged(text, "one"));
        trial.grow(&["apply", "--yes"], &apply, proven);
        world.edit(|text| text.replace("tags: { trial: one }\n", ""));
        trial.grow(&["apply", "--yes"], &apply, proven);
        if *stack == "full" {
            for change in [changed, unreserved] {
                world.edit(change);
                trial.grow(&["apply", "--yes"], &apply, proven);
            }
        }
        put_log_file(&endpoint, &account);
        trial.grow(&["destroy", "--yes", "--delete-trail-logs"], &destroy, proven);
    }
}

/// Whether the tables use an action only for changes of existing resources: then a preflight does not ask for
/// it at creation.
fn only_changes(action: &str) -> bool {
    let rows = KINDS.iter().flat_map(|kind| kind.access);
    let phases: BTreeSet<_> = rows
        .filter(|row| row.actions.contains(&action))
        .map(|row| row.phase)
        .collect();
    phases.contains(&Phase::Change) && !phases.contains(&Phase::Write)
}

/// CloudTrail delivers nothing here, so a file in every bucket represents its log files.
fn put_log_file(endpoint: &str, account: &str) {
    past(endpoint, account, "ap-northeast-2", async |config| {
        let aws = Clients::new(&config);
        for bucket in aws.s3.list_buckets().send().await.unwrap().buckets() {
            let put = aws
                .s3
                .put_object()
                .bucket(bucket.name().unwrap())
                .key("AWSLogs/file");
            put.send().await.unwrap();
        }
    });
}

/// With the printed policy nothing is lacking according to IAM, for every bundled stack; and this takes only a
/// few queries, not one per permission.
#[test]
fn a_preflight_finds_nothing_lacking_in_the_printed_policy() {
    let world = World::new();
    let (endpoint, _) = world.up();
    for (index, stack) in BUNDLED.iter().map(|one| one.name).enumerate() {
        world.bundled(stack);
        let name = world.json(&["validate"])["stack"].as_str().unwrap().to_owned();
        let account = format!("{:012}", 710_000_000_000_u64 + u64::try_from(index).unwrap());
        let trial = Trial::as_user(&world, &endpoint, &name, &account);
        trial.grant(trial.printed(&["--apply"]));
        let (ran, asked, _) = trial.counted(&["plan", "--preflight", "--output", "json"]);
        assert_eq!(ran.code, 0, "{}", ran.all());
        let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(plan["lacking"], json!([]), "{stack}");
        assert!((1..=20).contains(&asked), "{stack}: {asked} questions");
    }
}

/// A missing permission is reported before anything changes. The run continues if the user wants to try, or may
/// not ask IAM.
#[test]
fn an_apply_that_lacks_a_permission_changes_nothing() {
    let world = World::new();
    let (endpoint, _) = world.up();
    world.bundled("cloudwatch-slack");
    let account = "720000000000";
    let trial = Trial::as_user(&world, &endpoint, "mission", account);
    let printed = trial.printed(&["--apply"]);
    let without = |action: &str| {
        printed
            .iter()
            .filter(|unit| unit.action != action)
            .cloned()
            .collect::<Vec<_>>()
    };

    trial.grant(without("iam:PassRole"));
    let lacking = format!(
        "error: arn:aws:iam::{account}:user/deployer may not iam:PassRole on \
         arn:aws:iam::{account}:role/alertctl/mission/mission-lambda-role\n  help: nothing was changed: \
         `alertctl policy stack.yaml --deployer --apply` prints"
    );
    let (ran, _, changed) = trial.counted(&["apply", "--yes"]);
    assert_eq!((ran.code, changed), (1, 0), "{}", ran.all());
    assert!(ran.stderr.contains(&lacking), "{}", ran.all());
    assert_eq!(ran.stderr.matches("error:").count(), 1, "{}", ran.all());

    let saved = trial.run(&["plan", "--preflight", "--save", "alerts.plan"]);
    let warning = "warning: arn:aws:iam::720000000000:user/deployer may not iam:PassRole on";
    assert!(
        saved.code == 0 && saved.stderr.contains(warning),
        "{}",
        saved.all()
    );
    let comment = trial.run(&["plan", "--preflight", "--output", "markdown"]);
    assert!(
        comment.stdout.contains("may not iam:PassRole on"),
        "{}",
        comment.all()
    );
    let (ran, _, changed) = trial.counted(&["apply", "alerts.plan"]);
    assert_eq!((ran.code, changed), (1, 0), "{}", ran.all());
    assert!(ran.stderr.contains(&lacking), "{}", ran.all());

    let (ran, ..) = trial.counted(&["plan", "--preflight", "--output", "json"]);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let role = format!("arn:aws:iam::{account}:role/alertctl/mission/mission-lambda-role");
    assert_eq!(
        plan["lacking"],
        json!([{ "action": "iam:PassRole", "resource": role }])
    );
    let schema = std::fs::read_to_string("docs/plan.schema.json").unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(violations(&schema, &schema, &plan), [""; 0]);

    trial.grant(without("sns:CreateTopic"));
    let (ran, asked, changed) = trial.counted(&["apply", "--yes", "--no-preflight"]);
    assert_eq!((ran.code, asked), (1, 0), "{}", ran.all());
    assert!(
        changed > 0 && ran.stderr.contains("not authorized to perform: sns:CreateTopic"),
        "{}",
        ran.all()
    );

    // A caller who may not ask IAM.
    *trial.gate.granted.lock().unwrap() = printed.clone();
    let (ran, asked, _) = trial.counted(&["apply", "--yes"]);
    assert_eq!((ran.code, asked), (0, 1), "{}", ran.all());
    assert!(!ran.stderr.contains("SimulatePrincipalPolicy"), "{}", ran.all());
    let shown = trial.run(&["plan", "--preflight", "--output", "json"]);
    assert_eq!(shown.code, 0, "{}", shown.all());

    // Without changes there is no query; with one change, only its permissions are queried.
    trial.grant(printed.clone());
    let (ran, asked, _) = trial.counted(&["apply", "--yes"]);
    assert_eq!((ran.code, asked), (0, 0), "{}", ran.all());
    world.edit(|text| text.replace(">= 50", ">= 60"));
    let alarms = |unit: &Unit| unit.action == "cloudwatch:PutMetricAlarm";
    trial.grant(printed.iter().filter(|unit| !alarms(unit)).cloned());
    let (ran, asked, changed) = trial.counted(&["apply", "--yes"]);
    assert_eq!((ran.code, changed), (1, 0), "{}", ran.all());
    assert!(
        ran.stderr.contains("may not cloudwatch:PutMetricAlarm on arn:"),
        "{}",
        ran.all()
    );
    assert!(asked <= 2, "{asked}");
    let reads = |unit: &Unit| {
        ["Get", "List", "Describe"]
            .iter()
            .any(|verb| unit.action.contains(verb))
    };
    trial.grant(
        printed
            .iter()
            .filter(|unit| reads(unit) || unit.action.starts_with("cloudwatch:"))
            .cloned(),
    );
    let (ran, ..) = trial.counted(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());

    // A resource that leaves the stack file is identified only by its ARN; the others by their own.
    world.edit(|text| {
        let text = text.replace("mission-cpu-alarm", "mission-load-alarm");
        text.replace("  cpu:", "  load:")
    });
    let of_its_own = |mut unit: Unit| {
        // The tags of the old alarm say who owns it.
        if unit.action == "cloudwatch:ListTagsForResource" {
            return unit;
        }
        for (pattern, name) in [
            ("alarm:mission-*", "alarm:mission-load-alarm"),
            (
                "role/alertctl/mission/*",
                "role/alertctl/mission/mission-lambda-role",
            ),
        ] {
            unit.resources
                .iter_mut()
                .for_each(|one| *one = one.replace(pattern, name));
        }
        unit
    };
    trial.grant(printed.iter().cloned().map(of_its_own));
    let (ran, ..) = trial.counted(&["plan", "--preflight", "--output", "json"]);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let alarm = format!("arn:aws:cloudwatch:ap-northeast-2:{account}:alarm:mission-cpu-alarm");
    assert_eq!(
        plan["lacking"],
        json!([{ "action": "cloudwatch:DeleteAlarms", "resource": alarm }])
    );
}

/// If roles may only be created with a boundary, the printed policy creates them with the one in the stack
/// file. Removing a boundary requires a permission that must be granted on purpose.
#[test]
fn roles_are_made_within_the_boundary_of_the_stack_file() {
    let world = World::new();
    let (endpoint, _) = world.up();
    world.bundled("cloudwatch-slack");
    let account = "740000000000";
    let trial = Trial::new(&world, &endpoint, "mission", account);
    let boundary = format!("arn:aws:iam::{account}:policy/team-boundary");
    let bounds = || {
        let role = past(&endpoint, account, "ap-northeast-2", async |config| {
            let get = Clients::new(&config)
                .iam
                .get_role()
                .role_name("mission-lambda-role");
            get.send().await.unwrap().role.unwrap()
        });
        role.permissions_boundary?.permissions_boundary_arn
    };
    const SETTING: &str = "role_permissions_boundary: arn:aws:iam::{account}:policy/team-boundary\n";
    world.edit(|text| format!("{text}\n{SETTING}"));
    let printed = trial.printed(&["--apply"]);
    let makes: Vec<_> = printed
        .iter()
        .filter(|unit| unit.action == "iam:CreateRole")
        .collect();
    let condition = (
        "StringEquals".to_owned(),
        "iam:PermissionsBoundary".to_owned(),
        boundary.clone(),
    );
    assert_eq!(
        makes.iter().map(|unit| &unit.conditions).collect::<Vec<_>>(),
        [&vec![condition]]
    );
    trial.grant(printed);
    let ran = trial.run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(bounds().as_deref(), Some(boundary.as_str()));
    let ran = trial.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let roles = trial.run(&["policy"]);
    assert!(
        roles
            .stdout
            .contains(&format!("limited by the permissions boundary {boundary}")),
        "{}",
        roles.all()
    );

    world.edit(|text| text.replace(SETTING, ""));
    let mut printed = trial.printed(&["--apply"]);
    trial.grant(printed.clone());
    let ran = trial.run(&["apply", "--yes"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stderr.contains("iam:DeleteRolePermissionsBoundary"),
        "{}",
        ran.all()
    );
    assert_eq!(bounds().as_deref(), Some(boundary.as_str()));
    printed.insert(Unit {
        action: "iam:DeleteRolePermissionsBoundary".to_owned(),
        resources: vec!["*".to_owned()],
        conditions: Vec::new(),
    });
    trial.grant(printed.clone());
    let ran = trial.run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(bounds(), None);

    // The same for existing roles.
    world.edit(|text| format!("{text}\n{SETTING}"));
    trial.grant(trial.printed(&["--apply"]));
    let ran = trial.run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(bounds().as_deref(), Some(boundary.as_str()));
}

/// The identity's own policies determine what it lacks, before anything is tried.
#[test]
fn what_an_identity_lacks_is_told_by_name() {
    let world = World::new();
    let (endpoint, _) = world.up();
    world.bundled("elastalert-email");
    let root = world.ok(&["policy", "--check", "--local"]);
    assert_eq!(
        root.stdout,
        "the account's root user has all of these permissions\n"
    );

    let account = "730000000000";
    let trial = Trial::as_user(&world, &endpoint, "elastalert", account);
    let printed = trial.printed(&[]);
    trial.grant(printed.clone());
    let whole = trial.run(&["policy", "--check"]);
    let user = format!("arn:aws:iam::{account}:user/deployer");
    assert_eq!(
        whole.stdout,
        format!("{user} has all of these permissions\n"),
        "{}",
        whole.all()
    );

    trial.grant(
        printed
            .into_iter()
            .filter(|unit| unit.action != "sns:CreateTopic"),
    );
    let ran = trial.run(&["policy", "--check"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let lacking = format!(
        "error: {user} may not sns:CreateTopic on arn:aws:sns:ap-northeast-2:{account}:elastalertToEmail\n  \
         help: `alertctl policy --deployer` prints the whole policy\n"
    );
    assert_eq!(ran.stderr, lacking);
}

/// The stack file with webhooks that cannot be decrypted, so that every message becomes a dead letter at once.
/// There is no Slack here, and `destroy` would wait a minute for a buffer that nobody drains.
fn unreadable(text: &str) -> String {
    let ciphertext = "{ encrypted: AQICAHhleGFtcGxl }";
    text.replace("{ env: SLACK_WEBHOOK_URL }", ciphertext)
        .replace("{ env: SLACK_SECURITY_WEBHOOK_URL }", ciphertext)
}

/// The full stack with only one of each repeated resource, because the same permissions apply to all of them.
fn without_repetitions(text: &str) -> String {
    let (before, services) = text.split_once("      acm: all\n").unwrap();
    let (_, from_one) = services.split_once("      route53: ").unwrap();
    let (one, others) = from_one.split_once('\n').unwrap();
    let (_, after) = others.split_once("    to: [project]\n").unwrap();
    let filter = "    filter: { pattern: '{ $.userIdentity.type = Root }' }\n    threshold: \">= 1\"\n";
    format!("{before}      route53: {one}\n    to: [project]\n{after}")
        .replace("    preset: cis-aws-foundations\n", filter)
}

/// The full stack with other settings.
fn changed(text: &str) -> String {
    let changes = [
        ("locale: ko", "locale: en"),
        (
            "  alias: full-alerts\n",
            "  alias: full-alerts\n  rotation: false\n  description: Alerts\n",
        ),
        (
            "  alerts:\n    to: [project]\n",
            "  alerts:\n    display_name: Alerts\n    to: [project]\n",
        ),
        (
            "    severity: warning\n    route:",
            "    throttle: { rate: 5, burst: 5 }\n    route:",
        ),
        (
            "  bucket: full-trail-{account}\n",
            "  bucket: { name: \"full-trail-{account}\", expire_after_days: 400 }\n  log_file_validation: false\n  \
             events: write-only\n",
        ),
        (
            "  security:\n    forward:",
            "  security:\n    description: Findings\n    forward:",
        ),
    ];
    let changed = changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    format!("{changed}\nrelay: {{ memory: 256, timeout: 20, reserved_concurrency: 5 }}\n")
}

fn unreserved(text: &str) -> String {
    text.replace(", reserved_concurrency: 5", "")
}

/// The stack file with a tag on everything that it creates.
fn tagged(text: &str, value: &str) -> String {
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("tags:"))
        .map(|line| format!("{line}\n"))
        .collect();
    format!("{text}\ntags: {{ trial: {value} }}\n")
}
