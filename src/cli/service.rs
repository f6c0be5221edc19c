//! Services by their names in the stack file, such as `teams`.

use alertctl_relay::{ChannelType, ServiceRegion};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Reads the name of any service that gets alerts.
pub(super) fn any_service() -> impl TypedValueParser<Value = ChannelType> {
    named(ChannelType::takes_alerts)
}

/// Reads the name of any service but a webhook of Slack.
pub(super) fn other_service() -> impl TypedValueParser<Value = ChannelType> {
    named(|service| *service != ChannelType::Slack && service.takes_alerts())
}

fn named(wanted: fn(&ChannelType) -> bool) -> impl TypedValueParser<Value = ChannelType> {
    let services = move || ChannelType::each().into_iter().filter(wanted);
    let value = |service: ChannelType| {
        let value = PossibleValue::new(service.key());
        match service {
            ChannelType::GoogleChat => value.alias("google-chat"),
            ChannelType::JiraServiceManagement => value.alias("jira-service-management"),
            ChannelType::SignedWebhook => value.alias("signed-webhook"),
            _ => value,
        }
    };
    PossibleValuesParser::new(services().map(value)).try_map(move |name| {
        let (name, mut services) = (name.replace('-', "_"), services());
        let found = services.find(|service| service.key() == name);
        found.ok_or("not a service")
    })
}

/// Reads where a service keeps an account's data.
pub(super) fn service_region() -> impl TypedValueParser<Value = ServiceRegion> {
    PossibleValuesParser::new(["us", "eu"]).map(|name| match name.as_str() {
        "eu" => ServiceRegion::Eu,
        _ => ServiceRegion::Us,
    })
}
