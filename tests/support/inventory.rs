//! How many things are in an account of the local AWS, read past alertctl with the SDK.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::types::KeyState;

/// How many there are of each thing, whoever owns it; what there is none of is left out.
pub type Inventory = BTreeMap<&'static str, usize>;

/// Counts what is in the account with this id of twelve digits.
pub fn inventory(endpoint: &str, account: &str, region: &str) -> Inventory {
    past(endpoint, account, region, async |config| {
        let (keys, functions, rest) = tokio::join!(keys(&config), functions(&config), rest(&config));
        let all = keys.into_iter().chain(functions).chain(rest);
        all.filter(|(_, count)| *count > 0).collect()
    })
}

/// Does something in an account past alertctl.
pub fn past<T>(endpoint: &str, account: &str, region: &str, act: impl AsyncFnOnce(SdkConfig) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let credentials = aws_sdk_kms::config::Credentials::new(account, "test", None, None, "test");
    runtime.block_on(async {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .endpoint_url(endpoint)
            .credentials_provider(credentials)
            .load();
        act(config.await).await
    })
}

async fn keys(config: &SdkConfig) -> Inventory {
    let kms = aws_sdk_kms::Client::new(config);
    let (mut keys, mut pending) = (0, 0);
    for key in kms.list_keys().send().await.unwrap().keys() {
        let id = key.key_id().unwrap();
        let answer = kms.describe_key().key_id(id).send().await.unwrap();
        match answer.key_metadata().unwrap().key_state() {
            Some(KeyState::PendingDeletion) => pending += 1,
            _ => keys += 1,
        }
        let tags = kms.list_resource_tags().key_id(id).send().await.unwrap();
        let owned = tags.tags().iter().any(|tag| tag.tag_key() == "alertctl:stack");
        assert!(owned, "a key that nobody owns");
    }
    let aliases = kms.list_aliases().send().await.unwrap();
    let own = |name: &str| !name.starts_with("alias/aws/");
    let aliases = aliases.aliases().iter().filter_map(|alias| alias.alias_name());
    [
        ("key", keys),
        ("pending key", pending),
        ("alias", aliases.filter(|name| own(name)).count()),
    ]
    .into()
}

async fn functions(config: &SdkConfig) -> Inventory {
    let lambda = aws_sdk_lambda::Client::new(config);
    let functions = lambda.list_functions().send().await.unwrap();
    let mut count = Inventory::from([("function", functions.functions().len())]);
    for function in functions.functions() {
        let name = function.function_name().unwrap();
        if let Ok(answer) = lambda.get_policy().function_name(name).send().await {
            let policy: serde_json::Value = serde_json::from_str(answer.policy().unwrap()).unwrap();
            *count.entry("permission").or_default() += policy["Statement"].as_array().unwrap().len();
        }
        let retries = lambda.list_function_event_invoke_configs().function_name(name);
        let retries = retries.send().await.unwrap();
        *count.entry("event invoke config").or_default() += retries.function_event_invoke_configs().len();
    }
    count
}

async fn rest(config: &SdkConfig) -> Inventory {
    let sns = aws_sdk_sns::Client::new(config);
    let sqs = aws_sdk_sqs::Client::new(config);
    let iam = aws_sdk_iam::Client::new(config);
    let logs = aws_sdk_cloudwatchlogs::Client::new(config);
    let cloudwatch = aws_sdk_cloudwatch::Client::new(config);
    let (topics, subscriptions, queues, roles, groups, alarms) = tokio::join!(
        sns.list_topics().send(),
        sns.list_subscriptions().send(),
        sqs.list_queues().send(),
        iam.list_roles().send(),
        logs.describe_log_groups().send(),
        cloudwatch.describe_alarms().send(),
    );
    let roles = roles.unwrap();
    let mut policies = 0;
    for role in roles.roles() {
        let answer = iam.list_role_policies().role_name(role.role_name()).send().await;
        policies += answer.unwrap().policy_names().len();
    }
    [
        ("topic", topics.unwrap().topics().len()),
        ("subscription", subscriptions.unwrap().subscriptions().len()),
        ("queue", queues.unwrap().queue_urls().len()),
        ("role", roles.roles().len()),
        ("role policy", policies),
        ("log group", groups.unwrap().log_groups().len()),
        ("alarm", alarms.unwrap().metric_alarms().len()),
    ]
    .into()
}
