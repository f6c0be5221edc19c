//! Checks whether the functions of a stack can decrypt their addresses.

use std::collections::{BTreeMap, BTreeSet};

use alertctl_relay::{ChannelKey, webhook_variable};
use futures::future::{join_all, try_join_all};
use serde::Serialize;

use super::App;
use crate::aws::secret::{self, Decrypts};
use crate::aws::{Aws, Fault, functions};
use crate::blueprint::{RELAY, in_settings};
use crate::engine::plan::{Action, NotReady, Plan, Step};
use crate::output::Problem;
use crate::resource::kms::key::KmsKey;
use crate::resource::lambda::function::LambdaFunction;
use crate::resource::{NodeId, Resource as _};
use crate::stack::{SecretSource, Stack};

/// An address in the environment of a function, and whether the function can decrypt it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The channel's key. Without a stack file it comes from the variable's name, with `_` for `-`.
    pub channel: String,
    pub function: String,
    pub decrypts: Answer,
    /// Why KMS refuses, or why it was not asked.
    pub reason: Option<String>,
    /// Only a new ciphertext in the stack file fixes it.
    #[serde(skip)]
    pub in_the_file: bool,
}

/// KMS's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Yes,
    No,
    NotChecked,
}

/// Asks KMS about each address in the functions of `plan`; `stack` is the stack file's, if there is one.
///
/// # Errors
/// A function cannot be read. If asking KMS is not allowed, [`Answer::NotChecked`] says why.
pub async fn check(aws: &Aws, plan: &Plan, stack: Option<&Stack>) -> Result<Vec<Checked>, Fault> {
    // Without a channel there is no address to check.
    if stack.is_some_and(|stack| stack.channels.is_empty()) {
        return Ok(Vec::new());
    }
    let by_name = plan.is_by_name();
    let there = |step: &&Step| step.live.is_some() && (by_name || step.action != Action::Delete);
    let of_kind = |kind: &'static str| plan.steps.iter().filter(move |step| step.id.kind == kind);
    let key = of_kind(KmsKey::KIND).find(there).and_then(Step::output);
    let key = key.map(|output| output.arn);
    let functions = of_kind(LambdaFunction::KIND).filter(there);
    let checked = functions.map(|step| check_function(aws, &step.name, key.as_deref(), stack));
    Ok(try_join_all(checked).await?.into_iter().flatten().collect())
}

async fn check_function(
    aws: &Aws,
    function: &str,
    key: Option<&str>,
    stack: Option<&Stack>,
) -> Result<Vec<Checked>, Fault> {
    let Some(held) = functions::addresses(aws, function).await? else {
        return Ok(Vec::new());
    };
    let encrypted_for = &held.encrypted_for;
    // A key that somebody else owns is no resource of the stack.
    let existing = stack.is_none_or(|stack| stack.key.existing.is_some());
    let key = key.or(held.key.as_deref().filter(|_| existing));
    let in_settings = stack.filter(|stack| in_settings(stack)).map(ciphertexts);
    let mut used = in_settings.unwrap_or_default();
    used.extend(held.ciphertexts);
    let checked = used.into_iter().filter_map(|(variable, ciphertext)| {
        let (channel, in_the_file) = match stack {
            Some(stack) => {
                let of_variable = |key: &&String| webhook_variable(&ChannelKey((*key).clone())) == variable;
                let channel = stack.channels.keys().find(of_variable)?;
                let address = &stack.channels[channel].address;
                (channel.clone(), matches!(address, SecretSource::Encrypted { .. }))
            }
            None => {
                let prefix = webhook_variable(&ChannelKey(String::new()));
                (variable.strip_prefix(&prefix)?.to_owned(), false)
            }
        };
        Some(async move {
            let decrypts = match key {
                Some(key) => secret::decrypts(aws, key, &ciphertext, encrypted_for).await,
                None => Decrypts::No("the stack's key does not exist".to_owned()),
            };
            let (decrypts, reason) = match decrypts {
                Decrypts::Yes => (Answer::Yes, None),
                Decrypts::No(reason) => (Answer::No, Some(reason)),
                Decrypts::Unknown(reason) => (Answer::NotChecked, Some(reason)),
            };
            Checked {
                channel,
                function: function.to_owned(),
                decrypts,
                reason,
                in_the_file,
            }
        })
    });
    Ok(join_all(checked).await)
}

/// The ciphertexts of a stack file, under the variables that they have where the environment has room for them.
fn ciphertexts(stack: &Stack) -> BTreeMap<String, String> {
    let channels = stack.channels.iter();
    let encrypted = channels.filter_map(|(channel, settings)| match &settings.address {
        SecretSource::Encrypted { ciphertext, .. } => {
            Some((webhook_variable(&ChannelKey(channel.clone())), ciphertext.clone()))
        }
        SecretSource::Env(_) => None,
    });
    encrypted.collect()
}

