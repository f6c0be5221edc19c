//! The stacks of an account, without their files.

use crate::support::World;
use serde_json::json;

const ALONE: &str = "
stack: alone
region: eu-west-1
topics: { mail: { subscriptions: [{ email: oncall@example.com }] } }
";
const RELAYED: &str = "
stack: relayed
region: eu-central-1
channels: { project: { webhook: { env: SLACK_WEBHOOK_URL } } }
topics: { alerts: { to: [project] } }
";

#[test]
fn each_stack_is_found_where_it_is_at_home() {
    let mut world = World::new();
    world.set(
        "SLACK_WEBHOOK_URL",
        "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
    );
    world.write("alone.yaml", ALONE);
    world.write("relayed.yaml", RELAYED);
    world.up();
    let none = world.ok(&["list", "--local", "--region", "eu-west-1"]).stdout;
    assert!(none.starts_with("no stack in account 000000000000"), "{none}");
    world.ok(&["apply", "alone.yaml", "--local", "--yes"]);
    world.ok(&["apply", "relayed.yaml", "--local", "--yes"]);

    let found = |region: &str| {
        let list = world.json(&["list", "--local", "--region", region]);
        assert_eq!(
            (&list["account"], &list["region"]),
            (&json!("000000000000"), &json!(region))
        );
        let stacks = list["stacks"].as_array().unwrap().clone();
        let of = |stack: &serde_json::Value| {
            let here = stack["resources"].as_u64().unwrap() > 0;
            (
                stack["stack"].as_str().unwrap().to_owned(),
                stack["home"].clone(),
                here,
            )
        };
        stacks.iter().map(of).collect::<Vec<_>>()
    };
    let relayed = |here: bool| ("relayed".to_owned(), json!("eu-central-1"), here);
    // A stack without a function has no role, which would show in all regions.
    assert_eq!(
        found("eu-west-1"),
        [("alone".to_owned(), json!(null), true), relayed(false)]
    );
    assert_eq!(found("eu-central-1"), [relayed(true)]);
    assert_eq!(found("us-east-1"), [relayed(false)]);
    let text = world.ok(&["list", "--local", "--region", "eu-west-1"]).stdout;
    assert!(
        text.contains("stack    home region   roles  in eu-west-1") && text.contains("relayed  eu-central-1"),
        "{text}"
    );
    world.ok(&["destroy", "relayed.yaml", "--local", "--yes"]);
    assert_eq!(found("us-east-1"), []);
}
