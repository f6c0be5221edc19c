use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn mute(schedule: Value, hours: u64, zone: &str) -> Mute {
    let mut mute = json!({ "seconds": hours * 3600, "timezone": zone, "rules": ["logins"] });
    for (key, value) in schedule.as_object().expect("a schedule") {
        mute[key] = value.clone();
    }
    serde_json::from_value(mute).expect("a mute")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

#[test]
fn a_window_opens_and_closes() {
    let nightly = mute(json!({ "cron": "0 2 * * *" }), 2, "Asia/Seoul");
    for (time, open) in [
        ("2026-11-29T16:59:59Z", false),
        ("2026-11-29T17:00:00Z", true),
        ("2026-11-29T18:59:59Z", true),
        ("2026-11-29T19:00:00Z", false),
    ] {
        assert_eq!(nightly.is_open(at(time)), open, "{time}");
    }
    let weekend = mute(json!({ "cron": "0 18 * * FRI" }), 60, "UTC");
    for (time, open) in [
        ("2026-11-27T17:59:00Z", false),
        ("2026-11-27T18:00:00Z", true),
        ("2026-11-30T05:59:00Z", true),
        ("2026-11-30T06:00:00Z", false),
    ] {
        assert_eq!(weekend.is_open(at(time)), open, "{time}");
    }
    let holidays = mute(json!({ "at": "2026-12-24T18:00" }), 15 * 24, "Europe/Berlin");
    for (time, open) in [
        ("2026-12-24T16:59:59Z", false),
        ("2026-12-24T17:00:00Z", true),
        ("2027-01-08T16:59:59Z", true),
        ("2027-01-08T17:00:00Z", false),
        ("2028-12-24T17:00:00Z", false),
    ] {
        assert_eq!(holidays.is_open(at(time)), open, "{time}");
    }
}

#[test]
fn it_begins_and_ends() {
    let mut nightly = mute(json!({ "cron": "0 0 * * *" }), 24, "UTC");
    nightly.from = Some(at("2026-12-01T12:00:00Z"));
    nightly.until = Some(at("2026-12-03T00:00:00Z"));
    for (time, open) in [
        ("2026-12-01T11:59:59Z", false),
        ("2026-12-01T12:00:00Z", true),
        ("2026-12-02T23:59:59Z", true),
        ("2026-12-03T00:00:00Z", false),
    ] {
        assert_eq!(nightly.is_open(at(time)), open, "{time}");
    }
}

/// In Berlin, clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 to 02:00 on 2026-10-25.
#[test]
fn clocks_change() {
    let half_past_two = mute(json!({ "cron": "30 2 * * *" }), 1, "Europe/Berlin");
    for (time, open) in [
        // 03:30 summer time, in place of 02:30.
        ("2026-03-29T01:29:59Z", false),
        ("2026-03-29T01:30:00Z", true),
        ("2026-03-29T02:30:00Z", false),
        // 02:30 comes at 00:30 and at 01:30 UTC; only the first counts.
        ("2026-10-25T00:29:59Z", false),
        ("2026-10-25T00:30:00Z", true),
        ("2026-10-25T01:29:59Z", true),
        ("2026-10-25T01:30:00Z", false),
    ] {
        assert_eq!(half_past_two.is_open(at(time)), open, "{time}");
    }
}

/// Whether a window is open, found by trying each minute of the last 15 days.
fn naively(mute: &Mute, now: Timestamp) -> bool {
    let Schedule::Cron(cron) = &mute.schedule else {
        return false;
    };
    let minutes = 0..=i64::try_from(mute.seconds / 60).expect("minutes");
    // Starts are full minutes in every zone of the test.
    let this = Timestamp::from_second(now.as_second().div_euclid(60) * 60).expect("a time");
    minutes.into_iter().any(|back| {
        let start = this - SignedDuration::from_mins(back);
        let local = mute.timezone.to_datetime(start);
        let first = mute.timezone.to_ambiguous_timestamp(local).compatible();
        let is_start = cron.is_on(local.date()) && cron.times().any(|time| time == local.time());
        let elapsed = now.duration_since(start).as_secs();
        is_start && first.ok() == Some(start) && elapsed < i64::try_from(mute.seconds).expect("seconds")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn it_agrees_with_a_search_of_every_minute(
        minute in prop::sample::select(vec!["0", "*/20", "7,59", "30-40"]),
        hour in prop::sample::select(vec!["*", "4", "6-8", "*/7", "23"]),
        days in prop::sample::select(vec![
            "* * *", "1 * *", "L * *", "*/9 * ?", "? * SUN", "? * 5-7", "* * MON#1", "* * FRIL", "* 3,10,11 *", "15 JAN-JUN *",
        ]),
        length in prop::sample::select(vec![1_u64, 59, 60, 61, 719, 1440, 4321, 21_600]),
        // Seoul has no summer time; clocks of New York change at 02:00, which no hour above names.
        zone in prop::sample::select(vec!["UTC", "Asia/Seoul", "America/New_York", "Asia/Kolkata"]),
        now in 1_767_225_600_i64..1_798_761_600,
    ) {
        prop_assume!(!(zone == "America/New_York" && (hour == "*" || hour == "*/7")));
        let mut mute = mute(json!({ "cron": format!("{minute} {hour} {days}") }), 1, zone);
        mute.seconds = length * 60;
        let now = Timestamp::from_second(now).expect("a time");
        prop_assert_eq!(mute.is_open(now), naively(&mute, now));
    }
}

#[test]
fn a_moment_is_a_day_or_a_time() {
    let moment = |text: &str| Moment::try_from(text.to_owned());
    let day = moment("2026-12-24").expect("a day");
    assert_eq!(day.begin().to_string(), "2026-12-24T00:00:00");
    assert_eq!(day.end().to_string(), "2026-12-25T00:00:00");
    let time = moment("2026-12-24T18:00").expect("a time");
    assert_eq!((time.begin(), time.end()), (time.end(), time.begin()));
    assert_eq!(time.begin().to_string(), "2026-12-24T18:00:00");
    for wrong in [
        "",
        "2026-12-32",
        "2026-12-24T24:00",
        "2026-12-24 18:00",
        "24.12.2026",
        "2026-12-24T18:00Z",
        "tomorrow!!",
    ] {
        assert!(moment(wrong).is_err(), "{wrong}");
    }
}
