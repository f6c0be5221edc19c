//! Access to AWS: clients, one way of calling them, names, policies and bounded waits.
//!
//! Only this module and [`crate::resource`] name SDK types.

mod account;
mod batch;
pub mod call;
pub mod cloudtrail;
mod concurrently;
pub mod connect;
mod deed;
pub mod discovery;
mod endpoint;
pub mod fault;
pub mod functions;
mod hints;
pub mod http;
mod intercepted;
pub mod invoke;
pub mod logs;
mod memory;
pub mod notify;
pub mod organizations;
pub mod pace;
mod passing;
mod patience;
pub mod policy;
mod profiles;
pub mod queue;
pub mod retry;
pub mod roles;
pub mod run;
pub mod secret;
pub mod simulate;
pub mod stacks;
pub mod tags;
pub mod text;
pub mod wait;

pub use call::Aws;
pub use concurrently::{concurrently, concurrently_found};
pub use connect::{Clients, Connection};
pub use fault::Fault;
pub use text::{Known, Output, Scope, Text, Unknown};
