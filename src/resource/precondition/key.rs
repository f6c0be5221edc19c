//! A key that somebody else owns: whether it is there, and whether its policy lets in whom the stack needs.

use alertctl_relay::ArnParts;
use serde_json::Value;

use super::topic::{ALARMS, RULES, texts};
use crate::aws::{Aws, policy};
use crate::resource::access::KEYS;
use crate::resource::kms::key;
use crate::resource::{Access, Result};

pub(super) const ACCESS: &[Access] =
    &[Access::read(&["kms:DescribeKey", "kms:GetKeyPolicy"], &[KEYS])
        .because("KMS generates the ids of keys")];

const TRAILS: &str = "cloudtrail.amazonaws.com";

/// The warning about a key, if there is one. `used` says whether alarms and rules use it for topics, and a trail for its files.
pub(super) async fn unmet(aws: &Aws, name: &str, used: [bool; 3]) -> Result<Option<String>> {
    let Some(found) = key::existing(aws, name).await? else {
        return Ok(Some(format!(
            "there is no key `{name}`: nothing that the stack encrypts with it works; correct `key.existing`"
        )));
    };
    if let Some(state) = found.unusable {
        return Ok(Some(format!(
            "the key `{name}` cannot be used: it is {state}; its owner has to change that"
        )));
    }
    let policy = policy::parse(&found.policy);
    let account = ArnParts::of(&found.arn).account;
    let mut lacking = Vec::new();
    if !lets_account(&policy, account) && aws.scope().await?.account == account {
        lacking.push(
            "does not leave access to the IAM policies of its account, so that the functions cannot decrypt"
                .to_owned(),
        );
    }
    let services = [
        (ALARMS, "encrypted topics"),
        (RULES, "encrypted topics"),
        (TRAILS, "the trail's files"),
    ];
    let shut = services
        .into_iter()
        .zip(used)
        .filter(|((service, _), used)| *used && !lets_service(&policy, service));
    lacking.extend(shut.map(|((service, what), _)| format!("does not let {service} use it for {what}")));
    Ok((!lacking.is_empty()).then(|| {
        format!(
            "the policy of the key `{name}` {}; its owner has to change it",
            lacking.join(", and ")
        )
    }))
}

fn allows<'p>(policy: &'p Value, action: &'static str) -> impl Iterator<Item = &'p Value> {
    let statements = policy["Statement"].as_array().into_iter().flatten();
    statements.filter(move |statement| {
        let may = texts(&statement["Action"]).any(|one| {
            let one = one.to_lowercase();
            one == action
                || one == "*"
                || one
                    .strip_suffix('*')
                    .is_some_and(|begin| action.starts_with(begin))
        });
        statement["Effect"] == "Allow" && may
    })
}

/// Whether the policy delegates to the account, as that of every new key does.
fn lets_account(policy: &Value, account: &str) -> bool {
    let root = format!(":iam::{account}:root");
    allows(policy, "kms:decrypt").any(|statement| {
        let mut principals = texts(&statement["Principal"]["AWS"]);
        principals.any(|principal| principal == "*" || principal == account || principal.ends_with(&root))
    })
}

fn lets_service(policy: &Value, service: &str) -> bool {
    allows(policy, "kms:generatedatakey").any(|statement| {
        let mut principals = texts(&statement["Principal"]["Service"]);
        principals.any(|principal| principal == service)
            || texts(&statement["Principal"]).any(|all| all == "*")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_policy_of_a_new_key_lets_the_account_in_and_no_service() {
        let root = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" });
        let policy = policy::parse(&json!({ "Statement": [root] }).to_string());
        assert!(lets_account(&policy, "111122223333") && !lets_account(&policy, "444455556666"));
        assert!(!lets_service(&policy, ALARMS));
        let service = json!({ "Effect": "Allow", "Principal": { "Service": ALARMS }, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*" });
        let policy = policy::parse(&json!({ "Statement": [service] }).to_string());
        assert!(
            lets_service(&policy, ALARMS)
                && !lets_service(&policy, RULES)
                && !lets_account(&policy, "111122223333")
        );
        assert!(!lets_account(&json!(null), "111122223333"));
    }
}
