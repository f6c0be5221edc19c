//! The time formats that AWS uses.

use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};

/// Reads three formats: `2026-11-20T05:00:00.000Z`; the same with CloudWatch's offset `+0000`, which RFC 3339
/// does not allow; and `Fri, 20 Nov 2026 05:00:00 GMT`, as AWS Health writes it.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let lax = |text| strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text)?.to_timestamp();
    text.parse()
        .or_else(|_| lax(text))
        .or_else(|_| {
            // The day of the week adds nothing, and a wrong one would make the moment unreadable.
            let day = text.split_once(", ").map_or(text, |(_, day)| day);
            rfc2822::DateTimeParser::new().parse_timestamp(day)
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn all_forms_are_the_same_moment() {
        let moment = parse("2026-11-20T05:00:00.000Z");
        assert!(moment.is_some());
        assert_eq!(parse("2026-11-20T05:00:00.000+0000"), moment);
        assert_eq!(parse("2026-11-20T14:00:00.000+0900"), moment);
        assert_eq!(parse("Fri, 20 Nov 2026 05:00:00 GMT"), moment);
        assert_eq!(parse("Mon, 20 Nov 2026 05:00:00 GMT"), moment, "it was a Friday");
        assert_eq!(parse("yesterday"), None);
    }
}
