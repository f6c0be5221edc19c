//! The resources of a stack in other regions: found by the stack's name alone, and deleted in order.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::World;
use crate::support::account::{ACCOUNT, clients, everything, lines, planned};
use crate::support::inventory::past;
use crate::support::proxy::{Call, Fate, Proxy};

const HOME: &str = "ap-northeast-2";
const OTHERS: [&str; 2] = ["us-east-1", "eu-west-1"];
const STACK: &str = "
stack: far
region: ap-northeast-2
topics:
  mail: { subscriptions: [{ email: oncall@example.com }] }
rules:
  keys:
    pattern: { source: [aws.kms], detail-type: [AWS API Call via CloudTrail] }
    regions: [us-east-1, eu-west-1]
    to: [mail]
";

/// Everything in a region; for the stack's own region also the global resources.
fn there(endpoint: &str, region: &str) -> BTreeSet<String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut all = runtime.block_on(async { everything(&clients(endpoint, region).await).await });
    if region != HOME {
        all.retain(|one| !one.starts_with("role ") && !one.starts_with("policy "));
    }
    all
}

/// The position of the first call of an action in a region.
fn first(calls: &[Call], action: &str, region: &str) -> usize {
    let is_it = |call: &Call| call.action == action && call.region == region;
    let found = calls.iter().position(is_it);
    found.unwrap_or_else(|| panic!("no {action} in {region}: {calls:#?}"))
}

