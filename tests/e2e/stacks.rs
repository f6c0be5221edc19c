//! Each bundled stack from apply to destroy: every path is used, no changes are left, drift is repaired.

use std::collections::BTreeSet;

use crate::support::account::{clients, eventually, everything, planned, unchanged};
use crate::support::{World, http};
use alertctl::aws::connect::Clients;
use serde_json::Value;

const REGION: &str = "ap-northeast-2";
/// The regions in which AWS may log a sign-in, beside the stack's own.
const SIGN_IN: [&str; 4] = ["us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"];
/// A token whose digest is in the stack file.
const TOKEN: &str = "wUq3s0uH0a2iT7l9Yv5kQb4nZr8xEo6c";

/// A local AWS with one bundled stack applied.
struct Applied {
    world: World,
    endpoint: String,
    inbox: String,
    aws: Clients,
}

impl Applied {
    async fn new(stack: &str) -> Self {
        let world = World::new();
        world.bundled(stack);
        let text = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
        if let Some(at) = text.find("{ sha256: ") {
            let at = at + "{ sha256: ".len();
            world.edit(|text| format!("{}{}{}", &text[..at], digest(TOKEN), &text[at + 64..]));
        }
        let (endpoint, inbox) = world.up();
        let aws = clients(&endpoint, REGION).await;
        let report = world.json(&["apply", "--local", "--yes"]);
        let steps = report["steps"].as_array().unwrap();
        assert!(steps.iter().all(|step| step["result"] == "done"), "{report:#}");
        unchanged(&world, "after apply");
        Self {
            world,
            endpoint,
            inbox,
            aws,
        }
    }

    /// Sends a sample event through the rules of a region; waits for a message in the inbox that contains all
    /// `marks`.
    async fn event(&self, sample: &str, region: &str, marks: &[&str]) {
        let ran = self.world.ok(&["local", "event", sample, "--region", region]);
        self.arrives(&format!("{sample} in {region}: {}", ran.all()), marks)
            .await;
    }

    /// Waits for a message that contains all `marks`.
    async fn arrives(&self, what: &str, marks: &[&str]) {
        let whole = |message: &Value| marks.iter().all(|mark| message.to_string().contains(mark));
        eventually(&format!("{what}: {marks:?}"), async || {
            self.world.messages(&self.inbox).iter().any(whole)
        })
        .await;
    }

    /// A queue that subscribes to a topic and gets the bare messages, because the emails are not read here.
    async fn reader(&self, topic: &str) -> String {
        let queue = self
            .aws
            .sqs
            .create_queue()
            .queue_name("reader")
            .send()
            .await
            .unwrap();
        let topic = format!(
            "arn:aws:sns:{REGION}:{}:{topic}",
            crate::support::account::ACCOUNT
        );
        let reader = format!("arn:aws:sqs:{REGION}:{}:reader", crate::support::account::ACCOUNT);
        let subscribe = self
            .aws
            .sns
            .subscribe()
            .topic_arn(topic)
            .protocol("sqs")
            .endpoint(reader);
        subscribe
            .attributes("RawMessageDelivery", "true")
            .send()
            .await
            .unwrap();
        queue.queue_url.unwrap()
    }

    /// Waits for an email that contains all `marks`.
    async fn mail(&self, reader: &str, marks: &[&str]) {
        eventually(&format!("a mail with {marks:?}"), async || {
            let answer = self
                .aws
                .sqs
                .receive_message()
                .queue_url(reader)
                .send()
                .await
                .unwrap();
            let mut bodies = answer.messages().iter().filter_map(|message| message.body());
            bodies.any(|body| marks.iter().all(|mark| body.contains(mark)))
        })
        .await;
    }

    /// Posts to the stack's endpoint; returns the status and the body.
    fn post(&self, token: Option<&str>, body: &str) -> (u16, String) {
        self.request("POST", "", token, body)
    }

