//! The additions of the local AWS to MiniStack for events, trails and metric filters.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::account::ACCOUNT;
use crate::support::{Ran, World, http_get};
use alertctl::aws::connect::{Clients, Connection, Target};
use aws_sdk_apigatewayv2::types::{AccessLogSettings, IntegrationType, ProtocolType};
use aws_sdk_cloudwatch::types::{ComparisonOperator, Statistic};
use aws_sdk_cloudwatchlogs::types::MetricTransformation;
use aws_sdk_eventbridge::types as events;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

const HOME: &str = "ap-northeast-2";
const PATIENCE: Duration = Duration::from_secs(20);

async fn clients(endpoint: &str, region: &str) -> Clients {
    let target = Target {
        region: Some(region.into()),
        region_from: "the test",
        endpoint_url: Some(endpoint.into()),
        local: true,
        ..Target::default()
    };
    Connection::open(&target).await.unwrap().clients
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{HOME}:{ACCOUNT}:{resource}")
}

/// A function that posts its input to the inbox; one without `inbox` always fails.
async fn function(world: &World, aws: &Clients, name: &str, inbox: Option<&str>) -> String {
    world.write(
        "index.py",
        "import json, os, urllib.request\n\
         def handler(event, context):\n\
         \x20   body = json.dumps({'text': json.dumps(event)}).encode()\n\
         \x20   urllib.request.urlopen(os.environ['INBOX'], body)\n",
    );
    let zip = "import zipfile; zipfile.ZipFile('code.zip', 'w').write('index.py')";
    assert!(world.program("python3", &["-c", zip]).status().unwrap().success());
    let code = std::fs::read(world.path().join("code.zip")).unwrap();
    let inbox = inbox.map(|inbox| format!("{inbox}/services/LOCAL/INBOX/project"));
    let environment = inbox.map(|url| {
        aws_sdk_lambda::types::Environment::builder()
            .variables("INBOX", url)
            .build()
    });
    aws.lambda
        .create_function()
        .function_name(name)
        .runtime("python3.12".into())
        .handler("index.handler")
        .role(format!("arn:aws:iam::{ACCOUNT}:role/any"))
        .code(
            aws_sdk_lambda::types::FunctionCode::builder()
                .zip_file(code.into())
                .build(),
        )
        .set_environment(environment)
        .send()
        .await
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let state = aws.lambda.get_function_configuration().function_name(name);
        if state.send().await.unwrap().state == Some("Active".into()) {
            break;
        }
        assert!(Instant::now() < deadline, "{name} never became active");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    arn("lambda", &format!("function:{name}"))
}

async fn rule(aws: &Clients, name: &str, pattern: Value, state: events::RuleState, target: events::Target) {
    let put = aws.events.put_rule().name(name).state(state);
    put.event_pattern(pattern.to_string()).send().await.unwrap();
    let put = aws.events.put_targets().rule(name).targets(target);
    assert_eq!(put.send().await.unwrap().failed_entry_count, 0);
}

fn target(arn: impl Into<String>) -> events::builders::TargetBuilder {
    events::Target::builder().id("1").arn(arn)
}

async fn queue(aws: &Clients, name: &str) -> String {
    let made = aws.sqs.create_queue().queue_name(name).send().await.unwrap();
    made.queue_url.unwrap()
}

/// The next message of a queue, its body read as JSON, and the value of one of its attributes.
async fn next(aws: &Clients, queue: &str, attribute: &str) -> Option<(Value, Option<String>)> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let receive = aws.sqs.receive_message().queue_url(queue);
        let messages = receive.message_attribute_names("All").send().await.unwrap();
        if let Some(message) = messages.messages().first() {
            let delete = aws.sqs.delete_message().queue_url(queue);
            let handle = message.receipt_handle().unwrap();
            delete.receipt_handle(handle).send().await.unwrap();
            let value = message
                .message_attributes()
                .and_then(|all| all.get(attribute)?.string_value.clone());
            let body = message.body().unwrap();
            return Some((serde_json::from_str(body).unwrap_or_else(|_| json!(body)), value));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    None
}

