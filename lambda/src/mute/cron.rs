//! The cron expression of an alarm mute rule: minute, hour, day of the month, month, day of the week.
//!
//! AWS documents the fields and the characters, but not what two restricted fields for days mean together, nor `L` alone
//! as a day of the week: neither is accepted, so that the relay never computes another window than CloudWatch does.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-mute-rules.html>

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use std::fmt;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// CloudWatch takes 256 characters, with `cron(` and `)`.
const MAX_LENGTH: usize = 250;

/// Numbers below 64, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbers(u64);

impl Numbers {
    fn has(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|number| number < 64 && self.0 & (1 << number) != 0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Days {
    Any,
    OfMonth(Numbers),
    LastOfMonth,
    OfWeek(Numbers),
    /// The last one of this weekday in the month.
    LastWeekday(i8),
    /// The weekday, and which one of the month.
    NthWeekday(i8, i8),
}

/// A cron expression of five fields, read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron {
    /// As it is sent: one space between fields, names in capitals.
    text: String,
    minutes: Numbers,
    hours: Numbers,
    months: Numbers,
    days: Days,
}

impl Cron {
    /// Whether a window may open on that day.
    pub(super) fn is_on(&self, date: Date) -> bool {
        let weekday = date.weekday().to_sunday_zero_offset();
        self.months.has(date.month())
            && match self.days {
                Days::Any => true,
                Days::OfMonth(days) => days.has(date.day()),
                Days::LastOfMonth => date.day() == date.days_in_month(),
                Days::OfWeek(days) => days.has(weekday),
                Days::LastWeekday(day) => weekday == day && date.day() + 7 > date.days_in_month(),
                Days::NthWeekday(day, nth) => weekday == day && (date.day() - 1) / 7 + 1 == nth,
            }
    }

    /// The times of a day at which windows open, the latest first.
    pub(super) fn times(&self) -> impl Iterator<Item = Time> + '_ {
        let hours = (0..24).rev().filter(|hour| self.hours.has(*hour));
        hours.flat_map(|hour| {
            let minutes = (0..60).rev().filter(|minute| self.minutes.has(*minute));
            minutes.filter_map(move |minute| Time::new(hour, minute, 0, 0).ok())
        })
    }
}

impl TryFrom<String> for Cron {
    type Error = String;

    /// # Errors
    /// What is wrong, and in the next line what to write instead.
    fn try_from(text: String) -> Result<Self, String> {
        let shown = text.escape_debug().to_string();
        let text = text.to_ascii_uppercase();
        let fields: Vec<_> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!(
                "`{shown}` has {} fields\nwrite five, minute, hour, day of the month, month and day of the week, such as \
                 `0 2 * * SUN`",
                fields.len()
            ));
        };
        let text = fields.join(" ");
        if text.len() > MAX_LENGTH {
            return Err(format!(
                "the expression has {} characters\nwrite at most {MAX_LENGTH}",
                text.len()
            ));
        }
        let days = match (day_of_month(day)?, day_of_week(weekday)?) {
            (Days::Any, days) | (days, Days::Any) => days,
            _ => {
                return Err(format!(
                    "`{shown}` names days of the month and days of the week\nwrite `*` for one of them: CloudWatch does not \
                     document what both mean together"
                ));
            }
        };
        Ok(Self {
            minutes: numbers("minute", minute, 0..=59, &[], true)?,
            hours: numbers("hour", hour, 0..=23, &[], true)?,
            months: numbers("month", month, 1..=12, &MONTHS, true)?,
            days,
            text,
        })
    }
}

impl From<Cron> for String {
    fn from(cron: Cron) -> Self {
        cron.text
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn day_of_month(text: &str) -> Result<Days, String> {
    match text {
        "*" | "?" => Ok(Days::Any),
        "L" => Ok(Days::LastOfMonth),
        _ => numbers("day of the month", text, 1..=31, &[], true).map(Days::OfMonth),
    }
}

fn day_of_week(text: &str) -> Result<Days, String> {
    const FIELD: &str = "day of the week";
    if matches!(text, "*" | "?") {
        return Ok(Days::Any);
    }
    let one = |text: &str| number(FIELD, text, &(0..=7), &WEEKDAYS).map(|day| day % 7);
    if let Some((day, nth)) = text.split_once('#') {
        let nth = number(FIELD, nth, &(1..=5), &[])?;
        return Ok(Days::NthWeekday(one(day)?, nth));
    }
    if text == "L" {
        return Err(wrong(
            FIELD,
            text,
            "write the day, too, such as `FRIL`, the last Friday of the month",
        ));
    }
    if let Some(day) = text.strip_suffix('L') {
        return Ok(Days::LastWeekday(one(day)?));
    }
    let Numbers(bits) = numbers(FIELD, text, 0..=7, &WEEKDAYS, false)?;
    // 7 is Sunday, too.
    Ok(Days::OfWeek(Numbers((bits | bits >> 7) & 0x7f)))
}

/// The numbers of a field: a list of numbers, ranges and, if the field takes them, steps.
fn numbers(
    field: &str,
    text: &str,
    allowed: std::ops::RangeInclusive<i8>,
    names: &[&str],
    steps: bool,
) -> Result<Numbers, String> {
    let mut bits = 0_u64;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some(_) if !steps => return Err(wrong(field, part, "this field takes no `/`")),
            Some((range, step)) => (range, Some(number(field, step, &(1..=*allowed.end()), &[])?)),
            None => (part, None),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (*allowed.start(), *allowed.end()),
            (_, Some((from, to))) => (
                number(field, from, &allowed, names)?,
                number(field, to, &allowed, names)?,
            ),
            (one, None) => {
                let one = number(field, one, &allowed, names)?;
                (one, if step.is_some() { *allowed.end() } else { one })
            }
        };
        if from > to {
            return Err(wrong(field, part, "a range begins with the lower number"));
        }
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(1);
        for number in (from..=to).step_by(step) {
            bits |= 1 << number;
        }
    }
    Ok(Numbers(bits))
}

