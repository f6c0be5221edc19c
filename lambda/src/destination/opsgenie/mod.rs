//! Opsgenie, and Jira Service Management, which took over its API: a card as an alert under the key of its incident.
//!
//! Both render HTML in an alert's message and description, so text from outside is escaped or broken there.
//! <https://docs.opsgenie.com/docs/alerts-and-alert-fields>

mod alert;
mod integration;
mod markup;
mod responder;

pub use integration::{Integration, JIRA_SERVICE_MANAGEMENT, OPSGENIE};
pub use responder::{MENTIONS, is_mention};
