//! Mutes: in the stack file, by hand, and what the relay does not tell.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::types::{Rule, Schedule};

use crate::support::World;
use crate::support::account::{clients, eventually, everything, lines, planned, unchanged};
use alertctl::aws::connect::Clients;
use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use jiff::Timestamp;
use serde_json::Value;

const REGION: &str = "eu-west-1";
const OTHER_REGION: &str = "us-east-1";

const STACK: &str = r##"
stack: quiet
region: eu-west-1
timezone: Asia/Seoul
tags: { team: platform }
channels:
  project: { webhook: { env: SLACK_WEBHOOK_URL } }
topics:
  alerts: { to: [project] }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, threshold: ">= 50", period: 60, statistic: Average, to: [alerts], ok: [alerts] }
  bill:
    { metric: AWS/Billing EstimatedCharges, region: us-east-1, threshold: ">= 5", period: 21600, statistic: Maximum, to: [alerts] }
rules:
  shop: { pattern: { source: [shop] }, to: [project] }
"##;

const MUTE: &str = "mute:
  nightly: { cron: 0 2 * * *, duration: 2h, alarms: [cpu, bill], why: Backups }
";

/// A world in which the stack with `mute` was applied, its endpoint, its inbox, and clients for its region.
async fn world(mute: &str) -> (World, String, String, Clients) {
    let world = World::new();
    world.write("stack.yaml", &format!("{STACK}{mute}"));
    let (endpoint, inbox) = world.up();
    world.ok(&["apply", "--local", "--yes"]);
    let aws = clients(&endpoint, REGION).await;
    (world, endpoint, inbox, aws)
}

fn rules(there: &BTreeSet<String>) -> Vec<&str> {
    there
        .iter()
        .filter_map(|one| one.strip_prefix("mute rule "))
        .collect()
}

#[tokio::test]
async fn a_mute_comes_changes_and_goes_with_the_stack_file() {
    let (world, endpoint, _, aws) = world(MUTE).await;
    let there = clients(&endpoint, OTHER_REGION).await;
    unchanged(&world, "a fresh stack");
    assert_eq!(rules(&everything(&aws).await), ["quiet-nightly"]);
    assert_eq!(rules(&everything(&there).await), ["quiet-nightly"]);
    let get = aws
        .cloudwatch
        .get_alarm_mute_rule()
        .alarm_mute_rule_name("quiet-nightly");
    let rule = get.send().await.unwrap();
    let schedule = rule.rule().unwrap().schedule().unwrap();
    assert_eq!(
        (schedule.expression(), schedule.duration(), schedule.timezone()),
        (Some("cron(0 2 * * *)"), Some("PT2H"), Some("Asia/Seoul"))
    );
    assert_eq!(rule.mute_targets().unwrap().alarm_names(), ["quiet-cpu"]);

    world.edit(|text| text.replace("duration: 2h", "duration: 3h"));
    let plan = planned(&world.ok(&["plan", "--local", "--output", "json"]).stdout);
    let update = |node: &str| format!("update cloudwatch-alarm-mute-rule/{node}: duration");
    assert_eq!(plan, [update("nightly"), update("nightly@us-east-1")].into());
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "a changed mute");

    world.edit(|text| text.replace("alarms: [cpu, bill]", "alarms: [cpu]"));
    let plan = planned(&world.ok(&["plan", "--local", "--output", "json"]).stdout);
    assert_eq!(
        plan,
        lines(["delete cloudwatch-alarm-mute-rule/nightly@us-east-1"])
    );
    world.ok(&["apply", "--local", "--yes"]);
    assert_eq!(rules(&everything(&there).await), [""; 0]);

    world.edit(|text| text.split("mute:").next().unwrap().to_owned());
    let plan = planned(&world.ok(&["plan", "--local", "--output", "json"]).stdout);
    assert_eq!(plan, lines(["delete cloudwatch-alarm-mute-rule/nightly"]));
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "a removed mute");

    world.write("stack.yaml", &format!("{STACK}{MUTE}"));
    world.ok(&["apply", "--local", "--yes"]);
    world.ok(&[
        "destroy", "--stack", "quiet", "--region", REGION, "--local", "--yes",
    ]);
    assert_eq!(everything(&aws).await, Default::default());
    assert_eq!(everything(&there).await, Default::default());
}