fn number(
    field: &str,
    text: &str,
    allowed: &std::ops::RangeInclusive<i8>,
    names: &[&str],
) -> Result<i8, String> {
    if let Some(index) = names.iter().position(|name| *name == text) {
        return Ok(*allowed.start() + i8::try_from(index).unwrap_or_default());
    }
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let read = text
        .parse()
        .ok()
        .filter(|number| digits && allowed.contains(number));
    read.ok_or_else(|| {
        let names = match names {
            [first, .., last] => format!(", or {first} to {last}"),
            _ => String::new(),
        };
        let advice = format!("write {} to {}{names}", allowed.start(), allowed.end());
        wrong(field, text, &advice)
    })
}

fn wrong(field: &str, text: &str, advice: &str) -> String {
    format!("`{}` is no {field}\n{advice}", text.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn cron(text: &str) -> Cron {
        Cron::try_from(text.to_owned()).expect(text)
    }

    #[test]
    fn days_are_those_that_it_names() {
        // November 2026 begins on a Sunday.
        for (text, days) in [
            ("0 0 * * *", (1..=30).collect::<Vec<i8>>()),
            ("0 0 ? * ?", (1..=30).collect()),
            ("0 0 1,15 * *", vec![1, 15]),
            ("0 0 L * *", vec![30]),
            ("0 0 28-31 NOV ?", vec![28, 29, 30]),
            ("0 0 1/10 * *", vec![1, 11, 21]),
            ("0 0 * * SUN", vec![1, 8, 15, 22, 29]),
            ("0 0 * * 0", vec![1, 8, 15, 22, 29]),
            ("0 0 * * 7", vec![1, 8, 15, 22, 29]),
            ("0 0 * * 6-7", vec![1, 7, 8, 14, 15, 21, 22, 28, 29]),
            ("0 0 * * sun#4", vec![22]),
            ("0 0 * * MON#5", vec![30]),
            ("0 0 * * SUN#5", vec![29]),
            ("0 0 * * FRIL", vec![27]),
            ("0 0 * * 1L", vec![30]),
            ("0 0 * DEC *", vec![]),
            ("0 0 * */5,NOV *", (1..=30).collect()),
        ] {
            let on = (1..=30).filter(|day| cron(text).is_on(date(2026, 11, *day)));
            assert_eq!(on.collect::<Vec<_>>(), days, "{text}");
        }
    }

    #[test]
    fn times_come_latest_first() {
        let times = |text: &str| {
            cron(text)
                .times()
                .map(|time| time.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            times("5,0 2-3 * * *"),
            ["03:05:00", "03:00:00", "02:05:00", "02:00:00"]
        );
        assert_eq!(times("*/30 23 * * *"), ["23:30:00", "23:00:00"]);
        assert_eq!(times("50/5 0 * * *"), ["00:55:00", "00:50:00"]);
        assert_eq!(times("* * * * *").len(), 24 * 60);
    }

    #[test]
    fn it_is_sent_as_cloudwatch_writes_it() {
        assert_eq!(cron(" 0  2 * jan mon-fri ").to_string(), "0 2 * JAN MON-FRI");
        assert_eq!(serde_json::json!(cron("0 2 * * *")), "0 2 * * *");
    }

    #[test]
    fn what_cloudwatch_does_not_take_is_refused() {
        for (text, named) in [
            ("", "0 fields"),
            ("0 2 * *", "4 fields"),
            ("0 2 * * * 2026", "6 fields"),
            ("60 2 * * *", "`60` is no minute"),
            ("-1 2 * * *", "is no minute"),
            ("+1 2 * * *", "`+1` is no minute"),
            ("0 24 * * *", "`24` is no hour"),
            ("0 2 0 * *", "`0` is no day of the month"),
            ("0 2 L-3 * *", "is no day of the month"),
            ("0 2 15W * *", "`15W` is no day of the month"),
            ("0 2 * 13 *", "`13` is no month\nwrite 1 to 12, or JAN to DEC"),
            ("0 2 * FOO *", "`FOO` is no month"),
            ("0 2 * * 8", "`8` is no day of the week"),
            ("0 2 * * L", "FRIL"),
            ("0 2 * * MON#6", "`6` is no day of the week"),
            ("0 2 * * MON,TUE#1", "is no day of the week"),
            ("0 2 * * MON/2", "no `/`"),
            ("0 5-2 * * *", "lower number"),
            ("0 */0 * * *", "`0` is no hour"),
            ("0 , * * *", "is no hour"),
            ("? 2 * * *", "`?` is no minute"),
            ("0 2 1 * MON", "both mean together"),
            ("@daily", "1 fields"),
        ] {
            let error = Cron::try_from(text.to_owned()).expect_err(text);
            assert!(error.contains(named), "{text}: {error}");
            assert!(error.contains('\n'), "no advice: {error}");
        }
        let long = format!("{} 2 * * *", vec!["1"; 130].join(","));
        assert!(Cron::try_from(long).expect_err("long").contains("at most 250"));
    }
}
