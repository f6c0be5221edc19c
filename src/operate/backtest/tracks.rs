//! From what CloudWatch answered to the tracks of an alarm: whether each period breaches.

use std::collections::BTreeMap;

use super::Span;
use super::evaluate::Counting;
use super::replay::{Change, Track, replay};
use super::watch::{AMOUNT, Ask, Asks, SAMPLES, Source, Watch};
use super::windows::{Join, Minutes, clock};
use crate::resource::cloudwatch::alarm::Series;

/// What an alarm saw.
#[derive(Debug, Default)]
pub struct Tracks {
    /// One, or one for each time series of a query that groups.
    pub tracks: Vec<Track>,
    /// Whether its metric reported anything in the time that counts.
    pub has_data: bool,
    /// Whether a band is needed, and CloudWatch gave none.
    pub lacks_band: bool,
    /// When the metric's first known value began, in seconds since 1970.
    first: Option<i64>,
}

/// The answers to the questions of an alarm.
pub type Answers = Vec<(Ask, Vec<Series>)>;

impl Watch {
    /// The states of the alarm, one list for each of its time series.
    pub fn live(&self, seen: &Tracks, since: i64) -> Vec<Vec<Change>> {
        let from = self.begins(seen.first, since);
        let vanishes = seen.tracks.len() > 1;
        let counting: Counting = self.counting;
        let tracks = seen.tracks.iter();
        tracks
            .map(|track| replay(track, counting, from, vanishes))
            .collect()
    }

    /// When the alarm is evaluated first if it is made at `since`. A warm-up waits for its whole time, or else until there
    /// is enough data.
    fn begins(&self, first: Option<i64>, since: i64) -> i64 {
        let Some((seconds, full)) = self.warm_up else {
            return since;
        };
        let all = since.saturating_add(seconds);
        let counted = i64::try_from(self.counting.periods).unwrap_or(1);
        match first {
            Some(first) if !full => {
                let enough = first.saturating_add(counted.saturating_mul(self.period));
                all.min(since.max(enough))
            }
            _ => all,
        }
    }

    /// What the alarm saw in `span`.
    pub fn tracks(&self, asks: &Asks, answers: &Answers, span: Span) -> Tracks {
        match &self.source {
            Source::Minutes { join, .. } => self.of_minutes(*join, answers, asks.since, span),
            Source::Given { queries, .. } => {
                let returned = queries.iter().filter(|query| query.return_data);
                let ids: Vec<_> = returned.map(|query| query.id.as_str()).collect();
                self.given(&ids, answers, asks.since, span)
            }
        }
    }

    fn of_minutes(&self, join: Join, answers: &Answers, since: i64, span: Span) -> Tracks {
        let begin = answers
            .iter()
            .map(|(ask, _)| ask.from)
            .min()
            .unwrap_or(span.until);
        let mut minutes = Minutes::new(join, begin, span.until);
        for (ask, series) in answers {
            let of = |id: &'static str| series.iter().filter(move |one| one.id == id);
            let points = of(SAMPLES).flat_map(|one| one.points.iter().copied());
            let samples: BTreeMap<i64, f64> = points.collect();
            for (at, value) in of(AMOUNT).flat_map(|one| one.points.iter().copied()) {
                let count = samples.get(&at).copied().unwrap_or(1.0);
                minutes.put(at, ask.grain, value, count);
            }
        }
        let breaches = |start: i64, end: i64| {
            let value = minutes.value(start, end)?;
            Some(self.bound.breaches(value, None))
        };
        let (ends, marks, stride) = match &self.clock {
            Some(zone) => {
                let ends = clock(zone, self.period, begin, span.until);
                let first = ends.iter().take(1).map(|_| None);
                let others = ends.windows(2).map(|pair| match pair {
                    [start, end] => breaches(*start, *end),
                    _ => None,
                });
                let marks: Vec<_> = first.chain(others).collect();
                (ends, marks, 1)
            }
            None => {
                let step = self.every();
                let begin = begin.div_euclid(step) * step;
                let each = usize::try_from(step).unwrap_or(60);
                let ends: Vec<_> = (begin..=span.until).step_by(each).collect();
                let marks = ends.iter().map(|end| breaches(end - self.period, *end));
                let marks = marks.collect();
                (ends, marks, usize::try_from(self.period / step).unwrap_or(1))
            }
        };
        Tracks {
            tracks: vec![self.track(ends, marks, stride)],
            has_data: minutes.has_data(since),
            lacks_band: false,
            first: minutes.first(begin),
        }
    }

    fn given(&self, returned: &[&str], answers: &Answers, since: i64, span: Span) -> Tracks {
        let band = self.bound.band.as_deref();
        let all = || answers.iter().flat_map(|(_, series)| series);
        // CloudWatch answers a band as two series of one id.
        let mut bands: BTreeMap<i64, (f64, f64, usize)> = BTreeMap::new();
        for (at, value) in all()
            .filter(|one| Some(one.id.as_str()) == band)
            .flat_map(|one| one.points.iter().copied())
        {
            let (low, high, count) = bands.entry(at).or_insert((value, value, 0));
            (*low, *high, *count) = (low.min(value), high.max(value), *count + 1);
        }
        let watched =
            all().filter(|one| returned.contains(&one.id.as_str()) && Some(one.id.as_str()) != band);
        let watched: Vec<_> = watched.filter(|one| !one.points.is_empty()).collect();
        let begin = answers
            .iter()
            .map(|(ask, _)| ask.from)
            .min()
            .unwrap_or(span.until);
        let begin = begin.div_euclid(self.period) * self.period;
        let step = usize::try_from(self.period).unwrap_or(60).max(1);
        let ends: Vec<_> = (begin..=span.until).step_by(step).collect();
        let breaches = |at: i64, value: f64| match band {
            None => Some(self.bound.breaches(value, None)),
            Some(_) => {
                let (low, high, _) = bands.get(&at).filter(|(.., count)| *count > 1)?;
                Some(self.bound.breaches(value, Some((*low, *high))))
            }
        };
        let track = |points: &BTreeMap<i64, f64>| {
            let mark = |end: &i64| {
                let at = end - self.period;
                breaches(at, *points.get(&at)?)
            };
            self.track(ends.clone(), ends.iter().map(mark).collect(), 1)
        };
        let points: Vec<BTreeMap<i64, f64>> = watched
            .iter()
            .map(|one| one.points.iter().copied().collect())
            .collect();
        let starts = || points.iter().flat_map(BTreeMap::keys).copied();
        let has_data = starts().any(|at| at >= since);
        // An alarm without data is evaluated, too.
        let nothing = BTreeMap::new();
        let tracks = match points.as_slice() {
            [] => vec![track(&nothing)],
            points => points.iter().map(track).collect(),
        };
        Tracks {
            tracks,
            has_data,
            lacks_band: has_data && band.is_some() && bands.values().all(|(.., count)| *count < 2),
            first: starts().min(),
        }
    }

    fn track(&self, ends: Vec<i64>, marks: Vec<Option<bool>>, stride: usize) -> Track {
        Track {
            ends,
            marks,
            stride,
            range: self.range(),
        }
    }
}
