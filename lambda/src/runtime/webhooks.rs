//! The webhook of each channel, decrypted when first needed and then kept in memory.

use super::http::Http;
use super::kms::{Identity, Kms, KmsError};
use crate::{ChannelKey, WebhookError, WebhookUrl, webhook_variable};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use tokio::sync::OnceCell;

/// Why a channel has no webhook to post to. Never holds a part of one.
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
    slots: BTreeMap<ChannelKey, Slot>,
}

struct Slot {
    /// Base64, as it stands in the environment.
    ciphertext: Option<String>,
    /// Stays empty after a failure, so that the next invocation tries again.
    url: OnceCell<WebhookUrl>,
}

impl Webhooks {
    pub fn new(
        channels: Vec<ChannelKey>,
        variable: impl Fn(&str) -> Option<String>,
        identity: Identity,
        http: Http,
    ) -> Self {
        let slot = |channel: ChannelKey| {
            let ciphertext = variable(&webhook_variable(&channel)).filter(|text| !text.is_empty());
            (
                channel,
                Slot {
                    ciphertext,
                    url: OnceCell::new(),
                },
            )
        };
        Self {
            kms: Kms::new(identity, http),
            slots: channels.into_iter().map(slot).collect(),
        }
    }

    /// The webhook of `channel`, from KMS the first time and from memory afterwards.
    pub async fn get(&self, channel: &ChannelKey) -> Result<&WebhookUrl, NoWebhook> {
        let missing = || NoWebhook::Missing(webhook_variable(channel));
        let slot = self.slots.get(channel).ok_or_else(missing)?;
        slot.url
            .get_or_try_init(|| async {
                let text = slot.ciphertext.as_deref().ok_or_else(missing)?;
                let ciphertext = BASE64_STANDARD
                    .decode(text.trim())
                    .map_err(|_| NoWebhook::NotBase64(webhook_variable(channel)))?;
                let plaintext = self.kms.decrypt(ciphertext).await?;
                Ok(WebhookUrl::parse(plaintext.expose_secret())?)
            })
            .await
    }
}
