//! How long CloudWatch keeps what metrics reported.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>

use super::windows::{DAY, HOUR, MINUTE};

/// Seconds between two values, and for how many seconds such values are kept.
pub const TIERS: [(i64, i64); 3] = [(MINUTE, 15 * DAY), (300, 63 * DAY), (HOUR, 455 * DAY)];
/// Values of less than a minute.
const SECONDS: i64 = 3 * HOUR;
/// So much earlier than CloudWatch forgets them, values are no longer asked for: a question takes a while to arrive.
const SPARE: i64 = 10 * MINUTE;

/// What is told of an alarm that older values of several minutes were used for.
pub const COARSE: &str = "beyond the last 15 days CloudWatch keeps values of five minutes, beyond 63 days of an hour: \
                          what was shorter or began in between is estimated from these";

/// For how many seconds the values of a period of this length are kept.
pub fn of(period: i64) -> i64 {
    let tier = TIERS.iter().rev().find(|(grain, _)| *grain <= period);
    tier.map_or(SECONDS, |(_, kept)| *kept)
}

/// Since when values that are kept this long can be read at `now`: a full hour, or for the shortest a full minute.
pub fn since(now: i64, kept: i64) -> i64 {
    let grain = if kept > DAY { HOUR } else { MINUTE };
    (now - kept + SPARE).div_euclid(grain) * grain + grain
}
