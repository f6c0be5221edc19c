//! The time for signatures: this machine's clock, or AWS's if the two differ too much.

use super::AwsError;
use ::http::HeaderMap;
use ::http::header::DATE;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// AWS accepts signatures that are up to five minutes off. Like the SDKs, a smaller difference is taken as a
/// sign that AWS refused for another reason.
const TOLERANCE: u64 = 4 * 60;

/// Codes with which AWS refuses a signature; a wrong time is one of several causes.
const CODES: [&str; 5] = [
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "AuthFailure",
    "RequestTimeTooSkewed",
    "AccessDeniedException",
];

/// The time as AWS has it: requests that are signed with a time more than a few minutes off are refused.
#[derive(Clone, Default)]
pub(super) struct Clock {
    /// By how many seconds AWS's clock is ahead.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed));
        let now = Timestamp::now();
        now.checked_add(ahead).unwrap_or(now)
    }

    /// Whether a wrong clock caused the error. If so, AWS's time is used from then on.
    pub fn correct(&self, error: &AwsError, headers: &HeaderMap) -> bool {
        let Some(date) = headers.get(DATE).and_then(|date| date.to_str().ok()) else {
            return false;
        };
        let Ok(date) = DateTimeParser::new().parse_timestamp(date) else {
            return false;
        };
        let ahead = date.duration_since(Timestamp::now()).as_secs();
        let is_off = ahead.abs_diff(self.ahead.load(Ordering::Relaxed)) > TOLERANCE;
        let corrected = is_off && error.code().is_some_and(|code| CODES.contains(&code));
        if corrected {
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        corrected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::HeaderValue;

    /// Whether a signature error with the given `date` corrects `clock`.
    fn corrects(clock: &Clock, code: &str, date: &str) -> bool {
        let error = AwsError::Refused {
            status: 403,
            code: code.to_owned(),
            message: String::new(),
        };
        let date = HeaderValue::from_str(date).expect("a header");
        clock.correct(&error, &[(DATE, date)].into_iter().collect())
    }

    fn date(ahead: i64) -> String {
        let date = Timestamp::now() + SignedDuration::from_secs(ahead);
        date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    #[test]
    fn only_a_refused_signature_and_a_wrong_clock_change_the_time() {
        let clock = Clock::default();
        assert!(!corrects(&clock, "SignatureDoesNotMatch", &date(60)));
        assert!(!corrects(&clock, "ValidationException", &date(600)));
        assert!(!corrects(&clock, "SignatureDoesNotMatch", "tomorrow"));
        let ahead = |clock: &Clock| clock.now().duration_since(Timestamp::now());
        assert_eq!(ahead(&clock).as_secs(), 0);

        assert!(corrects(&clock, "RequestTimeTooSkewed", &date(600)));
        let minutes = ahead(&clock).as_secs_f64() / 60.0;
        assert!((9.9..10.1).contains(&minutes), "{minutes}");
        // The clock is already right, so the signature is wrong for another reason.
        assert!(!corrects(&clock, "RequestTimeTooSkewed", &date(600)));
        assert!(corrects(&clock, "InvalidSignatureException", &date(-600)));
    }
}
