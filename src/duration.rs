//! How people write a length of time, on the command line and in the stack file.

use std::time::Duration;

/// Reads a time such as `90s`, `10m`, `1h` or `2d`: from a second to 365 days.
///
/// # Errors
/// What to write instead.
pub fn parse(text: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
    let read = units.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*seconds)
    });
    match read {
        Some(seconds @ 1..=31_536_000) => Ok(Duration::from_secs(seconds)),
        _ => Err("expected a time such as 90s, 10m, 1h or 2d, at most 365d".to_owned()),
    }
}

/// Writes whole minutes as the largest unit that fits: `90m`, `2h`, `15d`.
pub fn minutes_text(minutes: u64) -> String {
    match minutes {
        days if days > 0 && days.is_multiple_of(1440) => format!("{}d", days / 1440),
        hours if hours > 0 && hours.is_multiple_of(60) => format!("{}h", hours / 60),
        minutes => format!("{minutes}m"),
    }
}

/// Writes seconds as the largest unit that fits: `90s`, `5m`, `2h`.
pub fn seconds_text(seconds: u64) -> String {
    match seconds.is_multiple_of(60) {
        true => minutes_text(seconds / 60),
        false => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(parse("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("2d"), Ok(Duration::from_secs(172_800)));
        for wrong in [
            "",
            "1",
            "0s",
            "h",
            "-1h",
            "1.5h",
            "366d",
            "99999999999999999999d",
            "1 h",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn minutes_are_written_short() {
        let written = [1, 60, 90, 1440, 1500, 21_600].map(minutes_text);
        assert_eq!(written, ["1m", "1h", "90m", "1d", "25h", "15d"]);
        assert_eq!([90, 120, 3_600].map(seconds_text), ["90s", "2m", "1h"]);
    }
}
