//! Everything in an account of the local AWS, read with the SDK and without alertctl.

use std::collections::BTreeMap;

use alertctl::aws::connect::Clients;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatch::types::AlarmType;
use aws_sdk_kms::types::KeyState;
use futures::FutureExt as _;

/// A kind of resource, and the name of one.
pub type Item = (&'static str, String);
/// The number of resources of each kind, regardless of the owner. Kinds without resources are left out.
pub type Inventory = BTreeMap<&'static str, usize>;

/// Counts the resources in these regions of the account with this twelve-digit id.
pub fn inventory(endpoint: &str, account: &str, regions: &[&str]) -> Inventory {
    let mut count = Inventory::new();
    for (at, region) in regions.iter().enumerate() {
        let items = past(endpoint, account, region, async |config| {
            let aws = Clients::new(&config);
            assert!(all_keys_are_owned(&aws).await, "a key that nobody owns");
            match at {
                0 => listed(&aws).await,
                _ => regional(&aws).await,
            }
        });
        for (kind, _) in items {
            *count.entry(kind).or_default() += 1;
        }
    }
    count
}

/// Runs `act` in an account, without alertctl.
pub fn past<T>(endpoint: &str, account: &str, region: &str, act: impl AsyncFnOnce(SdkConfig) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let credentials = aws_sdk_kms::config::Credentials::new(account, "test", None, None, "test");
    runtime.block_on(async {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(crate::support::plain_http())
            .region(Region::new(region.to_owned()))
            .endpoint_url(endpoint)
            .credentials_provider(credentials)
            .load();
        act(config.await).await
    })
}

/// Everything in a region of an account, and its global resources, regardless of the owner.
pub async fn listed(aws: &Clients) -> Vec<Item> {
    // Boxed: together the two futures would not fit on a test's stack.
    let (global, regional) = tokio::join!(global(aws).boxed_local(), regional(aws).boxed_local());
    [global, regional].concat()
}

/// The global resources of an account, which are visible in every region.
async fn global(aws: &Clients) -> Vec<Item> {
    let (roles, buckets) = tokio::join!(roles(aws), buckets(aws));
    [roles, buckets].concat()
}

async fn regional(aws: &Clients) -> Vec<Item> {
    let (keys, functions, messaging, logs, apis, events, tables) = tokio::join!(
        keys(aws).boxed_local(),
        functions(aws).boxed_local(),
        messaging(aws).boxed_local(),
        logs_and_alarms(aws).boxed_local(),
        apis(aws).boxed_local(),
        events_and_trails(aws).boxed_local(),
        tables(aws).boxed_local()
    );
    [keys, functions, messaging, logs, apis, events, tables].concat()
}

async fn roles(aws: &Clients) -> Vec<Item> {
    let mut items = Vec::new();
    for role in aws.iam.list_roles().send().await.unwrap().roles() {
        let name = role.role_name();
        if role.path().starts_with("/aws-service-role/") {
            continue;
        }
        items.push(("role", name.to_owned()));
        let policies = aws.iam.list_role_policies().role_name(name).send().await.unwrap();
        let names = policies.policy_names().iter();
        items.extend(names.map(|policy| ("policy", format!("{name}/{policy}"))));
    }
    items
}

async fn buckets(aws: &Clients) -> Vec<Item> {
    let mut items = Vec::new();
    for bucket in aws.s3.list_buckets().send().await.unwrap().buckets() {
        let name = bucket.name().unwrap();
        items.push(("bucket", name.to_owned()));
        if aws.s3.get_bucket_policy().bucket(name).send().await.is_ok() {
            items.push(("bucket policy", name.to_owned()));
        }
    }
    items
}

async fn keys(aws: &Clients) -> Vec<Item> {
    let mut items = Vec::new();
    for key in aws.kms.list_keys().send().await.unwrap().keys() {
        let id = key.key_id().unwrap();
        let answer = aws.kms.describe_key().key_id(id).send().await.unwrap();
        let kind = match answer.key_metadata().unwrap().key_state() {
            Some(KeyState::PendingDeletion) => "pending key",
            _ => "key",
        };
        items.push((kind, id.to_owned()));
    }
    let aliases = aws.kms.list_aliases().send().await.unwrap();
    let names = aliases.aliases().iter().map(|alias| alias.alias_name().unwrap());
    let own = names.filter(|name| !name.starts_with("alias/aws/"));
    items.extend(own.map(|name| ("alias", name.to_owned())));
    items
}

async fn all_keys_are_owned(aws: &Clients) -> bool {
    for key in aws.kms.list_keys().send().await.unwrap().keys() {
        let tags = aws.kms.list_resource_tags().key_id(key.key_id().unwrap());
        let tags = tags.send().await.unwrap();
        if !tags.tags().iter().any(|tag| tag.tag_key() == "alertctl:stack") {
            return false;
        }
    }
    true
}

async fn functions(aws: &Clients) -> Vec<Item> {
    let mut items = Vec::new();
    for function in aws.lambda.list_functions().send().await.unwrap().functions() {
        let name = function.function_name().unwrap();
        items.push(("function", name.to_owned()));
        let retries = aws.lambda.get_function_event_invoke_config().function_name(name);
        if retries.send().await.is_ok() {
            items.push(("event invoke config", name.to_owned()));
        }
        if let Ok(policy) = aws.lambda.get_policy().function_name(name).send().await {
            let policy: serde_json::Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
            for statement in policy["Statement"].as_array().unwrap() {
                let id = statement["Sid"].as_str().unwrap();
                items.push(("permission", format!("{name}/{id}")));
            }
        }
    }
    let mappings = aws.lambda.list_event_source_mappings().send().await.unwrap();
    for mapping in mappings.event_source_mappings() {
        let (queue, function) = (
            mapping.event_source_arn().unwrap(),
            mapping.function_arn().unwrap(),
        );
        items.push(("event source mapping", format!("{queue} to {function}")));
    }
    items
}

async fn messaging(aws: &Clients) -> Vec<Item> {
    let (topics, subscriptions, queues) = tokio::join!(
        aws.sns.list_topics().send(),
        aws.sns.list_subscriptions().send(),
        aws.sqs.list_queues().send(),
    );
    let last = |arn: &str| arn.rsplit([':', '/']).next().unwrap().to_owned();
    let mut items = Vec::new();
    for topic in topics.unwrap().topics() {
        items.push(("topic", last(topic.topic_arn().unwrap())));
    }
    for one in subscriptions.unwrap().subscriptions() {
        let (protocol, endpoint) = (one.protocol().unwrap(), one.endpoint().unwrap());
        let topic = last(one.topic_arn().unwrap());
        items.push(("subscription", format!("{protocol} {endpoint} to {topic}")));
    }
    for url in queues.unwrap().queue_urls() {
        items.push(("queue", last(url)));
    }
    items
}

async fn logs_and_alarms(aws: &Clients) -> Vec<Item> {
    let alarms = aws.cloudwatch.describe_alarms();
    let (mutes, groups, filters, alarms) = tokio::join!(
        aws.cloudwatch.list_alarm_mute_rules().send(),
        aws.logs.describe_log_groups().send(),
        aws.logs.describe_metric_filters().send(),
        // Others than metric alarms are returned only if they are asked for.
        alarms
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .alarm_types(AlarmType::LogAlarm)
            .send(),
    );
    let mut items = Vec::new();
    for rule in mutes.unwrap().alarm_mute_rule_summaries() {
        let (_, name) = rule.alarm_mute_rule_arn().unwrap().rsplit_once(':').unwrap();
        items.push(("mute rule", name.to_owned()));
    }
    for group in groups.unwrap().log_groups() {
        items.push(("log group", group.log_group_name().unwrap().to_owned()));
    }
    for filter in filters.unwrap().metric_filters() {
        let (group, name) = (filter.log_group_name().unwrap(), filter.filter_name().unwrap());
        items.push(("metric filter", format!("{group}/{name}")));
    }
    let alarms = alarms.unwrap();
    for alarm in alarms.metric_alarms() {
        items.push(("alarm", alarm.alarm_name().unwrap().to_owned()));
    }
    for alarm in alarms.log_alarms() {
        items.push(("log alarm", alarm.alarm_name().unwrap().to_owned()));
    }
    for alarm in alarms.composite_alarms() {
        items.push(("composite alarm", alarm.alarm_name().unwrap().to_owned()));
    }
    items
}

async fn tables(aws: &Clients) -> Vec<Item> {
    let tables = aws.dynamodb.list_tables().send().await.unwrap();
    let names = tables.table_names().iter();
    names.map(|name| ("table", name.clone())).collect()
}

async fn apis(aws: &Clients) -> Vec<Item> {
    let gateway = &aws.apigateway;
    let mut items = Vec::new();
    for api in gateway.get_apis().send().await.unwrap().items() {
        let id = api.api_id().unwrap();
        items.push(("api", format!("{} {id}", api.name().unwrap())));
        let (routes, integrations, stages) = tokio::join!(
            gateway.get_routes().api_id(id).send(),
            gateway.get_integrations().api_id(id).send(),
            gateway.get_stages().api_id(id).send(),
        );
        for route in routes.unwrap().items() {
            items.push(("route", format!("{id} {}", route.route_key().unwrap())));
        }
        for integration in integrations.unwrap().items() {
            let integration = integration.integration_id().unwrap();
            items.push(("integration", format!("{id} {integration}")));
        }
        for stage in stages.unwrap().items() {
            items.push(("stage", format!("{id} {}", stage.stage_name().unwrap())));
        }
    }
    items
}

async fn events_and_trails(aws: &Clients) -> Vec<Item> {
    let mut items = Vec::new();
    for bus in aws.events.list_event_buses().send().await.unwrap().event_buses() {
        let bus = bus.name().unwrap();
        if bus != "default" {
            items.push(("event bus", bus.to_owned()));
        }
        let rules = aws.events.list_rules().event_bus_name(bus).send().await.unwrap();
        for rule in rules.rules() {
            let rule = rule.name().unwrap();
            items.push(("rule", format!("{bus}/{rule}")));
            let targets = aws.events.list_targets_by_rule().rule(rule).event_bus_name(bus);
            for target in targets.send().await.unwrap().targets() {
                items.push(("target", format!("{bus}/{rule}/{}", target.id())));
            }
        }
    }
    // Multi-region trails are visible in other regions too.
    let trails = aws.cloudtrail.describe_trails().include_shadow_trails(false);
    for trail in trails.send().await.unwrap().trail_list() {
        items.push(("trail", trail.name().unwrap().to_owned()));
    }
    items
}
