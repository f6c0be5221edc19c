//! `plan --backtest`: what the alarms and rules of a stack would have told.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

use alertctl::aws::connect::Clients;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::MetricDatum;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::account::ACCOUNT;
use crate::support::inventory::past;
use crate::support::proxy::{Fate, Proxy};
use crate::support::schema::violations;
use crate::support::{NO_WEBHOOK, World};

const REGION: &str = "ap-northeast-2";
const LOOKUP: &str = "cloudtrail:LookupEvents";
const DATA: &str = "cloudwatch:GetMetricData";

/// A time zone in which it is between five and six in the morning: all of the last six hours is night.
fn early() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let hour = i64::try_from(now.as_secs() / 3_600 % 24).unwrap();
    let ahead = (5 - hour + 12).rem_euclid(24) - 12;
    // In these names, the sign is the other way round.
    format!("Etc/GMT{:+}", -ahead).replace("+0", "")
}

fn stack() -> String {
    format!(
        "
stack: past
region: {REGION}
timezone: {}
channels:
  oncall: {{ webhook: {{ env: SLACK_WEBHOOK_URL }} }}
  security: {{ webhook: {{ env: SLACK_WEBHOOK_URL }} }}
topics: {{ mails: {{ subscriptions: [{{ email: ops@example.com }}], to: [oncall] }} }}
trail: {{ existing: others, keep_logging: false }}
mute:
  nightly: {{ cron: '* * * * *', duration: 1h, alarms: [muted], why: always }}
alarms:
  load: {{ metric: Shop Load, statistic: Average, period: 300, evaluation_periods: 2, threshold: '>= 50', to: [oncall] }}
  errors: {{ metric: Shop Errors, statistic: Sum, period: 60, threshold: '>= 1', treat_missing_data: notBreaching, to: [mails] }}
  muted: {{ metric: Shop Errors, statistic: Sum, period: 60, threshold: '>= 1', treat_missing_data: notBreaching, to: [oncall] }}
  quiet: {{ metric: Shop Load, statistic: Maximum, period: 60, threshold: '>= 5000', to: [oncall] }}
  typo: {{ metric: Shop Laod, statistic: Sum, period: 60, threshold: '>= 1', to: [oncall] }}
  both: {{ rule: ALARM(load) AND ALARM(errors), to: [oncall] }}
  matches: {{ filter: {{ pattern: error, log_group: /shop }}, to: [oncall] }}
  ratio:
    metrics:
      - {{ id: errors, metric: Shop Errors, statistic: Sum, period: 60 }}
      - {{ id: load, metric: Shop Load, statistic: Sum, period: 60 }}
      - {{ id: ratio, expression: errors / load, return_data: true }}
    threshold: '> 0.5'
    to: [oncall]
rules:
  runs: {{ services: {{ ec2: [RunInstances] }}, to: [security] }}
  findings: {{ pattern: {{ source: [aws.guardduty], detail-type: [GuardDuty Finding] }}, to: [security] }}
",
        early()
    )
}

/// Load of each minute of the last seven hours: 10, and twice 100 for twenty minutes; an error in the middle of the later one.
fn report(endpoint: &str) {
    let now = SystemTime::now();
    let datum = |name: &str, minutes: u64, value: f64| {
        let at = DateTime::from(now - Duration::from_secs(60 * minutes));
        MetricDatum::builder()
            .metric_name(name)
            .timestamp(at)
            .value(value)
            .build()
    };
    let peak = |minutes: u64| (100..120).contains(&minutes) || (280..300).contains(&minutes);
    let load = (0..420).map(|minutes| datum("Load", minutes, if peak(minutes) { 100.0 } else { 10.0 }));
    let data: Vec<_> = load.chain([datum("Errors", 110, 1.0)]).collect();
    past(endpoint, ACCOUNT, REGION, async |config| {
        let aws = Clients::new(&config);
        for part in data.chunks(100) {
            let put = aws.cloudwatch.put_metric_data().namespace("Shop");
            put.set_metric_data(Some(part.to_vec())).send().await.unwrap();
        }
    });
}

