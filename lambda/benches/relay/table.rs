//! Prints the figures of a case side by side, and compares them with the relay's targets.

use crate::contender::{Run, median};

const MEGABYTE: f64 = 1e6;
/// Largest allowed size of the relay's zip, in megabytes.
const ZIP: f64 = 3.0;

/// A figure of each run.
struct Row {
    name: &'static str,
    figure: fn(&Run) -> f64,
    /// The relay may use at most Python's value divided by this number.
    part: Option<f64>,
}

const ROWS: [Row; 5] = [
    Row {
        name: "exec to first GET /next, ms",
        figure: |run| run.start,
        part: Some(20.0),
    },
    Row {
        name: "exec to first message, ms",
        figure: |run| run.first,
        part: Some(20.0),
    },
    Row {
        name: "warm message, ms",
        figure: |run| run.warm,
        part: Some(3.0),
    },
    Row {
        name: "its time on a processor, ms",
        figure: |run| run.processor,
        part: None,
    },
    Row {
        name: "peak memory (VmHWM), MiB",
        figure: |run| run.peak,
        part: Some(5.0),
    },
];

/// Prints both contenders; zip sizes are in bytes. Without runs of Python, prints only the relay.
pub fn print(relay: &[Run], relay_zip: usize, python: &[Run], python_zip: Option<usize>) {
    let columns = format!("{:>8}{:>8}{:>8}", "min", "median", "max");
    match python_zip {
        None => println!("{:<29}{columns}", ""),
        Some(_) => println!("{:<29}{columns}  |{columns}  |   part  allowed", "relay | Python"),
    }
    for row in &ROWS {
        let (ours, relay_median) = spread(row, relay);
        if python.is_empty() {
            println!("{:<29}{ours}", row.name);
            continue;
        }
        let (theirs, python_median) = spread(row, python);
        let part = python_median / relay_median;
        let allowed = row
            .part
            .map(|allowed| format!("1/{allowed} {}", verdict(part >= allowed)))
            .unwrap_or_default();
        println!("{:<29}{ours}  |{theirs}  | 1/{part:<5.1}  {allowed}", row.name);
    }
    let size = relay_zip as f64 / MEGABYTE;
    let ours = format!("{:<29}{:>8}{size:>8.2}{:>8}", "zip, MB", "", "");
    match python_zip {
        None => println!("{ours}"),
        Some(zip) => println!(
            "{ours}  |{:>8}{:>8.4}{:>8}  |          {ZIP} MB {}",
            "",
            zip as f64 / MEGABYTE,
            "",
            verdict(size <= ZIP)
        ),
    }
}

/// Minimum, median and maximum as text, and the median.
fn spread(row: &Row, runs: &[Run]) -> (String, f64) {
    let mut values: Vec<_> = runs.iter().map(row.figure).collect();
    let median = median(&mut values);
    let text = format!("{:>8.2}{median:>8.2}{:>8.2}", values[0], values[values.len() - 1]);
    (text, median)
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
