//! What `alertctl policy --deployer` prints is enough for every command on every bundled stack, and none of it is
//! too much: whatever is missing, the command fails and names it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use alertctl::aws::connect::Clients;
use serde_json::Value;
use support::gate::{Ask, Gate, Unit, units};
use support::inventory::past;
use support::proxy::Proxy;
use support::{Ran, World};

const STACKS: [&str; 6] = [
    "elastalert-email",
    "cloudwatch-slack",
    "trail-guard",
    "console-login",
    "audit-slack",
    "full",
];

/// The services, as the SDK's settings name them. Named one by one they leave the command as it is with AWS; one
/// endpoint for all has it make up for what a local AWS lacks.
const SERVICES: [&str; 13] = [
    "APIGATEWAYV2",
    "CLOUDTRAIL",
    "CLOUDWATCH",
    "CLOUDWATCH_LOGS",
    "EVENTBRIDGE",
    "IAM",
    "KMS",
    "LAMBDA",
    "RESOURCE_GROUPS_TAGGING_API",
    "S3",
    "SNS",
    "SQS",
    "STS",
];

/// Actions that no run here needs, and that are in the policy all the same: they change settings, which new
/// resources have from the start, or undo what somebody else changed (tests/drift does both); and Lambda's use of
/// the caller's `kms:Decrypt`, which the local AWS does not make.
const UNUSED: [&str; 28] = [
    "apigateway:PATCH",
    "cloudtrail:GetTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:UpdateTrail",
    "cloudwatch:ListTagsForResource",
    "cloudwatch:SetAlarmState",
    "events:UpdateEventBus",
    "iam:DetachRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRoleDescription",
    "kms:CancelKeyDeletion",
    "kms:Decrypt",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:PutKeyPolicy",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
    "lambda:DeleteFunctionConcurrency",
    "lambda:PutFunctionConcurrency",
    "lambda:UpdateEventSourceMapping",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "sns:SetSubscriptionAttributes",
    "sns:SetTopicAttributes",
    "sqs:SetQueueAttributes",
];

/// One stack in an account of its own behind a gate.
struct Trial<'a> {
    world: &'a World,
    proxy: Proxy,
    gate: Arc<Gate>,
    account: String,
}

impl<'a> Trial<'a> {
    fn new(world: &'a World, upstream: &str, stack: &str, account: &str) -> Self {
        let gate = Arc::new(Gate {
            stack: stack.to_owned(),
            ..Gate::default()
        });
        Self {
            world,
            proxy: Proxy::gated(upstream, gate.clone()),
            gate,
            account: account.to_owned(),
        }
    }

    fn run(&self, args: &[&str]) -> Ran {
        let mut command = self.world.command(args);
        for service in SERVICES {
            command.env(format!("AWS_ENDPOINT_URL_{service}"), &self.proxy.url);
        }
        command
            .env("AWS_ACCESS_KEY_ID", &self.account)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("SLACK_WEBHOOK_URL", support::NO_WEBHOOK)
            .env("SLACK_SECURITY_WEBHOOK_URL", support::NO_WEBHOOK);
        Ran::of(command.output().unwrap())
    }

    /// What the policy for this command says.
    fn printed(&self, commands: &[&str]) -> BTreeSet<Unit> {
        let ran = self.run(&[&["policy", "--deployer", "--output", "json"], commands].concat());
        assert_eq!(ran.code, 0, "{}", ran.all());
        let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
        let policies = printed["policies"].as_array().unwrap().iter();
        let documents: Vec<_> = policies.map(|policy| policy["document"].clone()).collect();
        for document in &documents {
            assert!(document.to_string().len() <= 6144);
        }
        units(&documents)
    }

    /// Runs `args` with what is `proven` to be needed, then with what its error names as missing, if that is in
    /// the printed policy, and so on until it succeeds.
    fn grow(&self, args: &[&str], printed: &BTreeSet<Unit>, proven: &Mutex<Proven>) {
        let known = proven.lock().unwrap().clone();
        let known = printed.iter().filter(|unit| known.contains(&key(unit)));
        *self.gate.granted.lock().unwrap() = known.cloned().collect();
        for _ in 0..200 {
            self.gate.refused.lock().unwrap().clear();
            let ran = self.run(args);
            let refused = self.gate.refused.lock().unwrap().clone();
            let allowing = |ask: &Ask| printed.iter().find(|unit| unit.allows(ask)).cloned();
            let (lacking, beyond): (Vec<_>, Vec<_>) = refused.iter().partition(|ask| allowing(ask).is_some());
            if lacking.is_empty() {
                // What it does without is not in the policy.
                assert_eq!(
                    ran.code,
                    0,
                    "{args:?}: the policy does not allow {beyond:?}\n{}",
                    ran.all()
                );
                return;
            }
            let named = |ask: &Ask| ran.stderr.contains(&ask.action) && ran.stderr.contains(&ask.resource);
            let named: Vec<_> = lacking.iter().filter(|ask| named(ask)).collect();
            if named.is_empty() && ran.code == 0 {
                // About what does not exist: asked all at once, and only one answer counts.
                return;
            }
            assert!(
                !named.is_empty(),
                "{args:?}: not named: {lacking:?}\n{}",
                ran.all()
            );
            for ask in named {
                let unit = allowing(ask).unwrap();
                proven.lock().unwrap().insert(key(&unit));
                self.gate.granted.lock().unwrap().insert(unit);
            }
        }
        panic!("{args:?} does not come to an end");
    }
}

