//! The answer to a heartbeat: whether each channel's service would take a message now. Nobody is told; an alarm of the stack
//! goes off if the answer stays away. Heartbeat services are called last, and only if all is well: if they are not, they tell
//! people by themselves.

use super::destinations::Destinations;
use super::log::Beat;
use crate::contract::ChannelKey;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How long a heartbeat service may take.
const CALL: Duration = Duration::from_secs(10);
/// What the log says of a heartbeat service that is to tell people.
const NOT_CALLED: &str = "not called, since not all is well";

/// Asks the services of all channels. Of a heartbeat that came by a topic, only whether the addresses of its channels can be
/// had: the one that came straight asks the services, which take few questions.
pub(super) async fn answer(path: &str, destinations: &Destinations, deadline: Instant) -> Value {
    let settings = destinations.settings();
    let topic = settings.topics.get(path);
    let channels: Vec<&ChannelKey> = match topic {
        Some(topic) => topic.to.iter().collect(),
        None => settings.channels.keys().collect(),
    };
    let (asked, called): (Vec<_>, Vec<_>) = channels.into_iter().partition(|channel| {
        let known = settings.channels.get(channel);
        known.is_none_or(|known| known.channel_type.takes_alerts())
    });
    let ask = async |channel, deadline| {
        let outcome = match topic {
            Some(_) => destinations.service_by(channel, deadline).await.map(drop),
            None => destinations.probe(channel, deadline).await,
        };
        let said = outcome.map_or_else(|refusal| refusal.reason, |()| "ok".to_owned());
        (channel, said)
    };
    let asked = asked.into_iter().map(|channel| ask(channel, deadline));
    let mut channels: BTreeMap<&ChannelKey, String> = join_all(asked).await.into_iter().collect();
    let is_well = |channels: &BTreeMap<_, String>| channels.values().all(|said| said == "ok");
    let called = called.into_iter();
    match is_well(&channels) {
        true => {
            let deadline = deadline.min(Instant::now() + CALL);
            channels.extend(join_all(called.map(|channel| ask(channel, deadline))).await);
        }
        false => channels.extend(called.map(|channel| (channel, NOT_CALLED.to_owned()))),
    }
    let is_well = is_well(&channels);
    let beat = Beat {
        stack: &settings.stack,
        path,
        is_well,
        channels: &channels,
    };
    beat.write();
    json!({ "heartbeat": is_well })
}
