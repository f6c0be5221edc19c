//! Compares the code in the account with the relay of this alertctl: `verify`, `version` and the plan.

use crate::support::World;
use crate::support::account::clients;
use alertctl::aws::connect::Clients;
use alertctl::relay_zip::{SOURCES_SHA256, VERSION, ZIP};
use aws_sdk_lambda::types::Runtime;
use aws_smithy_types::Blob;
use serde_json::Value;

const REGION: &str = "ap-northeast-2";
const FUNCTION: &str = "mission-lambda";
const MARK: &str = "alertctl:relay";

#[test]
fn version_says_which_build_and_which_relay_this_is() {
    let world = World::new();
    let shown = world.json(&["version"]);
    assert_eq!(shown["alertctl"], env!("CARGO_PKG_VERSION"));
    assert_eq!(shown["target"], "x86_64-unknown-linux-gnu");
    assert_eq!(shown["relay"]["version"], VERSION);
    assert_eq!(shown["relay"]["sources_sha256"], SOURCES_SHA256);
    assert_eq!(shown["relay"]["package_sha256"].as_str().unwrap().len(), 64);
    // A debug build has no commit.
    assert_eq!(shown["commit"], Value::Null);
    let text = world.ok(&["version"]).stdout;
    assert!(
        text.starts_with("alertctl ") && text.contains(SOURCES_SHA256),
        "{text}"
    );
    assert!(!text.contains("commit"), "{text}");
}

/// The function's tag, and the digest of its code in AWS.
async fn deployed(aws: &Clients) -> (String, String) {
    let found = aws
        .lambda
        .get_function()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    let digest = found.configuration.unwrap().code_sha256.unwrap();
    (found.tags.unwrap()[MARK].clone(), digest)
}

async fn upload(aws: &Clients, zip: &[u8]) {
    let send = aws.lambda.update_function_code().function_name(FUNCTION);
    send.zip_file(Blob::new(zip)).send().await.unwrap();
}

async fn mark(aws: &Clients, text: &str) {
    let arn = format!("arn:aws:lambda:{REGION}:000000000000:function:{FUNCTION}");
    aws.lambda
        .tag_resource()
        .resource(arn)
        .tags(MARK, text)
        .send()
        .await
        .unwrap();
}

/// The output of `verify` for the only function, and whether everything is fine.
fn verified(world: &World) -> (Value, bool) {
    let ran = world.run(&["verify", "--local", "--output", "json"]);
    let shown: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.all()));
    assert_eq!(shown["verified"], ran.code == 0, "{}", ran.all());
    (shown["functions"][0].clone(), ran.code == 0)
}

#[tokio::test]
async fn one_relay_from_two_builds_is_the_same_and_everything_else_is_told() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    let (missing, well) = verified(&world);
    assert!(!well && missing["exists"] == false, "{missing:#}");

    world.ok(&["apply", "--local", "--yes"]);
    let (found, well) = verified(&world);
    assert!(
        well && found["code"] == "equal_bytes" && found["settings"] == "same",
        "{found:#}"
    );
    assert_eq!(found["relay"]["sha256"], SOURCES_SHA256);
    let text = world.ok(&["verify", "--local"]).stdout;
    assert!(text.contains("runs exactly this package"), "{text}");

    // A colleague's build: different bytes, recorded by their alertctl.
    let (ours, our_digest) = deployed(&aws).await;
    upload(&aws, ZIP).await;
    let found = aws
        .lambda
        .get_function()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    let theirs = found.configuration.unwrap().code_sha256.unwrap();
    mark(&aws, &ours.replace(&our_digest, &theirs)).await;
    let (found, well) = verified(&world);
    assert!(well && found["code"] == "same_relay", "{found:#}");
    world.ok(&["plan", "--local", "--detailed-exitcode"]);

    // A manual upload has no such tag.
    mark(&aws, &ours).await;
    let (found, well) = verified(&world);
    assert!(!well && found["code"] == "changed_by_hand", "{found:#}");
    let plan = world.ok(&["plan", "--local"]).stdout;
    assert!(
        plan.contains("relay: \"other code than ") && !plan.contains("settings"),
        "{plan}"
    );

    // An older alertctl warns before it replaces a newer relay by its own.
    let (_, rest) = ours.split_once(' ').unwrap();
    mark(
        &aws,
        &format!(
            "99.0.0 {}",
            rest.replace(&our_digest, &theirs)
                .replace(SOURCES_SHA256, &"ab".repeat(32))
        ),
    )
    .await;
    let (found, well) = verified(&world);
    assert!(!well && found["code"] == "newer", "{found:#}");
    let plan = world.ok(&["plan", "--local"]);
    let warning = format!("runs relay 99.0.0, this alertctl ships {VERSION}");
    assert!(plan.stderr.contains(&warning), "{}", plan.stderr);
    assert!(
        plan.stdout.contains("relay: \"99.0.0 (abababababab)\" → "),
        "{}",
        plan.stdout
    );

    // A function of an older version, which did not record this.
    let arn = format!("arn:aws:lambda:{REGION}:000000000000:function:{FUNCTION}");
    aws.lambda
        .untag_resource()
        .resource(arn)
        .tag_keys(MARK)
        .send()
        .await
        .unwrap();
    let (found, _) = verified(&world);
    assert_eq!(found["code"], "unknown", "{found:#}");
    let plan = world.ok(&["plan", "--local"]).stdout;
    assert!(
        plan.contains("an earlier version of alertctl created it"),
        "{plan}"
    );
    world.ok(&["apply", "--local", "--yes"]);
    assert_eq!(deployed(&aws).await, (ours, our_digest));
}

#[tokio::test]
async fn other_settings_and_another_runtime_are_told_without_the_code() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    world.ok(&["apply", "--local", "--yes"]);
    world.edit(|text| text.replace("\"#project\"", "\"#other\""));
    let (found, well) = verified(&world);
    assert!(
        !well && found["settings"] == "other" && found["code"] == "same_relay",
        "{found:#}"
    );
    let plan = world.ok(&["plan", "--local"]).stdout;
    assert!(
        plan.contains("settings.channels.project: {\"label\":\"#project\"} → {\"label\":\"#other\"}"),
        "{plan}"
    );
    assert!(!plan.contains("relay: "), "{plan}");
    world.ok(&["apply", "--local", "--yes"]);

    let send = aws.lambda.update_function_configuration().function_name(FUNCTION);
    send.runtime(Runtime::Providedal2).send().await.unwrap();
    let ran = world.run(&["verify", "--local"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stdout
            .contains("runtime: \"provided.al2\" → \"provided.al2023\""),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr.contains("`alertctl apply stack.yaml --local`"),
        "{}",
        ran.stderr
    );
}