/// Actions that some command could not do without, with the conditions that they are granted under.
type Proven = BTreeSet<(String, Vec<String>)>;

/// What the stacks tell of together.
#[derive(Default)]
struct Shared {
    proven: Mutex<Proven>,
    printed: Mutex<Proven>,
}

fn key(unit: &Unit) -> (String, Vec<String>) {
    let conditions = unit.conditions.iter().map(|(_, key, _)| key.clone());
    (unit.action.clone(), conditions.collect())
}

#[test]
fn the_printed_policy_is_enough_and_none_of_it_is_too_much() {
    let shared = Shared::default();
    // What the small stacks prove, the large one need not find out again.
    let [small @ .., full] = &STACKS;
    let (some, others) = small.split_at(2);
    std::thread::scope(|scope| {
        scope.spawn(|| prove(some, 700_000_000_000, &shared));
        scope.spawn(|| prove(others, 700_000_000_100, &shared));
    });
    prove(&[full], 700_000_000_200, &shared);
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

/// Takes stacks through their lives, each in an account of its own, from `first` on.
fn prove(stacks: &[&str], first: u64, shared: &Shared) {
    let world = World::new();
    let (endpoint, _) = world.up();
    for (account, stack) in (first..).zip(stacks) {
        world.bundled(stack);
        if *stack == "full" {
            world.edit(unreadable);
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
        trial.grow(&["apply", "--yes"], &apply, proven);
        trial.grow(&["plan"], &plan, proven);
        world.edit(|text| tagged(text, "one"));
        trial.grow(&["apply", "--yes"], &apply, proven);
        world.edit(|text| text.replace("tags: { trial: one }\n", ""));
        trial.grow(&["apply", "--yes"], &apply, proven);
        put_log_file(&endpoint, &account);
        trial.grow(&["destroy", "--yes", "--delete-trail-logs"], &destroy, proven);
    }
}

/// CloudTrail delivers nothing here: a file in every bucket stands for its own.
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

/// The identity's own policies tell what it lacks, before anything is tried.
#[test]
fn what_an_identity_lacks_is_told_by_name() {
    let world = World::new();
    let (endpoint, _) = world.up();
    world.bundled("elastalert-email");
    let root = world.ok(&["policy", "--check", "--local"]);
    assert_eq!(root.stdout, "the account's root user may do all of it\n");

    let printed = world.json(&["policy", "--deployer", "--local"]);
    let mut document = printed["policies"][0]["document"].clone();
    let keys = |document: &Value| {
        past(&endpoint, "000000000000", "ap-northeast-2", async |config| {
            let iam = Clients::new(&config).iam;
            let _ = iam.create_user().user_name("deployer").send().await;
            let put = iam
                .put_user_policy()
                .user_name("deployer")
                .policy_name("alertctl");
            put.policy_document(document.to_string()).send().await.unwrap();
            let key = iam
                .create_access_key()
                .user_name("deployer")
                .send()
                .await
                .unwrap();
            let key = key.access_key.unwrap();
            (key.access_key_id, key.secret_access_key)
        })
    };
    let check = |document: &Value| {
        let (id, secret) = keys(document);
        let mut command = world.command(&["policy", "--check", "--endpoint-url", &endpoint]);
        command
            .env("AWS_ACCESS_KEY_ID", id)
            .env("AWS_SECRET_ACCESS_KEY", secret);
        Ran::of(command.output().unwrap())
    };
    let refusals = |ran: &Ran| -> BTreeSet<String> {
        let lines = ran.stderr.lines().filter(|line| line.contains(" may not "));
        lines.map(str::to_owned).collect()
    };
    let whole = refusals(&check(&document));
    // The local AWS leaves out of account what a request would say: whatever is bound by a condition it refuses.
    let unbound = units(std::slice::from_ref(&document)).into_iter();
    for unit in unbound.filter(|unit| unit.conditions.is_empty()) {
        let told = format!(" may not {} on ", unit.action);
        let bound = unit.action.starts_with("apigateway:");
        assert!(
            bound || !whole.iter().any(|line| line.contains(&told)),
            "{told}: {whole:#?}"
        );
    }
    for statement in document["Statement"].as_array_mut().unwrap() {
        let actions = statement["Action"].as_array_mut().unwrap();
        actions.retain(|action| *action != "sns:CreateTopic");
    }
    let ran = check(&document);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let more: Vec<_> = refusals(&ran).difference(&whole).cloned().collect();
    let lacking = "error: arn:aws:iam::000000000000:user/deployer may not sns:CreateTopic on \
                   arn:aws:sns:ap-northeast-2:000000000000:elastalertToEmail";
    assert_eq!(more, [lacking]);
}

/// The stack file with webhooks that nobody can decrypt: what comes in is parked at once. No Slack is here, and
/// `destroy` would wait a minute for a buffer that nobody empties.
fn unreadable(text: &str) -> String {
    let ciphertext = "{ encrypted: AQICAHhleGFtcGxl }";
    text.replace("{ env: SLACK_WEBHOOK_URL }", ciphertext)
        .replace("{ env: SLACK_SECURITY_WEBHOOK_URL }", ciphertext)
}

/// The stack file with a tag for all that it makes.
fn tagged(text: &str, value: &str) -> String {
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("tags:"))
        .map(|line| format!("{line}\n"))
        .collect();
    format!("{text}\ntags: {{ trial: {value} }}\n")
}
