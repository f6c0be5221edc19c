//! The webhook of each channel, decrypted on first use and then kept in memory.

use super::Variables;
use super::kms::{Kms, KmsError};
use crate::contract::{ChannelKey, webhook_variable};
use crate::{WebhookError, WebhookUrl};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use tokio::sync::RwLock;

/// Why a channel's webhook is not available. Never contains a part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoWebhook {
    #[error("the variable {0} is not set")]
    Missing(String),
    #[error("the variable {0} is not Base64")]
    NotBase64(String),
    #[error(transparent)]
    Kms(#[from] KmsError),
    #[error(transparent)]
    Url(#[from] WebhookError),
}

pub(super) struct Webhooks {
    kms: Kms,
    variable: Variables,
    /// Whether an emulator stands in for AWS.
    local: bool,
    /// A failure is not stored, so that the next invocation tries again.
    urls: RwLock<BTreeMap<ChannelKey, WebhookUrl>>,
}

impl Webhooks {
    pub fn new(kms: Kms, local: bool, variable: Variables) -> Self {
        Self {
            kms,
            variable,
            local,
            urls: RwLock::default(),
        }
    }

    /// The webhook of `channel`, from KMS the first time and from memory afterwards.
    pub async fn get(&self, channel: &ChannelKey) -> Result<WebhookUrl, NoWebhook> {
        if let Some(url) = self.urls.read().await.get(channel) {
            return Ok(url.clone());
        }
        let name = webhook_variable(channel);
        let Some(text) = (self.variable)(&name).filter(|text| !text.is_empty()) else {
            return Err(NoWebhook::Missing(name));
        };
        let ciphertext = BASE64_STANDARD
            .decode(text.trim())
            .map_err(|_| NoWebhook::NotBase64(name))?;
        let plaintext = self.kms.decrypt(&ciphertext).await?;
        let url = WebhookUrl::parse(plaintext.expose_secret(), self.local)?;
        self.urls.write().await.insert(channel.clone(), url.clone());
        Ok(url)
    }
}
