//! PagerDuty: a card as an event of its Events API v2, under the key of its incident.
//!
//! All texts are plain there, and nobody is mentioned: an escalation policy says who is paged.
//! <https://developer.pagerduty.com/docs/events-api-v2-overview>

mod event;
mod integration;

pub use integration::{INTEGRATION, Integration};

/// Who can be mentioned there, as the end of an error.
pub const MENTIONS: &str =
    "PagerDuty pages whoever the escalation policy of the service names, so nobody can be mentioned there";

/// Whether PagerDuty mentions `who`: it mentions nobody.
pub fn is_mention(_who: &str) -> bool {
    false
}
