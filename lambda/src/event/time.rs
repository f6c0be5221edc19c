//! The two ways AWS writes a moment.

use jiff::{Timestamp, fmt::strtime};

/// Reads `2026-11-20T05:00:00.000Z`, or with CloudWatch's offset `+0000`, which RFC 3339 does not allow.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text)
            .ok()
            .and_then(|time| time.to_timestamp().ok())
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn both_forms_are_the_same_moment() {
        let moment = parse("2026-11-20T05:00:00.000Z");
        assert!(moment.is_some());
        assert_eq!(parse("2026-11-20T05:00:00.000+0000"), moment);
        assert_eq!(parse("2026-11-20T14:00:00.000+0900"), moment);
        assert_eq!(parse("yesterday"), None);
    }
}
