//! Which resources belong to a protected entry of the stack file.

use super::Build;
use super::buses::ARRIVALS;
use super::trail::{GUARD, TRAIL_KEY};
use crate::resource::Resource as _;
use crate::resource::apigatewayv2::api::ApigatewayApi;
use crate::resource::apigatewayv2::stage::ApigatewayStage;
use crate::resource::cloudwatch;
use crate::resource::eventbridge::event_bus::EventbridgeEventBus;
use crate::resource::eventbridge::rule::EventbridgeRule;
use crate::resource::kms::key::KmsKey;
use crate::resource::sns::topic::SnsTopic;

impl Build<'_> {
    /// Whether the resource `kind/key` belongs to an entry with `protect: true`. Only the keys of resources that an entry
    /// brings with it contain a dot.
    pub(super) fn protects(&self, kind: &str, key: &str) -> bool {
        let stack = self.stack;
        // The same entry in another region.
        let key = key.split_once('@').map_or(key, |(key, _)| key);
        let rule = |key: &str| {
            let mut rules = self.rules.iter();
            rules.any(|rule| rule.key == key && rule.rule.protect)
        };
        let bus = |key: &str| stack.buses.get(key).is_some_and(|bus| bus.protect);
        let endpoint = |key: &str| stack.endpoints.get(key).is_some_and(|endpoint| endpoint.protect);
        let of_trail = [TRAIL_KEY, GUARD].contains(&key.strip_prefix(ARRIVALS).unwrap_or(key));
        let trail = stack.trail.as_ref().is_some_and(|trail| trail.protect);
        match kind {
            KmsKey::KIND => stack.key.protect,
            SnsTopic::KIND => stack.topics.get(key).is_some_and(|topic| topic.protect),
            kind if cloudwatch::is_alarm(kind) => self.alarms.get(key).is_some_and(|alarm| alarm.protect),
            ApigatewayApi::KIND | ApigatewayStage::KIND => endpoint(key),
            // A rule or bus of the file may be called `trail`, but not `trail.guard`.
            EventbridgeRule::KIND | EventbridgeEventBus::KIND if key.ends_with(GUARD) => trail,
            EventbridgeRule::KIND => match key.strip_prefix("bus.") {
                Some(key) => bus(key),
                None => rule(key.strip_prefix(ARRIVALS).unwrap_or(key)),
            },
            EventbridgeEventBus::KIND => match key.strip_prefix(ARRIVALS) {
                Some(key) => rule(key),
                None => bus(key),
            },
            // Functions, queues, log groups, roles, and the trail with its bucket.
            _ => {
                of_trail && trail
                    || key.strip_prefix("endpoint.").is_some_and(endpoint)
                    || key.strip_prefix("access.").is_some_and(endpoint)
                    || key.strip_prefix("bus.").is_some_and(bus)
            }
        }
    }
}
