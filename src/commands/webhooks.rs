//! Where the webhooks of a stack's channels come from: the stack file, the environment, the local inbox.

use std::env::{self, VarError};

use secrecy::{SecretString, zeroize::Zeroizing};

use super::{Access, App};
use crate::aws::secret::{self, Secret};
use crate::blueprint::{Names, Webhook, Webhooks};
use crate::local::Session;
use crate::output::{Failure, Problem};
use crate::stack::{self, AllowLoopback, Stack, WebhookUrl};

/// What is to be done about a webhook whose environment variable is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The command needs it.
    Refuse,
    /// The command only looks: it is left out of the comparison.
    LeaveOut,
}

/// The webhook of every channel.
///
/// # Errors
/// Every environment variable that is missing or holds no webhook; the message shows nothing of it.
pub async fn resolve(
    app: &App,
    stack: &Stack,
    access: &Access,
    missing: Missing,
) -> Result<Webhooks, Failure> {
    let mut webhooks = Webhooks::new();
    let mut problems = Vec::new();
    for (channel, settings) in &stack.channels {
        let webhook = match &settings.webhook {
            stack::Webhook::Encrypted(ciphertext) => {
                encrypted(app, stack, access, channel, ciphertext).await?
            }
            stack::Webhook::Env(name) => match (from_environment(name, access), &access.local) {
                (Ok(Some(webhook)), _) => webhook,
                (Ok(None), Some(session)) => inbox(session.webhook(channel)),
                (Ok(None), None) if missing == Missing::LeaveOut => Webhook::NotAtHand,
                (Ok(None), None) => {
                    problems.push(Problem {
                        message: format!("channel `{channel}`: environment variable {name} is not set"),
                        help: Some(format!(
                            "set {name} to the webhook's URL, or run `alertctl encrypt-hook --channel {channel} \
                             --write` once and keep the ciphertext in the stack file"
                        )),
                    });
                    continue;
                }
                (Err(reason), _) => {
                    problems.push(Problem {
                        message: format!("channel `{channel}`: environment variable {name}: {reason}"),
                        help: Some(
                            "copy the URL from the app's page `Incoming Webhooks` in Slack".to_owned(),
                        ),
                    });
                    continue;
                }
            },
        };
        webhooks.insert(channel.clone(), webhook);
    }
    if problems.is_empty() {
        Ok(webhooks)
    } else {
        Err(Failure::Problems(problems))
    }
}

/// Reads a webhook from the environment; `None` where the variable is unset or empty.
fn from_environment(name: &str, access: &Access) -> Result<Option<Webhook>, String> {
    let text = match env::var(name) {
        Ok(text) => Zeroizing::new(text),
        Err(VarError::NotPresent) => return Ok(None),
        Err(VarError::NotUnicode(_)) => return Err("it is not text".to_owned()),
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    let url = WebhookUrl::parse(&text, loopback(access)).map_err(|error| error.to_string())?;
    Ok(Some(Webhook::Clear(clear(&url))))
}

/// In the local mode a ciphertext made on AWS means nothing: the inbox stands in for it.
async fn encrypted(
    app: &App,
    stack: &Stack,
    access: &Access,
    channel: &str,
    ciphertext: &str,
) -> Result<Webhook, Failure> {
    let made_here = Webhook::Ciphertext(ciphertext.to_owned());
    let Some(session) = &access.local else {
        return Ok(made_here);
    };
    let function = Names::of(stack).function();
    if secret::opens(&access.aws, ciphertext, &function).await? {
        return Ok(made_here);
    }
    app.out.warn(&format!(
        "channel `{channel}`: its webhook was not encrypted by the local AWS; the local inbox stands in for it"
    ));
    Ok(inbox(session.webhook(channel)))
}

/// Every channel to the local inbox, whatever the stack file says.
pub fn all_to_inbox(stack: &Stack, session: &Session) -> Webhooks {
    stack
        .channels
        .keys()
        .map(|channel| (channel.clone(), inbox(session.webhook(channel))))
        .collect()
}

/// Whether a webhook on this machine is one: in the local mode only.
fn loopback(access: &Access) -> AllowLoopback {
    match access.local {
        Some(_) => AllowLoopback::Yes,
        None => AllowLoopback::No,
    }
}

/// The URL as what is encrypted.
pub fn clear(url: &WebhookUrl) -> Secret {
    Secret::from(SecretString::from(url.expose()))
}

fn inbox(url: String) -> Webhook {
    Webhook::Clear(Secret::from(SecretString::from(url)))
}
