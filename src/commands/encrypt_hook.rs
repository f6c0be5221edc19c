//! `alertctl encrypt-hook`.

use std::env;
use std::io::{IsTerminal as _, Read as _, stdin};
use std::path::Path;
use std::process::ExitCode;

use secrecy::zeroize::Zeroizing;
use serde_json::json;

use super::planned::look;
use super::refusals::refuse_conflicts;
use super::{Access, App, Outcome, addresses, files};
use crate::blueprint::{self, Names};
use crate::cli::{Adopt, Detail, EncryptHookArgs};
use crate::output::Failure;
use crate::stack::{Channel, Ciphertexts, Stack, set_address};
use alertctl_relay::{Address, AllowLoopback, ChannelType};

/// No address is longer than this.
const LONGEST: u64 = 8192;

pub async fn run(app: &App, args: &EncryptHookArgs) -> Outcome {
    // This command replaces ciphertexts for a relay with another name, so they are not an error here.
    let loaded = app.load_for(&args.file.path, Ciphertexts::Unused).await?;
    let stack = &loaded.stack;
    let channel = channel(stack, args.channel.as_deref())?;
    let loopback = if app.global.local {
        AllowLoopback::Yes
    } else {
        AllowLoopback::No
    };
    let channel_type = &stack.channels[channel].channel_type;
    // First of all: a wrong address is reported at once, before a key is created.
    let address = read_address(channel, &stack.channels[channel], args.env.as_deref(), loopback)?;

    let access = app.access(&stack.stack, stack.region.as_deref()).await?;
    match access.existing_key(stack).await? {
        Some(_) => {}
        None => ready_key(app, stack, &access, args.yes).await?,
    }
    let names = Names::of(stack);
    let secret = match &access.local {
        // The local AWS keeps its keys in clear text, so the address of a real service must not get there.
        Some(session) if !address.is_loopback() => {
            let place = args.env.clone().unwrap_or_else(|| "what was given".to_owned());
            let stands_in = addresses::stands_in(&[(channel.to_owned(), place)]);
            stands_in.iter().for_each(|text| app.out.say(text));
            addresses::of_inbox(session, channel, channel_type)
        }
        _ => addresses::clear(&address),
    };
    let ciphertext = secret
        .encrypt(&access.aws, &names.key(), &names.function())
        .await?;

    if args.write {
        let file = loaded.address_file(channel).unwrap_or(&args.file.path);
        write(file, channel, channel_type, &ciphertext, &names.function())?;
        app.out.say(&format!(
            "channel `{channel}` of {} now has the new ciphertext",
            file.display()
        ));
    }
    if !args.write || app.out.format == crate::cli::Format::Json {
        app.out.result(
            || ciphertext.clone(),
            || json!({ "version": 1, "channel": channel, "function": names.function(), "encrypted": ciphertext }),
        )?;
    }
    if !args.write && stdin().is_terminal() {
        app.out.say(&format!(
            "put it into the stack file: `channels.{channel}.{}: {{ encrypted: …, for: {} }}`",
            channel_type.place().join("."),
            names.function()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// The requested channel, or the only one.
fn channel<'a>(stack: &'a Stack, wanted: Option<&str>) -> Result<&'a str, Failure> {
    let keys: Vec<_> = stack.channels.keys().map(String::as_str).collect();
    let listed = || format!("the stack file has: {}", keys.join(", "));
    match (wanted, keys.as_slice()) {
        (Some(wanted), _) => keys.iter().copied().find(|key| *key == wanted).ok_or_else(|| {
            let likeness = |key: &&&str| strsim::jaro_winkler(key, wanted);
            let nearest = keys.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
            let meant = nearest
                .map(|key| format!("did you mean `{key}`? "))
                .unwrap_or_default();
            Failure::new(format!("there is no channel `{wanted}`"), meant + &listed())
        }),
        (None, [only]) => Ok(only),
        (None, []) => Err(Failure::new(
            "the stack file has no channel",
            "add one under `channels:`, then run this again",
        )),
        (None, _) => Err(Failure::new(
            "the stack file has several channels",
            format!("add --channel; {}", listed()),
        )),
    }
}

/// Reads the address from the environment, a hidden prompt or standard input, but never from an argument.
fn read_address(
    channel: &str,
    settings: &Channel,
    env: Option<&str>,
    loopback: AllowLoopback,
) -> Result<Address, Failure> {
    let form = settings.channel_type.form();
    let signing = match &settings.actions {
        Some(_) => ", a blank and the signing secret",
        None => "",
    };
    let text = match env {
        Some(name) => Zeroizing::new(env::var(name).map_err(|_| {
            Failure::new(
                format!("environment variable {name} is not set"),
                "set it, or omit --env to be prompted",
            )
        })?),
        None if stdin().is_terminal() => {
            let prompt = format!(
                "Paste the {}{signing} for channel `{channel}` (hidden): ",
                form.what()
            );
            Zeroizing::new(rpassword::prompt_password(prompt).map_err(unreadable)?)
        }
        None => {
            let mut text = Zeroizing::new(String::new());
            stdin()
                .lock()
                .take(LONGEST)
                .read_to_string(&mut text)
                .map_err(unreadable)?;
            text
        }
    };
    let address = Address::parse(&text, form, loopback).map_err(|error| {
        Failure::new(
            format!("channel `{channel}`: {error}"),
            format!("copy it from {}", form.page),
        )
    })?;
    match addresses::is_enough(settings, &address) {
        true => Ok(address),
        false => Err(Failure::new(
            format!("channel `{channel}`: {}", addresses::NO_SIGNING_SECRET),
            format!("give {}", addresses::WITH_SIGNING_SECRET),
        )),
    }
}

fn unreadable(error: std::io::Error) -> Failure {
    Failure::new(
        format!("the address could not be read: {error}"),
        "pipe it in, or pass the name of a variable with --env",
    )
}

/// Creates, re-enables or repairs the key and its alias, after asking.
async fn ready_key(app: &App, stack: &Stack, access: &Access, yes: bool) -> Result<(), Failure> {
    let graph = blueprint::key_graph(stack, access.region());
    let mut plan = look(&access.aws, &graph, &Adopt::default()).await?;
    refuse_conflicts(&plan)?;
    plan.without_deletions(&graph);
    if !plan.has_changes() {
        return Ok(());
    }
    app.out.say(&plan.text(Detail::default()));
    if !yes && !app.out.confirm("Apply these changes to the key?", "--yes")? {
        return Err(Failure::Declined(
            "nothing was changed: without the key the address cannot be encrypted",
        ));
    }
    let again = "alertctl encrypt-hook";
    app.execute_quietly(&access.aws, &graph, &plan, again).await
}

/// Writes the ciphertext into the file.
fn write(
    path: &Path,
    channel: &str,
    channel_type: &ChannelType,
    ciphertext: &str,
    function: &str,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            format!("`{}` could not be written: {error}", path.display()),
            "omit --write to print the ciphertext instead",
        )
    };
    // Reads the file again, because it may have been edited during the prompt.
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let text = set_address(&text, channel, channel_type.place(), ciphertext, function)
        .map_err(|error| Failure::new(error.to_string(), "omit --write to print the ciphertext instead"))?;
    files::replace(path, &text).map_err(failed)
}
