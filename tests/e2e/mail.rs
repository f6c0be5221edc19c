//! Mail of a topic that goes to Slack, too: it reads like the message there.

use std::collections::BTreeMap;

use crate::support::World;
use crate::support::account::{calls, clients, eventually, unchanged};
use alertctl::aws::connect::Clients;
use serde_json::{Value, json};

const REGION: &str = "ap-northeast-2";
/// What `stack.yaml` begins with; the alarm of us-east-1 notifies through EventBridge.
const STACK: &str = "
stack: shop
region: ap-northeast-2
channels: { ops: { webhook: { env: SLACK_WEBHOOK_URL } } }
topics:
  both: { to: [ops], subscriptions: [{ email: oncall@example.com }] }
  plain: { subscriptions: [{ email: oncall@example.com }] }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', to: [both, plain], ok: [both] }
  bill: { region: us-east-1, metric: AWS/Billing EstimatedCharges, statistic: Maximum, period: 21600, threshold: '> 100',
    to: [both] }
";

/// The filters of a topic's subscriptions, by protocol.
async fn filters(aws: &Clients, topic: &str) -> BTreeMap<String, Option<Value>> {
    let listed = aws.sns.list_subscriptions_by_topic().topic_arn(arn("sns", topic));
    let listed = listed.send().await.unwrap();
    let mut filters = BTreeMap::new();
    for one in listed.subscriptions() {
        let read = aws.sns.get_subscription_attributes();
        let read = read
            .subscription_arn(one.subscription_arn().unwrap())
            .send()
            .await
            .unwrap();
        let filter = read.attributes().and_then(|all| all.get("FilterPolicy"));
        let filter = filter.map(|filter| serde_json::from_str(filter).unwrap());
        let filter = filter.filter(|filter| *filter != json!({}));
        filters.insert(one.protocol().unwrap().to_owned(), filter);
    }
    filters
}

fn arn(service: &str, name: &str) -> String {
    let account = crate::support::account::ACCOUNT;
    format!("arn:aws:{service}:{REGION}:{account}:{name}")
}

/// A queue that gets what a subscriber of `topic` with this filter gets.
struct Reader<'a> {
    aws: &'a Clients,
    url: String,
    read: Vec<(String, String)>,
}

impl<'a> Reader<'a> {
    async fn new(aws: &'a Clients, name: &str, topic: &str, filter: Option<&Value>) -> Self {
        let made = aws.sqs.create_queue().queue_name(name).send().await.unwrap();
        let subscribe = aws.sns.subscribe().topic_arn(arn("sns", topic));
        let subscribe = subscribe.protocol("sqs").endpoint(arn("sqs", name));
        let filter = filter.map(|filter| ("FilterPolicy".to_owned(), filter.to_string()));
        let filter = filter.map(|filter| [filter].into());
        subscribe.set_attributes(filter).send().await.unwrap();
        Self {
            aws,
            url: made.queue_url.unwrap(),
            read: Vec::new(),
        }
    }

    /// Subject and text of all messages until now.
    async fn read(&mut self) -> &[(String, String)] {
        let received = self.aws.sqs.receive_message().queue_url(&self.url);
        let received = received.max_number_of_messages(10).send().await.unwrap();
        for message in received.messages() {
            let body: Value = serde_json::from_str(message.body().unwrap()).unwrap();
            let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            self.read.push((text("Subject"), text("Message")));
            let delete = self.aws.sqs.delete_message().queue_url(&self.url);
            let delete = delete.receipt_handle(message.receipt_handle().unwrap());
            delete.send().await.unwrap();
        }
        &self.read
    }

    async fn waits_for(&mut self, count: usize) {
        eventually(&format!("{count} messages"), async || {
            self.read().await.len() >= count
        })
        .await;
    }
}