    /// The same with any method, and with `more` after the path.
    fn request(&self, method: &str, more: &str, token: Option<&str>, body: &str) -> (u16, String) {
        let shown = self.world.json(&["show", "endpoint", "--local"]);
        let url = format!("{}{more}", shown["endpoint"]["url"].as_str().unwrap());
        let authorization = token.map(|token| format!("Bearer {token}"));
        let header = authorization.as_deref().map(|value| ("authorization", value));
        http(method, &url, header.as_slice(), body)
    }

    /// A manual change appears in the plan, and is gone after the next apply.
    fn repaired(&self, drift: &[&str]) {
        let expected: BTreeSet<_> = drift.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(
            planned(&self.world.ok(&["plan", "--local", "--output", "json"]).stdout),
            expected
        );
        self.world.json(&["apply", "--local", "--yes"]);
        unchanged(&self.world, "after the repair");
    }

    /// Destroys the stack and checks that nothing of it is left in any region.
    async fn destroyed(self, others: &[&str]) {
        self.world
            .ok(&["destroy", "--local", "--yes", "--delete-trail-logs"]);
        for region in [REGION].iter().chain(&SIGN_IN) {
            let left = everything(&clients(&self.endpoint, region).await).await;
            let left: Vec<_> = left
                .iter()
                .filter(|one| !others.contains(&one.as_str()))
                .collect();
            assert!(left.is_empty(), "{region}: {left:#?}");
        }
    }
}

fn digest(token: &str) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(token))
}

/// An alarm goes off, and is over: both times a message with all of these marks arrives.
async fn alarm_and_end(stack: &Applied, alarm: &str, gone_off: &[&[&str]], over: &[&[&str]]) {
    for (state, messages) in [("alarm", gone_off), ("ok", over)] {
        stack.world.ok(&["local", "alarm", alarm, "--state", state]);
        for marks in messages {
            stack.arrives(&format!("{alarm} {state}"), marks).await;
        }
    }
}

/// Every message so far was accepted by the rules of its service.
fn all_accepted(stack: &Applied) {
    for message in stack.world.messages(&stack.inbox) {
        assert_eq!(message["status"], "accepted", "{message:#}");
    }
}

#[tokio::test]
async fn slack_app() {
    let stack = Applied::new("slack-app").await;
    let post: &[&str] = &["project/slack/api/chat.postMessage", "slack-app-cpu"];
    let update: &[&str] = &["project/slack/api/chat.update", "slack-app-cpu"];
    alarm_and_end(&stack, "slack-app-cpu", &[post], &[update]).await;
    stack
        .event(
            "health",
            REGION,
            &["project/slack/api/chat.postMessage", "Health"],
        )
        .await;
    all_accepted(&stack);
    let table = stack.aws.dynamodb.update_time_to_live();
    let off = aws_sdk_dynamodb::types::TimeToLiveSpecification::builder()
        .attribute_name("ttl")
        .enabled(false);
    let off = table
        .table_name("slack-app-incidents")
        .time_to_live_specification(off.build().unwrap());
    off.send().await.unwrap();
    stack.repaired(&["update dynamodb-table/incidents: ttl"]);
    stack.destroyed(&[]).await;
}

#[tokio::test]
async fn teams() {
    let stack = Applied::new("teams").await;
    let card: &[&str] = &["operations/teams", "AdaptiveCard", "teams-storage"];
    alarm_and_end(&stack, "teams-storage", &[card], &[card]).await;
    stack
        .event("guardduty", REGION, &["operations/teams", "querying a domain"])
        .await;
    all_accepted(&stack);
    stack.destroyed(&[]).await;
}

#[tokio::test]
async fn pagerduty_slack() {
    let stack = Applied::new("pagerduty-slack").await;
    let slack: &[&str] = &["INBOX/project\"", "pagerduty-slack-errors"];
    let paged: &[&str] = &["pager/pagerduty", "\"trigger\"", "pagerduty-slack-errors"];
    let resolved: &[&str] = &["pager/pagerduty", "\"resolve\""];
    alarm_and_end(
        &stack,
        "pagerduty-slack-errors",
        &[slack, paged],
        &[slack, resolved],
    )
    .await;
    let slack: &[&str] = &["INBOX/project\"", "pagerduty-slack-late"];
    alarm_and_end(&stack, "pagerduty-slack-late", &[slack], &[slack]).await;
    all_accepted(&stack);
    let messages = stack.world.messages(&stack.inbox);
    let pages = messages.iter().filter(|message| message["channel"] == "pager");
    assert_eq!(pages.count(), 2, "a warning pages nobody: {messages:#?}");
    stack.destroyed(&[]).await;
}