impl Checked {
    /// `ok`, `failed` or `unknown`, as in the first column of a status.
    pub fn state(&self) -> &'static str {
        match self.decrypts {
            Answer::Yes => "ok",
            Answer::No => "failed",
            Answer::NotChecked => "unknown",
        }
    }

    /// The result in one sentence.
    pub fn text(&self) -> String {
        let (function, reason) = (&self.function, self.reason.as_deref().unwrap_or_default());
        match self.decrypts {
            Answer::Yes => format!("`{function}` can decrypt it"),
            Answer::No => format!("`{function}` cannot decrypt it: {reason}"),
            Answer::NotChecked => format!("could not check whether `{function}` can decrypt it: {reason}"),
        }
    }

    /// The address as a part of the stack that does not work.
    pub fn not_ready(&self) -> Option<NotReady> {
        (self.decrypts == Answer::No).then(|| NotReady {
            id: NodeId {
                kind: "address",
                key: self.channel.clone(),
            },
            name: self.function.clone(),
            text: self.text(),
            passing: false,
        })
    }
}

impl App {
    /// An error for each address that a function cannot decrypt, with the next command; `file` is the stack file.
    pub(super) fn undecrypted(&self, checked: &[Checked], file: Option<&str>) -> Vec<Problem> {
        let words = |words: &[&str]| self.again(words.iter().map(|word| (*word).to_owned()));
        let failed = checked.iter().filter(|one| one.decrypts == Answer::No);
        let problem = |one: &Checked| {
            let file = file.unwrap_or("STACK");
            let apply = words(&["apply", file]);
            let encrypt = words(&["encrypt-hook", file, "--channel", &one.channel, "--write"]);
            Problem {
                message: format!(
                    "not ready: the address of channel `{}`: {}",
                    one.channel,
                    one.text()
                ),
                help: Some(match one.in_the_file {
                    true => format!("no alert arrives until then: run `{encrypt}`, then `{apply}`"),
                    false => format!("no alert arrives until then: run `{apply}`"),
                }),
            }
        };
        failed.map(problem).collect()
    }
}

/// The unchecked addresses in one line; `None` if KMS answered for all.
pub fn not_checked(checked: &[Checked]) -> Option<String> {
    let open: Vec<_> = checked
        .iter()
        .filter(|one| one.decrypts == Answer::NotChecked)
        .collect();
    let first = open.first()?;
    let channels: BTreeSet<_> = open.iter().map(|one| format!("`{}`", one.channel)).collect();
    let channels: Vec<_> = channels.into_iter().collect();
    Some(format!(
        "could not check whether the addresses of {} can be decrypted: {}",
        channels.join(", "),
        first.reason.as_deref().unwrap_or_default()
    ))
}

/// The channels whose ciphertext in the stack file is also in the environment of a relay that `plan` deletes,
/// each with the name it was made for. A ciphertext is only valid for that name, which is about to disappear.
///
/// # Errors
/// That function cannot be read.
pub async fn held_by_a_former_relay(
    aws: &Aws,
    stack: &Stack,
    plan: &Plan,
) -> Result<Vec<(String, String)>, Fault> {
    let encrypted: Vec<_> = stack
        .channels
        .iter()
        .filter_map(|(channel, settings)| match &settings.address {
            SecretSource::Encrypted { ciphertext, .. } => Some((channel, ciphertext)),
            SecretSource::Env(_) => None,
        })
        .collect();
    let relay = stack.relay_name();
    let former = |step: &&Step| {
        step.id.kind == LambdaFunction::KIND
            && step.id.key == RELAY
            && step.action == Action::Delete
            && step.name != relay
    };
    let mut found = Vec::new();
    for step in plan.steps.iter().filter(former) {
        if encrypted.is_empty() {
            break;
        }
        let Some(held) = functions::addresses(aws, &step.name).await? else {
            continue;
        };
        for (channel, ciphertext) in &encrypted {
            if held.ciphertexts.values().any(|one| one == *ciphertext) {
                found.push(((*channel).clone(), held.encrypted_for.clone()));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(channel: &str, decrypts: Answer, reason: Option<&str>) -> Checked {
        Checked {
            channel: channel.to_owned(),
            function: "shop-relay".to_owned(),
            decrypts,
            reason: reason.map(str::to_owned),
            in_the_file: true,
        }
    }

    #[test]
    fn what_kms_refuses_is_not_ready_and_what_it_was_not_asked_is_not_ok() {
        let yes = checked("ops", Answer::Yes, None);
        let no = checked("sec", Answer::No, Some("it is damaged"));
        let open = checked(
            "dev",
            Answer::NotChecked,
            Some("kms:ReEncrypt: AccessDeniedException"),
        );
        let states = [&yes, &no, &open].map(Checked::state);
        assert_eq!(states, ["ok", "failed", "unknown"]);
        assert_eq!((yes.not_ready(), open.not_ready()), (None, None));
        let verdict = no.not_ready().expect("not ready");
        assert_eq!(verdict.id.to_string(), "address/sec");
        assert!(
            !verdict.passing
                && verdict
                    .text
                    .contains("`shop-relay` cannot decrypt it: it is damaged")
        );
        assert_eq!(not_checked(&[yes, no]), None);
        let text = not_checked(&[open]).expect("not checked");
        assert!(text.contains("`dev`") && text.contains("AccessDenied"), "{text}");
    }
}
