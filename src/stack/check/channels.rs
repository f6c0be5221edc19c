//! Checks channels: their keys, labels and addresses.

use std::collections::HashMap;

use super::Ciphertexts;
use super::{Checker, destinations};
use crate::stack::file::problem::Problem;
use crate::stack::model::SecretSource;
use alertctl_relay::ChannelType;

/// Limit for all environment variables of a function together, names included.
pub(super) const MAX_ENVIRONMENT: usize = 4096;
/// Estimated size of the relay's other variables.
const OTHER_VARIABLES: usize = 500;

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
        match &channel.address {
            SecretSource::Encrypted { made_for, .. } => {
                if let Some(made_for) = made_for {
                    fits(checker, key, channel.channel_type.place(), made_for);
                }
            }
            SecretSource::Env(_) => {
                environment += channel.size_in_environment();
            }
        }
        if let ChannelType::SlackBot { channel } = &channel.channel_type
            && !is_slack_channel(channel)
        {
            let place = checker.at(&["channels", key, "slack", "channel"]);
            let message = format!("`{}` is not the id of a channel in Slack", channel.escape_debug());
            let problem = Problem::error(place, message);
            checker.report(problem.help("write the id from the end of the channel's details: `C0123ABCD`"));
        }
        for (index, who) in channel
            .actions
            .iter()
            .flat_map(|actions| actions.who.iter().enumerate())
        {
            if !is_slack_user(who) {
                let index = index.to_string();
                let place = checker.at(&["channels", key, "slack", "actions", "who", &index]);
                let message = format!("`{}` is not the id of a person in Slack", who.escape_debug());
                let problem = Problem::error(place, message);
                checker.report(
                    problem.help("write the id from the person's profile, `Copy member ID`: `U0123ABCD`"),
                );
            }
        }
        if !channel.channel_type.takes_alerts() {
            without_alerts(checker, key);
        } else if !destinations::all(stack).any(|name| name == key) {
            let message = format!("nothing leads to the channel `{}`", key.escape_debug());
            let problem = Problem::warning(checker.key(&["channels", key]), message);
            checker.report(problem.help(format!("add `to: [{}]` to a topic or a rule", key.escape_debug())));
        }
    }
    if environment > MAX_ENVIRONMENT - OTHER_VARIABLES {
        let message =
            format!("the addresses with `env:` take up about {environment} bytes of the relay's environment");
        let problem = Problem::error(checker.key(&["channels"]), message);
        let problem = problem.label(format!("AWS allows {MAX_ENVIRONMENT} bytes"));
        checker.report(problem.help(
            "run `alertctl encrypt-hook --write` for some: there is room for any number of ciphertexts",
        ));
    }
}

/// A heartbeat service needs heartbeats, and has no use for what is about messages.
fn without_alerts(checker: &mut Checker<'_>, key: &str) {
    let beats = checker
        .stack
        .monitoring
        .as_ref()
        .is_some_and(|monitoring| monitoring.heartbeat.is_some());
    if !beats {
        let message = format!("nothing calls `{}`: there are no heartbeats", key.escape_debug());
        let problem = Problem::error(checker.key(&["channels", key]), message);
        checker.report(
            problem.help(
                "add `heartbeat: 1h` to `monitoring:`, at least as often as the service expects a call",
            ),
        );
    }
    let channels = &checker.stack.channels;
    let is_reached = |name: &str| {
        channels
            .get(name)
            .is_some_and(|one| one.channel_type.takes_alerts())
    };
    if beats && !destinations::all(checker.stack).any(is_reached) {
        let message = format!(
            "nothing calls `{}`: no alert goes to a channel",
            key.escape_debug()
        );
        let problem = Problem::error(checker.key(&["channels", key]), message);
        checker
            .report(problem.help("add a channel where people read; a heartbeat says nothing of mail alone"));
    }
    for field in ["routes", "except", "buffer"] {
        let path = ["channels", key, field];
        if checker.is_written(&path) {
            let message = format!("a heartbeat service gets no messages, so `{field}` has no meaning");
            let problem = Problem::error(checker.key(&path), message);
            checker.report(problem.help("remove it"));
        }
    }
}

/// `C…` are channels, `G…` private ones of old.
fn is_slack_channel(id: &str) -> bool {
    is_slack_id(id, ['C', 'G'])
}

/// `W…` are people of Enterprise Grid.
fn is_slack_user(id: &str) -> bool {
    is_slack_id(id, ['U', 'W'])
}

fn is_slack_id(id: &str, first: [char; 2]) -> bool {
    let is_id = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (6..=20).contains(&id.len()) && id.starts_with(first) && id.bytes().all(is_id)
}

/// A ciphertext can only be decrypted by the relay that it was made for, because the relay's name is the
/// encryption context.
fn fits(checker: &mut Checker<'_>, channel: &str, place: &[&str], made_for: &str) {
    let relay = checker.stack.relay_name();
    let is_named = checker.is_written(&["stack"]) || checker.is_written(&["relay", "name"]);
    if made_for == relay || !is_named || checker.ciphertexts == Ciphertexts::Unused {
        return;
    }
    let message =
        format!("the address of channel `{channel}` was encrypted for `{made_for}`, not for `{relay}`");
    let problem = Problem::error(
        checker.at(&[&["channels", channel], place, &["for"]].concat()),
        message,
    );
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

/// The environment variable of a channel's address has `_` for `-`, so two keys may collide.
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