#[tokio::test]
async fn signed_webhook() {
    let stack = Applied::new("signed-webhook").await;
    let began: &[&str] = &[
        "program/signed_webhook",
        "alertctl.alert.firing.v1",
        "signed-webhook-cpu",
    ];
    let ended: &[&str] = &["program/signed_webhook", "alertctl.alert.resolved.v1"];
    alarm_and_end(&stack, "signed-webhook-cpu", &[began], &[ended]).await;
    stack
        .event("ec2-stopped", REGION, &["program/signed_webhook", "stopped"])
        .await;
    all_accepted(&stack);
    stack.destroyed(&[]).await;
}

#[tokio::test]
async fn google_chat_discord() {
    let stack = Applied::new("google-chat-discord").await;
    let name = "google-chat-discord-memory";
    let chat: &[&str] = &["operations/google_chat", "cardsV2", name];
    let discord: &[&str] = &["developers/discord", "embeds", name];
    alarm_and_end(&stack, name, &[chat, discord], &[chat, discord]).await;
    all_accepted(&stack);
    stack.destroyed(&[]).await;
}

#[tokio::test]
async fn elastalert_email() {
    let stack = Applied::new("elastalert-email").await;
    let reader = stack.reader("elastalertToEmail").await;
    let alert =
        r#"{"@timestamp":"2026-11-20T05:00:00Z","API":"/v1/orders","sourceIP":"203.0.113.7","result":500}"#;
    let (status, body) = stack.post(Some(TOKEN), alert);
    assert_eq!(status, 200, "{body}");
    stack
        .mail(
            &reader,
            &["탐지된 API: /v1/orders", "출발지 IP: 203.0.113.7", "500 에러"],
        )
        .await;
    assert_eq!(stack.post(None, alert).0, 401);
    assert_eq!(stack.post(Some("wrong"), alert).0, 401);
    // The API itself refuses unknown methods and paths.
    assert_eq!(stack.request("GET", "", Some(TOKEN), alert).0, 404);
    assert_eq!(stack.request("POST", "/more", Some(TOKEN), alert).0, 404);
    // What is no JSON is shown as the text it is.
    let (status, body) = stack.post(Some(TOKEN), "disk full on db-1");
    assert_eq!(status, 200, "{body}");
    stack.mail(&reader, &["disk full on db-1"]).await;

    let api = stack.aws.apigateway.get_apis().send().await.unwrap();
    let api = api.items()[0].api_id().unwrap().to_owned();
    let route = stack
        .aws
        .apigateway
        .get_routes()
        .api_id(&api)
        .send()
        .await
        .unwrap();
    let route = route.items()[0].route_id().unwrap().to_owned();
    let gone = stack.aws.apigateway.delete_route().api_id(&api).route_id(route);
    gone.send().await.unwrap();
    stack.repaired(&["create apigatewayv2-route/elastalert"]);
    assert_eq!(stack.post(Some(TOKEN), alert).0, 200);
    stack.destroyed(&["queue reader"]).await;
}