/// Checks that the queue is still empty after a short time.
async fn stays_empty(aws: &Clients, queue: &str) {
    tokio::time::sleep(Duration::from_millis(500)).await;
    let received = aws.sqs.receive_message().queue_url(queue).send().await.unwrap();
    assert!(received.messages().is_empty(), "{:?}", received.messages());
}

#[tokio::test]
async fn an_event_takes_its_way_through_rules_and_regions_to_slack() {
    let world = World::new();
    let ran = world.run(&["local", "event", "ec2-stopped"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("the local AWS is not running"),
        "{}",
        ran.all()
    );

    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, HOME).await;
    let function = function(&world, &aws, "notify", Some(&inbox)).await;
    let transformer = events::InputTransformer::builder()
        .input_template(
            r#"{"alertctl":{"rule":<aws.events.rule-name>,"channels":["project"]},"event":<aws.events.event.json>}"#,
        )
        .build()
        .unwrap();
    let notify = target(&function).input_transformer(transformer).build().unwrap();
    let pattern = json!({ "source": ["aws.signin"] });
    rule(
        &aws,
        "logins",
        pattern.clone(),
        events::RuleState::Enabled,
        notify,
    )
    .await;
    // The same rule in the region of the sign-ins, as a stack creates it there.
    let there = clients(&endpoint, "us-east-1").await;
    let home =
        target(arn("events", "event-bus/default")).role_arn(format!("arn:aws:iam::{ACCOUNT}:role/any"));
    let home = home.build().unwrap();
    rule(
        &there,
        "logins",
        pattern.clone(),
        events::RuleState::Enabled,
        home,
    )
    .await;
    // This target would create an endless loop.
    let back = target(format!("arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"));
    let back = back
        .role_arn(format!("arn:aws:iam::{ACCOUNT}:role/any"))
        .build()
        .unwrap();
    rule(&aws, "back", pattern, events::RuleState::Enabled, back).await;

    let shown = world.json(&["local", "event", "sign-in"]);
    let matched: Vec<_> = shown["matched"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one["rule"].as_str().unwrap(),
                one["region"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        matched,
        ["logins us-east-1", "logins ap-northeast-2", "back ap-northeast-2"]
    );
    let got = shown["messages"][0]["body"]["text"].as_str().unwrap();
    let got: Value = serde_json::from_str(got).unwrap();
    assert_eq!(
        got["alertctl"],
        json!({ "rule": "logins", "channels": ["project"] })
    );
    assert_eq!(got["event"]["region"], "us-east-1", "{got:#}");
    assert_eq!(got["event"]["detail"]["userIdentity"]["userName"], "alice");
    assert_eq!(world.messages(&inbox).len(), 1);

    // A custom event keeps its own fields.
    let own = json!({
        "version": "0", "id": "one-of-mine", "source": "aws.signin", "detail-type": "x", "account": "123456789012",
        "time": "2026-01-02T03:04:05Z", "region": HOME, "resources": ["arn:aws:x"], "detail": { "a": [1, "ü"] },
    });
    world.write("own.json", &own.to_string());
    let text = world.ok(&["local", "event", "own.json"]);
    assert!(
        text.stderr
            .contains("matched by logins (ap-northeast-2, bus default)"),
        "{}",
        text.all()
    );
    assert!(text.stdout.contains("── #project ──"), "{}", text.all());
    let messages = world.messages(&inbox);
    let got: Value = serde_json::from_str(messages[1]["body"]["text"].as_str().unwrap()).unwrap();
    assert_eq!(got["event"], own);
    let mut command = world.command(&["local", "event", "-", "--output", "json"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(own.to_string().as_bytes())
        .unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.all());

    // An event that matches no rule is reported at once.
    let start = Instant::now();
    let ran = world.run(&["local", "event", "ec2-stopped", "--region", HOME]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!("event_without_rule", ran.stderr);
    assert!(start.elapsed() < Duration::from_secs(5));
    world.write("no.json", "[1]");
    for (event, seen) in [
        ("nothing", "is neither a sample nor a readable file"),
        ("no.json", "an event is an object with a `source`"),
        ("index.py", "is not JSON"),
    ] {
        let ran = world.run(&["local", "event", event]);
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(ran.stderr.contains(seen), "{}", ran.all());
    }
}

#[tokio::test]
async fn what_a_target_does_not_take_is_kept() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, HOME).await;
    let kept = queue(&aws, "kept").await;
    let failed = queue(&aws, "failed").await;
    let dead_letters = |name: &str| events::DeadLetterConfig::builder().arn(arn("sqs", name)).build();
    let gone = target(arn("lambda", "function:gone")).dead_letter_config(dead_letters("kept"));
    let pattern = |source: &str| json!({ "source": [source] });
    let enabled = events::RuleState::Enabled;
    rule(
        &aws,
        "gone",
        pattern("aws.ec2"),
        enabled.clone(),
        gone.build().unwrap(),
    )
    .await;
    let fails = function(&world, &aws, "fails", None).await;
    let on_failure = aws_sdk_lambda::types::OnFailure::builder().destination(arn("sqs", "failed"));
    let destinations = aws_sdk_lambda::types::DestinationConfig::builder().on_failure(on_failure.build());
    let put = aws
        .lambda
        .put_function_event_invoke_config()
        .function_name("fails");
    let put = put
        .maximum_retry_attempts(0)
        .destination_config(destinations.build());
    put.send().await.unwrap();
    rule(
        &aws,
        "fails",
        pattern("aws.ec2"),
        enabled,
        target(fails).build().unwrap(),
    )
    .await;

    let mut command = world.command(&["local", "event", "ec2-stopped", "--region", HOME]);
    let mut child = command
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (event, reason) = next(&aws, &kept, "ERROR_MESSAGE").await.unwrap();
    assert_eq!(event["detail"]["state"], "stopped", "{event:#}");
    assert_eq!(reason.as_deref(), Some("it does not exist"));
    let (failure, _) = next(&aws, &failed, "").await.unwrap();
    assert_eq!(
        failure["requestPayload"]["detail"]["state"], "stopped",
        "{failure:#}"
    );
    // It is waiting for a message that never comes.
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_trail_tells_the_bus_and_its_log_group() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, HOME).await;
    let seen = queue(&aws, "told").await;
    let all = queue(&aws, "all").await;
    let alarmed = queue(&aws, "alarmed").await;
    let pattern = json!({ "source": ["aws.cloudtrail"], "detail-type": ["AWS API Call via CloudTrail"] });
    let to = |name: &str| target(arn("sqs", name)).build().unwrap();
    rule(
        &aws,
        "told",
        pattern.clone(),
        events::RuleState::Enabled,
        to("told"),
    )
    .await;
    let state = events::RuleState::EnabledWithAllCloudtrailManagementEvents;
    rule(&aws, "all", pattern, state, to("all")).await;

    // Trail → log group → metric filter → alarm → topic.
    let group = "trail-logs";
    aws.logs
        .create_log_group()
        .log_group_name(group)
        .send()
        .await
        .unwrap();
    let metric = MetricTransformation::builder()
        .metric_namespace("CIS")
        .metric_name("TrailChanges")
        .metric_value("1")
        .build()
        .unwrap();
    let filter = |pattern: &str| {
        let put = aws
            .logs
            .put_metric_filter()
            .log_group_name(group)
            .filter_name("trail-changes");
        put.filter_pattern(pattern).metric_transformations(metric.clone())
    };
    let refused = filter("{ $.eventName = }").send().await.unwrap_err();
    assert!(
        format!("{refused:?}").contains("Invalid metric filter pattern"),
        "{refused:?}"
    );
    let pattern =
        r#"{ ($.eventName = "StopLog*") && ($.userIdentity.type = Root) && ($.errorCode NOT EXISTS) }"#;
    filter(pattern).send().await.unwrap();
    let topic = aws
        .sns
        .create_topic()
        .name("alarms")
        .send()
        .await
        .unwrap()
        .topic_arn
        .unwrap();
    let subscribe = aws.sns.subscribe().topic_arn(&topic).protocol("sqs");
    subscribe.endpoint(arn("sqs", "alarmed")).send().await.unwrap();
    aws.cloudwatch
        .put_metric_alarm()
        .alarm_name("trail-changes")
        .namespace("CIS")
        .metric_name("TrailChanges")
        .statistic(Statistic::Sum)
        .period(300)
        .evaluation_periods(1)
        .threshold(1.0)
        .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
        .alarm_actions(&topic)
        .send()
        .await
        .unwrap();

    let tag = aws_sdk_cloudtrail::types::Tag::builder()
        .key("alertctl:stack")
        .value("mission");
    let trail = aws
        .cloudtrail
        .create_trail()
        .name("audit")
        .s3_bucket_name("logs")
        .is_multi_region_trail(true)
        .cloud_watch_logs_log_group_arn(arn("logs", &format!("log-group:{group}:*")))
        .cloud_watch_logs_role_arn(format!("arn:aws:iam::{ACCOUNT}:role/any"))
        .tags_list(tag.build().unwrap())
        .send()
        .await
        .unwrap();
    let trail = trail.trail_arn.unwrap();
    // No events are sent before it logs.
    aws.cloudtrail.start_logging().name("audit").send().await.unwrap();
    let tags = aws
        .cloudtrail
        .list_tags()
        .resource_id_list(&trail)
        .send()
        .await
        .unwrap();
    assert_eq!(
        tags.resource_tag_list()[0].tags_list()[0].value(),
        Some("mission")
    );
    let (event, _) = next(&aws, &all, "").await.unwrap();
    assert_eq!(event["detail"]["eventName"], "ListTags", "{event:#}");
    let got = aws
        .cloudtrail
        .get_trail()
        .name("audit")
        .send()
        .await
        .unwrap()
        .trail
        .unwrap();
    assert!(
        got.cloud_watch_logs_log_group_arn
            .unwrap()
            .ends_with("trail-logs:*")
    );

    // A refused call is sent as well, with the error.
    aws.cloudtrail
        .stop_logging()
        .name("unknown")
        .send()
        .await
        .unwrap_err();
    let (event, _) = next(&aws, &seen, "").await.unwrap();
    assert_eq!(
        event["detail"]["errorCode"], "TrailNotFoundException",
        "{event:#}"
    );
    aws.cloudtrail.stop_logging().name(&trail).send().await.unwrap();
    let (event, _) = next(&aws, &seen, "").await.unwrap();
    let detail = &event["detail"];
    assert_eq!(event["source"], "aws.cloudtrail", "{event:#}");
    assert_eq!(event["region"], HOME);
    assert_eq!(detail["eventName"], "StopLogging");
    assert_eq!(detail["eventSource"], "cloudtrail.amazonaws.com");
    assert_eq!(detail["requestParameters"], json!({ "name": trail }));
    assert_eq!(
        detail["userIdentity"]["arn"],
        format!("arn:aws:iam::{ACCOUNT}:root")
    );
    assert_eq!(detail["readOnly"], false);
    assert_eq!(detail["sourceIPAddress"], "127.0.0.1");
    assert!(detail["errorCode"].is_null(), "{event:#}");
    let (message, _) = next(&aws, &alarmed, "").await.unwrap();
    let alarm: Value = serde_json::from_str(message["Message"].as_str().unwrap()).unwrap();
    assert_eq!(alarm["NewStateValue"], "ALARM", "{alarm:#}");
    let stream = format!("{ACCOUNT}_CloudTrail_{HOME}");
    let lines = aws
        .logs
        .get_log_events()
        .log_group_name(group)
        .log_stream_name(stream);
    let lines = lines.send().await.unwrap();
    let last: Value = serde_json::from_str(lines.events().last().unwrap().message().unwrap()).unwrap();
    assert_eq!(last, *detail);

    // A stopped trail sends nothing.
    aws.cloudtrail.stop_logging().name(&trail).send().await.unwrap();
    stays_empty(&aws, &seen).await;
}

