//! When the query of a log alarm runs.

/// Minutes of the units that `rate(…)` knows.
const UNITS: [(&str, u64); 3] = [("minute", 1), ("hour", 60), ("day", 1_440)];

/// The minutes between two runs. `None` if it is no rate.
pub fn minutes(expression: &str) -> Option<u64> {
    let inside = expression.trim().strip_prefix("rate(")?.strip_suffix(')')?;
    let (number, unit) = inside.trim().split_once(char::is_whitespace)?;
    let unit = unit.trim();
    let (_, minutes) = UNITS
        .into_iter()
        .find(|(name, _)| unit.strip_suffix('s').unwrap_or(unit) == *name)?;
    number.parse::<u64>().ok()?.checked_mul(minutes)
}

/// A schedule in the form that is compared: an hour is 60 minutes.
pub(super) fn normal(expression: &str) -> String {
    match minutes(expression) {
        Some(1) => "rate(1 minute)".to_owned(),
        Some(minutes) => format!("rate({minutes} minutes)"),
        None => expression.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_known_by_its_minutes() {
        for (expression, known) in [
            ("rate(1 minute)", "rate(1 minute)"),
            ("rate(5 minutes)", "rate(5 minutes)"),
            (" rate( 1  hour ) ", "rate(60 minutes)"),
            ("rate(2 days)", "rate(2880 minutes)"),
            ("cron(0 * * * ? *)", "cron(0 * * * ? *)"),
            ("rate(x minutes)", "rate(x minutes)"),
            (
                "rate(99999999999999999999 days)",
                "rate(99999999999999999999 days)",
            ),
            (
                "rate(18446744073709551615 days)",
                "rate(18446744073709551615 days)",
            ),
            ("", ""),
        ] {
            assert_eq!(normal(expression), known, "{expression}");
        }
    }
}
