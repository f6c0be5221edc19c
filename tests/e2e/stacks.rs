//! Each bundled stack from apply to destroy: every path is used, no changes are left, drift is repaired.

use std::collections::BTreeSet;

use crate::support::account::{clients, eventually, everything, planned, unchanged};
use crate::support::{World, http};
use alertctl::aws::connect::Clients;
use serde_json::Value;

mod services;
mod trails;

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
