//! The policy of `alertctl policy --deployer` is sufficient for every command on every bundled stack, and
//! minimal: without any of its permissions a command fails and names it.

use std::collections::BTreeSet;

use crate::support::World;
use crate::support::gate::Unit;
use crate::support::inventory::past;
use alertctl::aws::connect::Clients;
use alertctl::resource::KINDS;
use alertctl::resource::access::Phase;
use alertctl::stack::BUNDLED;
use edits::{changed, tagged, unreadable, unreserved, without_repetitions};
use trial::{Shared, Trial, key};

mod edits;
mod preflight;
mod trial;

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
