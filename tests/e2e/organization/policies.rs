//! An independent linter finds nothing in the policies of a hub, of its spokes, and of the roles in its targets.

use serde_json::{Value, json};

use super::{APPLY, Members, REGION};
use crate::policies::{check, policies};
use crate::support::account::clients_of;

#[tokio::test(flavor = "multi_thread")]
async fn every_policy_of_an_organization_is_exact() {
    let members = Members::new().await;
    let Members {
        world, a, outside, ..
    } = &members;
    members.trust().await;
    world.edit(|stack| {
        format!(
            "{stack}  targets: [{{ account: \"{outside}\", role: deploy, region: {REGION} }}]\n\
             trail: {{ organization: true, logs: true, encrypted: true, keep_logging: true, to: [ops] }}\n"
        )
    });
    world.ok(&APPLY);
    let mut found = policies(&members.management).await;
    for account in [a, outside] {
        let there = clients_of(account, &members.endpoint, REGION).await;
        let spoke = policies(&there).await;
        assert!(spoke.len() >= 5, "{spoke:#?}");
        found.extend(spoke);
    }
    let is_bus = |policy: &&Value| {
        policy["name"]
            .as_str()
            .unwrap()
            .ends_with("event-bus/hub-organization")
    };
    assert_eq!(found.iter().filter(is_bus).count(), 1);

    let target = world.json(&["policy", "--local", "--target", outside]);
    let arn = format!("arn:aws:iam::{outside}:role/deploy");
    for role in target["roles"].as_array().unwrap() {
        for (name, document) in [("trust", &role["trust"]), ("permissions", &role["permissions"])] {
            let name = format!("{name} of {}", role["role"]);
            found.push(json!({ "name": name, "document": document, "resource": arn }));
        }
    }
    check(&found);
}