#[tokio::test]
async fn an_alarm_is_mailed_as_slack_shows_it() {
    let world = World::new();
    world.write("stack.yaml", STACK);
    let (endpoint, inbox) = world.up();
    let aws = clients(&endpoint, REGION).await;
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "after apply");

    let filters = filters(&aws, "shop-both").await;
    assert_eq!(filters["lambda"], None);
    let filter = filters["email"].clone().expect("a filter");
    assert_eq!(self::filters(&aws, "shop-plain").await["email"], None);
    let mut mails = Reader::new(&aws, "mails", "shop-both", Some(&filter)).await;
    let mut all = Reader::new(&aws, "all", "shop-both", None).await;

    world.ok(&["local", "alarm", "shop-cpu"]);
    mails.waits_for(1).await;
    let (subject, text) = mails.read[0].clone();
    assert!(subject.starts_with("🚨 shop-cpu is in alarm"), "{subject}");
    // SNS takes a subject of one line, without a blank too many.
    let headline = text.lines().next().unwrap_or_default();
    assert_eq!(headline.replace("  ·  ", " · "), subject);
    assert!(
        text.contains("\nReason: ") && text.contains("Topic: shop-both"),
        "{text}"
    );
    world.ok(&["local", "alarm", "shop-bill"]);
    mails.waits_for(2).await;
    let (subject, text) = mails.read[1].clone();
    assert!(
        subject.starts_with("🚨 shop-bill is in alarm") && subject.contains("us-east-1"),
        "{subject}"
    );
    assert!(text.contains("\nReason: ") && !text.contains('{'), "{text}");

    let tested = world.run(&["test", "--local", "--path", "topic/both"]);
    assert_eq!(tested.code, 0, "{}", tested.all());
    mails.waits_for(3).await;
    assert!(mails.read[2].0.contains("TEST"), "{:?}", mails.read[2]);
    let log = world.ok(&["logs", "--local"]).stdout;
    assert!(log.contains("delivered    topic shop-both"), "{log}");

    // Each once, and what the relay published does not come round again.
    world.ok(&["local", "alarm", "shop-cpu", "--state", "ok"]);
    mails.waits_for(4).await;
    eventually("the last message", async || world.messages(&inbox).len() == 4).await;
    all.waits_for(8).await;
    assert_eq!((all.read().await.len(), mails.read().await.len()), (8, 4));
    assert_eq!(world.messages(&inbox).len(), 4);
    world.ok(&["destroy", "--local", "--yes"]);
}

/// The relay learns to write the mails before they are all that the subscribers get.
#[tokio::test]
async fn a_stack_without_the_filters_gets_them_last() {
    let world = World::new();
    let watched = format!("{STACK}monitoring: {{ to: [both] }}\n");
    world.write("stack.yaml", &watched);
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    world.ok(&["apply", "--local", "--yes"]);
    let none = [("email".to_owned(), None), ("lambda".to_owned(), None)];
    assert_eq!(filters(&aws, "shop-both").await, none.clone().into());

    world.write("stack.yaml", STACK);
    let plan = world.ok(&["plan", "--local"]).stdout;
    assert!(
        plan.contains("filter_policy") && plan.contains("alertctl.mail"),
        "{plan}"
    );
    let (ran, calls) = calls(&endpoint, |through| {
        world.reach_at(through);
        let ran = world.run(&["apply", "--local", "--yes"]);
        world.reach_at(&endpoint);
        ran
    });
    assert_eq!(ran.code, 0, "{}", ran.all());
    let last = |action: &str| calls.iter().rposition(|call| call.ends_with(action));
    let first = |action: &str| calls.iter().position(|call| call.ends_with(action));
    let (code, filter) = (last("UpdateFunctionCode"), first("SetSubscriptionAttributes"));
    assert!(code.is_some() && code < filter, "{calls:#?}");
    unchanged(&world, "with the filters");
    assert!(filters(&aws, "shop-both").await["email"].is_some());

    world.write("stack.yaml", &watched);
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "without them again");
    assert_eq!(filters(&aws, "shop-both").await, none.into());
}