fn applied() -> (World, String) {
    let world = World::new();
    world.write("stack.yaml", STACK);
    let (endpoint, _) = world.up();
    let proxy = Proxy::start(&endpoint, Duration::ZERO);
    let ran = world.run_at(&proxy.url, ACCOUNT, &["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    // The role that marks a region exists before anything else in it: one role per region, in any order.
    let calls = proxy.calls();
    let begun = |region: &str| {
        let made = ["events:PutRule", "sqs:CreateQueue"];
        let starts = made.map(|made| calls[first(&calls, made, region)].start);
        starts.into_iter().min().unwrap()
    };
    let mut begun = OTHERS.map(begun);
    begun.sort_unstable();
    for (others, start) in begun.iter().enumerate() {
        let roles = calls.iter().filter(|call| call.action == "iam:CreateRole");
        let led = roles.filter(|call| call.end < *start).count();
        assert!(led > others, "a region before its role: {calls:#?}");
    }
    (world, endpoint)
}

#[test]
fn a_region_that_leaves_the_file_is_left() {
    let (world, endpoint) = applied();
    let (home, near) = (there(&endpoint, HOME), there(&endpoint, OTHERS[1]));
    world.edit(|text| text.replace("[us-east-1, eu-west-1]", "[eu-west-1]"));
    let proxy = Proxy::start(&endpoint, Duration::from_millis(5));
    let run = |args: &[&str]| world.run_at(&proxy.url, ACCOUNT, args);
    let plan = run(&["plan", "--output", "json"]);
    assert_eq!(
        planned(&plan.stdout),
        lines([
            "delete eventbridge-rule/keys@us-east-1",
            "delete eventbridge-targets/keys@us-east-1",
            "delete iam-role-policy/far-forward-us-east-1/forward",
            "delete iam-role/forward.us-east-1",
            "delete sqs-queue/rules@us-east-1",
        ])
    );
    proxy.clear();
    let ran = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let calls = proxy.calls();
    let [targets, rule, queue] = ["events:RemoveTargets", "events:DeleteRule", "sqs:DeleteQueue"]
        .map(|action| &calls[first(&calls, action, "us-east-1")]);
    let role = calls.iter().find(|call| call.action == "iam:DeleteRole").unwrap();
    assert!(
        targets.end < rule.start && targets.end < queue.start,
        "{calls:#?}"
    );
    assert!(rule.end < role.start && queue.end < role.start, "{calls:#?}");

    assert_eq!(there(&endpoint, OTHERS[0]), lines([]));
    assert_eq!(there(&endpoint, OTHERS[1]), near);
    let left = there(&endpoint, HOME);
    let gone: Vec<_> = home.difference(&left).map(String::as_str).collect();
    assert_eq!(
        gone,
        [
            "policy far-forward-us-east-1/forward",
            "role far-forward-us-east-1"
        ]
    );
    let plan = run(&["plan", "--detailed-exitcode"]);
    assert_eq!(plan.code, 0, "{}", plan.all());
}

#[test]
fn the_name_of_the_stack_is_enough_to_find_every_region() {
    let (world, endpoint) = applied();
    std::fs::remove_file(world.path().join("stack.yaml")).unwrap();
    let destroy = ["destroy", "--yes", "--stack", "far", "--region", HOME];
    let ran = world.run_at(&endpoint, ACCOUNT, &destroy);
    assert_eq!(ran.code, 0, "{}", ran.all());
    for region in OTHERS.iter().chain(&[HOME]) {
        assert_eq!(there(&endpoint, region), lines([]), "{region}");
    }
}

/// EventBridge does not forward events there. The region is set on the command line, so the check of the file
/// cannot know it.
#[test]
fn a_rule_that_would_hear_nothing_is_refused() {
    let world = World::new();
    world.write(
        "stack.yaml",
        "stack: far\ntopics:\n  mail: { subscriptions: [{ email: oncall@example.com }] }\n\
         rules:\n  users:\n    preset: iam-changes\n    input: { text: IAM changed }\n    to: [mail]\n",
    );
    let (endpoint, _) = world.up();
    let proxy = Proxy::start(&endpoint, Duration::ZERO);
    let ran = world.run_at(&proxy.url, ACCOUNT, &["plan", "--region", "us-gov-east-1"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stderr.contains("needs events of us-gov-west-1"),
        "{}",
        ran.all()
    );
    assert!(ran.stderr.contains("`region: us-gov-west-1`"), "{}", ran.all());
    let ran = world.run_at(&proxy.url, ACCOUNT, &["plan", "--region", "us-gov-west-1"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
}

/// If a region does not answer, the role that marks it is kept.
#[test]
fn what_cannot_be_deleted_there_keeps_the_way_there() {
    let (world, endpoint) = applied();
    let destroy = ["destroy", "--yes", "--stack", "far", "--region", HOME];
    for refused in ["events:DeleteRule", "sqs:DeleteQueue", "events:RemoveTargets"] {
        let proxy = Proxy::judging(&endpoint, Duration::ZERO, move |_, action| {
            match action == refused {
                true => Fate::Refuse(400, "AccessDeniedException", "not authorized to perform this"),
                false => Fate::Pass,
            }
        });
        let ran = world.run_at(&proxy.url, ACCOUNT, &destroy);
        assert_eq!(ran.code, 1, "{refused}: {}", ran.all());
        for region in OTHERS {
            let role = format!("role far-forward-{region}");
            assert!(there(&endpoint, HOME).contains(&role), "{refused}: {}", ran.all());
        }
        let again = world.run_at(&endpoint, ACCOUNT, &["apply", "--yes"]);
        assert_eq!(again.code, 0, "{refused}: {}", again.all());
    }
    let ran = world.run_at(&endpoint, ACCOUNT, &destroy);
    assert_eq!(ran.code, 0, "{}", ran.all());
    for region in OTHERS.iter().chain(&[HOME]) {
        assert_eq!(there(&endpoint, region), lines([]), "{region}");
    }
}

/// Somebody deleted the roles that mark the regions: the stack file still says where to look.
#[test]
fn the_file_leads_there_too() {
    let (world, endpoint) = applied();
    past(&endpoint, ACCOUNT, HOME, async |config| {
        let iam = aws_sdk_iam::Client::new(&config);
        for region in OTHERS {
            let role = format!("far-forward-{region}");
            let policy = iam.delete_role_policy().role_name(&role).policy_name("forward");
            policy.send().await.unwrap();
            iam.delete_role().role_name(&role).send().await.unwrap();
        }
    });
    let ran = world.run_at(&endpoint, ACCOUNT, &["destroy", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    for region in OTHERS.iter().chain(&[HOME]) {
        assert_eq!(there(&endpoint, region), lines([]), "{region}");
    }
}

/// Its alarm is in the region where AWS has the metric, and notifies through EventBridge. The queue gets what
/// an email subscriber would read.
const ALARM: &str = "
stack: bills
region: ap-northeast-2
channels: { ops: { webhook: { env: SLACK_WEBHOOK_URL } } }
topics:
  both:
    to: [ops]
    subscriptions:
      - email: somebody@example.com
      - { sqs: 'arn:aws:sqs:ap-northeast-2:000000000000:reader', raw: true }
  mail: { subscriptions: [{ email: somebody@example.com }] }
alarms:
  bill: { region: us-east-1, metric: AWS/Billing EstimatedCharges, dimensions: { Currency: USD }, statistic: Maximum,
    period: 21600, threshold: '> 100', to: [both], ok: [both, mail] }
  any: { region: us-east-1, rule: ALARM(bill) OR ALARM(bill), to: [mail] }
";

#[tokio::test]
async fn an_alarm_elsewhere_tells_channels_and_mail_at_home() {
    let world = World::new();
    world.write("stack.yaml", ALARM);
    let (endpoint, inbox) = world.up();
    let home = clients(&endpoint, HOME).await;
    let made = home.sqs.create_queue().queue_name("reader").send().await.unwrap();
    let queue = made.queue_url.unwrap();
    world.ok(&["apply", "--local", "--yes"]);
    let plan = world.run(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(plan.code, 0, "{}", plan.all());
    let there = clients(&endpoint, OTHERS[0]).await;
    let alarms = there.cloudwatch.describe_alarms().send().await.unwrap();
    let alarm = alarms.metric_alarms().first().unwrap();
    assert_eq!(alarm.alarm_name(), Some("bills-bill"));
    assert_eq!(alarm.alarm_actions(), [""; 0]);

    let texts = |state: &str| {
        let ran = world.ok(&["local", "alarm", "bills-bill", "--state", state]);
        assert!(ran.stdout.contains("bills-bill"), "{}", ran.all());
    };
    texts("alarm");
    texts("ok");
    let mut read = Vec::new();
    for _ in 0..600 {
        let received = home
            .sqs
            .receive_message()
            .queue_url(&queue)
            .max_number_of_messages(10);
        let received = received.send().await.unwrap();
        for message in received.messages() {
            read.push(message.body().unwrap().to_owned());
            let delete = home.sqs.delete_message().queue_url(&queue);
            delete
                .receipt_handle(message.receipt_handle().unwrap())
                .send()
                .await
                .unwrap();
        }
        if read.len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    read.sort();
    assert_eq!(read.len(), 2, "{read:#?}");
    for (text, begin) in read.iter().zip([
        "ALARM: alarm bills-bill in us-east-1, account",
        "OK: alarm bills-bill in us-east-1, account",
    ]) {
        assert!(text.trim_start_matches('"').starts_with(begin), "{read:#?}");
        assert!(!text.contains('<') && !text.contains('{'), "{read:#?}");
    }
    // Each message once: the text for people does not go to the channel.
    let shown = world.messages(&inbox);
    assert_eq!(shown.len(), 2, "{shown:#?}");
    let seen: Vec<_> = shown.iter().map(ToString::to_string).collect();
    assert!(seen.iter().all(|one| one.contains("bills-bill")), "{shown:#?}");
    assert!(
        seen.iter()
            .all(|one| !one.contains("alertctl stack bills, alarm")),
        "{shown:#?}"
    );

    let tested = world.run(&["test", "--local", "--path", "alarm/bill"]);
    assert_eq!(tested.code, 0, "{}", tested.all());
    let ran = world.ok(&[
        "destroy", "--local", "--yes", "--stack", "bills", "--region", HOME,
    ]);
    assert!(ran.all().contains("deleted"), "{}", ran.all());
    let left = there.cloudwatch.describe_alarms().send().await.unwrap();
    assert!(left.metric_alarms().is_empty() && left.composite_alarms().is_empty());
}