/// Sets an alarm's state, as CloudWatch does when it evaluates it.
async fn set(aws: &Clients, alarm: &str, state: StateValue) {
    let set = aws
        .cloudwatch
        .set_alarm_state()
        .alarm_name(alarm)
        .state_value(state);
    set.state_reason("it was tried").send().await.unwrap();
}

fn texts(world: &World, inbox: &str) -> Vec<String> {
    world.messages(inbox).iter().map(Value::to_string).collect()
}

#[tokio::test]
async fn what_is_muted_by_hand_is_told_after_it_ends() {
    // A window of the file that is open would hold back what the end of the mute by hand lets through.
    let hour = (Timestamp::now().in_tz("Asia/Seoul").unwrap().hour() + 12) % 24;
    let (world, _, inbox, aws) = world(&MUTE.replace("0 2 * * *", &format!("0 {hour} * * *"))).await;
    let muted = world.json(&[
        "mute",
        "cpu",
        "--for",
        "2h",
        "--why",
        "Moving the database",
        "--local",
    ]);
    let row = &muted["mutes"][0];
    let name = row["name"].as_str().unwrap();
    assert!(name.starts_with("quiet-adhoc-"), "{muted:#}");
    assert_eq!(
        (&row["state"], &row["origin"], row["alarms"].to_string().as_str()),
        (&"active".into(), &"ad_hoc".into(), r#"["cpu"]"#)
    );
    eventually("the announcement", async || {
        let texts = texts(&world, &inbox);
        texts
            .iter()
            .any(|text| text.contains("Moving the database") && text.contains("quiet-cpu"))
    })
    .await;
    // It is no leftover, and shown by status.
    unchanged(&world, "after muting by hand");
    let status = world.json(&["status", "--local"]);
    assert_eq!(status["mutes"][0]["name"], name, "{status:#}");
    assert!(
        world
            .ok(&["status", "--local"])
            .stdout
            .contains(&format!("muted      {name}"))
    );

    let tested = world.run(&["test", "--local", "--path", "alarm/cpu"]);
    assert_eq!(tested.code, 3, "{}", tested.all());
    assert!(
        tested.stdout.contains(&format!("the alarm is muted by `{name}`")),
        "{}",
        tested.all()
    );

    let told = texts(&world, &inbox).len();
    set(&aws, "quiet-cpu", StateValue::Alarm).await;
    let listed = world.json(&["mutes", "--local"]);
    let listed: Vec<_> = listed["mutes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
            (text("name"), text("region"), text("origin"))
        })
        .collect();
    let row =
        |name: &str, region: &str, origin: &str| (name.to_owned(), region.to_owned(), origin.to_owned());
    assert_eq!(
        listed,
        [
            row(name, "-", "ad_hoc"),
            row("quiet-nightly", "-", "file"),
            row("quiet-nightly", OTHER_REGION, "file"),
        ]
    );
    let text = world.ok(&["mutes", "--local"]).stdout;
    let nightly = format!("cron(0 {hour} * * *) for 2h (Asia/Seoul)");
    assert!(
        text.contains("Moving the database") && text.contains(&nightly),
        "{text}"
    );
    assert_eq!(texts(&world, &inbox).len(), told, "a muted alarm was told");

    for other in ["nightly", "quiet-nightly"] {
        let refused = world.run(&["unmute", other, "--local"]);
        assert_eq!(refused.code, 1, "{}", refused.all());
        assert!(refused.stderr.contains("mute: nightly:"), "{}", refused.stderr);
    }
    let refused = world.run(&["unmute", "quiet-adhoc-x", "--local"]);
    assert!(refused.stderr.contains(name), "{}", refused.stderr);

    let ended = world.ok(&["unmute", name, "--local"]);
    assert!(ended.stdout.contains(name), "{}", ended.all());
    // CloudWatch runs the action that it held back, and the relay tells that the mute is over.
    eventually("the alarm and the announcement", async || {
        texts(&world, &inbox).len() == told + 2
    })
    .await;
    assert_eq!(rules(&everything(&aws).await), ["quiet-nightly"]);
}

