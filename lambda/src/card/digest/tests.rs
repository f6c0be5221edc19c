use super::*;
use crate::event::read;
use serde_json::json;

fn line(headline: &str, severity: Severity, second: i64) -> Line {
    Line {
        headline: Phrase::text(headline),
        key: Phrase::text(headline),
        severity,
        time: Timestamp::from_second(1_763_614_800 + second).ok(),
        link: None,
        test: false,
    }
}

fn all_fit(rows: &[Row], _: Locale) -> usize {
    rows.len()
}

fn texts(digest: &Digest) -> Vec<String> {
    let Some(Section::Rows(rows)) = digest.card.sections.first() else {
        panic!("{digest:#?}")
    };
    rows.iter().map(|row| row.phrase.plain()).collect()
}

#[test]
fn equal_alerts_are_one_line_and_the_worst_come_first() {
    let mut linked = line("cpu ALARM", Severity::Error, 9);
    linked.link = Some("https://x.example/a".to_owned());
    let lines = [
        line("saved", Severity::Info, 0),
        line("cpu ALARM", Severity::Error, 3),
        line("disk ALARM", Severity::Error, 1),
        line("root signed in", Severity::Critical, 7),
        linked,
    ];
    let digests = digest(&lines, &Settings::default(), all_fit);
    let [only] = digests.as_slice() else {
        panic!("{digests:#?}")
    };
    assert_eq!(
        texts(only),
        [
            "🔴 05:00:07  root signed in",
            "🟠 05:00:01  disk ALARM",
            "🟠 05:00:03  cpu ALARM  ×2 (05:00:03–05:00:09)",
            "🔵 05:00:00  saved",
        ]
    );
    assert_eq!(only.card.headline.plain(), "🔔 5 alerts  🔴 1  🟠 3  🔵 1");
    assert_eq!(
        (only.severity, &only.covers),
        (Severity::Critical, &vec![0, 1, 2, 3, 4])
    );
}

#[test]
fn an_alarm_that_flaps_is_one_line_with_its_newest_value() {
    let reason = |value: &str| {
        format!(
            "Threshold Crossed: 1 datapoint [{value} (20/11/26 05:02:00)] was greater than the threshold (50.0)."
        )
    };
    let alarm = |name: &str, state: &str, value: &str, minute: u32| {
        let changed = format!("2026-11-20T05:{minute:02}:00.000+0000");
        let alarm = json!({ "AlarmName": name, "NewStateValue": state, "StateChangeTime": changed,
            "NewStateReason": reason(value) });
        summarise(&read(&alarm)[0], &Settings::default())
    };
    let lines = [
        alarm("cpu", "ALARM", "83.0", 1),
        alarm("cpu", "ALARM", "97.5", 9),
        alarm("disk", "ALARM", "83.0", 2),
        alarm("cpu", "ALARM", "61.25", 5),
        alarm("cpu", "OK", "1.0", 6),
    ];
    let digests = digest(&lines, &Settings::default(), all_fit);
    assert_eq!(
        texts(&digests[0]),
        [
            "🟠 05:01:00  cpu is in alarm: 97.5 > 50  ×3 (05:01:00–05:09:00)",
            "🟠 05:02:00  disk is in alarm: 83 > 50",
            "🔵 05:06:00  cpu is OK",
        ]
    );
}

#[test]
fn every_alert_is_in_exactly_one_digest() {
    let headline = |index: usize| format!("{} {}", index % 250, "x".repeat(index % 250));
    let lines: Vec<_> = (0..700)
        .map(|index| line(&headline(index), Severity::ALL[index % 2], 0))
        .collect();
    let digests = digest(&lines, &Settings::default(), all_fit);
    let mut covered: Vec<_> = digests.iter().flat_map(|digest| digest.covers.clone()).collect();
    covered.sort_unstable();
    assert_eq!(covered, (0..700).collect::<Vec<_>>());
    let mut shown: Vec<_> = digests.iter().flat_map(texts).collect();
    shown.sort();
    shown.dedup();
    assert_eq!(shown.len(), 250);
    for (index, digest) in digests.iter().enumerate() {
        assert!(texts(digest).len() <= MAX_LINES);
        let part = format!("({}/{})", index + 1, digests.len());
        let headline = digest.card.headline.plain();
        assert!(headline.contains(&part), "{headline}");
        let highest = digest.covers.iter().map(|at| lines[*at].severity).max();
        assert_eq!(highest, Some(digest.severity));
    }
    assert!(self::digest(&[], &Settings::default(), all_fit).is_empty());
}

#[test]
fn days_are_told_apart_and_what_has_no_time_comes_last() {
    let mut timeless = line("c", Severity::Info, 0);
    timeless.time = None;
    let lines = [
        timeless,
        line("b", Severity::Info, 86_400),
        line("a", Severity::Info, 0),
    ];
    let digests = digest(&lines, &Settings::default(), all_fit);
    assert_eq!(
        texts(&digests[0]),
        ["🔵 11-20 05:00:00  a", "🔵 11-21 05:00:00  b", "🔵  c"]
    );
}

#[test]
fn a_line_has_the_headline_without_the_sign_of_its_severity() {
    let topic = "arn:aws:sns:us-east-1:111122223333:t";
    let line = |message: &str, test: &str| {
        let attributes = json!({ "alertctl.test": { "Value": test } });
        let sns = json!({ "TopicArn": topic, "Message": message, "MessageAttributes": attributes });
        summarise(
            &read(&json!({ "Records": [{ "Sns": sns }] }))[0],
            &Settings::default(),
        )
    };
    assert_eq!(line("x", "").headline.plain(), "Message through t");
    let rehearsed = line("x", "t-0a1b2c3d");
    assert_eq!(rehearsed.headline.plain(), "🧪 TEST · Message through t");
    let arn = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu";
    let alarm = json!({ "AlarmName": "cpu", "AlarmArn": arn, "NewStateValue": "ALARM" });
    let alarm = line(&alarm.to_string(), "");
    assert_eq!(alarm.headline.plain(), "cpu is in alarm  ·  us-east-1");
    assert!(alarm.link.is_some_and(|page| page.ends_with("cpu")));
    // A test does not raise a digest's severity, and a digest with nothing but tests mentions nobody.
    let critical = Line {
        severity: Severity::Critical,
        ..rehearsed
    };
    let mut digest = digest(&[critical], &Settings::default(), all_fit).remove(0);
    assert_eq!(digest.severity, Severity::Info);
    digest.card.mention(&["@here".to_owned()]);
    assert!(digest.card.mentions.is_empty());
}
