//! Looks into an emulated AWS account without alertctl: SDK clients, and a list of everything in it.

#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use alertctl::aws::connect::Clients;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::types::KeyMetadata;
use serde_json::Value;

use crate::support::inventory::listed;
use crate::support::proxy::Proxy;
use crate::support::{NO_WEBHOOK, World};

/// The account of every test.
pub const ACCOUNT: &str = "000000000000";

/// Clients on the local AWS.
pub async fn clients(endpoint: &str, region: &str) -> Clients {
    clients_of(ACCOUNT, endpoint, region).await
}

/// The same for another account of the local AWS. The accounts are independent of each other.
pub async fn clients_of(account: &str, endpoint: &str, region: &str) -> Clients {
    let credentials = aws_sdk_kms::config::Credentials::new(account, "test", None, None, "test");
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(crate::support::plain_http())
        .credentials_provider(credentials);
    let loader = loader
        .region(Region::new(region.to_owned()))
        .endpoint_url(endpoint);
    Clients::new(&loader.load().await)
}

/// A world in which the stack was applied, and clients for its region.
pub async fn applied(stack: &str, region: &str) -> (World, Clients) {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    world.write("stack.yaml", stack);
    let (endpoint, _) = world.up();
    world.ok(&["apply", "--local", "--yes"]);
    let aws = clients(&endpoint, region).await;
    (world, aws)
}

/// Everything in a region of the account, regardless of the owner: `service name`. Deleted keys are left out.
pub async fn everything(aws: &Clients) -> BTreeSet<String> {
    let items = listed(aws).await.into_iter();
    let there = items.filter(|(kind, _)| *kind != "pending key");
    there.map(|(kind, name)| format!("{kind} {name}")).collect()
}

/// The ids of all keys, including deleted ones.
pub async fn keys(aws: &Clients) -> Vec<String> {
    let keys = aws.kms.list_keys().send().await.unwrap();
    keys.keys()
        .iter()
        .map(|key| key.key_id().unwrap().to_owned())
        .collect()
}

/// Creates a key that is not the stack's.
pub async fn new_key(aws: &Clients) -> KeyMetadata {
    let key = aws.kms.create_key().send().await.unwrap();
    key.key_metadata.unwrap()
}

/// The id of the key behind an alias.
pub async fn key_of(aws: &Clients, alias: &str) -> String {
    let key = aws.kms.describe_key().key_id(alias).send().await.unwrap();
    key.key_metadata.unwrap().key_id
}

/// The part after the last colon.
pub fn last(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap()
}

/// True if this action of the proxy only reads.
pub fn reads(action: &str) -> bool {
    let (_, operation) = action.split_once(':').unwrap_or(("", action));
    ["Get", "List", "Describe", "Head", "GET ", "Decrypt"]
        .iter()
        .any(|verb| operation.starts_with(verb))
}

/// The steps of a plan printed as JSON: `create kind/key`, `delete kind/key`, and with its fields `update kind/key:
/// …`.
pub fn planned(json: &str) -> BTreeSet<String> {
    let plan: Value = serde_json::from_str(json).unwrap_or_default();
    let steps = plan["steps"].as_array().into_iter().flatten();
    let line = |step: &Value| {
        let (action, id) = (step["action"].as_str().unwrap(), step["id"].as_str().unwrap());
        let changes = step["changes"].as_array().unwrap().iter();
        let mut fields: Vec<_> = changes.map(|change| change["field"].as_str().unwrap()).collect();
        fields.sort_unstable();
        match action {
            "create" | "delete" => format!("{action} {id}"),
            _ => format!("{action} {id}: {}", fields.join(", ")),
        }
    };
    steps.filter(|step| step["action"] != "keep").map(line).collect()
}

/// A set of lines, to compare with [`planned`].
pub fn lines<const N: usize>(lines: [&str; N]) -> BTreeSet<String> {
    lines.map(str::to_owned).into()
}

/// Asserts that the plan of `stack.yaml` has no changes.
pub fn unchanged(world: &World, what: &str) {
    let plan = world.run(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(plan.code, 0, "{what}: {}", plan.all());
}

/// Waits until `ready` holds, for at most a minute.
pub async fn eventually(what: &str, mut ready: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !ready().await {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{what}: not within a minute"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Calls `run` with an endpoint in front of `endpoint`. Returns its result and the calls that passed through.
pub fn calls<T: Send>(endpoint: &str, run: impl FnOnce(&str) -> T + Send) -> (T, Vec<String>) {
    // In a thread of its own, because the proxy has its own runtime.
    std::thread::scope(|scope| {
        let proxied = scope.spawn(|| {
            let proxy = Proxy::start(endpoint, Duration::ZERO);
            let result = run(&proxy.url);
            (result, proxy.actions())
        });
        proxied.join().unwrap()
    })
}
