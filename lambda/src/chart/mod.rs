//! A chart of an alarm's metric with its threshold, as a PNG of 800 × 300 pixels.
//!
//! It is drawn row by row, so that no picture is ever in memory: the function is small. Letters other than ASCII have no
//! place in it, since the font has none.

mod canvas;
mod font;
mod png;
mod scale;
#[cfg(test)]
mod tests;
mod times;

use canvas::{Canvas, Colour, Dashes, Point};
use jiff::tz::TimeZone;
use scale::{Scale, in_short};
use times::Axis;

/// Size of the picture, in pixels.
pub(crate) const WIDTH: i32 = 800;
pub(crate) const HEIGHT: i32 = 300;
/// Maximum number of lines in one picture.
pub(crate) const MAX_SERIES: usize = 5;
/// Largest absolute value that is drawn. A larger one counts as missing, since its scale would overflow an `f64`.
const LARGEST: f64 = 1e300;

const INK: Colour = Colour(0x3c, 0x44, 0x4d);
const GRID: Colour = Colour(0xe3, 0xe7, 0xeb);
const AXIS: Colour = Colour(0x9a, 0xa3, 0xad);
const ALARM: Colour = Colour(0xd7, 0x26, 0x3d);
/// The colours of the lines, in their order.
const LINES: [Colour; MAX_SERIES] = [
    Colour(0x1f, 0x6f, 0xb2),
    Colour(0x2a, 0x9d, 0x6e),
    Colour(0x8a, 0x5c, 0xd1),
    Colour(0xc2, 0x78, 0x03),
    Colour(0x5f, 0x6b, 0x7a),
];

/// Blank space beside a text, and at the edges of the picture.
const GAP: i32 = 8;
/// Length of the line beside a name.
const BAR: i32 = 12;
/// From one point to the next, in periods: farther apart, data is missing between them.
const ADJACENT: f64 = 1.5;
/// How long before an alarm the value may be that made it go off: so many periods, or so many seconds.
const LATE_PERIODS: i64 = 3;
const LATE: i64 = 300;

/// What is drawn. Times are in seconds since 1970.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// At most [`MAX_SERIES`] are drawn.
    pub series: Vec<Series>,
    pub threshold: Option<f64>,
    /// The first moment that is shown.
    pub from: i64,
    /// The last.
    pub until: i64,
    /// From one point to the next.
    pub period: i64,
    /// When the alarm went off.
    pub mark: Option<i64>,
    pub zone: TimeZone,
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// Shown if there are several lines.
    pub name: String,
    /// Time and value of each point.
    pub points: Vec<(i64, f64)>,
}

/// Where the data is in the picture.
struct Plot {
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
    from: i64,
    until: i64,
    scale: Scale,
}

impl Chart {
    /// The picture; `None` if there is nothing to draw.
    pub fn png(&self) -> Option<Vec<u8>> {
        let series = self.shown();
        let values = || series.iter().flatten().map(|(_, value)| *value);
        values().next()?;
        let threshold = self.threshold.filter(|value| value.abs() <= LARGEST);
        let scale = Scale::of(values().chain(threshold));
        let labels = scale.ticks();
        let widest = labels.iter().map(|(_, label)| text_width(label)).max();
        let limit = threshold.map(in_short);
        let plot = Plot {
            left: widest.unwrap_or_default() + 2 * GAP,
            right: WIDTH - limit.as_deref().map_or(0, text_width) - 2 * GAP,
            top: if series.len() > 1 {
                font::HEIGHT + GAP
            } else {
                2 * GAP
            },
            bottom: HEIGHT - font::HEIGHT - GAP,
            from: self.from,
            until: self.until.max(self.from + 1),
            scale,
        };
        let mut canvas = Canvas::default();
        plot.values(&mut canvas, &labels);
        plot.times(&mut canvas, &self.zone);
        plot.mark(&mut canvas, self.mark);
        for (points, colour) in series.iter().zip(LINES) {
            plot.line(&mut canvas, points, self.period, colour);
        }
        // Above the lines, which may be where the threshold is.
        if let (Some(value), Some(label)) = (threshold, limit) {
            plot.threshold(&mut canvas, value, &label);
        }
        if let (Some(mark), [points]) = (self.mark, series.as_slice()) {
            plot.breach(&mut canvas, points, mark, self.period);
        }
        if series.len() > 1 {
            self.names(&mut canvas, plot.left);
        }
        Some(png::encode(WIDTH, HEIGHT, |y, row| canvas.row(y, row)))
    }

    /// The points of each line that can be drawn, in the order of their times.
    fn shown(&self) -> Vec<Vec<(i64, f64)>> {
        let times = self.from..=self.until;
        let can_be = |(time, value): &(i64, f64)| times.contains(time) && value.abs() <= LARGEST;
        let series = self.series.iter().take(MAX_SERIES).map(|series| {
            let mut points: Vec<_> = series.points.iter().copied().filter(can_be).collect();
            points.sort_by_key(|(time, _)| *time);
            points.dedup_by_key(|(time, _)| *time);
            points
        });
        series.collect()
    }

