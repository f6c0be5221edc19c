//! The table of messages that are updated: it comes with the channel of a Slack app, and goes with it.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ProvisionedThroughput, ScalarAttributeType,
    TimeToLiveStatus,
};

use crate::support::World;
use crate::support::account::{applied, clients, everything, lines, planned, unchanged};
use alertctl::aws::connect::Clients;

const REGION: &str = "eu-west-1";
const TABLE: &str = "updates-incidents";
const STACK: &str = "
stack: updates
region: eu-west-1
channels:
  project: { slack: { bot: { env: SLACK_BOT_TOKEN }, channel: C0123ABCD } }
topics:
  alerts: { to: [project] }
";

#[tokio::test]
async fn it_comes_and_goes_with_the_slack_app() {
    let (world, aws) = applied(STACK, REGION).await;
    unchanged(&world, "a fresh stack");
    let described = aws.dynamodb.describe_table().table_name(TABLE);
    let table = described.send().await.unwrap().table.unwrap();
    let mode = table.billing_mode_summary.unwrap().billing_mode;
    assert_eq!(mode, Some(BillingMode::PayPerRequest));
    let key = table.key_schema.unwrap_or_default();
    assert_eq!((key.len(), key[0].attribute_name()), (1, "pk"));
    let ttl = aws.dynamodb.describe_time_to_live().table_name(TABLE);
    let ttl = ttl.send().await.unwrap().time_to_live_description.unwrap();
    assert_eq!(ttl.attribute_name(), Some("ttl"));
    assert_eq!(ttl.time_to_live_status(), Some(&TimeToLiveStatus::Enabled));
    assert_eq!(variable(&aws).await.as_deref(), Some(TABLE));
    let policy = aws.iam.get_role_policy().role_name("updates-relay-role");
    let policy = policy.policy_name("relay").send().await.unwrap();
    let policy = percent_encoding::percent_decode_str(policy.policy_document());
    let policy: serde_json::Value = serde_json::from_str(&policy.decode_utf8().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let on_table: Vec<_> = statements
        .filter(|one| one.to_string().contains("dynamodb"))
        .collect();
    assert_eq!(on_table.len(), 1, "{policy}");
    let resource = on_table[0]["Resource"].to_string();
    assert_eq!(
        resource.trim_matches(['[', ']', '"']),
        format!("arn:aws:dynamodb:{REGION}:000000000000:table/{TABLE}")
    );

    // Somebody protects it; then the app leaves the file.
    let protect = aws.dynamodb.update_table().table_name(TABLE);
    protect.deletion_protection_enabled(true).send().await.unwrap();
    let webhook = "webhook: { env: SLACK_WEBHOOK_URL }";
    let app = "slack: { bot: { env: SLACK_BOT_TOKEN }, channel: C0123ABCD }";
    world.write("stack.yaml", &STACK.replace(app, webhook));
    let plan = world.ok(&["plan", "--local"]);
    let said =
        "messages of open incidents are not updated any more; its deletion protection is turned off first";
    assert!(plan.stdout.contains(said), "{}", plan.stdout);
    let plan = world.ok(&["plan", "--local", "--output", "json"]);
    assert!(
        planned(&plan.stdout).contains("delete dynamodb-table/incidents"),
        "{}",
        plan.stdout
    );
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "without the app");
    let tables = aws.dynamodb.list_tables().send().await.unwrap();
    assert!(tables.table_names().is_empty(), "{tables:?}");
    assert_eq!(variable(&aws).await, None);
}

#[tokio::test]
async fn one_of_somebody_else_is_left_alone_until_it_is_adopted() {
    let world = World::new();
    world.write("stack.yaml", STACK);
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    let key = KeySchemaElement::builder()
        .attribute_name("pk")
        .key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder()
        .attribute_name("pk")
        .attribute_type(ScalarAttributeType::S);
    let capacity = ProvisionedThroughput::builder()
        .read_capacity_units(1)
        .write_capacity_units(1);
    let create = aws.dynamodb.create_table().table_name(TABLE);
    let create = create
        .key_schema(key.build().unwrap())
        .attribute_definitions(attribute.build().unwrap())
        .provisioned_throughput(capacity.build().unwrap());
    create.send().await.unwrap();

    let refused = world.run(&["apply", "--local", "--yes"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(
        refused.stderr.contains("add `--adopt dynamodb-table/incidents`"),
        "{}",
        refused.stderr
    );
    assert_eq!(everything(&aws).await, lines([&format!("table {TABLE}")]));

    world.ok(&["apply", "--local", "--yes", "--adopt", "dynamodb-table/incidents"]);
    unchanged(&world, "adopted");
    world.ok(&["destroy", "--local", "--yes"]);
    assert_eq!(everything(&aws).await, lines([]));
}

/// The table that the relay is told of.
async fn variable(aws: &Clients) -> Option<String> {
    let function = aws.lambda.get_function_configuration();
    let function = function.function_name("updates-relay").send().await.unwrap();
    let variables = function.environment?.variables?;
    variables.get("INCIDENTS").cloned()
}
