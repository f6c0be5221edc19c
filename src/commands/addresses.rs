//! The sources of the channels' addresses: the stack file, the environment, the local inbox.
//!
//! The local mode uses no address beyond this machine: the inbox replaces each one.

use std::collections::{BTreeMap, BTreeSet};
use std::env::{self, VarError};

use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};

use super::{Access, App};
use crate::aws::secret::{self, Opening, Secret};
use crate::aws::{Aws, Fault, functions};
use crate::blueprint::{self, Addresses, Names};
use crate::engine::plan::{Action, Plan, Step};
use crate::local::{Noted, Session};
use crate::output::{Failure, Problem};
use crate::resource::eventbridge::rule::EventbridgeRule;
use crate::resource::lambda::function::LambdaFunction;
use crate::resource::{Change, Resource as _};
use crate::stack::{Channel, SecretSource, Stack};
use alertctl_relay::{Address, AllowLoopback, ChannelType};

/// How to handle an address whose environment variable is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The command needs it.
    Refuse,
    /// The command only reads: the address is left out of the comparison.
    LeaveOut,
}

/// A channel, and the source of its address, which the local inbox replaces.
type StoodInFor = (String, String);

/// The address of every channel.
///
/// # Errors
/// Every environment variable that is missing or does not contain an address; the message shows nothing of its
/// value.
pub async fn resolve(
    app: &App,
    stack: &Stack,
    access: &Access,
    missing: Missing,
) -> Result<Addresses, Failure> {
    let mut addresses = Addresses::new();
    let mut problems = Vec::new();
    let mut stood_in_for: Vec<StoodInFor> = Vec::new();
    for (channel, settings) in &stack.channels {
        let channel_type = &settings.channel_type;
        let form = channel_type.form();
        let address = match (&settings.address, &access.local) {
            (SecretSource::Encrypted { ciphertext, .. }, None) => {
                blueprint::Address::Ciphertext(ciphertext.clone())
            }
            (SecretSource::Encrypted { ciphertext, .. }, Some(session)) => {
                let function = Names::of(stack).function();
                match local_ciphertext(&access.aws, session, ciphertext, &function).await? {
                    Ciphertext::Local => blueprint::Address::Ciphertext(ciphertext.clone()),
                    Ciphertext::Moved => inbox(session, channel, channel_type),
                    Ciphertext::OtherFunction => {
                        app.out.warn(&format!(
                            "channel `{channel}`: its address was encrypted for another function than \
                             `{function}`, which on AWS could not decrypt it: run `alertctl encrypt-hook --channel \
                             {channel} --write`"
                        ));
                        stood_in_for.push((channel.clone(), "`encrypted:`".to_owned()));
                        inbox(session, channel, channel_type)
                    }
                    Ciphertext::Elsewhere => {
                        stood_in_for.push((channel.clone(), "`encrypted:`".to_owned()));
                        inbox(session, channel, channel_type)
                    }
                }
            }
            (SecretSource::Env(name), local) => match (from_environment(name, channel_type, local), local) {
                (Ok(Some(url)), Some(session)) if !url.is_loopback() => {
                    stood_in_for.push((channel.clone(), name.clone()));
                    inbox(session, channel, channel_type)
                }
                (Ok(Some(address)), _) if !is_enough(settings, &address) => {
                    problems.push(Problem {
                        message: format!(
                            "channel `{channel}`: environment variable {name}: {NO_SIGNING_SECRET}"
                        ),
                        help: Some(format!("set {name} to {WITH_SIGNING_SECRET}")),
                    });
                    continue;
                }
                (Ok(Some(url)), _) => blueprint::Address::Clear(clear(&url)),
                (Ok(None), Some(session)) => inbox(session, channel, channel_type),
                (Ok(None), None) if missing == Missing::LeaveOut => blueprint::Address::NotAtHand,
                (Ok(None), None) => {
                    problems.push(Problem {
                        message: format!("channel `{channel}`: environment variable {name} is not set"),
                        help: Some(format!(
                            "set {name} to the {}, or run `alertctl encrypt-hook --channel {channel} \
                             --write` once and keep the ciphertext in the stack file",
                            form.what()
                        )),
                    });
                    continue;
                }
                (Err(reason), _) => {
                    problems.push(Problem {
                        message: format!("channel `{channel}`: environment variable {name}: {reason}"),
                        help: Some(format!("copy it from {}", form.page)),
                    });
                    continue;
                }
            },
        };
        addresses.insert(channel.clone(), address);
    }
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    if let Some(text) = stands_in(&stood_in_for)
        && !access.inbox_announced.replace(true)
    {
        app.out.say(&text);
    }
    Ok(addresses)
}