/// A page of the event history: two calls by hand, and one that is not asked for.
fn page() -> &'static str {
    let event = |id: &str, name: &str, hours: u64| {
        let at = SystemTime::now() - Duration::from_secs(3_600 * hours);
        let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let time = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap();
        let record = json!({
            "eventType": "AwsApiCall", "eventSource": "ec2.amazonaws.com", "eventName": name, "eventID": id,
            "eventTime": time.to_string(), "awsRegion": REGION, "managementEvent": true,
        });
        json!({ "EventId": id, "EventName": name, "EventTime": seconds, "CloudTrailEvent": record.to_string() })
    };
    let events = [
        event("1", "RunInstances", 1),
        event("2", "RunInstances", 3),
        event("3", "StopInstances", 2),
    ];
    Box::leak(json!({ "Events": events }).to_string().into_boxed_str())
}

/// A world with a past, and a proxy before its AWS.
fn world(judge: impl Fn(&str) -> Fate + Send + Sync + 'static) -> (World, Proxy) {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    world.write("stack.yaml", &stack());
    let (endpoint, _) = world.up();
    report(&endpoint);
    let proxy = Proxy::judging(&endpoint, Duration::ZERO, move |_, action| judge(action));
    world.reach_at(&proxy.url);
    (world, proxy)
}

fn with_history(action: &str) -> Fate {
    match action {
        LOOKUP => Fate::Answer(page()),
        _ => Fate::Pass,
    }
}

/// Everything up to now that changes from run to run.
fn settled(text: &str) -> String {
    let mut settled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("20") {
        let (before, found) = rest.split_at(at);
        settled += before;
        let is_time = found.len() >= 16 && found.as_bytes()[4] == b'-' && found.as_bytes()[13] == b':';
        let (token, length) = if is_time { ("TIME", 16) } else { ("20", 2) };
        settled += token;
        rest = &found[length..];
    }
    settled + rest
}

fn part<'a>(document: &'a Value, id: &str) -> &'a Value {
    let all = ["alarms", "rules"].map(|list| document["backtest"][list].as_array().unwrap());
    all.into_iter().flatten().find(|one| one["id"] == id).unwrap()
}

#[test]
fn the_past_stands_below_the_plan() {
    let (world, proxy) = world(with_history);
    let plain = world.ok(&["plan", "--local"]);
    proxy.clear();
    let ran = world.ok(&["plan", "--local", "--backtest", "6h"]);
    let past = ran
        .stdout
        .strip_prefix(plain.stdout.trim_end())
        .expect("the plan itself is the same");
    let past = settled(past).replace(&early(), "ZONE");
    insta::assert_snapshot!("backtest", past.trim());
    let cost = "backtest: 7 calls of GetMetricData for 9 metrics, at most 0.01 USD; up to 200 pages of CloudTrail's event \
                history, at most 100 s (`--backtest-limit`)";
    assert!(ran.stderr.contains(cost), "{}", ran.stderr);
    let called = |action: &str| proxy.calls().iter().filter(|call| call.action == action).count();
    assert_eq!((called(DATA), called(LOOKUP)), (7, 1));

    // As JSON, with the same exit code as without.
    let args = [
        "plan",
        "--local",
        "--backtest",
        "6h",
        "--detailed-exitcode",
        "--output",
        "json",
    ];
    let ran = world.run(&args);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string("docs/plan.schema.json").unwrap()).unwrap();
    assert_eq!(violations(&schema, &schema, &plan), [""; 0]);
    let load = part(&plan, "alarm/load");
    assert_eq!(
        (&load["fired"], &load["told"], &load["at_night"]),
        (&json!(2), &json!(2), &json!(2))
    );
    assert_eq!(
        (&load["to"], &load["no_data"]),
        (&json!(["#oncall"]), &json!(false))
    );
    assert_eq!(part(&plan, "alarm/muted")["told"], 0);
    assert_eq!(part(&plan, "rule/runs")["fired"], 2);
    assert!(part(&plan, "rule/findings")["unknown"].is_string());

    // And for a pull request.
    let comment = world
        .ok(&["plan", "--local", "--backtest", "6h", "--output", "markdown"])
        .stdout;
    assert!(
        comment.contains("**Backtest**: what the stack would have told in 6 hours"),
        "{comment}"
    );
    assert!(
        comment.contains("- `alarm/load`: would have fired 2 times, 2 at night"),
        "{comment}"
    );
}