#[tokio::test]
async fn what_was_made_of_the_new_kinds_survives_a_kill() {
    let world = World::new();
    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, HOME).await;
    let function = function(&world, &aws, "notify", Some(&inbox)).await;
    let enabled = events::RuleState::Enabled;
    rule(
        &aws,
        "ec2",
        json!({ "source": ["aws.ec2"] }),
        enabled,
        target(&function).build().unwrap(),
    )
    .await;
    let bus = aws.events.create_event_bus().name("security");
    let tag = events::Tag::builder()
        .key("alertctl:stack")
        .value("mission")
        .build()
        .unwrap();
    let bus = bus.tags(tag).send().await.unwrap().event_bus_arn.unwrap();

    let bucket = aws_sdk_s3::types::CreateBucketConfiguration::builder();
    let tag = aws_sdk_s3::types::Tag::builder()
        .key("alertctl:stack")
        .value("mission")
        .build()
        .unwrap();
    let bucket = bucket.location_constraint(HOME.into()).tags(tag).build();
    let create = aws.s3.create_bucket().bucket("logs-of-mission");
    create.create_bucket_configuration(bucket).send().await.unwrap();
    let policy = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
    let put = aws
        .s3
        .put_bucket_policy()
        .bucket("logs-of-mission")
        .policy(&policy);
    put.send().await.unwrap();
    aws.cloudtrail
        .create_trail()
        .name("audit")
        .s3_bucket_name("logs-of-mission")
        .send()
        .await
        .unwrap();
    aws.cloudtrail.start_logging().name("audit").send().await.unwrap();

    aws.logs
        .create_log_group()
        .log_group_name("calls")
        .send()
        .await
        .unwrap();
    let metric = MetricTransformation::builder()
        .metric_namespace("x")
        .metric_name("y")
        .metric_value("1")
        .build()
        .unwrap();
    let put = aws
        .logs
        .put_metric_filter()
        .log_group_name("calls")
        .filter_name("f");
    put.filter_pattern("ERROR")
        .metric_transformations(metric)
        .send()
        .await
        .unwrap();
    for name in ["child", "deploy"] {
        let put = aws
            .cloudwatch
            .put_metric_alarm()
            .alarm_name(name)
            .namespace("x")
            .metric_name("y");
        let put = put
            .statistic(Statistic::Sum)
            .period(60)
            .evaluation_periods(1)
            .threshold(1.0);
        let above = ComparisonOperator::GreaterThanThreshold;
        put.comparison_operator(above).send().await.unwrap();
    }
    let put = aws
        .cloudwatch
        .put_composite_alarm()
        .alarm_name("any")
        .alarm_rule("ALARM(\"child\")");
    let put = put
        .actions_suppressor("deploy")
        .actions_suppressor_wait_period(60);
    put.actions_suppressor_extension_period(30).send().await.unwrap();

    let api = aws
        .apigateway
        .create_api()
        .name("hooks")
        .protocol_type(ProtocolType::Http);
    let api = api
        .tags("alertctl:stack", "mission")
        .send()
        .await
        .unwrap()
        .api_id
        .unwrap();
    let integration = aws.apigateway.create_integration().api_id(&api);
    let integration = integration
        .integration_type(IntegrationType::AwsProxy)
        .integration_uri(&function);
    let integration = integration
        .payload_format_version("2.0")
        .send()
        .await
        .unwrap()
        .integration_id
        .unwrap();
    let route = aws
        .apigateway
        .create_route()
        .api_id(&api)
        .route_key("POST /elastalert");
    route
        .target(format!("integrations/{integration}"))
        .send()
        .await
        .unwrap();
    let log = AccessLogSettings::builder()
        .destination_arn(arn("logs", "log-group:calls"))
        .format(
            r#"{"status":$context.status,"route":"$context.routeKey","who":"$context.identity.sourceIp"}"#,
        );
    let stage = aws
        .apigateway
        .create_stage()
        .api_id(&api)
        .stage_name("$default")
        .auto_deploy(true);
    stage.access_log_settings(log.build()).send().await.unwrap();

    let before = world.json(&["local", "status"]);
    // MiniStack saves its state one second after a change.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let pid = i32::try_from(before["status"]["emulator"]["pid"].as_i64().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while world.json(&["local", "status"])["status"]["emulator"]["running"] == true {
        assert!(Instant::now() < deadline, "it survived");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(world.up().0, endpoint);
    let aws = clients(&endpoint, HOME).await;

    let shown = world.json(&["local", "event", "ec2-stopped", "--region", HOME]);
    assert_eq!(shown["matched"][0]["rule"], "ec2", "{shown:#}");
    let tags = aws
        .events
        .list_tags_for_resource()
        .resource_arn(&bus)
        .send()
        .await
        .unwrap();
    assert_eq!(tags.tags()[0].value(), "mission");
    let status = aws
        .cloudtrail
        .get_trail_status()
        .name("audit")
        .send()
        .await
        .unwrap();
    assert_eq!(status.is_logging, Some(true));
    let got = aws
        .s3
        .get_bucket_policy()
        .bucket("logs-of-mission")
        .send()
        .await
        .unwrap();
    assert_eq!(got.policy.unwrap(), policy);
    let got = aws
        .s3
        .get_bucket_tagging()
        .bucket("logs-of-mission")
        .send()
        .await
        .unwrap();
    assert_eq!(got.tag_set()[0].value(), "mission");
    let filters = aws
        .logs
        .describe_metric_filters()
        .log_group_name("calls")
        .send()
        .await
        .unwrap();
    assert_eq!(filters.metric_filters()[0].filter_pattern(), Some("ERROR"));
    let composite = aws.cloudwatch.describe_alarms().alarm_names("any");
    let composite = composite
        .alarm_types("CompositeAlarm".into())
        .send()
        .await
        .unwrap();
    let composite = &composite.composite_alarms()[0];
    assert_eq!(composite.actions_suppressor(), Some("deploy"));
    assert_eq!(composite.actions_suppressor_wait_period(), Some(60));

    let port = endpoint.rsplit(':').next().unwrap().parse().unwrap();
    let path = format!("/_aws/execute-api/{api}/elastalert");
    assert!(http_get(port, &path).contains("Not Found"), "only POST is routed");
    let url = format!("{endpoint}{path}");
    let post = format!("import urllib.request; urllib.request.urlopen('{url}', b'{{\"rule\": 1}}')");
    assert!(
        world
            .program("python3", &["-c", &post])
            .status()
            .unwrap()
            .success()
    );
    let lines = aws
        .logs
        .filter_log_events()
        .log_group_name("calls")
        .send()
        .await
        .unwrap();
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

