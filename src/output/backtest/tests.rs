use super::*;

const NOW: i64 = 1_796_000_400;

fn story(id: &str, to: &[&str]) -> Story {
    Story {
        id: id.to_owned(),
        to: to.iter().map(|one| (*one).to_owned()).collect(),
        since: NOW - 30 * DAY,
        ..Story::default()
    }
}

fn firings(fired: usize, told: usize, at_night: usize) -> Option<Firings> {
    Some(Firings {
        fired,
        told,
        at_night,
        longest: (fired > 0).then_some(11_100),
        last: (fired > 0).then_some(NOW - 2 * DAY),
        lasts: false,
    })
}

fn past() -> Past {
    let rule = Firings {
        longest: None,
        ..firings(1, 1, 0).unwrap_or_default()
    };
    let lasting = Firings {
        lasts: true,
        ..firings(1, 1, 0).unwrap_or_default()
    };
    let known = |since: i64, remark: &str, story: Story| Story {
        since: NOW - since,
        remarks: vec![remark.to_owned()],
        ..story
    };
    Past {
        from: NOW - 30 * DAY,
        until: NOW,
        zone: TimeZone::get("Asia/Seoul").unwrap(),
        alarms: vec![
            Story {
                firings: firings(43, 43, 41),
                ..story("alarm/cpu", &["#oncall"])
            },
            Story {
                firings: firings(9, 4, 0),
                ..story("alarm/muted", &["#oncall", "ops@example.com"])
            },
            Story {
                firings: firings(0, 0, 0),
                ..story("alarm/quiet", &["#oncall"])
            },
            Story {
                firings: firings(0, 0, 0),
                no_data: true,
                ..story("alarm/typo", &["#oncall"])
            },
            Story {
                firings: Some(lasting),
                no_data: true,
                ..story("alarm/gone", &[])
            },
            known(
                15 * DAY - 600,
                "estimated, as old values are coarse",
                Story {
                    firings: firings(2, 2, 1),
                    ..story("alarm/short", &["#oncall"])
                },
            ),
            Story {
                why: Some("CloudWatch gives no band for this metric yet".to_owned()),
                ..story("alarm/band", &["#oncall"])
            },
        ],
        rules: vec![
            Story {
                firings: Some(rule),
                ..story("rule/logins", &["#security"])
            },
            Story {
                why: Some("AWS keeps no history of these events".to_owned()),
                ..story("rule/findings", &["#security"])
            },
        ],
        receivers: [("#oncall", 47, 10.96), ("#security", 1, 0.23), ("x", 0, 0.0)]
            .map(|(receiver, told, weekly)| (receiver.to_owned(), Share { told, weekly }))
            .into(),
    }
}

#[test]
fn a_past_as_text() {
    let text = anstream::adapter::strip_str(&past().text()).to_string();
    insta::assert_snapshot!(text);
}

#[test]
fn a_past_as_markdown() {
    insta::assert_snapshot!(past().markdown());
}

#[test]
fn a_long_past_stays_within_its_room() {
    let mut past = past();
    past.alarms = (0..2_000)
        .map(|number| story(&format!("alarm/{number}"), &[]))
        .collect();
    let text = past.markdown();
    assert!(text.len() < LIST + 2_000, "{}", text.len());
    assert!(text.contains(" more\n"));
}

#[test]
fn costs_are_told_beforehand() {
    let cost = |calls, metrics, pages| Cost {
        calls,
        metrics,
        dollars: metrics as f64 / 100_000.0,
        pages,
        seconds: pages as u64 / 2,
    };
    assert_eq!(
        cost(4, 6, 200).text(),
        "backtest: 4 calls of GetMetricData for 6 metrics, at most 0.01 USD; up to 200 pages of CloudTrail's event \
         history, at most 100 s (`--backtest-limit`)"
    );
    assert_eq!(cost(0, 0, 0).text(), "backtest: there is nothing to read");
}

#[test]
fn times_are_as_people_say_them() {
    assert_eq!(
        [3, 60, 11_100, 7_200, DAY, 2 * DAY + HOUR].map(length),
        ["3 s", "1 min", "3 h 5 min", "2 h", "1 d", "2 d 1 h"]
    );
    assert_eq!(
        [DAY, 12 * HOUR, 30 * DAY, 15 * DAY - 600, 90 * MINUTE].map(span),
        ["1 day", "12 hours", "30 days", "15 days", "90 minutes"]
    );
    assert_eq!(
        [0.01, 0.23, 9.96, 120.4].map(rate),
        ["less than 0.1", "0.2", "10", "120"]
    );
}
