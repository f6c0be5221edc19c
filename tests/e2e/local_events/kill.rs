//! What the additions made survives a `kill -9` of the local AWS.

use alertctl::aws::connect::Clients;
use aws_sdk_apigatewayv2::types::{AccessLogSettings, IntegrationType, ProtocolType};
use aws_sdk_eventbridge::types as events;
use serde_json::json;

use super::{HOME, alarm, arn, clients, function, metric_filter, rule, target};
use crate::support::{World, http_get};

const BUCKET: &str = "logs-of-mission";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

#[tokio::test]
async fn what_was_made_of_the_new_kinds_survives_a_kill() {
    let world = World::new();
    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, HOME).await;
    let function = function(&world, &aws, "notify", Some(&inbox)).await;
    let bus = make_rule_and_bus(&aws, &function).await;
    make_bucket_and_trail(&aws).await;
    make_filter_and_alarms(&aws).await;
    let api = make_api(&aws, &function).await;

    world.wait_until_saved();
    world.kill_part("emulator");
    assert_eq!(world.up().0, endpoint);

    let aws = clients(&endpoint, HOME).await;
    see_rule_and_bus(&world, &aws, &bus).await;
    see_bucket_and_trail(&aws).await;
    see_filter_and_alarms(&aws).await;
    see_api(&world, &aws, &endpoint, &api).await;
}

async fn make_rule_and_bus(aws: &Clients, function: &str) -> String {
    let pattern = json!({ "source": ["aws.ec2"] });
    let target = target(function).build().unwrap();
    rule(aws, "ec2", pattern, events::RuleState::Enabled, target).await;
    let tag = events::Tag::builder().key("alertctl:stack").value("mission");
    let bus = aws.events.create_event_bus().name("security");
    let bus = bus.tags(tag.build().unwrap()).send().await.unwrap();
    bus.event_bus_arn.unwrap()
}

async fn see_rule_and_bus(world: &World, aws: &Clients, bus: &str) {
    let shown = world.json(&["local", "event", "ec2-stopped", "--region", HOME]);
    assert_eq!(shown["matched"][0]["rule"], "ec2", "{shown:#}");
    let tags = aws.events.list_tags_for_resource().resource_arn(bus);
    let tags = tags.send().await.unwrap();
    assert_eq!(tags.tags()[0].value(), "mission");
}

async fn make_bucket_and_trail(aws: &Clients) {
    let tag = aws_sdk_s3::types::Tag::builder()
        .key("alertctl:stack")
        .value("mission");
    let bucket = aws_sdk_s3::types::CreateBucketConfiguration::builder()
        .location_constraint(HOME.into())
        .tags(tag.build().unwrap());
    let create = aws.s3.create_bucket().bucket(BUCKET);
    let create = create.create_bucket_configuration(bucket.build());
    create.send().await.unwrap();
    let put = aws.s3.put_bucket_policy().bucket(BUCKET).policy(POLICY);
    put.send().await.unwrap();
    let create = aws.cloudtrail.create_trail().name("audit");
    create.s3_bucket_name(BUCKET).send().await.unwrap();
    aws.cloudtrail.start_logging().name("audit").send().await.unwrap();
}

async fn see_bucket_and_trail(aws: &Clients) {
    let status = aws.cloudtrail.get_trail_status().name("audit");
    assert_eq!(status.send().await.unwrap().is_logging, Some(true));
    let got = aws.s3.get_bucket_policy().bucket(BUCKET).send().await.unwrap();
    assert_eq!(got.policy.unwrap(), POLICY);
    let got = aws.s3.get_bucket_tagging().bucket(BUCKET).send().await.unwrap();
    assert_eq!(got.tag_set()[0].value(), "mission");
}

async fn make_filter_and_alarms(aws: &Clients) {
    let create = aws.logs.create_log_group().log_group_name("calls");
    create.send().await.unwrap();
    metric_filter(aws, "calls", "ERROR").send().await.unwrap();
    for name in ["child", "deploy"] {
        alarm(aws, name).send().await.unwrap();
    }
    let put = aws.cloudwatch.put_composite_alarm().alarm_name("any");
    let put = put
        .alarm_rule("ALARM(\"child\")")
        .actions_suppressor("deploy")
        .actions_suppressor_wait_period(60)
        .actions_suppressor_extension_period(30);
    put.send().await.unwrap();
}

async fn see_filter_and_alarms(aws: &Clients) {
    let filters = aws.logs.describe_metric_filters().log_group_name("calls");
    let filters = filters.send().await.unwrap();
    assert_eq!(filters.metric_filters()[0].filter_pattern(), Some("ERROR"));
    let composite = aws.cloudwatch.describe_alarms().alarm_names("any");
    let composite = composite.alarm_types("CompositeAlarm".into());
    let composite = &composite.send().await.unwrap().composite_alarms.unwrap()[0];
    assert_eq!(composite.actions_suppressor(), Some("deploy"));
    assert_eq!(composite.actions_suppressor_wait_period(), Some(60));
}

/// An HTTP API with one route to the function. Returns its id.
async fn make_api(aws: &Clients, function: &str) -> String {
    let gateway = &aws.apigateway;
    let api = gateway.create_api().name("hooks");
    let api = api.protocol_type(ProtocolType::Http);
    let api = api.tags("alertctl:stack", "mission").send().await.unwrap();
    let api = api.api_id.unwrap();
    let integration = gateway.create_integration().api_id(&api);
    let integration = integration
        .integration_type(IntegrationType::AwsProxy)
        .integration_uri(function)
        .payload_format_version("2.0");
    let integration = integration.send().await.unwrap().integration_id.unwrap();
    let route = gateway.create_route().api_id(&api);
    let route = route.route_key("POST /elastalert");
    let route = route.target(format!("integrations/{integration}"));
    route.send().await.unwrap();
    let log = AccessLogSettings::builder()
        .destination_arn(arn("logs", "log-group:calls"))
        .format(
            r#"{"status":$context.status,"route":"$context.routeKey","who":"$context.identity.sourceIp"}"#,
        );
    let stage = gateway.create_stage().api_id(&api).stage_name("$default");
    let stage = stage.auto_deploy(true).access_log_settings(log.build());
    stage.send().await.unwrap();
    api
}

async fn see_api(world: &World, aws: &Clients, endpoint: &str, api: &str) {
    let port = endpoint.rsplit(':').next().unwrap().parse().unwrap();
    let path = format!("/_aws/execute-api/{api}/elastalert");
    assert!(http_get(port, &path).contains("Not Found"), "only POST is routed");
    let url = format!("{endpoint}{path}");
    let post = format!("import urllib.request; urllib.request.urlopen('{url}', b'{{\"rule\": 1}}')");
    let posted = world.program("python3", &["-c", &post]).status().unwrap();
    assert!(posted.success());
    let lines = aws.logs.filter_log_events().log_group_name("calls");
    let lines = lines.send().await.unwrap();
    let lines: Vec<_> = lines
        .events()
        .iter()
        .map(|line| line.message().unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            r#"{"status":404,"route":"-","who":"127.0.0.1"}"#,
            r#"{"status":200,"route":"POST /elastalert","who":"127.0.0.1"}"#
        ]
    );
}
