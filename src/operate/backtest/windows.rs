//! The periods of an alarm on the clock, and the values of a metric in them.
//!
//! All times are seconds since 1970.

use jiff::civil::Weekday;
use jiff::tz::{Offset, TimeZone};
use jiff::{RoundMode, Timestamp, ToSpan as _, Unit, ZonedRound};

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 3_600;
pub const DAY: i64 = 86_400;
pub const WEEK: i64 = 7 * DAY;

/// How the values of minutes become one value of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// They are added: `Sum` and `SampleCount`.
    Add,
    /// `Average`: the sum of the sums by that of the counts.
    Mean,
    Least,
    Greatest,
}

/// What a metric reported, minute by minute.
#[derive(Debug, Clone)]
pub struct Minutes {
    join: Join,
    /// The first minute's begin.
    from: i64,
    /// Value and, for a mean, number of samples.
    values: Vec<Option<(f64, f64)>>,
}

impl Minutes {
    /// Without values yet, from the minute `from` up to the minute `until`, which is excluded.
    pub fn new(join: Join, from: i64, until: i64) -> Self {
        let length = usize::try_from((until - from) / MINUTE).unwrap_or_default();
        Self {
            join,
            from,
            values: vec![None; length],
        }
    }

    /// Adds a value for `length` seconds from `at`. Over several minutes, sums and counts are spread evenly, since nobody
    /// knows any more in which minute they were; other values hold for each minute.
    pub fn put(&mut self, at: i64, length: i64, value: f64, samples: f64) {
        let minutes = (length / MINUTE).max(1);
        let share = |number: f64| number / minutes as f64;
        let value = match self.join {
            Join::Add | Join::Mean => (share(value), share(samples)),
            Join::Least | Join::Greatest => (value, samples),
        };
        for minute in 0..minutes {
            let index = self.index(at + minute * MINUTE);
            if let Some(place) = index.and_then(|index| self.values.get_mut(index)) {
                *place = Some(value);
            }
        }
    }

    fn index(&self, at: i64) -> Option<usize> {
        usize::try_from((at - self.from).div_euclid(MINUTE)).ok()
    }

    /// Whether there is any value from `since` on.
    pub fn has_data(&self, since: i64) -> bool {
        self.first(since).is_some()
    }

    /// The begin of the first minute from `since` on that has a value.
    pub fn first(&self, since: i64) -> Option<i64> {
        let skipped = usize::try_from((since - self.from) / MINUTE).unwrap_or_default();
        let mut minutes = (0_i64..).zip(&self.values).skip(skipped);
        let (index, _) = minutes.find(|(_, value)| value.is_some())?;
        Some(self.from + index * MINUTE)
    }

    /// The value of the period from `start` up to `end`, which is excluded.
    pub fn value(&self, start: i64, end: i64) -> Option<f64> {
        let at = |time: i64| {
            let index = usize::try_from((time - self.from).div_euclid(MINUTE)).unwrap_or_default();
            index.min(self.values.len())
        };
        let values = self.values.get(at(start)..at(end))?;
        let mut joined: Option<(f64, f64)> = None;
        for (value, samples) in values.iter().flatten() {
            joined = Some(match joined {
                None => (*value, *samples),
                Some((others, counted)) => match self.join {
                    Join::Add | Join::Mean => (others + value, counted + samples),
                    Join::Least => (others.min(*value), counted),
                    Join::Greatest => (others.max(*value), counted),
                },
            });
        }
        let (value, samples) = joined?;
        match self.join {
            Join::Mean if samples > 0.0 => Some(value / samples),
            Join::Mean => None,
            Join::Add | Join::Least | Join::Greatest => Some(value),
        }
    }
}

/// The ends of the periods of this length on the clock of `zone`, up to `until`: full minutes,
/// hours, days, and weeks from Monday. The first is at or before `from`.
pub fn clock(zone: &TimeZone, period: i64, from: i64, until: i64) -> Vec<i64> {
    let Some(mut at) = floor(zone, period, from) else {
        return Vec::new();
    };
    let mut ends = Vec::new();
    while at <= until {
        ends.push(at);
        match next(zone, period, at) {
            Some(next) if next > at => at = next,
            _ => break,
        }
    }
    ends
}

/// The last begin of a period up to `at`.
fn floor(zone: &TimeZone, period: i64, at: i64) -> Option<i64> {
    let local = Timestamp::from_second(at).ok()?.to_zoned(zone.clone());
    let floor = |unit: Unit, increment: i64| {
        let round = ZonedRound::new().smallest(unit).increment(increment);
        local.round(round.mode(RoundMode::Floor)).ok()
    };
    let floor = match period {
        DAY => local.start_of_day().ok()?,
        WEEK => {
            let days = local.date().weekday().since(Weekday::Monday);
            let monday = local.date().checked_sub(i64::from(days).days()).ok()?;
            monday.to_zoned(zone.clone()).ok()?
        }
        period if period >= HOUR => floor(Unit::Hour, 1)?,
        period => floor(Unit::Minute, period / MINUTE)?,
    };
    Some(floor.timestamp().as_second())
}

