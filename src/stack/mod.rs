//! The stack file: its model, loading it with positions, checking and editing it.
//!
//! This is the lowest room (module): it uses no other module of alertctl and never calls AWS.

mod assemble;
mod bundled;
mod check;
mod compile;
mod file;
mod load;
mod model;
mod reference;
mod schema;
#[cfg(test)]
mod tests;

pub use assemble::{
    Asked, Discovered, Found, Input, Query, Variables, entry as written_entry, is_name as is_variable_name,
    plain, read_file as read_variables,
};
pub use bundled::{BUNDLED, Bundled, modeline};
pub use check::Ciphertexts;
pub use check::placeholders::{NOBODYS_INSTANCE, NOBODYS_TOKEN, PLACEHOLDERS, Placeholder};
pub use check::regions::Region;
pub use compile::composite::{Parsed as AlarmRule, parse as parse_alarm_rule, with_keys};
pub use compile::events::record::{event_of, is_omitted};
pub use compile::events::{CompiledRule, MAX_PATTERN, VIA_TRAIL};
pub use compile::organization::{
    Forwarded, alarms_of_members, dead_letter_alarms, spoke_alarm, unmuted_alarms,
};
pub use file::edit::{EditError, has_path, set_address, set_value};
pub use file::masked;
pub use file::open::is_yaml;
pub use file::problem::{Level, Problem, Report, Span};
pub use file::read::nearest;
pub use file::source::{Problems, Source};
pub use load::{Asks, LoadError, Loaded, draft, load, load_from, parse};
pub use model::*;
pub use reference::reference;
pub use schema::schema;
