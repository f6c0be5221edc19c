//! Edits of the stack files that the trials need.

/// The stack file with webhooks that cannot be decrypted, so that every message becomes a dead letter at once.
/// There is no Slack here, and `destroy` would wait a minute for a buffer that nobody drains.
pub(super) fn unreadable(text: &str) -> String {
    let ciphertext = "{ encrypted: AQICAHhleGFtcGxl }";
    text.replace("{ env: SLACK_WEBHOOK_URL }", ciphertext)
        .replace("{ env: SLACK_SECURITY_WEBHOOK_URL }", ciphertext)
}

/// The full stack with only one of each repeated resource, because the same permissions apply to all of them.
pub(super) fn without_repetitions(text: &str) -> String {
    let (before, services) = text.split_once("      acm: all\n").unwrap();
    let (_, from_one) = services.split_once("      route53: ").unwrap();
    let (one, others) = from_one.split_once('\n').unwrap();
    let (_, after) = others.split_once("    to: [project]\n").unwrap();
    let filter = "    filter: { pattern: '{ $.userIdentity.type = Root }' }\n    threshold: \">= 1\"\n";
    format!("{before}      route53: {one}\n    to: [project]\n{after}")
        .replace("    preset: cis-aws-foundations\n", filter)
}

/// The full stack with other settings.
pub(super) fn changed(text: &str) -> String {
    let changes = [
        ("locale: ko", "locale: en"),
        (
            "  alias: full-alerts\n",
            "  alias: full-alerts\n  rotation: false\n  description: Alerts\n",
        ),
        (
            "  alerts:\n    to: [project]\n",
            "  alerts:\n    display_name: Alerts\n    to: [project]\n",
        ),
        (
            "    severity: warning\n    route:",
            "    throttle: { rate: 5, burst: 5 }\n    route:",
        ),
        (
            "  bucket: full-trail-{account}\n",
            "  bucket: { name: \"full-trail-{account}\", expire_after_days: 400 }\n  log_file_validation: false\n  \
             events: write-only\n",
        ),
        (
            "  security:\n    forward:",
            "  security:\n    description: Findings\n    forward:",
        ),
    ];
    let changed = changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    format!("{changed}\nrelay: {{ memory: 256, timeout: 20, reserved_concurrency: 5 }}\n")
}

pub(super) fn unreserved(text: &str) -> String {
    text.replace(", reserved_concurrency: 5", "")
}

/// The stack file with a tag on everything that it creates.
pub(super) fn tagged(text: &str, value: &str) -> String {
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("tags:"))
        .map(|line| format!("{line}\n"))
        .collect();
    format!("{text}\ntags: {{ trial: {value} }}\n")
}
