//! What a call does to its resource, by its IAM action. It decides which refusals of it are temporary.

/// Calls that use a resource and change none. They are retried only after refusals that any call may get, such as
/// throttling: any other refusal is an answer (to `kms:Decrypt`), and a repetition may have its effect twice
/// (`sns:Publish`).
const USES: &[&str] = &[
    "kms:Decrypt",
    "kms:ReEncrypt",
    "lambda:InvokeFunction",
    "sns:Publish",
    "sqs:SendMessage",
    "sqs:ReceiveMessage",
    "sqs:ChangeMessageVisibility",
    "events:PutEvents",
    "cloudwatch:SetAlarmState",
    "sts:AssumeRole",
];

const READS: &[&str] = &[
    "Get", "List", "Describe", "Head", "Lookup", "Filter", "Simulate", "Test",
];
const DELETES: &[&str] = &["Delete", "Remove", "Unsubscribe", "Untag", "Detach", "Schedule"];

/// What a call does to its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Reads,
    /// Creates or changes.
    Changes,
    Deletes,
    Uses,
}

impl Deed {
    pub fn of(action: &str) -> Self {
        let verb = action.split_once(':').map_or(action, |(_, verb)| verb);
        let begins = |with: &[&str]| with.iter().any(|word| verb.starts_with(word));
        match action {
            _ if USES.contains(&action) => Self::Uses,
            _ if begins(READS) => Self::Reads,
            _ if begins(DELETES) => Self::Deletes,
            _ => Self::Changes,
        }
    }
}
