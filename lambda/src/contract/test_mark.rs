//! Marks of the messages that `alertctl test` sends, so that nobody mistakes a test for a real alert.
//!
//! An id is `t-` and 8 hexadecimal digits. Each path carries it in a part that stays unchanged: an attribute of
//! an SNS message, the reason of an alarm's state, the resources of an event, a header, the envelope.

/// SNS message attribute that holds the id.
pub const TEST_ATTRIBUTE: &str = "alertctl.test";
/// Header of a request to an endpoint that holds the id.
pub const TEST_HEADER: &str = "x-alertctl-test";
/// Prefix of the id in an alarm's state reason.
pub const TEST_REASON: &str = "alertctl test ";
/// Prefix of the id in a resource of an event.
pub const TEST_RESOURCE: &str = "alertctl:test:";

/// Whether this is the id of a test.
pub fn is_test(id: &str) -> bool {
    let is_digit = |digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    id.strip_prefix("t-")
        .is_some_and(|digits| digits.len() == 8 && digits.bytes().all(is_digit))
}