/// What is wrong with an address that is not enough, and what to do about it.
pub const NO_SIGNING_SECRET: &str =
    "the bot token has no signing secret after it, by which Slack signs what people press";
pub const WITH_SIGNING_SECRET: &str = "`xoxb-… SIGNING_SECRET`, both in quotes: the second is on the app's page `Basic \
                                       Information` in Slack, `Signing Secret`";

/// Whether an address is enough for what the stack file wants of the channel: buttons need the signing secret, too.
pub fn is_enough(channel: &Channel, address: &Address) -> bool {
    channel.actions.is_none() || address.is_loopback() || address.secrets().next().is_some()
}

/// The channels whose address is not available, each with the environment variable for it.
pub fn left_out(stack: &Stack, addresses: &Addresses) -> Vec<(String, String)> {
    let channels = stack.channels.iter();
    let left_out = channels
        .filter(|(channel, _)| matches!(addresses.get(*channel), Some(blueprint::Address::NotAtHand)));
    left_out
        .filter_map(|(channel, settings)| match &settings.address {
            SecretSource::Env(variable) => Some((channel.clone(), variable.clone())),
            SecretSource::Encrypted { .. } => None,
        })
        .collect()
}

/// One line about all addresses that the inbox replaces; `None` if there are none.
pub fn stands_in(addresses: &[StoodInFor]) -> Option<String> {
    let [(first, place), more @ ..] = addresses else {
        return None;
    };
    if more.is_empty() {
        return Some(format!(
            "channel `{first}`: the local inbox stands in for the address in {place}"
        ));
    }
    let channels: Vec<_> = addresses
        .iter()
        .map(|(channel, _)| format!("`{channel}`"))
        .collect();
    let places: BTreeSet<_> = addresses.iter().map(|(_, place)| place.as_str()).collect();
    let places: Vec<_> = places.into_iter().collect();
    Some(format!(
        "channels {}: the local inbox stands in for the addresses in {}",
        channels.join(", "),
        places.join(", ")
    ))
}

/// Reads an address from the environment; `None` if the variable is unset or empty.
fn from_environment(
    name: &str,
    channel_type: &ChannelType,
    local: &Option<Session>,
) -> Result<Option<Address>, String> {
    let text = match env::var(name) {
        Ok(text) => Zeroizing::new(text),
        Err(VarError::NotPresent) => return Ok(None),
        Err(VarError::NotUnicode(_)) => return Err("it is not text".to_owned()),
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    // A URL on this machine is only a valid address in the local mode.
    let loopback = match local {
        Some(_) => AllowLoopback::Yes,
        None => AllowLoopback::No,
    };
    Address::parse(&text, channel_type.form(), loopback)
        .map(Some)
        .map_err(|error| error.to_string())
}

/// What the local AWS can do with a ciphertext from the stack file.
enum Ciphertext {
    /// It can be decrypted, and contains an address on this machine.
    Local,
    /// It contains an address of the inbox from before the inbox moved.
    Moved,
    /// A key of the local AWS encrypted it, but for another function.
    OtherFunction,
    /// It was encrypted on AWS, contains an address that is not on this machine, or its content is no longer
    /// known.
    Elsewhere,
}

async fn local_ciphertext(
    aws: &Aws,
    session: &Session,
    ciphertext: &str,
    function: &str,
) -> Result<Ciphertext, Failure> {
    let fingerprint = secret::fingerprint(&format!("{function} {ciphertext}"));
    Ok(match secret::open(aws, ciphertext, function).await? {
        Opening::Open(text) => match text.expose_secret() {
            url if session.has_moved_from(url) => Ciphertext::Moved,
            url if Address::is_here(url) => {
                session.remember_ciphertext(&fingerprint, url)?;
                Ciphertext::Local
            }
            _ => Ciphertext::Elsewhere,
        },
        Opening::OtherFunction => Ciphertext::OtherFunction,
        // This apply re-enables the key; what the ciphertext contains was recorded earlier.
        Opening::KeyAsleep => match session.ciphertext(&fingerprint)? {
            Some(Noted::Here) => Ciphertext::Local,
            Some(Noted::Moved) => Ciphertext::Moved,
            None => Ciphertext::Elsewhere,
        },
        Opening::Unknown => Ciphertext::Elsewhere,
    })
}

/// Sends every channel to the local inbox, whatever the stack file says.
pub fn all_to_inbox(stack: &Stack, session: &Session) -> Addresses {
    stack
        .channels
        .iter()
        .map(|(channel, settings)| (channel.clone(), inbox(session, channel, &settings.channel_type)))
        .collect()
}

/// A function of the local AWS, and its variable with an address beyond this machine.
type Armed = (String, String);

/// Those of `functions` that would post beyond this machine, because of an apply without `--local` or by an
/// older alertctl.
async fn armed(aws: &Aws, functions: &[String]) -> Result<Vec<Armed>, Fault> {
    let mut armed = Vec::new();
    for function in functions {
        let Some(held) = functions::addresses(aws, function).await? else {
            continue;
        };
        for (variable, ciphertext) in held.ciphertexts {
            // A ciphertext that cannot be decrypted now cannot be decrypted by the function either.
            if let Opening::Open(text) = secret::open(aws, &ciphertext, &held.encrypted_for).await?
                && !Address::is_here(text.expose_secret())
            {
                armed.push((function.clone(), variable));
            }
        }
    }
    Ok(armed)
}

/// Refuses to send anything through functions of the local AWS that would post beyond this machine; `apply` is
/// the command that fixes it.
///
/// # Errors
/// One for each such address.
pub async fn refuse_armed(aws: &Aws, functions: &[String], apply: &str) -> Result<(), Failure> {
    let problem = |(function, variable): Armed| Problem {
        message: format!(
            "function `{function}` of the local AWS holds an address that is not on this machine ({variable}), left by \
             an earlier apply"
        ),
        help: Some(format!(
            "nothing was sent; run `{apply}`, which replaces it with the local inbox"
        )),
    };
    let problems: Vec<_> = armed(aws, functions).await?.into_iter().map(problem).collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure::Problems(problems)),
    }
}