#[tokio::test]
async fn trail_guard() {
    let stack = Applied::new("trail-guard").await;
    let reader = stack.reader("ec2_state_mail").await;
    // This event reaches no channel, which the command reports by its exit code.
    stack
        .world
        .run(&["local", "event", "ec2-stopped", "--region", REGION]);
    stack.mail(&reader, &["EC2 instance i-"]).await;

    // Somebody stops the trail: it is logging again, and the email says who it was.
    let trails = &stack.aws.cloudtrail;
    trails
        .stop_logging()
        .name("management-events")
        .send()
        .await
        .unwrap();
    eventually("the trail logging again", async || {
        let status = trails
            .get_trail_status()
            .name("management-events")
            .send()
            .await
            .unwrap();
        status.is_logging() == Some(true)
    })
    .await;
    stack.mail(&reader, &["management-events"]).await;
    unchanged(&stack.world, "after the guard");

    let rules = stack
        .aws
        .events
        .remove_targets()
        .rule("ec2_state_change")
        .ids("mail");
    rules.send().await.unwrap();
    let update = trails
        .update_trail()
        .name("management-events")
        .enable_log_file_validation(false);
    update.send().await.unwrap();
    stack.repaired(&[
        "update cloudtrail-trail/trail: log_file_validation",
        "create eventbridge-targets/ec2",
    ]);
    stack.destroyed(&["queue reader"]).await;
}

#[tokio::test]
async fn console_login() {
    let stack = Applied::new("console-login").await;
    for region in [REGION].iter().chain(&SIGN_IN) {
        stack.event("sign-in", region, &[region]).await;
    }
    stack.event("sign-in-root", "us-east-1", &["루트 사용자"]).await;

    let there = clients(&stack.endpoint, "eu-north-1").await;
    let disable = there.events.disable_rule().name("console-login-logins");
    disable.send().await.unwrap();
    stack.repaired(&["update eventbridge-rule/logins@eu-north-1: state"]);

    // The guide's other variant: trail, log group, metric filter, alarm.
    let line = r#"{"eventName":"ConsoleLogin","userIdentity":{"type":"IAMUser"},
        "additionalEventData":{"MFAUsed":"No"},"responseElements":{"ConsoleLogin":"Success"}}"#;
    let group = "/alertctl/console-login/trail";
    let logs = &stack.aws.logs;
    let stream = logs
        .create_log_stream()
        .log_group_name(group)
        .log_stream_name("by-hand");
    stream.send().await.unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let event = aws_sdk_cloudwatchlogs::types::InputLogEvent::builder()
        .timestamp(i64::try_from(now.as_millis()).unwrap())
        .message(line)
        .build()
        .unwrap();
    let put = logs
        .put_log_events()
        .log_group_name(group)
        .log_stream_name("by-hand")
        .log_events(event);
    put.send().await.unwrap();
    stack
        .arrives("a sign-in without MFA", &["console-login-without-mfa"])
        .await;
    stack.destroyed(&[]).await;
}

#[tokio::test]
async fn audit_slack() {
    let stack = Applied::new("audit-slack").await;
    stack
        .event("call-role", REGION, &["RequestCertificate", "audit"])
        .await;
    // IAM is logged in us-east-1 only.
    stack.event("call-failed", "us-east-1", &["CreateUser"]).await;
    let rules = stack.aws.events.list_rules().send().await.unwrap();
    assert!(rules.rules().len() >= 25);

    // One statement for all rules of the stack.
    let policy = stack
        .aws
        .lambda
        .get_policy()
        .function_name("audit-relay")
        .send()
        .await
        .unwrap();
    let policy: Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 1, "{policy:#}");
    assert!(policy.to_string().contains(":rule/audit-*"), "{policy:#}");
    let tag = stack.aws.events.disable_rule().name("audit-calls-acm");
    tag.send().await.unwrap();
    let there = clients(&stack.endpoint, "us-east-1").await;
    let gone = there.events.remove_targets().rule("audit-calls-iam").ids("home");
    gone.send().await.unwrap();
    stack.repaired(&[
        "create eventbridge-targets/calls-iam@us-east-1",
        "update eventbridge-rule/calls-acm: state",
    ]);
    stack.destroyed(&[]).await;
}

