//! The answer to a heartbeat: whether each channel's service would take a message now. Nobody is told; an alarm of the stack
//! goes off if the answer stays away.

use super::destinations::Destinations;
use super::log::Beat;
use crate::Settings;
use crate::contract::ChannelKey;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// Asks the services of all channels. Of a heartbeat that came by a topic, only whether the addresses of its channels can be
/// had: the one that came straight asks the services, which take few questions.
pub(super) async fn answer(
    path: &str,
    settings: &Settings,
    destinations: &Destinations,
    deadline: Instant,
) -> Value {
    let topic = settings.topics.get(path);
    let channels: Vec<&ChannelKey> = match topic {
        Some(topic) => topic.to.iter().collect(),
        None => settings.channels.keys().collect(),
    };
    let asked = channels.iter().map(async |channel| {
        let outcome = match topic {
            Some(_) => destinations.service_by(channel, deadline).await.map(drop),
            None => destinations.probe(channel, deadline).await,
        };
        let said = outcome.map_or_else(|refusal| refusal.reason, |()| "ok".to_owned());
        (*channel, said)
    });
    let channels: BTreeMap<_, _> = join_all(asked).await.into_iter().collect();
    let is_well = channels.values().all(|said| said == "ok");
    let beat = Beat {
        stack: &settings.stack,
        path,
        is_well,
        channels: &channels,
    };
    beat.write();
    json!({ "heartbeat": is_well })
}