/// The same for all functions in the local AWS, in the regions of its stacks and in `region`.
///
/// # Errors
/// One for each such address.
pub async fn refuse_all_armed(app: &App, session: &Session, region: &str) -> Result<(), Failure> {
    let mut regions: BTreeSet<_> = session.regions()?.into_iter().collect();
    regions.insert(region.to_owned());
    for region in regions {
        let aws = app.local_aws(session, &region).await?;
        let names = functions::names(&aws).await?;
        refuse_armed(&aws, &names, "alertctl apply STACK --local").await?;
    }
    Ok(())
}

/// Removes addresses beyond this machine from the functions that `plan` changes or deletes in the local AWS.
/// This comes before all other steps, because a rule may report the run itself.
///
/// # Errors
/// The local AWS does not answer.
pub async fn disarm(aws: &Aws, plan: &Plan) -> Result<(), Fault> {
    let there = |kind: &'static str| {
        let of_kind = move |step: &&Step| step.id.kind == kind && step.live.is_some();
        plan.steps.iter().filter(of_kind)
    };
    if there(EventbridgeRule::KIND).next().is_none() {
        return Ok(());
    }
    let address = |change: &Change| change.field.starts_with("environment.WEBHOOK_");
    let touched = |step: &&Step| step.action == Action::Delete || step.changes.iter().any(address);
    let functions: Vec<_> = there(LambdaFunction::KIND)
        .filter(touched)
        .map(|step| step.name.clone())
        .collect();
    let mut variables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (function, variable) in armed(aws, &functions).await? {
        variables.entry(function).or_default().push(variable);
    }
    for (function, variables) in variables {
        functions::forget(aws, &function, &variables).await?;
    }
    Ok(())
}

/// The address as the plaintext for encryption.
pub fn clear(address: &Address) -> Secret {
    Secret::from(SecretString::from(address.expose()))
}

/// The address of the inbox for a channel.
pub fn of_inbox(session: &Session, channel: &str, channel_type: &ChannelType) -> Secret {
    Secret::from(SecretString::from(session.address(channel, channel_type)))
}

fn inbox(session: &Session, channel: &str, channel_type: &ChannelType) -> blueprint::Address {
    blueprint::Address::Clear(of_inbox(session, channel, channel_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_tells_of_all_addresses_that_the_inbox_stands_in_for() {
        let line = |addresses: &[(&str, &str)]| {
            let addresses: Vec<_> = addresses
                .iter()
                .map(|(channel, place)| ((*channel).to_owned(), (*place).to_owned()))
                .collect();
            stands_in(&addresses)
        };
        assert_eq!(line(&[]), None);
        assert_eq!(
            line(&[("ops", "SLACK_OPS")]).as_deref(),
            Some("channel `ops`: the local inbox stands in for the address in SLACK_OPS")
        );
        assert_eq!(
            line(&[
                ("ops", "SLACK_OPS"),
                ("dev", "SLACK_OPS"),
                ("sec", "`encrypted:`")
            ])
            .as_deref(),
            Some(
                "channels `ops`, `dev`, `sec`: the local inbox stands in for the addresses in SLACK_OPS, `encrypted:`"
            )
        );
    }
}