    /// The names of the lines, above them, each in its part of the width.
    fn names(&self, canvas: &mut Canvas, left: i32) {
        let shown: Vec<_> = self.series.iter().zip(LINES).collect();
        let part = (WIDTH - left) / i32::try_from(shown.len()).unwrap_or(1).max(1);
        let most = (part - BAR - 3 * GAP) / font::WIDTH;
        let most = usize::try_from(most).unwrap_or_default();
        let mut x = left;
        for (series, colour) in shown {
            let name: String = series.name.chars().take(most).collect();
            canvas.rectangle(x, 9, x + BAR, 12, colour);
            canvas.text(x + BAR + GAP, 0, &name, INK);
            x += BAR + 3 * GAP + text_width(&name);
        }
    }
}

impl Plot {
    fn x(&self, time: i64) -> f64 {
        let share = (time - self.from) as f64 / (self.until - self.from) as f64;
        f64::from(self.left) + share * f64::from(self.right - self.left)
    }

    fn y(&self, value: f64) -> f64 {
        let share = self.scale.share(value);
        f64::from(self.bottom) - share * f64::from(self.bottom - self.top)
    }

    /// The axis of the values: a line across and a number for each.
    fn values(&self, canvas: &mut Canvas, labels: &[(f64, String)]) {
        for (value, label) in labels {
            let y = self.y(*value).round() as i32;
            canvas.rectangle(self.left, y, self.right, y + 1, GRID);
            let x = self.left - GAP - text_width(label);
            canvas.text(x, y - font::HEIGHT / 2, label, INK);
        }
    }

    /// The axis of the time: a line up and a label for each moment.
    fn times(&self, canvas: &mut Canvas, zone: &TimeZone) {
        let axis = Axis {
            from: self.from,
            until: self.until,
            zone,
        };
        for (time, label) in axis.ticks() {
            let x = self.x(time).round() as i32;
            canvas.rectangle(x, self.top, x + 1, self.bottom, GRID);
            let width = text_width(&label);
            let at = (x - width / 2).clamp(0, WIDTH - width);
            canvas.text(at, self.bottom + GAP / 2, &label, INK);
        }
        canvas.rectangle(self.left, self.bottom, self.right, self.bottom + 1, AXIS);
    }

    fn threshold(&self, canvas: &mut Canvas, value: f64, label: &str) {
        let y = self.y(value).round() as i32;
        let dashes = Dashes { on: 10, off: 6 };
        canvas.dashed_across(self.left, self.right, y - 1, 2, dashes, ALARM);
        let at = (y - font::HEIGHT / 2).clamp(0, HEIGHT - font::HEIGHT);
        canvas.text(self.right + GAP, at, label, ALARM);
    }

    /// When the alarm went off.
    fn mark(&self, canvas: &mut Canvas, mark: Option<i64>) {
        let Some(mark) = mark.filter(|mark| (self.from..=self.until).contains(mark)) else {
            return;
        };
        let x = (self.x(mark).round() as i32).min(self.right - 1);
        let dashes = Dashes { on: 3, off: 4 };
        canvas.dashed_up(x, self.top, self.bottom, dashes, ALARM);
    }

    /// A line through the points that follow one another, and a dot for one that stands alone.
    fn line(&self, canvas: &mut Canvas, points: &[(i64, f64)], period: i64, colour: Colour) {
        let adjacent = period.max(1) as f64 * ADJACENT;
        let is_adjacent = |one: &(i64, f64), next: &(i64, f64)| (next.0 - one.0) as f64 <= adjacent;
        for run in points.chunk_by(is_adjacent) {
            let run: Vec<_> = run.iter().map(|point| self.point(point)).collect();
            match run.as_slice() {
                [alone] => canvas.dot(*alone, 3.5, colour),
                _ => canvas.line(run, 2.4, colour),
            }
        }
    }

    /// The value that made it go off: the last before the mark. What went off because of no data has none.
    fn breach(&self, canvas: &mut Canvas, points: &[(i64, f64)], mark: i64, period: i64) {
        let since = mark - period.saturating_mul(LATE_PERIODS).max(LATE);
        let last = points.iter().rfind(|(time, _)| *time <= mark);
        if let Some(last) = last.filter(|(time, _)| *time >= since) {
            canvas.dot(self.point(last), 6.5, Colour(0xff, 0xff, 0xff));
            canvas.dot(self.point(last), 5.0, ALARM);
        }
    }

    fn point(&self, (time, value): &(i64, f64)) -> Point {
        (self.x(*time), self.y(*value))
    }
}

/// How many pixels a text takes.
fn text_width(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX / font::WIDTH) * font::WIDTH
}
