//! The axis of values: from which to which, at which numbers it has lines, and how numbers are written.

/// The most intervals between two lines.
const MOST: f64 = 4.0;
/// Multiples of a power of ten that people count in.
const ROUND: [f64; 5] = [1.0, 2.0, 2.5, 5.0, 10.0];
/// Values that differ by less than this part of the largest look the same: their numbers would, too.
const FINEST: f64 = 0.01;
/// Thousands, and their sign.
const UNITS: [(f64, &str); 6] = [
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
];
/// Numbers from here on, and below its inverse, are written with an exponent.
const HUGE: f64 = 1e18;
const TINY: f64 = 1e-3;

/// An axis of 3 to 5 lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    step: f64,
    intervals: f64,
}

impl Scale {
    /// The axis that shows all these values.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (low, high) = match low <= high {
            true => wide_enough(low, high),
            false => (0.0, 1.0),
        };
        let step = step(low, high);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        Self {
            low: first * step,
            step,
            intervals: (last - first).max(1.0),
        }
    }

    /// Where a value is: 0 at the lower end, 1 at the upper.
    pub fn share(self, value: f64) -> f64 {
        (value - self.low) / (self.step * self.intervals)
    }

    /// The value of each line and its label.
    pub fn ticks(self) -> Vec<(f64, String)> {
        let count = self.intervals as u32;
        let values = (0..=count).map(|nth| {
            let value = self.low + f64::from(nth) * self.step;
            // Adding up leaves a trace where zero is meant.
            if value.abs() < self.step / 1e6 { 0.0 } else { value }
        });
        let largest = values.clone().fold(0.0, |most: f64, value| most.max(value.abs()));
        values
            .map(|value| (value, written(value, largest, self.step)))
            .collect()
    }
}

/// Zero belongs to what is near it, and values that are all the same are in the middle.
fn wide_enough(low: f64, high: f64) -> (f64, f64) {
    let largest = low.abs().max(high.abs());
    let (low, high) = match (low, high) {
        (low, high) if low > 0.0 && low < high / 2.0 => (0.0, high),
        (low, high) if high < 0.0 && high > low / 2.0 => (low, 0.0),
        both => both,
    };
    if largest == 0.0 {
        return (0.0, 1.0);
    }
    let missing = largest * FINEST - (high - low);
    match missing > 0.0 {
        true => (low - largest * FINEST, high + largest * FINEST),
        false => (low, high),
    }
}

/// The shortest round step with which few lines cover everything.
fn step(low: f64, high: f64) -> f64 {
    let power = 10f64.powi(magnitude((high - low) / MOST));
    let steps = [power, power * 10.0].map(|power| ROUND.map(|round| round * power));
    let covers = |step: &f64| (high / step).ceil() - (low / step).floor() <= MOST;
    let found = steps.into_iter().flatten().find(covers);
    found.unwrap_or(power * 100.0)
}

/// A number of an axis whose largest is `largest`, with as many decimals as its steps need.
fn written(value: f64, largest: f64, step: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if largest >= HUGE || step < TINY {
        return trimmed(&format!("{value:.2e}"));
    }
    let (unit, sign) = unit(largest);
    let decimals = (0..4).find(|decimals| {
        let scaled = step / unit * 10f64.powi(*decimals);
        (scaled - scaled.round()).abs() < 1e-6
    });
    let decimals = usize::try_from(decimals.unwrap_or(4)).unwrap_or_default();
    format!("{:.decimals$}{sign}", value / unit)
}

/// A number alone, in about four digits: `50`, `1.536k`, `0.05`.
pub(super) fn in_short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if !(TINY..HUGE).contains(&size) {
        return trimmed(&format!("{value:.2e}"));
    }
    let (unit, sign) = unit(size);
    let scaled = value / unit;
    let whole = usize::try_from(magnitude(scaled)).unwrap_or_default();
    let decimals = 3 - whole.min(3);
    format!("{}{sign}", trimmed(&format!("{scaled:.decimals$}")))
}

/// The power of ten of a number's first digit. Not by a logarithm: for that alone, the system's library of mathematics would be
/// loaded at each start.
fn magnitude(number: f64) -> i32 {
    let written = format!("{number:e}");
    let exponent = written
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok());
    exponent.unwrap_or_default()
}

fn unit(size: f64) -> (f64, &'static str) {
    let found = UNITS.into_iter().find(|(unit, _)| size >= *unit);
    found.unwrap_or((1.0, ""))
}

/// Without zeros at the end of its decimals.
fn trimmed(number: &str) -> String {
    let (digits, exponent) = match number.split_once('e') {
        Some((digits, exponent)) => (digits, Some(exponent)),
        None => (number, None),
    };
    let digits = match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => digits,
    };
    match exponent {
        Some(exponent) => format!("{digits}e{exponent}"),
        None => digits.to_owned(),
    }
}
