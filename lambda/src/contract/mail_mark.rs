//! The mark of the messages that the relay publishes for the e-mail subscribers of a topic.

/// SNS message attribute of what the relay publishes to the topic that it came from. The e-mail subscriptions of such a
/// topic let only this through, and the relay ignores it.
///
/// The relay's own subscription has no filter against it, because none can say "without this attribute": `exists: false`
/// does not match a message that has no attributes at all, and the message of an alarm has none.
/// <https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html>
pub const MAIL_ATTRIBUTE: &str = "alertctl.mail";
