//! The service of each channel: its address is decrypted on first use and then kept in memory.

use super::Variables;
use super::kms::{Kms, KmsError};
use super::log;
use super::refusal::Refusal;
use crate::Settings;
use crate::contract::{ChannelKey, ChannelType, webhook_variable};
use crate::destination::{AddressError, AllowLoopback, Living, Post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::RwLock;

/// Why a channel's address is not available. Never contains a part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAddress {
    #[error("the variable {0} is not set")]
    Missing(String),
    #[error("{0} is not Base64")]
    NotBase64(String),
    #[error(transparent)]
    Kms(#[from] KmsError),
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// Problems that only a person can fix (a key that is disabled, denied or deleted, an address that was encrypted
/// for another function) do not go away within minutes. Such a message becomes a dead letter at once, with
/// instructions for the fix, and is redriven afterwards. Only what may be a permission that IAM has not spread yet is tried
/// for some minutes.
impl From<NoAddress> for Refusal {
    fn from(error: NoAddress) -> Self {
        Self {
            transient: matches!(&error, NoAddress::Kms(error) if error.is_transient()),
            // While an apply moves addresses, a function may have new variables and old settings for a moment.
            denied: match &error {
                NoAddress::Kms(error) => error.is_denied(),
                NoAddress::Missing(_) | NoAddress::Address(_) => true,
                NoAddress::NotBase64(_) => false,
            },
            reason: error.to_string(),
            ..Self::default()
        }
    }
}

/// What the settings say of a channel.
#[derive(Clone, Default)]
struct Known {
    channel_type: ChannelType,
    /// Its encrypted address.
    encrypted: Option<String>,
    has_buttons: bool,
}

/// The services of the channels.
pub(super) struct Services {
    variable: Variables,
    known: BTreeMap<ChannelKey, Known>,
    /// A failure is not stored, so that the next invocation tries again.
    open: RwLock<BTreeMap<ChannelKey, Arc<dyn Post>>>,
}

impl Services {
    pub fn of(settings: &Settings, variable: Variables) -> Self {
        let known = settings.channels.iter().map(|(key, channel)| {
            let known = Known {
                channel_type: channel.channel_type.clone(),
                encrypted: channel.encrypted.clone(),
                has_buttons: channel.actions.is_some(),
            };
            (key.clone(), known)
        });
        Self {
            variable,
            known: known.collect(),
            open: RwLock::default(),
        }
    }

    /// The service of `channel`: its address is decrypted by `kms` the first time, and kept in memory afterwards.
    pub async fn get(
        &self,
        channel: &ChannelKey,
        kms: &Kms,
        loopback: AllowLoopback,
    ) -> Result<Arc<dyn Post>, NoAddress> {
        if let Some(open) = self.open.read().await.get(channel) {
            return Ok(open.clone());
        }
        let known = self.known.get(channel).cloned().unwrap_or_default();
        let name = webhook_variable(channel);
        let in_environment = (self.variable)(&name).filter(|text| !text.is_empty());
        let (text, place) = match (in_environment, known.encrypted) {
            (Some(text), _) => (text, format!("the variable {name}")),
            (None, Some(text)) => (
                text,
                format!("the encrypted address of `{channel}` in the settings"),
            ),
            (None, None) => return Err(NoAddress::Missing(name)),
        };
        let ciphertext = BASE64_STANDARD
            .decode(text.trim())
            .map_err(|_| NoAddress::NotBase64(place))?;
        let plaintext = kms.decrypt(&ciphertext).await?;
        let channel_type = known.channel_type;
        let open: Arc<dyn Post> = channel_type.open(plaintext.expose_secret(), loopback)?.into();
        if known.has_buttons && !open.living().is_some_and(Living::hears) {
            log::without_buttons(channel);
        }
        self.open.write().await.insert(channel.clone(), open.clone());
        Ok(open)
    }
}
