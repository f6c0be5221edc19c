//! What would have become of an alarm or a rule.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Span;
use crate::aws::Fault;

/// The hours of the night in the stack's time zone: from the first, up to the second.
pub const NIGHT: (i8, i8) = (22, 7);

/// The past of an alarm or a rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Story {
    /// `alarm/KEY` or `rule/KEY`.
    pub id: String,
    /// Whom it tells: channels, addresses.
    pub to: Vec<String>,
    /// From when on it is known, in seconds since 1970.
    pub since: i64,
    /// `None` if it is not known.
    pub firings: Option<Firings>,
    /// Why it is not known.
    pub why: Option<String>,
    /// Its metric reported nothing at all.
    pub no_data: bool,
    /// What is not quite as AWS does it.
    pub remarks: Vec<String>,
}

impl Story {
    /// Records that `who` refused to answer. The refusal is a remark: most often, it is the same for many.
    pub fn refused(&mut self, who: &str, fault: &Fault) {
        self.why = Some(format!("{who} does not answer"));
        let mut remark = fault.to_string();
        if fault.denied() {
            remark +=
                "; `alertctl policy --deployer --plan --backtest` prints the permissions that are needed";
        }
        self.remarks.push(remark);
    }
}

/// How often something would have told somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Firings {
    pub fired: usize,
    /// How many of these are told, which a mute or a suppressor may prevent.
    pub told: usize,
    /// How many are told at night.
    pub at_night: usize,
    /// Seconds of the longest time in ALARM. An event has none.
    pub longest: Option<i64>,
    /// When it last began, in seconds since 1970.
    pub last: Option<i64>,
    /// It has not ended.
    pub lasts: bool,
}

impl Firings {
    /// Counts times in ALARM: begin, and end if it is over. `told` says when one is told, if ever.
    pub fn of(
        times: &[(i64, Option<i64>)],
        told: impl Fn(i64, Option<i64>) -> Option<i64>,
        span: Span,
        zone: &TimeZone,
    ) -> Self {
        let told: Vec<_> = times
            .iter()
            .filter_map(|(begin, end)| told(*begin, *end))
            .collect();
        let lengths = times.iter().map(|(begin, end)| end.unwrap_or(span.until) - begin);
        Self {
            fired: times.len(),
            told: told.len(),
            at_night: told.iter().filter(|at| is_night(**at, zone)).count(),
            longest: lengths.max(),
            last: times.iter().map(|(begin, _)| *begin).max(),
            lasts: times.iter().any(|(_, end)| end.is_none()),
        }
    }
}

/// Whether it is night at `at`, in seconds since 1970.
fn is_night(at: i64, zone: &TimeZone) -> bool {
    let hour = Timestamp::from_second(at).map(|at| at.to_zoned(zone.clone()).hour());
    let (evening, morning) = NIGHT;
    hour.is_ok_and(|hour| hour >= evening || hour < morning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firings_are_counted() {
        let zone = TimeZone::get("Asia/Seoul").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        // 21:59, 22:00, 06:59 and 07:00 in Seoul; the last one goes on.
        let times = [
            (at("2026-11-20T12:59:00Z"), Some(at("2026-11-20T13:00:00Z"))),
            (at("2026-11-20T13:00:00Z"), Some(at("2026-11-20T15:00:00Z"))),
            (at("2026-11-20T21:59:00Z"), Some(at("2026-11-20T22:00:00Z"))),
            (at("2026-11-20T22:00:00Z"), None),
        ];
        let span = Span {
            from: 0,
            until: at("2026-11-20T23:00:00Z"),
            now: 0,
        };
        let all = Firings::of(&times, |begin, _| Some(begin), span, &zone);
        let expected = Firings {
            fired: 4,
            told: 4,
            at_night: 2,
            longest: Some(7_200),
            last: Some(times[3].0),
            lasts: true,
        };
        assert_eq!(all, expected);
        let muted = Firings::of(&times, |_, end| end, span, &zone);
        assert_eq!(
            (muted.fired, muted.told, muted.at_night),
            (4, 3, 2),
            "told when they end"
        );
        assert_eq!(
            Firings::of(&[], |begin, _| Some(begin), span, &zone),
            Firings::default()
        );
    }
}
