//! The permissions of the stack: the policy documents in the account, and the relay under a local AWS that
//! enforces its role.

use std::collections::BTreeMap;

use crate::support::World;
use alertctl::aws::connect::Clients;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

mod buttons;
mod enforced;

const REGION: &str = "ap-northeast-2";
const ROLE: &str = "mission-lambda-role";
const POLICY: &str = "relay";
const FUNCTION: &str = "mission-lambda";
const QUEUE: &str = "mission-lambda-dead-letters";

const TOPIC: &str = "arn:aws:sns:ap-northeast-2:000000000000:mission-sns";

/// The condition that the local AWS cannot evaluate: it refuses every statement with it.
const CONTEXT: &str = "kms:EncryptionContext:LambdaFunctionName";

#[tokio::test]
async fn every_document_in_the_account_is_as_narrow_as_it_can_be() {
    let world = World::new();
    let (endpoint, _) = world.up();
    world.bundled("cloudwatch-slack");
    world.ok(&["apply", "--local", "--yes"]);
    let aws = clients(&endpoint);

    let key = aws.kms.describe_key().key_id("alias/mission-kms-key").send();
    let key = key.await.unwrap().key_metadata.unwrap().key_id;
    let documents = documents(&aws, &key).await;
    for (name, document) in &documents {
        for statement in document["Statement"].as_array().unwrap() {
            assert_narrow(name, statement);
        }
    }
    let mut statements = documents["role policy"]["Statement"].as_array().unwrap().iter();
    let decrypt = statements
        .find(|statement| list(&statement["Action"]) == ["kms:Decrypt"])
        .unwrap();
    assert_eq!(
        decrypt["Condition"],
        json!({ "StringEquals": { CONTEXT: [FUNCTION] } })
    );
    let attached = aws
        .iam
        .list_attached_role_policies()
        .role_name(ROLE)
        .send()
        .await
        .unwrap();
    assert!(attached.attached_policies().is_empty(), "{attached:?}");
    let inline = aws.iam.list_role_policies().role_name(ROLE).send().await.unwrap();
    assert_eq!(inline.policy_names(), [POLICY]);

    let text = serde_json::to_string_pretty(&documents)
        .unwrap()
        .replace(&key, "KEY-ID");
    insta::assert_snapshot!("documents", text);
}

/// The policy documents of the bundled stack; `key` is the id of its key.
async fn documents(aws: &Clients, key: &str) -> BTreeMap<&'static str, Value> {
    let role = aws
        .iam
        .get_role()
        .role_name(ROLE)
        .send()
        .await
        .unwrap()
        .role
        .unwrap();
    let topic = aws
        .sns
        .get_topic_attributes()
        .topic_arn(TOPIC)
        .send()
        .await
        .unwrap();
    let queue = aws
        .sqs
        .get_queue_url()
        .queue_name(QUEUE)
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    let queue = aws
        .sqs
        .get_queue_attributes()
        .queue_url(queue)
        .attribute_names(QueueAttributeName::All);
    let queue = queue.send().await.unwrap().attributes.unwrap();
    let key_policy = aws.kms.get_key_policy().key_id(key).send().await.unwrap();
    let function = aws
        .lambda
        .get_policy()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    [
        ("role policy", role_policy(aws).await),
        ("role trust", decoded(role.assume_role_policy_document().unwrap())),
        ("topic policy", decoded(&topic.attributes().unwrap()["Policy"])),
        ("queue policy", decoded(&queue[&QueueAttributeName::Policy])),
        ("key policy", decoded(key_policy.policy().unwrap())),
        ("function policy", decoded(function.policy().unwrap())),
    ]
    .into()
}

/// Asserts that a statement allows as little as it can.
fn assert_narrow(name: &str, statement: &Value) {
    let shown = format!("{name}: {statement:#}");
    let (resources, actions) = (list(&statement["Resource"]), list(&statement["Action"]));
    assert_eq!(statement["Effect"], "Allow", "{shown}");
    // A key's own policy refers to the key as `*`; a trust policy names no resource.
    match name {
        "key policy" => assert_eq!(resources, ["*"], "{shown}"),
        "role trust" => assert!(resources.is_empty(), "{shown}"),
        _ => assert!(resources.iter().all(|arn| exact(arn)), "{shown}"),
    }
    let principals = list(&statement["Principal"]["AWS"]);
    let delegates = name == "key policy" && principals == ["arn:aws:iam::000000000000:root"];
    assert!(
        delegates || actions.iter().all(|action| !action.contains('*')),
        "{shown}"
    );
    if !list(&statement["Principal"]["Service"]).is_empty() {
        let condition = statement["Condition"].to_string().to_lowercase();
        let deputy = condition.contains("aws:sourceaccount") || condition.contains("aws:sourcearn");
        assert!(deputy, "any account could make the service do it: {shown}");
    }
    assert!(
        statement["Principal"] != "*" && !principals.contains(&"*".to_owned()),
        "{shown}"
    );
}

/// Clients with the account's root credentials, which enforcement does not restrict.
fn clients(endpoint: &str) -> Clients {
    clients_in(REGION, endpoint)
}

/// The same in a region.
fn clients_in(region: &'static str, endpoint: &str) -> Clients {
    let root = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(root))
        .http_client(crate::support::plain_http())
        .build();
    Clients::new(&config)
}

async fn role_policy(aws: &Clients) -> Value {
    let policy = aws
        .iam
        .get_role_policy()
        .role_name(ROLE)
        .policy_name(POLICY)
        .send()
        .await
        .unwrap();
    decoded(policy.policy_document())
}

/// Parses a document as a service returns it: IAM URL-encodes it.
fn decoded(text: &str) -> Value {
    let text = percent_encoding::percent_decode_str(text).decode_utf8().unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A string or a list of strings as a list.
fn list(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// Whether an ARN names exactly one resource. For a log group this includes its streams, which have no other
/// ARN.
fn exact(arn: &str) -> bool {
    let named = arn
        .strip_suffix(":*")
        .filter(|group| group.contains(":log-group:"))
        .unwrap_or(arn);
    named.starts_with("arn:aws:") && !named.contains(['*', '?'])
}
