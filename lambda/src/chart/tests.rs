//! The pictures are read by a decoder of somebody else.

use super::scale::{Scale, in_short};
use super::times::Axis;
use super::*;
use proptest::prelude::*;
use std::io::Cursor;

const START: i64 = 1_795_150_800;
const SPAN: i64 = 3 * 3_600;

/// Pixels of a picture.
struct Seen {
    pixels: Vec<u8>,
}

impl Seen {
    fn of(png: &[u8]) -> Self {
        let mut reader = ::png::Decoder::new(Cursor::new(png)).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect("a picture");
        assert_eq!((info.width, info.height), (800, 300));
        assert_eq!(
            (info.color_type, info.bit_depth),
            (::png::ColorType::Rgb, ::png::BitDepth::Eight)
        );
        Self { pixels }
    }

    fn at(&self, x: i32, y: i32) -> Colour {
        let at = usize::try_from(3 * (y * WIDTH + x)).expect("inside");
        Colour(self.pixels[at], self.pixels[at + 1], self.pixels[at + 2])
    }

    /// The places with exactly this colour.
    fn all(&self, colour: Colour) -> Vec<(i32, i32)> {
        let places = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y)));
        places.filter(|(x, y)| self.at(*x, *y) == colour).collect()
    }

    /// The rows in which at least `count` pixels have this colour.
    fn rows(&self, colour: Colour, count: usize) -> Vec<i32> {
        let all = self.all(colour);
        let rows = (0..HEIGHT).filter(|row| all.iter().filter(|(_, y)| y == row).count() >= count);
        rows.collect()
    }
}

fn chart(points: Vec<(i64, f64)>) -> Chart {
    Chart {
        series: vec![Series {
            name: "cpu".to_owned(),
            points,
        }],
        threshold: Some(50.0),
        from: START,
        until: START + SPAN,
        period: 60,
        mark: Some(START + SPAN - 60),
        zone: TimeZone::get("Asia/Seoul").expect("a zone"),
    }
}

/// A value each minute.
fn each_minute(value: impl Fn(i64) -> f64) -> Vec<(i64, f64)> {
    (0..SPAN / 60).map(|nth| (START + nth * 60, value(nth))).collect()
}

/// The picture, which is saved for a person to look at if `ALERTCTL_CHARTS` names a directory.
fn seen(name: &str, chart: &Chart) -> Seen {
    let png = chart.png().expect("a picture");
    if let Some(directory) = std::env::var_os("ALERTCTL_CHARTS") {
        std::fs::write(std::path::Path::new(&directory).join(format!("{name}.png")), &png).expect("saved");
    }
    assert!(png.len() < 65_000, "{name} has {} bytes", png.len());
    Seen::of(&png)
}

fn noise(nth: i64) -> f64 {
    ((nth as f64 * 12.989_8).sin() * 43_758.545).rem_euclid(1.0)
}

#[test]
fn the_line_the_threshold_and_the_moment_are_there() {
    let spike = chart(each_minute(|nth| {
        let base = 22.0 + 6.0 * noise(nth);
        if nth > 170 {
            base + 9.0 * (nth - 170) as f64
        } else {
            base
        }
    }));
    let seen = seen("spike", &spike);
    // Dashes: two rows with much red, and others with nothing of it between.
    let rows = seen.rows(ALARM, 200);
    assert!(
        matches!(rows.as_slice(), [one, two] if *two == one + 1),
        "{rows:?}"
    );
    let reds = seen.all(ALARM).iter().filter(|(_, y)| *y == rows[0]).count();
    assert!(reds < 600, "no line is whole: {reds}");
    // The grid shows 150 and 100, and 50 is as far below.
    let grid = seen.rows(GRID, 500);
    assert!((2 * grid[1] - grid[0] - rows[1]).abs() <= 1, "{grid:?} {rows:?}");
    // The dot of the value that made it go off is above the threshold.
    let dot = seen.all(ALARM).iter().filter(|(_, y)| y + 12 < rows[0]).count();
    assert!(dot > 40, "{dot}");
    assert!(seen.all(LINES[0]).len() > 300);
}

