use super::*;

fn range(text: &str) -> Vec<Option<bool>> {
    let value = |c: char| match c {
        'X' => Some(true),
        '0' => Some(false),
        _ => None,
    };
    text.chars().map(value).collect()
}

fn counting(to_alarm: usize, periods: usize, missing: Treatment) -> Counting {
    Counting {
        periods,
        to_alarm,
        missing,
    }
}

const EACH: [Treatment; 4] = [
    Treatment::Missing,
    Treatment::Ignore,
    Treatment::Breaching,
    Treatment::NotBreaching,
];

/// `O`, `A`, `I`, or `k` if the state is kept; one letter for each way of treating missing data.
fn states(to_alarm: usize, periods: usize, values: &str) -> String {
    let letter = |missing| match evaluate(counting(to_alarm, periods, missing), &range(values)) {
        Some(State::Ok) => 'O',
        Some(State::Alarm) => 'A',
        Some(State::InsufficientData) => 'I',
        None => 'k',
    };
    EACH.map(letter).iter().collect()
}

/// The two tables of "Configuring how CloudWatch alarms treat missing data", cell by cell: 0 is a value within the
/// threshold, X one that breaches it, - a missing one; the newest is on the right.
#[test]
fn each_cell_of_the_documented_tables() {
    for (to_alarm, values, expected) in [
        (3, "0-X-X", "OOOO"),
        (3, "0----", "OOOO"),
        (3, "-----", "IkAO"),
        (3, "0XX-X", "AAAA"),
        (3, "--X--", "AkAO"),
        (2, "0-X-X", "AAAA"),
        (2, "00X0X", "AAAA"),
        (2, "0-X--", "OOAO"),
        (2, "----0", "OOAO"),
        (2, "---X-", "AkAO"),
    ] {
        assert_eq!(states(to_alarm, 3, values), expected, "{to_alarm} of 3: {values}");
    }
}

#[test]
fn what_the_text_beside_the_tables_says() {
    // The second row one evaluation later, when missing values count as breaching.
    assert_eq!(states(3, 3, "-----").chars().nth(2), Some('A'));
    // Not premature: there is still time for further values.
    for fresh in ["----X", "---X-"] {
        assert_eq!(states(3, 3, fresh).chars().next(), Some('k'), "{fresh}");
    }
    // One value decides for one period, and no more than that is missing.
    assert_eq!(states(1, 1, "--X"), "AAAA");
    assert_eq!(states(1, 1, "X-0"), "OOOO");
}

#[test]
fn the_range_is_wider_than_what_decides() {
    let range = |periods| counting(1, periods, Treatment::Missing).range();
    assert_eq!([1, 2, 3, 6, 9, 100].map(range), [3, 4, 5, 8, 12, 133]);
}

/// Whatever the numbers and values, also those that CloudWatch refuses.
#[test]
fn no_input_panics_and_the_states_make_sense() {
    fastrand::seed(7);
    for _ in 0..50_000 {
        let values: Vec<_> = (0..fastrand::usize(..12))
            .map(|_| [None, Some(true), Some(false)][fastrand::usize(..3)])
            .collect();
        let (to_alarm, periods) = (fastrand::usize(1..8), fastrand::usize(..8));
        let [missing, ignore, breaching, not_breaching] =
            EACH.map(|missing| evaluate(counting(to_alarm, periods, missing), &values));
        let alarms = |state| state == Some(State::Alarm);
        let place = format!("{to_alarm} of {periods}: {values:?}");
        // What alarms although missing values count as good, alarms whatever they count as.
        if alarms(not_breaching) {
            assert!(alarms(missing) && alarms(breaching) && alarms(ignore), "{place}");
        }
        // Only values that are missing make an alarm without data.
        if missing == Some(State::InsufficientData) {
            assert!(values.iter().flatten().next().is_none(), "{place}");
        }
        assert_ne!(ignore, Some(State::InsufficientData), "{place}");
        // More values than are needed must breach: never.
        if to_alarm > periods && values.len() <= periods {
            assert!(!alarms(not_breaching) || values.len() >= to_alarm, "{place}");
        }
        // Nothing is missing: all agree.
        if values.iter().all(Option::is_some) && values.len() >= periods {
            assert_eq!([missing, ignore, breaching], [not_breaching; 3], "{place}");
        }
    }
}
