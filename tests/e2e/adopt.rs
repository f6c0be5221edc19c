//! Resources that the stack does not own: refused by name, never changed, adopted only on request.

use std::collections::BTreeSet;

use crate::support::account::{
    calls, clients, clients_of, everything, key_of, lines, new_key, planned, reads,
};
use crate::support::{NO_WEBHOOK, Ran, World};
use alertctl::aws::connect::Clients;
use aws_sdk_apigatewayv2::types::ProtocolType;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use aws_sdk_lambda::types::{Environment, FunctionCode, Runtime};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_smithy_types::Blob;
use futures::future::LocalBoxFuture;

mod by_hand;
mod strangers;

use strangers::{EVENTS, STRANGERS, STRANGERS_TO_EVENTS, Stranger, TRUST};

const REGION: &str = "ap-northeast-2";
const OTHER_REGION: &str = "us-east-1";

#[tokio::test]
async fn each_kind_is_refused_then_taken_over() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    Box::pin(refused_then_taken_over(&world, STRANGERS)).await;
}

#[tokio::test]
async fn so_are_those_of_events_endpoints_and_trails() {
    let world = World::new();
    world.write("stack.yaml", EVENTS);
    Box::pin(refused_then_taken_over(&world, STRANGERS_TO_EVENTS)).await;
}

