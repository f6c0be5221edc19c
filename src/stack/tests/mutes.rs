//! Mutes: what CloudWatch takes, and what the relay can mute.

use super::*;

const RULES: &str = "
rules:
  logins: { preset: console-sign-in, to: [project] }
  mails: { preset: ec2-life-cycle, input: { text: x }, to: [mail] }
  both: { preset: iam-changes, to: [project, alerts] }
";

/// `GOOD` with this mute.
fn with(mute: &str) -> String {
    format!(
        "{}  mail: {{ subscriptions: [{{ email: a@example.com }}] }}\n{}{RULES}mute:\n  nightly: {{ {mute} }}\n",
        head(),
        tail()
    )
}

fn head() -> &'static str {
    GOOD.split("alarms:").next().unwrap()
}

fn tail() -> String {
    format!("alarms:{}", GOOD.split("alarms:").nth(1).unwrap())
}

#[test]
fn what_cloudwatch_takes() {
    for mute in [
        "cron: 0 2 * * *, duration: 2h, alarms: [cpu]",
        "cron: '0 18 ? * FRI', duration: 60h, timezone: Europe/Berlin, rules: [logins], why: Weekend",
        "cron: 0 9 * * SUN#4, duration: 1m, rules: [alerts]",
        "at: 2026-12-24T18:00, duration: 15d, alarms: [cpu]",
        "cron: 0 2 * * *, duration: 60s, alarms: [cpu], from: 2026-12-24, until: 2026-12-24",
    ] {
        let loaded = good(&with(mute));
        assert_eq!(but_for_examples(&loaded), [], "{mute}");
    }
    // "Can not set start or expire dates for At expressions"
    for date in ["from: 2026-12-01", "until: 2026-12-31"] {
        let refused = bad(&with(&format!(
            "at: 2026-12-24T18:00, duration: 1d, alarms: [cpu], {date}"
        )));
        assert!(refused.contains("has no meaning with `at`"), "{refused}");
    }
}

#[test]
fn what_is_wrong_is_told() {
    for (mute, said) in [
        ("cron: 0 2 * *, duration: 2h, alarms: [cpu]", "has 4 fields"),
        ("cron: 0 25 * * *, duration: 2h, alarms: [cpu]", "`25` is no hour"),
        (
            "cron: 0 2 1 * MON, duration: 2h, alarms: [cpu]",
            "days of the month and days of the week",
        ),
        ("duration: 2h, alarms: [cpu]", "does not say when it begins"),
        (
            "cron: 0 2 * * *, at: 2026-12-24T18:00, duration: 2h, alarms: [cpu]",
            "either `cron` or `at`",
        ),
        (
            "at: 2026-12-24, duration: 2h, alarms: [cpu]",
            "`at` needs a time of day",
        ),
        (
            "at: tomorrow, duration: 2h, alarms: [cpu]",
            "neither a day nor a time",
        ),
        ("cron: 0 2 * * *, alarms: [cpu]", "duration"),
        (
            "cron: 0 2 * * *, duration: 30s, alarms: [cpu]",
            "1 minute to 15 days",
        ),
        (
            "cron: 0 2 * * *, duration: 16d, alarms: [cpu]",
            "1 minute to 15 days",
        ),
        ("cron: 0 2 * * *, duration: 2, alarms: [cpu]", "duration"),
        (
            "cron: 0 2 * * *, duration: soon, alarms: [cpu]",
            "is no length of time",
        ),
        (
            "cron: 0 2 * * *, duration: 2h, timezone: Asia/Soul, alarms: [cpu]",
            "did you mean `Asia/Seoul`?",
        ),
        ("cron: 0 2 * * *, duration: 2h", "mutes nothing"),
        ("cron: 0 2 * * *, duration: 2h, alarms: []", "mutes nothing"),
        (
            "cron: 0 2 * * *, duration: 2h, alarms: [cpus]",
            "did you mean `cpu`?",
        ),
        ("cron: 0 2 * * *, duration: 2h, alarms: [cpu, cpu]", "named twice"),
        (
            "cron: 0 2 * * *, duration: 2h, rules: [login]",
            "did you mean `logins`?",
        ),
        (
            "cron: 0 2 * * *, duration: 2h, rules: [cpu]",
            "this is one of the alarms",
        ),
        (
            "cron: 0 2 * * *, duration: 2h, rules: [mail]",
            "goes to no channel",
        ),
        (
            "cron: 0 2 * * *, duration: 2h, rules: [mails]",
            "goes to no channel",
        ),
        (
            "cron: 0 2 * * *, duration: 2h, alarms: [cpu], from: 2026-12-02, until: 2026-12-01",
            "is not after `from`",
        ),
        (
            "cron: 0 2 * * *, duration: 2h, alarm: [cpu]",
            "did you mean `alarms`?",
        ),
        (
            "cron: 0 2 * * *, duration: 2h, alarms: [cpu], why: ''",
            "write something",
        ),
    ] {
        let told = bad(&with(mute));
        assert!(told.contains(said), "{mute}: {told}");
    }
}

#[test]
fn a_topic_that_a_muted_rule_notifies_is_not_muted() {
    let warnings = |mute: &str| {
        let loaded = good(&with(mute));
        let warnings = but_for_examples(&loaded)
            .into_iter()
            .map(|problem| problem.message);
        warnings.collect::<Vec<_>>()
    };
    let one = warnings("cron: 0 2 * * *, duration: 2h, rules: [both]");
    assert_eq!(
        one,
        ["`both` also notifies the topic `alerts`, which is not muted"]
    );
    let none = warnings("cron: 0 2 * * *, duration: 2h, rules: [both, alerts]");
    assert!(none.is_empty(), "{none:?}");
}

#[test]
fn a_mute_is_about_100_alarms_of_a_region() {
    let text = |count: usize, region: &str| {
        let alarm = |number: usize| {
            let region = match number {
                0 => format!("region: {region}, "),
                _ => String::new(),
            };
            format!(
                "  a{number}: {{ {region}metric: A b, statistic: Sum, period: 60, threshold: '> 1', to: [alerts] }}\n"
            )
        };
        let alarms: String = (0..count).map(alarm).collect();
        let keys: Vec<_> = (0..count).map(|number| format!("a{number}")).collect();
        format!(
            "{GOOD}{alarms}mute:\n  all: {{ cron: 0 2 * * *, duration: 2h, alarms: [{}] }}\n",
            keys.join(", ")
        )
    };
    good(&text(100, "ap-northeast-2"));
    good(&text(101, "us-east-1"));
    assert!(bad(&text(102, "us-east-1")).contains("about 101 alarms of a region"));
}