#[test]
fn what_may_not_be_read_is_told_and_the_plan_goes_on() {
    let (world, proxy) = world(|action| match action {
        DATA | LOOKUP => Fate::Refuse(
            403,
            "AccessDeniedException",
            "you are not authorized to perform it",
        ),
        _ => Fate::Pass,
    });
    let plain = world.ok(&["plan", "--local"]);
    proxy.clear();
    let ran = world.ok(&["plan", "--local", "--backtest", "30d"]);
    let past = ran
        .stdout
        .strip_prefix(plain.stdout.trim_end())
        .expect("the plan itself is the same");
    for (id, who) in [
        ("alarm/load", "CloudWatch"),
        ("alarm/typo", "CloudWatch"),
        ("rule/runs", "CloudTrail in ap-northeast-2"),
    ] {
        let line = past
            .lines()
            .find(|line| line.trim_start().starts_with(id))
            .unwrap();
        assert!(
            line.contains(&format!("unknown: {who} does not answer")),
            "{line}"
        );
    }
    // The same refusal is told once.
    assert_eq!(past.matches("cloudwatch:GetMetricData").count(), 1, "{past}");
    let together = past.split_whitespace().collect::<Vec<_>>().join(" ");
    let refusal = "* alarm/errors, alarm/load, alarm/matches and 4 more: cloudwatch:GetMetricData";
    assert!(together.contains(refusal), "{past}");
    assert!(
        together.contains("`alertctl policy --deployer --plan --backtest` prints"),
        "{past}"
    );
    assert!(
        past.contains("alarm/both     unknown: what becomes of past-load is not known"),
        "{past}"
    );
    // One refusal is enough to know.
    let asked = proxy.calls().iter().filter(|call| call.action == DATA).count();
    assert_eq!(asked, 1);
}

#[test]
fn a_limit_of_pages_is_kept_and_told() {
    let (world, proxy) = world(|action| match action {
        LOOKUP => {
            let page: Value = serde_json::from_str(page()).unwrap();
            let more = json!({ "Events": page["Events"], "NextToken": "more" });
            Fate::Answer(Box::leak(more.to_string().into_boxed_str()))
        }
        _ => Fate::Pass,
    });
    let ran = world.ok(&["plan", "--local", "--backtest", "6h", "--backtest-limit", "2"]);
    let asked = proxy.calls().iter().filter(|call| call.action == LOOKUP).count();
    assert_eq!(asked, 2);
    assert!(
        ran.stdout
            .contains("older events were not read, because of the limit of 2 pages"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("known only in the last 3 hours"),
        "{}",
        ran.stdout
    );
}

#[test]
fn an_interrupt_ends_it_at_once() {
    let open = Arc::new(AtomicBool::new(false));
    let held = open.clone();
    let (world, proxy) = world(move |action| match action {
        LOOKUP => Fate::Hold(held.clone()),
        _ => Fate::Pass,
    });
    let mut running = world
        .command(&["plan", "--local", "--backtest", "6h"])
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !proxy.calls().iter().any(|call| call.action == LOOKUP) {
        assert!(begun.elapsed() < Duration::from_secs(60), "no call came");
        std::thread::sleep(Duration::from_millis(20));
    }
    let start = Instant::now();
    // A shell that runs the tests in the background makes them ignore SIGINT, and not this one.
    kill_process(Pid::from_child(&running), Signal::TERM).unwrap();
    let ended = running.wait().unwrap();
    assert!(
        ended.signal() == Some(Signal::TERM.as_raw()) || ended.code() == Some(130),
        "{ended:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(30));
    open.store(true, std::sync::atomic::Ordering::SeqCst);
}

/// What a backtest needs is printed on request, and otherwise not.
#[test]
fn the_permissions_of_a_backtest_are_printed() {
    let world = World::new();
    world.write("stack.yaml", &stack());
    let printed = |further: &[&str]| {
        let args = ["policy", "--deployer", "--account", "111122223333"];
        let answer = world.json(&[&args[..], further].concat());
        let permissions = answer["permissions"].as_array().unwrap().clone();
        let backtest = permissions
            .into_iter()
            .filter(|one| [DATA, LOOKUP].contains(&one["action"].as_str().unwrap()));
        backtest
            .map(|one| (one["action"].clone(), one["commands"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(printed(&["--plan"]), []);
    assert_eq!(printed(&[]), []);
    let both = [LOOKUP, DATA].map(|action| (json!(action), json!(["plan_with_backtest"])));
    assert_eq!(printed(&["--plan", "--backtest"]), both);
    assert_eq!(printed(&["--backtest"]), both);
    let table = world
        .ok(&[
            "policy",
            "--deployer",
            "--account",
            "111122223333",
            "--plan",
            "--backtest",
        ])
        .stdout;
    assert!(
        table.contains("cloudwatch:GetMetricData") && table.contains("plan --backtest "),
        "{table}"
    );
}