/// Tests each stranger in a separate account.
async fn refused_then_taken_over(world: &World, strangers: &[Stranger]) {
    let (endpoint, _) = world.up();
    for (number, stranger) in strangers.iter().enumerate() {
        let Stranger {
            node,
            name,
            along,
            make,
        } = stranger;
        let account = format!("10000000000{number}");
        let name = name.replace("{account}", &account);
        let aws = clients_of(&account, &endpoint, REGION).await;
        let there = clients_of(&account, &endpoint, OTHER_REGION).await;
        let everything = async || {
            let (here, there) = (everything(&aws).await, everything(&there).await);
            let there = there.into_iter().map(|one| format!("{one} in {OTHER_REGION}"));
            here.into_iter().chain(there).collect::<BTreeSet<_>>()
        };
        make(&aws).await;
        let before = everything().await;
        let run = |args: &[&str]| calls(&endpoint, |endpoint| world.run_at(endpoint, &account, args));

        // Refused by name, with advice; nothing is written.
        for args in [["plan", "--detailed-exitcode"], ["apply", "--yes"]] {
            let (ran, calls) = run(&args);
            assert_eq!(ran.code, 1, "{node}: {}", ran.all());
            assert!(
                ran.stderr
                    .contains(&format!("`{name}` exists in account {account}")),
                "{}",
                ran.stderr
            );
            assert!(
                ran.stderr.contains(&format!("add `--adopt {node}`")),
                "{}",
                ran.stderr
            );
            assert!(calls.iter().all(|call| reads(call)), "{node}: {calls:?}");
        }
        let (ran, _) = run(&["plan", "--output", "json"]);
        let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one document");
        let conflicts: Vec<_> = plan["conflicts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["id"])
            .collect();
        assert_eq!(conflicts, [&[*node], *along].concat());
        assert_eq!(plan["errors"].as_array().unwrap().len(), conflicts.len());
        assert_eq!(everything().await, before);

        // Adopted: the plan shows the changes, and only apply writes.
        let (ran, calls) = run(&["plan", "--adopt", node]);
        assert_eq!(ran.code, 0, "{node}: {}", ran.all());
        assert!(
            ran.stdout.contains(&format!("{node}  {name}\n")),
            "{}",
            ran.stdout
        );
        assert!(ran.stdout.contains("to adopt"), "{}", ran.stdout);
        assert!(calls.iter().all(|call| reads(call)), "{node}: {calls:?}");
        let (ran, _) = run(&["plan", "--output", "json", "--adopt", node]);
        let adopted: Vec<_> = planned(&ran.stdout)
            .into_iter()
            .filter(|line| line.starts_with("adopt"))
            .collect();
        let owned = adopted
            .iter()
            .find(|line| line.starts_with(&format!("adopt {node}: ")))
            .unwrap();
        assert!(
            owned.contains("tags.alertctl:node, tags.alertctl:stack"),
            "{owned}"
        );
        assert_eq!(adopted.len(), 1 + along.len(), "{adopted:?}");
        assert_eq!(everything().await, before);

        let (ran, _) = run(&["apply", "--yes", "--adopt", node]);
        assert_eq!(ran.code, 0, "{node}: {}", ran.all());
        assert!(before.is_subset(&everything().await), "{node}: made anew");
        let (ran, _) = run(&["plan", "--detailed-exitcode"]);
        assert_eq!(ran.code, 0, "{node}: {}", ran.all());
        // From now on it belongs to the stack, until destroy.
        let (ran, _) = run(&["destroy", "--yes"]);
        assert_eq!(ran.code, 0, "{node}: {}", ran.all());
        assert_eq!(everything().await, lines([]), "{node}");
    }
}

#[tokio::test]
async fn all_at_once() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    for stranger in STRANGERS {
        (stranger.make)(&aws).await;
    }
    // A role that somebody has modified.
    let open = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let policy = aws
        .iam
        .put_role_policy()
        .role_name("mission-lambda-role")
        .policy_document(open);
    policy.policy_name("relay").send().await.unwrap();
    let before = everything(&aws).await;
    let key = key_of(&aws, "alias/mission-kms-key").await;

    // One run names all of them.
    let refused = world.run(&["plan", "--local"]);
    assert_eq!(refused.code, 1);
    for stranger in STRANGERS {
        assert!(
            refused.stderr.contains(&format!("--adopt {}`", stranger.node)),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(everything(&aws).await, before);
    // Adopting one resource does not adopt the others.
    let one = world.run(&["apply", "--local", "--yes", "--adopt", "sns-topic/alerts"]);
    assert_eq!(one.code, 1, "{}", one.all());
    assert!(!one.stderr.contains("--adopt sns-topic/alerts"), "{}", one.stderr);
    assert_eq!(everything(&aws).await, before);

    let adopt: Vec<_> = STRANGERS
        .iter()
        .flat_map(|stranger| ["--adopt", stranger.node])
        .collect();
    world.ok(&[&["apply", "--local", "--yes"], adopt.as_slice()].concat());
    assert_eq!(world.run(&["plan", "--local", "--detailed-exitcode"]).code, 0);
    assert_eq!(key_of(&aws, "alias/mission-kms-key").await, key);
    let role = aws
        .iam
        .get_role()
        .role_name("mission-lambda-role")
        .send()
        .await
        .unwrap()
        .role
        .unwrap();
    assert_eq!(role.path(), "/");
    let fired = world.ok(&["local", "alarm", "mission-cpu-alarm"]);
    assert!(fired.stdout.contains("mission-cpu-alarm"), "{}", fired.stdout);

    // Without the file, too, everything belongs to the stack.
    world.ok(&[
        "destroy", "--local", "--yes", "--stack", "mission", "--region", REGION,
    ]);
    assert_eq!(everything(&aws).await, lines([]));
}

/// On a terminal, adoption has a separate prompt that lists the names.
#[tokio::test]
async fn taking_over_is_asked_for_apart() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    (STRANGERS[0].make)(&aws).await;
    let before = everything(&aws).await;
    let answer = |answers: &str| {
        let line = format!("printf '{answers}' | script -qec 'alertctl apply --local --adopt-all' /dev/null");
        Ran::of(world.program("sh", &["-c", &line]).output().unwrap())
    };
    let no = answer(r"y\nn\n");
    assert!(
        no.stdout.contains("sns-topic/alerts  mission-sns"),
        "{}",
        no.all()
    );
    assert!(no.stdout.contains("Adopt them? [y/N]"), "{}", no.all());
    assert!(no.stdout.contains("Apply these changes? [y/N]"), "{}", no.all());
    assert!(no.stdout.contains("nothing was changed"), "{}", no.all());
    let no = answer(r"n\n");
    assert!(no.stdout.contains("nothing was changed"), "{}", no.all());
    assert!(!no.stdout.contains("Apply these changes?"), "{}", no.all());
    // A declined prompt is not an error, although nothing was done.
    assert!(!no.stdout.contains("error"), "{}", no.all());
    assert_eq!(everything(&aws).await, before);
}

#[tokio::test]
async fn what_another_stack_owns_is_foreign() {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, "eu-west-1").await;
    let stack = |name: &str| {
        format!(
            "stack: {name}\nregion: eu-west-1\ntopics:\n  alerts:\n    name: shared\n    subscriptions: [{{ email: a@example.com }}]\n"
        )
    };
    world.write("one.yaml", &stack("one"));
    world.write("two.yaml", &stack("two"));
    world.ok(&["apply", "--local", "--yes", "one.yaml"]);
    let before = everything(&aws).await;
    for args in [["plan", "--detailed-exitcode"], ["apply", "--yes"]] {
        let ran = world.run(&[&args[..], &["--local", "two.yaml"]].concat());
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(
            ran.stderr.contains("`shared` exists") && ran.stderr.contains("not part of stack `two`"),
            "{}",
            ran.stderr
        );
    }
    // Not created by hand: adopting a resource of another stack requires its name.
    let ran = world.run(&["apply", "--local", "--yes", "--adopt-all", "two.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stderr.contains("not part of stack `two` but of `one`"),
        "{}",
        ran.stderr
    );
    let plan = world.run(&["plan", "--local", "--detailed-exitcode", "one.yaml"]);
    assert_eq!(plan.code, 0, "{}", plan.all());
    assert_eq!(everything(&aws).await, before);
}

#[tokio::test]
async fn what_lost_its_ownership_comes_back_by_adoption() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    world.ok(&["apply", "--local", "--yes"]);
    let before = everything(&aws).await;
    let stack = "alertctl:stack";
    let arn = |service: &str, name: &str| format!("arn:aws:{service}:{REGION}:000000000000:{name}");
    aws.sns
        .untag_resource()
        .resource_arn(arn("sns", "mission-sns"))
        .tag_keys(stack)
        .send()
        .await
        .unwrap();
    let function = arn("lambda", "function:mission-lambda");
    aws.lambda
        .untag_resource()
        .resource(function)
        .tag_keys(stack)
        .send()
        .await
        .unwrap();
    let key = key_of(&aws, "alias/mission-kms-key").await;
    aws.kms
        .untag_resource()
        .key_id(&key)
        .tag_keys(stack)
        .send()
        .await
        .unwrap();
    let refused = world.run(&["apply", "--local", "--yes"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    for node in ["sns-topic/alerts", "lambda-function/relay", "kms-key/main"] {
        assert!(
            refused.stderr.contains(&format!("--adopt {node}`")),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(everything(&aws).await, before);
    let nodes = ["sns-topic/alerts", "lambda-function/relay", "kms-key/main"];
    let adopt: Vec<_> = nodes.iter().flat_map(|node| ["--adopt", node]).collect();
    let plan = world.ok(&[&["plan", "--local", "--output", "json"], adopt.as_slice()].concat());
    let mut owned = planned(&plan.stdout);
    owned.retain(|line| !line.ends_with(": "));
    let expected = nodes.map(|node| format!("adopt {node}: tags.alertctl:stack"));
    assert_eq!(owned, expected.into());
    world.ok(&[&["apply", "--local", "--yes"], adopt.as_slice()].concat());
    assert_eq!(world.run(&["plan", "--local", "--detailed-exitcode"]).code, 0);
    assert_eq!(everything(&aws).await, before);
}

#[test]
fn a_misspelt_node_is_told_the_right_one() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    for (wrong, right) in [
        ("sns-topic/alert", "sns-topic/alerts"),
        ("topic/alerts", "sns-topic/alerts"),
        ("kms_key/main", "kms-key/main"),
        ("mission-lambda", "lambda-function/relay"),
        ("cloudwatch-alarm/mission-cpu-alarm", "cloudwatch-alarm/cpu"),
        ("lambda/relay", "lambda-function/relay"),
    ] {
        for command in ["plan", "apply"] {
            let ran = world.run(&[command, "--local", "--adopt", wrong]);
            assert_eq!(ran.code, 1, "{}", ran.all());
            assert!(
                ran.stderr
                    .contains(&format!("--adopt `{wrong}`: the stack has no such resource")),
                "{}",
                ran.stderr
            );
            assert!(
                ran.stderr.contains(&format!("did you mean `{right}`?")),
                "{wrong}: {}",
                ran.stderr
            );
        }
    }
}
