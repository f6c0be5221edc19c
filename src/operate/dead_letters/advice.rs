//! What a person can do about the reason for a dead letter.

/// Slack's error codes for a webhook that no longer exists.
/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling-errors>
const REVOKED: &[&str] = &["no_service", "no_active_hooks", "invalid_token"];
/// Slack's error codes for a channel or workspace that no longer accepts messages.
const CLOSED: &[&str] = &[
    "channel_is_archived",
    "channel_not_found",
    "action_prohibited",
    "posting_to_general_channel_denied",
    "no_team",
    "team_disabled",
];
/// Slack's error codes for an app that may not post in a channel.
/// <https://docs.slack.dev/reference/methods/chat.postMessage#errors>
const NOT_THERE: &[&str] = &["not_in_channel", "restricted_action"];
/// The error with which Slack answers an app whose channel it does not know, in place of a webhook's 404.
/// <https://docs.slack.dev/reference/methods/chat.postMessage#errors>
const OF_APP: &str = " answers 200 OK: ";
/// Slack's error code for an app in an archived channel.
const ARCHIVED: &str = ": is_archived";
/// Slack's error codes for a token that does not do.
const NO_TOKEN: &[&str] = &[
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "missing_scope",
];
/// Statuses of a service that knows an address no more.
const REFUSED: &[&str] = &[" answers 401 ", " answers 403 ", " answers 404 ", " answers 410 "];
/// KMS's messages for a key that can still be restored.
const KEY_OFF: &[&str] = &["is disabled", "DisabledException", "is pending deletion"];

/// The next commands to run, if a person can do something about the reason.
pub fn advice(reason: &str) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if says(REVOKED) {
        Some(
            "the webhook was removed in Slack: create a new one there, then run `alertctl encrypt-hook \
             --write`, `alertctl apply` and `alertctl redrive`",
        )
    } else if reason.contains(ARCHIVED) {
        Some(
            "the channel is archived: unarchive it in Slack, or correct `channel:` in the stack file and run `alertctl \
             apply`; then `alertctl redrive`",
        )
    } else if says(CLOSED) && !reason.contains(OF_APP) {
        Some(
            "the webhook's channel accepts no messages: unarchive it in Slack, or create a webhook for \
             another channel and run `alertctl encrypt-hook --write`, `alertctl apply`; then `alertctl \
             redrive`",
        )
    } else if says(NOT_THERE) || says(CLOSED) {
        Some(
            "the Slack app is not in the channel: invite it there with `/invite @app`, or correct `channel:` in the stack \
             file and run `alertctl apply`; then `alertctl redrive`",
        )
    } else if says(NO_TOKEN) {
        Some(
            "Slack no longer takes the app's token, or the app lacks a scope: reinstall the app there, then run \
             `alertctl encrypt-hook --write`, `alertctl apply` and `alertctl redrive`",
        )
    } else if says(REFUSED) {
        Some(
            "the service no longer takes messages at this address: make a new one there, then run `alertctl \
             encrypt-hook --write`, `alertctl apply` and `alertctl redrive`",
        )
    } else if says(KEY_OFF) {
        Some("`alertctl apply` restores the stack's key; then run `alertctl redrive`")
    } else if reason.contains("KMS") && reason.contains("`alertctl encrypt-hook`") {
        Some("`alertctl encrypt-hook --write`, `alertctl apply`, then `alertctl redrive`")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sort_of_reason_has_its_own_way_out() {
        for (reason, first) in [
            (
                "Slack answers 404 Not Found: no_service",
                "the webhook was removed",
            ),
            (
                "Slack answers 410 Gone: channel_is_archived",
                "the webhook's channel",
            ),
            (
                "Slack answers 200 OK: not_in_channel",
                "the Slack app is not in the channel",
            ),
            (
                "Slack answers 200 OK: channel_not_found",
                "the Slack app is not in the channel",
            ),
            ("Slack answers 200 OK: is_archived", "the channel is archived"),
            (
                "Slack answers 200 OK: missing_scope (chat:write)",
                "Slack no longer takes the app's token",
            ),
            (
                "Discord answers 404 Not Found: Unknown Webhook",
                "the service no longer takes messages",
            ),
            (
                "KMS answers DisabledException: arn:aws:kms:k is disabled.",
                "`alertctl apply`",
            ),
            (
                "KMS answers KMSInvalidStateException: arn:aws:kms:k is pending deletion.",
                "`alertctl apply`",
            ),
        ] {
            assert!(
                advice(reason).is_some_and(|advice| advice.starts_with(first)),
                "{reason}"
            );
        }
        assert_eq!(advice("Slack answers 400 Bad Request: invalid_payload"), None);
    }
}
