//! The names by which the deployer hands something to a function: files, environment variables, encryption contexts.

use super::ChannelKey;

/// Name of the file in the zip, and so in the directory where Lambda unpacks it.
pub const SETTINGS_FILE: &str = "settings.json";
/// Environment variable: what the function is for, `notify` (default), `ingest`, `actions` or `guard`.
pub const DUTY: &str = "ALERTCTL_DUTY";
/// Environment variable: value of [`ENCRYPTION_CONTEXT_KEY`] for the webhooks; the function's own name by
/// default.
pub const ENCRYPTED_FOR: &str = "ALERTCTL_ENCRYPTED_FOR";
/// Environment variable: JSON array of the channel keys that `ingest` and `guard` post to.
pub const DESTINATIONS: &str = "DESTINATIONS";
/// Environment variable: JSON array of the ARNs of the SNS topics that `ingest` and `guard` publish to.
pub const TOPICS: &str = "TOPICS";
/// Environment variable (`ingest`): SHA-256 of each valid token in hexadecimal, separated by commas. There are
/// two during a token rotation.
pub const TOKEN_SHA256: &str = "TOKEN_SHA256";
/// Environment variable (`ingest`): largest body in bytes, 262,144 by default.
pub const BODY_LIMIT: &str = "BODY_LIMIT";
/// Environment variable (`ingest`): key of the endpoint in the stack file.
pub const ENDPOINT: &str = "ENDPOINT";
/// Environment variable (`ingest`): template of the subject, see [`Template`](crate::Template).
pub const MESSAGE_SUBJECT: &str = "MESSAGE_SUBJECT";
/// Environment variable (`ingest`): template of the text, see [`Template`](crate::Template).
pub const MESSAGE_BODY: &str = "MESSAGE_BODY";
/// Environment variable (`notify`, `ingest`): ARN of the SQS queue for messages that can never be delivered.
pub const DEAD_LETTER_QUEUE: &str = "DEAD_LETTER_QUEUE";
/// Environment variable: JSON object that maps the key of each channel with a buffer to
/// the ARN of its SQS queue.
pub const BUFFERS: &str = "BUFFERS";
/// Environment variable: ARN of the SQS queue for messages that a destination without a buffer does not take now. The
/// relay drains it.
pub const RETRY_QUEUE: &str = "RETRY_QUEUE";
/// Environment variable: name of the DynamoDB table with what channels show of incidents. Its key is the string `pk`, and an
/// item ends at the time in `ttl`, in seconds since 1970.
pub const INCIDENTS: &str = "INCIDENTS";
/// Path of the endpoint that Slack posts to when people press buttons.
pub const ACTIONS_PATH: &str = "/slack";
/// Environment variable (`actions`): name of the relay, which does what a button asks for.
pub const RELAY: &str = "RELAY";
/// Environment variable (`guard`): ARN of the trail whose logging the guard restarts.
pub const TRAIL: &str = "TRAIL";
/// Namespace of the metrics that the relay writes.
pub const METRIC_NAMESPACE: &str = "alertctl";
/// Metric: how many seconds an alert waits that a channel does not take. Its dimension is [`STACK_DIMENSION`].
pub const WAITING_METRIC: &str = "Waiting";
/// Metric: 1 if a heartbeat came and all channels would take a message, else 0. Its dimensions are [`STACK_DIMENSION`] and
/// [`PATH_DIMENSION`].
pub const HEARTBEAT_METRIC: &str = "Heartbeat";
/// Dimension of the heartbeat: the way it came.
pub const PATH_DIMENSION: &str = "Path";
/// Dimension of what became of messages: the key of the channel.
pub const CHANNEL_DIMENSION: &str = "Channel";
/// Dimension of the metrics: the name of the stack.
pub const STACK_DIMENSION: &str = "Stack";
/// Encryption context key of every webhook ciphertext; its value is the name of the function.
pub const ENCRYPTION_CONTEXT_KEY: &str = "LambdaFunctionName";

/// The tag that marks a resource as part of a stack; its value is the stack's name.
pub const STACK_TAG: &str = "alertctl:stack";
/// The tag that says which node of the stack it is: `kind/key`.
pub const NODE_TAG: &str = "alertctl:node";

/// Name of the environment variable with the encrypted webhook of `channel`: `WEBHOOK_` and the key. Each `-`
/// becomes `_` because Lambda allows only letters, digits and underscores.
pub fn webhook_variable(channel: &ChannelKey) -> String {
    format!("WEBHOOK_{}", channel.0.replace('-', "_"))
}
