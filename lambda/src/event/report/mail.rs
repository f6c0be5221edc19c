//! What SES tells about mail.

use super::{Fact, News, Report, Thing, Tone, Turn, facts};
use crate::contract::Severity;
use crate::event::{list, text};
use serde_json::Value;

/// Most recipients that are listed.
const MAX_RECIPIENTS: usize = 10;

/// A notification or an event of SES, as it publishes them to a topic or a bus.
/// <https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html>
pub(super) fn notification(message: &Value) -> Option<Report> {
    let mail = message.get("mail")?;
    let kind = text(message, "notificationType").or_else(|| text(message, "eventType"))?;
    let null = Value::Null;
    let part = |name: &str| message.get(name).unwrap_or(&null);
    let (turn, about, recipients) = match kind.as_str() {
        "Bounce" => (
            Turn::Bounced,
            part("bounce"),
            list(part("bounce"), "bouncedRecipients"),
        ),
        "Complaint" => (
            Turn::Complained,
            part("complaint"),
            list(part("complaint"), "complainedRecipients"),
        ),
        "Reject" => (Turn::Rejected, part("reject"), &[][..]),
        "DeliveryDelay" => (
            Turn::Delayed,
            part("deliveryDelay"),
            list(part("deliveryDelay"), "delayedRecipients"),
        ),
        "Rendering Failure" => (Turn::Failed, part("failure"), &[][..]),
        "Delivery" => (Turn::Delivered, part("delivery"), &[][..]),
        _ => return None,
    };
    let addresses: Vec<_> = recipients
        .iter()
        .filter_map(|one| text(one, "emailAddress"))
        .collect();
    let sent = || {
        list(mail, "destination")
            .iter()
            .filter_map(|one| Some(one.as_str()?.to_owned()))
    };
    let addresses = if addresses.is_empty() {
        sent().collect()
    } else {
        addresses
    };
    let first = addresses.first().cloned().unwrap_or_else(|| "?".to_owned());
    let kind = [text(about, "bounceType"), text(about, "bounceSubType")]
        .into_iter()
        .flatten();
    let kind: Vec<_> = kind.collect();
    let feedback = ["complaintFeedbackType", "delayType", "reason", "errorMessage"];
    let feedback = feedback.iter().find_map(|key| text(about, key));
    let diagnosis = recipients.iter().find_map(|one| text(one, "diagnosticCode"));
    let shown = addresses
        .iter()
        .take(MAX_RECIPIENTS)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    Some(Report {
        // A mailbox that is full for a day is no reason to act; a lasting bounce costs the sender's reputation.
        tone: match (turn, text(about, "bounceType").as_deref()) {
            (Turn::Bounced, Some("Transient")) => Tone::Plain,
            (Turn::Failed, _) => Tone::Bad(Severity::Error),
            (turn, _) => turn.tone(),
        },
        summary: diagnosis.or(feedback),
        facts: facts([
            (Fact::Kind, Some(kind.join(" · ")).filter(|kind| !kind.is_empty())),
            (Fact::Target, Some(shown).filter(|_| addresses.len() > 1)),
            (Fact::Author, text(mail, "source")),
        ]),
        ..Report::new(
            News::Changed {
                thing: Thing::Mail,
                turn,
                raw: String::new(),
                of: None,
            },
            first,
        )
    })
}