#[test]
fn whatever_the_data_it_is_drawn() {
    let with = |points, change: fn(&mut Chart)| {
        let mut chart = chart(points);
        change(&mut chart);
        chart
    };
    let none = |_: &mut Chart| {};
    let many = |chart: &mut Chart| {
        chart.series = (0..5)
            .map(|of| Series {
                name: format!("orders-{of} ThrottledRequests"),
                points: each_minute(|nth| f64::from(of) * 10.0 + 8.0 * noise(nth + i64::from(of) * 7)),
            })
            .collect();
    };
    let cases = [
        ("flat", with(each_minute(|_| 12.0), none)),
        (
            "zero",
            with(each_minute(|_| 0.0), |chart| chart.threshold = Some(0.0)),
        ),
        (
            "sparse",
            with(each_minute(noise).into_iter().step_by(17).collect(), |chart| {
                chart.threshold = Some(0.8)
            }),
        ),
        ("one", with(vec![(START + SPAN - 120, 83.266_666)], none)),
        (
            "negative",
            with(each_minute(|nth| -40.0 - 30.0 * noise(nth)), |chart| {
                chart.threshold = Some(-65.5)
            }),
        ),
        (
            "huge",
            with(each_minute(|nth| 3.4e12 + 5e11 * noise(nth)), |chart| {
                chart.threshold = Some(3.75e12)
            }),
        ),
        (
            "largest",
            with(each_minute(|nth| if nth % 2 == 0 { 1e300 } else { -1e300 }), none),
        ),
        (
            "tiny",
            with(each_minute(|nth| 2e-7 * noise(nth)), |chart| {
                chart.threshold = Some(1e-7)
            }),
        ),
        (
            "far",
            with(each_minute(|nth| 10.0 * noise(nth)), |chart| {
                chart.threshold = Some(1_000_000.0)
            }),
        ),
        (
            "wave",
            with(each_minute(|nth| (nth as f64 / 20.0).sin()), |chart| {
                chart.threshold = Some(0.75)
            }),
        ),
        ("five", with(Vec::new(), many)),
        (
            "gap",
            with(
                each_minute(|nth| 30.0 + 10.0 * noise(nth))
                    .into_iter()
                    .filter(|(time, _)| !(60..90).contains(&((time - START) / 60)))
                    .collect(),
                none,
            ),
        ),
        (
            "week",
            with(Vec::new(), |chart| {
                chart.from = START + SPAN - 7 * 86_400;
                chart.period = 3_600;
                let from = chart.from;
                chart.series[0].points = (0..168)
                    .map(|nth| (from + nth * 3_600, 40.0 * noise(nth)))
                    .collect();
            }),
        ),
        (
            "no threshold",
            with(each_minute(noise), |chart| {
                (chart.threshold, chart.mark) = (None, None)
            }),
        ),
    ];
    for (name, chart) in cases {
        let seen = seen(name, &chart);
        let drawn: usize = LINES
            .iter()
            .take(chart.series.len())
            .map(|colour| seen.all(*colour).len())
            .sum();
        assert!(drawn > 0 || name == "one", "{name}: nothing is drawn");
        let red = !seen.rows(ALARM, 200).is_empty();
        assert_eq!(red, chart.threshold.is_some(), "{name}");
    }
}

#[test]
fn no_line_leads_over_a_gap() {
    let points = each_minute(|_| 20.0);
    let of = |keep: fn(i64) -> bool| {
        let kept = points
            .iter()
            .filter(|(time, _)| keep((time - START) / 60))
            .copied();
        let mut chart = chart(kept.collect());
        chart.mark = None;
        Seen::of(&chart.png().expect("a picture"))
    };
    let columns = |seen: &Seen| {
        let row = seen.rows(LINES[0], 100).first().copied().expect("a line");
        seen.all(LINES[0]).iter().filter(|(_, y)| *y == row).count()
    };
    let (whole, broken, one) = (
        columns(&of(|_| true)),
        columns(&of(|minute| !(60..120).contains(&minute))),
        columns(&of(|minute| minute != 60)),
    );
    // A third is missing; a single value that is missing is seen, too.
    assert!(
        (broken as f64 / whole as f64 - 2.0 / 3.0).abs() < 0.03,
        "{whole} {broken}"
    );
    assert!(one < whole && one > whole - 20, "{whole} {one}");
}