#[tokio::test]
async fn full() {
    let stack = Applied::new("full").await;
    for (sample, region, marks) in [
        ("sign-in", "us-east-2", &["us-east-2"][..]),
        ("tamper-stop-logging", REGION, &["StopLogging"]),
        ("call-role", REGION, &["RequestCertificate"]),
        ("guardduty", REGION, &["querying a domain"]),
    ] {
        stack.event(sample, region, marks).await;
    }
    assert_eq!(stack.post(Some(TOKEN), r#"{"API":"/v1/orders"}"#).0, 200);
    stack.arrives("the alert in Slack", &["/v1/orders"]).await;
    stack.world.ok(&["local", "alarm", "full-cpu"]);
    stack.arrives("the alarm", &["full-cpu"]).await;

    let events = &stack.aws.events;
    events
        .disable_rule()
        .name("full-findings")
        .event_bus_name("full-security")
        .send()
        .await
        .unwrap();
    let filter = stack
        .aws
        .logs
        .delete_metric_filter()
        .log_group_name("/alertctl/full/trail");
    filter
        .filter_name("alertctl-full.cis-vpc-changes")
        .send()
        .await
        .unwrap();
    let bucket = stack
        .aws
        .s3
        .delete_bucket_policy()
        .bucket(format!("full-trail-{}", crate::support::account::ACCOUNT));
    bucket.send().await.unwrap();
    let alarms = stack.aws.cloudwatch.delete_alarms().alarm_names("full-trouble");
    alarms.send().await.unwrap();
    stack.repaired(&[
        "create cloudwatch-composite-alarm/trouble",
        "create logs-metric-filter/cis-vpc-changes",
        "create s3-bucket-policy/trail",
        "update eventbridge-rule/findings: state",
    ]);
    stack.destroyed(&[]).await;
}

/// An existing trail: none of it is changed, but its logging is kept on.
#[tokio::test]
async fn a_trail_that_was_there_before() {
    let world = World::new();
    let rule = "stack: t\nregion: ap-northeast-2\nchannels:\n  c: { webhook: { env: HOOK } }\n\
                rules:\n  acm: { services: { acm: all }, to: [c] }\n";
    world.write("stack.yaml", rule);
    let (endpoint, inbox) = world.up();
    let plan = world.ok(&["plan", "--local"]);
    assert!(plan.stderr.contains("no CloudTrail trail logs"), "{}", plan.all());

    let existing = format!("{rule}trail: {{ existing: old, to: [c] }}\n");
    world.write("stack.yaml", &existing);
    let plan = world.ok(&["plan", "--local"]);
    assert!(plan.stderr.contains("`old`"), "{}", plan.all());

    let aws = clients(&endpoint, REGION).await;
    let here = aws_sdk_s3::types::CreateBucketConfiguration::builder()
        .location_constraint(REGION.into())
        .build();
    let bucket = aws
        .s3
        .create_bucket()
        .bucket("old-logs")
        .create_bucket_configuration(here);
    bucket.send().await.unwrap();
    let trail = aws
        .cloudtrail
        .create_trail()
        .name("old")
        .s3_bucket_name("old-logs");
    trail.send().await.unwrap();
    let plan = world.ok(&["plan", "--local"]);
    assert!(
        plan.stderr.contains("logs no management events"),
        "{}",
        plan.all()
    );
    aws.cloudtrail.start_logging().name("old").send().await.unwrap();
    let apply = world.ok(&["apply", "--local", "--yes"]);
    assert!(!apply.stderr.contains("warning"), "{}", apply.all());
    unchanged(&world, "after apply");

    aws.cloudtrail.stop_logging().name("old").send().await.unwrap();
    eventually("the old trail logging again", async || {
        let status = aws
            .cloudtrail
            .get_trail_status()
            .name("old")
            .send()
            .await
            .unwrap();
        status.is_logging() == Some(true)
    })
    .await;
    eventually("word of it", async || {
        let messages = world.messages(&inbox);
        messages
            .iter()
            .any(|message| message.to_string().contains("stopped trail old"))
    })
    .await;
    world.ok(&["destroy", "--local", "--yes"]);
    let left = aws
        .cloudtrail
        .get_trail_status()
        .name("old")
        .send()
        .await
        .unwrap();
    assert_eq!(left.is_logging(), Some(true));
}
