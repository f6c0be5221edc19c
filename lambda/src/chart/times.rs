//! The axis of time: at which moments it has lines, in the stack's time zone.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Seconds between two lines, within days.
const STEPS: [i64; 11] = [
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
];
/// The most lines.
const MOST: i64 = 7;
/// From here on, the days are what matters.
const LONG: i64 = 36 * HOUR;

/// The time axis of a chart.
pub(super) struct Axis<'a> {
    /// Seconds since 1970, as all times here.
    pub from: i64,
    pub until: i64,
    pub zone: &'a TimeZone,
}

impl Axis<'_> {
    /// The moments, and what is written there: `14:30`, or `11-20` where days matter.
    pub fn ticks(&self) -> Vec<(i64, String)> {
        let span = self.until - self.from;
        let moments = match span > LONG {
            true => self.midnights((span / DAY + MOST) / (MOST + 1)),
            false => self.within_days(span),
        };
        let format = if span > LONG { "%m-%d" } else { "%H:%M" };
        let labelled = moments.into_iter().filter_map(|second| {
            let moment = Timestamp::from_second(second).ok()?;
            let local = moment.to_zoned(self.zone.clone());
            Some((second, local.strftime(format).to_string()))
        });
        labelled.collect()
    }

    /// Round times of day.
    fn within_days(&self, span: i64) -> Vec<i64> {
        let few = |step: &i64| span / step < MOST;
        let step = STEPS.into_iter().find(few).unwrap_or(DAY);
        let offset =
            Timestamp::from_second(self.from).map_or(0, |from| self.zone.to_offset(from).seconds().into());
        // The first local time that is round.
        let first = (self.from + offset + step - 1).div_euclid(step) * step - offset;
        let after = |time: &i64| time.checked_add(step);
        let moments = std::iter::successors(Some(first), after);
        moments.take_while(|time| *time <= self.until).collect()
    }

    /// Each `every`th day where it begins.
    fn midnights(&self, every: i64) -> Vec<i64> {
        let Ok(from) = Timestamp::from_second(self.from) else {
            return Vec::new();
        };
        let first = from.to_zoned(self.zone.clone()).date();
        let begins = |day: i64| {
            let date = first.checked_add(day.days()).ok()?;
            let begin = date.to_zoned(self.zone.clone()).ok()?;
            Some(begin.timestamp().as_second())
        };
        let days = (0..).step_by(usize::try_from(every).unwrap_or(1).max(1));
        let moments = days.map_while(begins).skip_while(|time| *time < self.from);
        moments.take_while(|time| *time <= self.until).collect()
    }
}
