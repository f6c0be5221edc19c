//! What to do about an error that any service may return. Hints for the errors of one service are in its kinds.

use super::fault::{Fault, NO_ANSWER, NOT_SENT};

/// The command that lists all needed permissions.
const ALL: &str = "`alertctl policy --deployer` prints all permissions that plan, apply and destroy need";

/// What to do about `fault`, if its code or message is known.
pub(super) fn known(fault: &Fault) -> Option<String> {
    let hint = match fault.code.as_str() {
        "RequestTimeTooSkewed" => WRONG_CLOCK,
        "SignatureDoesNotMatch" | "InvalidSignatureException" if signed_at_another_time(&fault.message) => {
            WRONG_CLOCK
        }
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            "the credentials have expired: sign in again (`aws sso login`), then run the same command"
        }
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "AuthFailure" => {
            "AWS does not accept these credentials: check --profile, AWS_PROFILE and AWS_ACCESS_KEY_ID; a \
             region that the account has not enabled gives the same error"
        }
        // From KMS, about a key that encrypts a topic, a trail or an address.
        "DisabledException" => {
            "`alertctl apply` enables the stack's own key again; for another key, run `aws kms enable-key \
             --key-id KEY`"
        }
        "KMSInvalidStateException" if fault.message.contains("pending deletion") => {
            "`alertctl apply` restores the stack's own key until its deletion date; for another key, run \
             `aws kms cancel-key-deletion --key-id KEY`, then `aws kms enable-key --key-id KEY`"
        }
        NOT_SENT if fault.message.contains("credentials") && fault.message.contains("SSO") => {
            "sign in with `aws sso login` and the same --profile, then run the same command"
        }
        NOT_SENT if fault.message.contains("credentials") => {
            "set --profile or AWS_PROFILE, sign in (`aws sso login`), or add --local to try it without an \
             account"
        }
        NO_ANSWER => {
            "check the network, the region and --endpoint-url; running the same command again is safe"
        }
        _ if fault.denied() => return Some(permission(fault)),
        _ if fault.throttled() => "AWS is throttling calls: run the same command again in a minute",
        _ if fault.ambiguous() => {
            "the error is on AWS's side (https://health.aws.amazon.com): run the same command again; it \
             continues where this one stopped"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

impl Fault {
    /// What to do next: the hint for this refusal, or general advice.
    pub fn help(&self) -> String {
        let advice = match (&self.hint, &self.tried) {
            (Some(hint), _) => hint,
            (None, Some(_)) => {
                "completed changes are kept: run the same command again; it continues where this one stopped"
            }
            (None, None) => {
                "correct what AWS reports, in the stack file or in the account, then run the same command again: \
                 it continues where this one stopped"
            }
        };
        advice.to_owned()
    }
}

const WRONG_CLOCK: &str = "this machine's clock is wrong, and AWS rejects requests that are more than a few \
                           minutes off: set it (`timedatectl set-ntp true`), then run the same command";

/// For a wrong clock, AWS uses the same error code as for a wrong secret.
pub(super) fn signed_at_another_time(message: &str) -> bool {
    message.contains("Signature expired") || message.contains("Signature not yet current")
}

/// Which permission is missing, or which policy denies it.
///
/// Source: IAM User Guide, "Troubleshoot access denied error messages".
fn permission(fault: &Fault) -> String {
    // One call may need several actions. The message names the missing one.
    let named = fault.message.split_once("not authorized to perform: ");
    let named = named.and_then(|(_, rest)| rest.split_whitespace().next());
    let named = named.map(|name| name.trim_end_matches([',', '.']));
    // SNS and SQS write action names in a different case.
    let missing = named.filter(|name| !name.eq_ignore_ascii_case(fault.action));
    let missing = missing.unwrap_or(fault.action);
    if let Some((_, policy)) = fault.message.split_once("explicit deny in ") {
        let policy = policy.split([':', ',', '.']).next().unwrap_or_default();
        return format!(
            "{policy} denies `{missing}`, which overrides every permission: ask whoever maintains that \
             policy, then run the same command"
        );
    }
    let because = fault.message.split_once("because no ");
    let silent = because.and_then(|(_, rest)| Some(rest.split_once(" allows ")?.0));
    match silent.filter(|policy| *policy != "identity-based policy") {
        Some(policy) => format!(
            "no {policy} of this identity allows `{missing}`: ask whoever maintains that policy, then run \
             the same command"
        ),
        None => format!("the identity that runs alertctl needs `{missing}` for this resource; {ALL}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(action: &'static str, code: &str, message: &str) -> String {
        known(&Fault::new(action, code, message)).unwrap_or_default()
    }

    #[test]
    fn a_refusal_names_the_action_that_is_missing() {
        let text = "User: u is not authorized to perform: kms:CreateGrant on resource: k";
        let missing = hint("lambda:CreateFunction", "AccessDeniedException", text);
        assert!(missing.contains("needs `kms:CreateGrant` for"), "{missing}");
        let missing = hint("sns:CreateTopic", "AuthorizationError", "no");
        assert!(missing.contains("needs `sns:CreateTopic` for"), "{missing}");
        let text = format!("{text} because no identity-based policy allows the kms:CreateGrant action");
        let missing = hint("lambda:CreateFunction", "AccessDeniedException", &text);
        assert!(missing.contains("needs `kms:CreateGrant` for"), "{missing}");
    }

    #[test]
    fn what_a_permission_does_not_mend_says_whose_policy_it_is() {
        let text = "User: u is not authorized to perform: iam:CreateRole on resource: r";
        for (words, start) in [
            (
                " with an explicit deny in a service control policy",
                "a service control policy denies `iam:CreateRole`,",
            ),
            (
                " with an explicit deny in a permissions boundary: arn:aws:iam::1:policy/bounds",
                "a permissions boundary denies `iam:CreateRole`,",
            ),
            (
                " because no service control policy allows the iam:CreateRole action",
                "no service control policy of this identity allows `iam:CreateRole`:",
            ),
        ] {
            let hint = hint("iam:CreateRole", "AccessDenied", &format!("{text}{words}"));
            assert!(hint.starts_with(start), "{hint}");
        }
    }

    #[test]
    fn a_wrong_clock_is_no_wrong_secret() {
        let early = "Signature not yet current: 20261121T120000Z is still later than 20261121T110000Z";
        let late = "Signature expired: 20261121T100000Z is now earlier than 20261121T110000Z";
        for (code, message) in [
            ("SignatureDoesNotMatch", early),
            ("InvalidSignatureException", late),
            ("RequestTimeTooSkewed", "The difference is too large."),
        ] {
            assert!(
                hint("sts:GetCallerIdentity", code, message).contains("clock"),
                "{code}"
            );
        }
        let wrong = "The request signature we calculated does not match the signature you provided.";
        assert!(!hint("sts:GetCallerIdentity", "SignatureDoesNotMatch", wrong).contains("clock"));
    }
}
