//! Checks channels: their keys, labels and webhooks.

use std::collections::HashMap;

use super::Ciphertexts;
use super::{Checker, destinations};
use crate::stack::file::problem::Problem;
use crate::stack::model::Webhook;

/// Limit for all environment variables of a function together, names included.
pub(super) const MAX_ENVIRONMENT: usize = 4096;

pub(super) fn check(checker: &mut Checker<'_>) {
    checker.section_keys("channels");
    distinct_variables(checker);
    let stack = checker.stack;
    let mut environment = 0;
    for (key, channel) in &stack.channels {
        if let Some(label) = &channel.label {
            let allowed = |character: char| !character.is_control();
            checker.text(
                &["channels", key, "label"],
                label,
                1..=80,
                allowed,
                "one line of text",
            );
        }
        // The format of the ciphertext was checked earlier, before any part of it could be shown.
        if let Webhook::Encrypted { ciphertext, made_for } = &channel.webhook {
            environment += key.len() + ciphertext.len();
            if let Some(made_for) = made_for {
                fits(checker, key, made_for);
            }
        }
        if !destinations::all(stack).any(|name| name == key) {
            let message = format!("nothing leads to the channel `{}`", key.escape_debug());
            let problem = Problem::warning(checker.key(&["channels", key]), message);
            checker.report(problem.help(format!("add `to: [{}]` to a topic or a rule", key.escape_debug())));
        }
    }
    if environment > MAX_ENVIRONMENT {
        let message =
            format!("the encrypted webhooks take up {environment} bytes of the relay's environment");
        let problem = Problem::error(checker.key(&["channels"]), message);
        let problem = problem.label(format!("AWS allows {MAX_ENVIRONMENT} bytes"));
        checker.report(problem.help("spread the channels over two stacks"));
    }
}

/// A ciphertext can only be decrypted by the relay that it was made for, because the relay's name is the
/// encryption context.
fn fits(checker: &mut Checker<'_>, channel: &str, made_for: &str) {
    let relay = checker.stack.relay_name();
    let is_named = checker.is_written(&["stack"]) || checker.is_written(&["relay", "name"]);
    if made_for == relay || !is_named || checker.ciphertexts == Ciphertexts::Unused {
        return;
    }
    let message =
        format!("the webhook of channel `{channel}` was encrypted for `{made_for}`, not for `{relay}`");
    let problem = Problem::error(checker.at(&["channels", channel, "webhook", "for"]), message);
    let named = match checker.is_written(&["relay", "name"]) {
        true => checker.at(&["relay", "name"]),
        false => checker.at(&["stack"]),
    };
    let problem = problem.label(format!("KMS does not decrypt it for `{relay}`"));
    checker.report(
        problem
            .related(named, format!("the relay is called `{relay}`"))
            .help(format!("run `{}`", encrypt_again(checker.file, channel))),
    );
}

/// The command that replaces the ciphertext in the file by one for the current relay.
pub fn encrypt_again(file: &str, channel: &str) -> String {
    format!("alertctl encrypt-hook {file} --channel {channel} --write")
}

/// The environment variable of a channel's webhook has `_` for `-`, so two keys may collide.
fn distinct_variables(checker: &mut Checker<'_>) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for key in checker.keys("channels") {
        if let Some(first) = seen.insert(key.replace('-', "_"), key) {
            let (place, first_place) = (checker.key(&["channels", key]), checker.key(&["channels", first]));
            let message = format!(
                "`{}` and `{}` are too similar",
                first.escape_debug(),
                key.escape_debug()
            );
            let problem =
                Problem::error(place, message).label("`-` and `_` are the same in a variable's name");
            checker.report(
                problem
                    .related(first_place, "the other one")
                    .help("rename one of them"),
            );
        }
    }
}