#[tokio::test]
async fn destroy_takes_what_was_muted_by_hand_and_mute_what_is_expired() {
    let (world, endpoint, inbox, aws) = world("").await;
    let there = clients(&endpoint, OTHER_REGION).await;
    world.ok(&["mute", "--all", "--for", "1d", "--why", "x", "--quiet", "--local"]);
    assert_eq!(
        (
            rules(&everything(&aws).await).len(),
            rules(&everything(&there).await).len()
        ),
        (1, 1)
    );
    // An older one, over by now.
    let name = rules(&everything(&aws).await)[0].to_owned();
    let get = aws.cloudwatch.get_alarm_mute_rule().alarm_mute_rule_name(&name);
    let rule = get.send().await.unwrap();
    let schedule = rule.rule().and_then(|rule| rule.schedule()).unwrap();
    let schedule = Schedule::builder()
        .expression("at(2023-11-14T22:13)")
        .set_duration(schedule.duration().map(str::to_owned));
    let past = Rule::builder().schedule(schedule.build()).build();
    let put = aws.cloudwatch.put_alarm_mute_rule().name(&name).rule(past);
    put.set_mute_targets(rule.mute_targets).send().await.unwrap();
    world.ok(&["mute", "cpu", "--for", "30m", "--why", "y", "--quiet", "--local"]);
    let left = everything(&aws).await;
    assert_eq!(rules(&left).len(), 1, "{left:?}");
    assert_ne!(rules(&left)[0], name);
    assert_eq!(texts(&world, &inbox), [""; 0]);
    world.ok(&["destroy", "--local", "--yes"]);
    assert_eq!(everything(&aws).await, Default::default());
    assert_eq!(everything(&there).await, Default::default());
}

#[test]
fn wrong_words_are_told() {
    let world = World::new();
    world.write("stack.yaml", STACK);
    for (args, said) in [
        (
            &["mute", "cp", "--for", "2h", "--why", "x"][..],
            "did you mean `cpu`?",
        ),
        (&["mute", "--for", "2h", "--why", "x"], "no alarm is named"),
        (
            &["mute", "cpu", "--all", "--for", "2h", "--why", "x"],
            "no alarm is named",
        ),
        (&["mute", "cpu", "--for", "16d", "--why", "x"], "15 days"),
        (&["mute", "cpu", "--for", "30s", "--why", "x"], "1 minute"),
        (&["mute", "cpu", "--for", "2h", "--why", " "], "reason"),
        (&["unmute"], "no mute is named"),
    ] {
        let ran = world.run(args);
        assert!(
            ran.code == 1 && ran.stderr.contains(said),
            "{args:?}: {}",
            ran.all()
        );
    }
}

#[tokio::test]
async fn the_relay_tells_nothing_that_comes_by_a_muted_rule() {
    let open = "mute:\n  always: { cron: '* * * * *', duration: 1d, rules: [shop] }\n";
    let (world, _, inbox, aws) = world(open).await;
    unchanged(&world, "a mute of a rule");
    assert_eq!(rules(&everything(&aws).await), [""; 0]);
    let sell = async |id: &str| {
        let event = PutEventsRequestEntry::builder()
            .source("shop")
            .detail_type("Sold");
        let event = event.detail(format!(r#"{{"id":"{id}"}}"#)).build();
        aws.events.put_events().entries(event).send().await.unwrap();
    };
    sell("muted").await;
    eventually("the log", async || {
        let log = world.ok(&["logs", "--local"]).stdout;
        log.contains("– muted") && log.contains("muted by `always`")
    })
    .await;
    assert_eq!(texts(&world, &inbox), [""; 0]);
    let listed = world.json(&["mutes", "--local"]);
    assert_eq!(
        (&listed["mutes"][0]["name"], &listed["mutes"][0]["state"]),
        (&"always".into(), &"active".into())
    );
    // A test says whether the path works, whatever the time.
    let tested = world.run(&["test", "--local", "--path", "rule/shop"]);
    assert_eq!(tested.code, 0, "{}", tested.all());

    world.edit(|text| text.split("mute:").next().unwrap().to_owned());
    world.ok(&["apply", "--local", "--yes"]);
    sell("told").await;
    eventually("the event", async || {
        texts(&world, &inbox).iter().any(|text| text.contains("told"))
    })
    .await;
}