#[test]
fn nothing_is_no_picture() {
    assert!(chart(Vec::new()).png().is_none());
    assert!(
        chart(vec![
            (START - 1, 1.0),
            (START + 1, f64::NAN),
            (START + 2, f64::INFINITY)
        ])
        .png()
        .is_none()
    );
    let mut without = chart(Vec::new());
    without.series.clear();
    assert!(without.png().is_none());
}

#[test]
fn numbers_are_short() {
    for (value, text) in [
        (0.0, "0"),
        (50.0, "50"),
        (-12.5, "-12.5"),
        (83.266_666, "83.27"),
        (0.05, "0.05"),
        (1_536.0, "1.536k"),
        (3_400_000.0, "3.4M"),
        (2e-7, "2e-7"),
        (1e21, "1e21"),
        (999_999.0, "1000k"),
    ] {
        assert_eq!(in_short(value), text);
    }
    let labels = |low: f64, high: f64| {
        let ticks = Scale::of([low, high].into_iter()).ticks();
        ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>()
    };
    assert_eq!(labels(3.0, 83.0), ["0", "25", "50", "75", "100"]);
    assert_eq!(labels(1.0, 10_000.0), ["0", "2.5k", "5.0k", "7.5k", "10.0k"]);
    assert_eq!(labels(-1.0, 1.0), ["-1.0", "-0.5", "0", "0.5", "1.0"]);
    assert_eq!(labels(0.0, 0.0), ["0", "0.25", "0.50", "0.75", "1.00"]);
    assert_eq!(labels(0.0, 4e-6), ["0", "1e-6", "2e-6", "3e-6", "4e-6"]);
}

#[test]
fn times_are_those_of_the_stack() {
    let ticks = |from: &str, hours: i64, zone: &str| {
        let from: jiff::Timestamp = from.parse().expect("a time");
        let zone = TimeZone::get(zone).expect("a zone");
        let from = from.as_second();
        let axis = Axis {
            from,
            until: from + hours * 3_600,
            zone: &zone,
        };
        axis.ticks()
            .into_iter()
            .map(|(_, label)| label)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ticks("2026-11-20T02:03:00Z", 3, "Asia/Seoul"),
        ["11:30", "12:00", "12:30", "13:00", "13:30", "14:00"]
    );
    assert_eq!(
        ticks("2026-11-20T02:03:00Z", 3, "Asia/Kathmandu"),
        ["08:00", "08:30", "09:00", "09:30", "10:00", "10:30"]
    );
    // The clocks are put back in between.
    assert_eq!(
        ticks("2026-10-20T12:00:00Z", 24 * 7, "Europe/Berlin"),
        ["10-21", "10-22", "10-23", "10-24", "10-25", "10-26", "10-27"]
    );
    assert_eq!(
        ticks("2026-10-24T20:00:00Z", 40, "Europe/Berlin"),
        ["10-25", "10-26"]
    );
}

proptest! {
    #[test]
    fn an_axis_has_few_round_lines_around_all_values(low in -1e12f64..1e12, span in 0f64..1e12, power in -9i32..6) {
        let (low, high) = (low * 10f64.powi(power), (low + span) * 10f64.powi(power));
        let scale = Scale::of([low, high].into_iter());
        let ticks = scale.ticks();
        prop_assert!((3..=5).contains(&ticks.len()), "{ticks:?}");
        for value in [low, high] {
            prop_assert!((-1e-6..=1.0 + 1e-6).contains(&scale.share(value)), "{value} {ticks:?}");
        }
        let mut labels: Vec<_> = ticks.iter().map(|(_, label)| label.clone()).collect();
        prop_assert!(labels.iter().all(|label| label.len() <= 9), "{labels:?}");
        labels.dedup();
        prop_assert_eq!(labels.len(), ticks.len());
    }

    #[test]
    fn a_time_axis_has_few_lines_inside(from in 0i64..4_000_000_000, span in 600i64..6_000_000) {
        let zone = TimeZone::get("America/New_York").expect("a zone");
        let axis = Axis { from, until: from + span, zone: &zone };
        let ticks = axis.ticks();
        prop_assert!((1..=9).contains(&ticks.len()), "{ticks:?}");
        prop_assert!(ticks.iter().all(|(time, _)| (from..=from + span).contains(time)), "{ticks:?}");
    }
}