/// The end of the period that begins at `at`. A day has 23 or 25 hours when clocks change.
fn next(zone: &TimeZone, period: i64, at: i64) -> Option<i64> {
    let days = match period {
        DAY => 1,
        WEEK => 7,
        _ => return Some(at + period),
    };
    let local = Timestamp::from_second(at).ok()?.to_zoned(zone.clone());
    let date = local.date().checked_add(days.days()).ok()?;
    Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_second())
}

/// The time zone of a wall-clock window, in the forms that CloudWatch documents: `Asia/Seoul`, `Z`, `+05:30`, `UTC+05:30`.
pub fn zone(name: Option<&str>) -> TimeZone {
    let Some(name) = name else {
        return TimeZone::UTC;
    };
    let bare = ["UTC", "GMT"].iter().find_map(|utc| name.strip_prefix(utc));
    offset(bare.unwrap_or(name)).unwrap_or_else(|| TimeZone::get(name).unwrap_or(TimeZone::UTC))
}

fn offset(text: &str) -> Option<TimeZone> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3_600 + minutes.parse::<i32>().ok()? * 60;
    Some(TimeZone::fixed(Offset::from_seconds(sign * seconds).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    #[test]
    fn minutes_become_periods() {
        let values = |join| {
            let mut minutes = Minutes::new(join, 0, 600);
            minutes.put(0, 60, 4.0, 2.0);
            minutes.put(120, 60, 11.0, 1.0);
            minutes.put(9_000, 60, 1.0, 1.0);
            minutes.put(-60, 60, 1.0, 1.0);
            let windows = [(0, 180), (60, 180), (180, 600), (-300, 120), (540, 9_000)];
            windows.map(|(start, end)| minutes.value(start, end))
        };
        assert_eq!(values(Join::Add), [Some(15.0), Some(11.0), None, Some(4.0), None]);
        assert_eq!(values(Join::Mean), [Some(5.0), Some(11.0), None, Some(2.0), None]);
        assert_eq!(values(Join::Least)[0], Some(4.0));
        assert_eq!(values(Join::Greatest)[0], Some(11.0));
    }

    #[test]
    fn what_is_known_of_five_minutes_only_holds_for_each_or_is_spread() {
        for (join, each) in [(Join::Add, 2.0), (Join::Mean, 5.0), (Join::Greatest, 10.0)] {
            let mut minutes = Minutes::new(join, 0, 600);
            minutes.put(300, 300, 10.0, 2.0);
            assert_eq!(minutes.value(240, 360), Some(each), "{join:?}");
            assert_eq!(minutes.first(0), Some(300));
            assert!(!minutes.has_data(600) && minutes.has_data(540));
        }
    }

    #[test]
    fn periods_on_the_clock_are_those_of_the_place() {
        let seoul = zone(Some("Asia/Seoul"));
        let days = clock(
            &seoul,
            DAY,
            at("2026-11-20T16:30:00Z"),
            at("2026-11-22T15:00:00Z"),
        );
        let ends = [
            "2026-11-20T15:00:00Z",
            "2026-11-21T15:00:00Z",
            "2026-11-22T15:00:00Z",
        ];
        assert_eq!(days, ends.map(at));
        let weeks = clock(
            &seoul,
            WEEK,
            at("2026-11-20T16:30:00Z"),
            at("2026-11-22T15:00:00Z"),
        );
        assert_eq!(
            weeks,
            ["2026-11-15T15:00:00Z", "2026-11-22T15:00:00Z"].map(at),
            "Mondays"
        );
        let fives = clock(
            &TimeZone::UTC,
            300,
            at("2026-11-20T16:33:00Z"),
            at("2026-11-20T16:40:00Z"),
        );
        assert_eq!(
            fives,
            [
                "2026-11-20T16:30:00Z",
                "2026-11-20T16:35:00Z",
                "2026-11-20T16:40:00Z"
            ]
            .map(at)
        );
        let half = zone(Some("UTC+05:30"));
        let hours = clock(
            &half,
            HOUR,
            at("2026-11-20T16:40:00Z"),
            at("2026-11-20T16:40:00Z"),
        );
        assert_eq!(hours, [at("2026-11-20T16:30:00Z")]);
    }

    /// In New York, 2026-03-08 has 23 hours and 2026-11-01 has 25.
    #[test]
    fn days_are_as_long_as_they_are_when_clocks_change() {
        let york = zone(Some("America/New_York"));
        let lengths = |from: &str, until: &str| {
            let ends = clock(&york, DAY, at(from), at(until));
            ends.windows(2)
                .map(|pair| (pair[1] - pair[0]) / HOUR)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            lengths("2026-03-07T12:00:00Z", "2026-03-10T12:00:00Z"),
            [24, 23, 24]
        );
        assert_eq!(
            lengths("2026-10-31T12:00:00Z", "2026-11-03T12:00:00Z"),
            [24, 25, 24]
        );
    }

    #[test]
    fn a_zone_that_nobody_knows_is_utc() {
        for name in [
            None,
            Some("Z"),
            Some("UTC"),
            Some("Mars/Olympus"),
            Some("+99:99"),
            Some("+"),
            Some(""),
        ] {
            assert_eq!(
                zone(name).to_offset(Timestamp::UNIX_EPOCH),
                Offset::UTC,
                "{name:?}"
            );
        }
    }
}
