//! Lets an alarm live through a time: evaluation after evaluation, and what became of its state.

use super::evaluate::{Counting, State, evaluate};

/// When CloudWatch evaluates an alarm, and what it sees then.
#[derive(Debug, Clone, Default)]
pub struct Track {
    /// The ends of all periods in seconds since 1970, ascending. Each is an evaluation.
    pub ends: Vec<i64>,
    /// Whether the value of each period breaches; `None` without a value.
    pub marks: Vec<Option<bool>>,
    /// How many ends lie between one period of an evaluation and the one before it.
    pub stride: usize,
    /// How many periods an evaluation looks at.
    pub range: usize,
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Seconds since 1970.
    pub at: i64,
    pub state: State,
}

/// The states of an alarm that is made at `from`, in seconds since 1970: it has no data until the first evaluation.
///
/// `vanishes`: the track is one of several, and without values it is no longer there, which is OK.
pub fn replay(track: &Track, counting: Counting, from: i64, vanishes: bool) -> Vec<Change> {
    let (mut state, mut changes) = (State::InsufficientData, Vec::new());
    let mut seen = Vec::with_capacity(track.range);
    for (index, end) in track.ends.iter().enumerate() {
        if *end < from {
            continue;
        }
        seen.clear();
        seen.extend((0..track.range).rev().map(|back| {
            let place = index.checked_sub(back.saturating_mul(track.stride))?;
            *track.marks.get(place)?
        }));
        let next = match vanishes && seen.iter().all(Option::is_none) {
            true => Some(State::Ok),
            false => evaluate(counting, &seen),
        };
        if let Some(next) = next.filter(|next| *next != state) {
            state = next;
            changes.push(Change { at: *end, state });
        }
    }
    changes
}

/// The state at `at`.
pub fn state_at(changes: &[Change], at: i64) -> State {
    let past = changes.partition_point(|change| change.at <= at);
    let last = past.checked_sub(1).and_then(|index| changes.get(index));
    last.map_or(State::InsufficientData, |change| change.state)
}

/// The times in ALARM: begin, and end if it is over.
pub fn firings(changes: &[Change]) -> Vec<(i64, Option<i64>)> {
    let alarms = changes.iter().enumerate();
    let alarms = alarms.filter(|(_, change)| change.state == State::Alarm);
    alarms
        .map(|(index, change)| (change.at, changes.get(index + 1).map(|next| next.at)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::evaluate::Treatment;
    use super::*;

    const MINUTE: i64 = 60;

    /// `ends` at each minute from 0 on, with these values.
    fn track(values: &str, stride: usize, range: usize) -> Track {
        let mark = |c: char| match c {
            'X' => Some(true),
            '0' => Some(false),
            _ => None,
        };
        let marks: Vec<_> = values.chars().map(mark).collect();
        let ends = (0_i64..).map(|minute| minute * MINUTE);
        Track {
            ends: ends.take(marks.len()).collect(),
            marks,
            stride,
            range,
        }
    }

    fn told(changes: &[Change]) -> String {
        let told = changes
            .iter()
            .map(|change| format!("{} {}", change.at / MINUTE, change.state.as_str()));
        told.collect::<Vec<_>>().join(", ")
    }

    const ONE: Counting = Counting {
        periods: 1,
        to_alarm: 1,
        missing: Treatment::NotBreaching,
    };

    #[test]
    fn states_follow_values() {
        let changes = replay(&track("00XX0-X", 1, 3), ONE, 0, false);
        // The missing value is not looked at while the range has another.
        assert_eq!(told(&changes), "0 OK, 2 ALARM, 4 OK, 6 ALARM");
        assert_eq!(firings(&changes), [(120, Some(240)), (360, None)]);
        assert_eq!(state_at(&changes, -1), State::InsufficientData);
        assert_eq!(state_at(&changes, 120), State::Alarm);
        assert_eq!(state_at(&changes, 239), State::Alarm);
        assert_eq!(state_at(&changes, 240), State::Ok);
    }

    /// Two of three periods of five minutes, at any minute: with aligned periods, the two bad minutes would be in one.
    #[test]
    fn a_sliding_window_starts_at_any_minute() {
        // Windows of five minutes that hold the minutes 12 or 17.
        let value = |end: usize| if (13..23).contains(&end) { 'X' } else { '0' };
        let counting = Counting {
            periods: 3,
            to_alarm: 2,
            missing: Treatment::Missing,
        };
        let values: String = (0..30).map(value).collect();
        let changes = replay(&track(&values, 5, 5), counting, 15 * MINUTE, false);
        assert_eq!(told(&changes), "15 OK, 18 ALARM, 28 OK");
    }

    #[test]
    fn a_series_that_vanishes_is_ok_whatever_missing_data_means() {
        let counting = Counting {
            missing: Treatment::Breaching,
            ..ONE
        };
        assert_eq!(
            told(&replay(&track("X0-----", 1, 3), counting, 0, true)),
            "0 ALARM, 1 OK"
        );
        assert_eq!(
            told(&replay(&track("X0-----", 1, 3), counting, 0, false)),
            "0 ALARM, 1 OK, 4 ALARM"
        );
    }

    #[test]
    fn nothing_that_a_track_may_hold_panics() {
        for track in [
            Track::default(),
            track("", 0, 0),
            track("X0X", 0, 5),
            track("X0X", usize::MAX / 8, 5),
            Track {
                marks: Vec::new(),
                ..track("X0X", 1, 5)
            },
        ] {
            let _ = replay(&track, ONE, i64::MIN, false);
        }
    }
}
