//! An account that joins the organization while CloudFormation is on its way to it.

use serde_json::Value;

use super::{APPLY, Members, new_account};
use crate::support::account::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_joins_is_told_as_on_its_way_until_its_spokes_are_there() {
    let members = Members::new().await;
    let Members {
        world, a, b, root, ..
    } = &members;
    members.trust().await;
    world.ok(&APPLY);

    let organizations = &members.management.organizations;
    let joined = new_account(&members.management, "joined", root, root).await;
    members.tag(&joined, "stack-set-waits", Some("yes")).await;
    let moved = organizations.move_account().account_id(&joined);
    let moved = moved.source_parent_id(root).destination_parent_id(&members.unit);
    moved.send().await.unwrap();
    assert_eq!(members.instances().await, Members::current(&[a, b]));

    let planned = world.ok(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(planned.code, 0, "{}", planned.all());
    let status = ["status", "--org", "--local"];
    let ran = world.run(&status);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.stdout.starts_with("4 of 8 spokes"), "{}", ran.all());
    let ran = world.run(&[&status[..], &["--output", "json"]].concat());
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    let list = told["coverage"]["members"].as_array().unwrap();
    let one = list.iter().find(|one| one["account"] == *joined).unwrap();
    assert_eq!(one["gaps"]["coming"].as_array().unwrap().len(), 2, "{one:#}");
    assert!(one["gaps"]["no-spoke"].is_null(), "{one:#}");
    let operation = one["operations"][0].as_str().unwrap();
    let described = members.management.cloudformation.describe_stack_set_operation();
    let described = described
        .stack_set_name("hub-organization")
        .operation_id(operation);
    described.send().await.unwrap();

    // The health of the set says it, too, and nothing is begun beside the operation.
    let ran = world.run(&["status", "--local"]);
    assert!(
        ran.stdout
            .contains(&format!("operation {operation} is under way")),
        "{}",
        ran.all()
    );
    world.ok(&APPLY);
    let operations = members.management.cloudformation.list_stack_set_operations();
    let operations = operations
        .stack_set_name("hub-organization")
        .send()
        .await
        .unwrap();
    assert_eq!(operations.summaries().len(), 2, "{operations:?}");

    members.tag(&joined, "stack-set-waits", None).await;
    eventually("the spokes of the account that joined", async || {
        members.instances().await == Members::current(&[a, b, &joined])
    })
    .await;
    let ran = world.run(&status);
    assert!(ran.stdout.starts_with("6 of 8 spokes"), "{}", ran.all());
}