/// The patterns of the CIS benchmark and the other features of the pattern language.
#[test]
fn filter_patterns_match_as_on_aws() {
    let root =
        json!({ "userIdentity": { "type": "Root" }, "eventType": "AwsApiCall", "n": 4.5, "code": 404 });
    let by_service =
        json!({ "userIdentity": { "type": "Root", "invokedBy": "x" }, "eventType": "AwsApiCall" });
    let login = json!({ "eventName": "ConsoleLogin", "additionalEventData": { "MFAUsed": "No" }, "b": true });
    let nested =
        json!({ "a": [{ "x": 1 }, { "x": 2 }], "none": null, "errorCode": "Client.UnauthorizedOperation" });
    let root_used = "{ $.userIdentity.type = \"Root\" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != \
                     \"AwsServiceEvent\" }";
    let denied = "{ ($.errorCode = \"*UnauthorizedOperation\") || ($.errorCode = \"AccessDenied*\") }";
    let no_mfa = "{ ($.eventName = \"ConsoleLogin\") && ($.additionalEventData.MFAUsed != \"Yes\") }";
    let text = |text: &str| Value::from(text);
    let cases = [
        (root_used, root.clone(), true),
        (root_used, by_service.clone(), false),
        (denied, nested.clone(), true),
        (denied, root.clone(), false),
        (denied, text("no JSON"), false),
        (no_mfa, login.clone(), true),
        // A missing field does not match `!=` either.
        (no_mfa, json!({ "eventName": "ConsoleLogin" }), false),
        ("{($.eventName=ConsoleLogin)||($.x=1)}", login.clone(), true),
        ("{ $.n >= 4 && $.code = 40* }", root.clone(), true),
        ("{ $.n < 4 || $.code != 404 }", root.clone(), false),
        ("{ $.b IS TRUE && $.b = true }", login.clone(), true),
        ("{ $.b IS FALSE }", login, false),
        (
            "{ $.none IS NULL && $.a[1].x = 2 && $.a[*].x = 1 }",
            nested.clone(),
            true,
        ),
        ("{ $.a[2].x = 2 }", nested.clone(), false),
        ("{ $.errorCode = %Unauthorized|Denied% }", nested, true),
        ("", text("anything"), true),
        ("ERROR", text("an ERROR came"), true),
        ("ERROR -Exiting", text("ERROR Exiting"), false),
        ("?ERROR ?WARN", text("WARN x"), true),
        ("\"two words\"", text("not two  words"), false),
        ("%t.o%", text("two"), true),
    ];
    let broken = [
        "{ $.a",
        "{ a = 1 }",
        "{ $.a }",
        "{ $.a = }",
        "{ ($.a = 1 }",
        "{ $.a ~ 1 }",
        "{}",
        "{ $.a IS x }",
        "{ $.a > x }",
        "{ $.a = 1 $.b = 2 }",
        "[a, b]",
        "{ $.a = 1 && }",
    ];
    let program = "import importlib.util, json, sys\n\
        spec = importlib.util.spec_from_file_location('filter_pattern', sys.argv[1])\n\
        module = importlib.util.module_from_spec(spec)\n\
        spec.loader.exec_module(module)\n\
        def result(pattern, message):\n\
        \x20   text = message if isinstance(message, str) else json.dumps(message)\n\
        \x20   try:\n\
        \x20       return module.compiled(pattern)(text)\n\
        \x20   except ValueError:\n\
        \x20       return None\n\
        print(json.dumps([result(*case) for case in json.loads(sys.argv[2])]))\n";
    let asked: Vec<_> = cases
        .iter()
        .map(|(pattern, message, _)| json!([pattern, message]))
        .collect();
    let asked: Vec<_> = asked
        .into_iter()
        .chain(broken.map(|pattern| json!([pattern, ""])))
        .collect();
    let world = World::new();
    let file = format!(
        "{}/src/local/emulator/filter_pattern.py",
        env!("CARGO_MANIFEST_DIR")
    );
    let mut command = world.program(
        "python3",
        &["-B", "-c", program, &file, &json!(asked).to_string()],
    );
    let ran = Ran::of(command.output().unwrap());
    let results: Vec<Option<bool>> =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.all()));
    for ((pattern, message, wanted), result) in cases.iter().zip(&results) {
        assert_eq!(*result, Some(*wanted), "{pattern} on {message}");
    }
    for (pattern, result) in broken.iter().zip(&results[cases.len()..]) {
        assert_eq!(*result, None, "{pattern} is no pattern");
    }
}
