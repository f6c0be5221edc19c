//! The environment variables of functions.

use std::collections::BTreeMap;

use alertctl_relay::{ChannelKey, webhook_variable};

use super::settings::in_settings;
use super::{Address, Addresses, Build};
use crate::aws::Text;
use crate::resource::lambda::function::EnvValue;

/// Plain variables.
pub(super) fn plain<const N: usize>(variables: [(&str, Text); N]) -> BTreeMap<String, EnvValue> {
    variables
        .map(|(name, value)| (name.to_owned(), EnvValue::Plain(value)))
        .into()
}

impl Build<'_> {
    /// The addresses of `channels` as environment variables, without those that are in the settings.
    pub(super) fn addresses<'a>(
        &self,
        addresses: &Addresses,
        channels: impl IntoIterator<Item = &'a String>,
    ) -> BTreeMap<String, EnvValue> {
        let channels = channels
            .into_iter()
            .filter_map(|key| Some((key, addresses.get(key)?)));
        let in_settings = in_settings(self.stack);
        channels
            .filter_map(|(channel, address)| {
                let value = match address {
                    Address::Ciphertext(_) if in_settings => return None,
                    Address::Ciphertext(text) => EnvValue::Plain(text.as_str().into()),
                    Address::Clear(secret) => EnvValue::Secret(secret.clone()),
                    Address::NotAtHand => EnvValue::NotAtHand,
                };
                Some((webhook_variable(&ChannelKey(channel.clone())), value))
            })
            .collect()
    }
}
