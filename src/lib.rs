//! alertctl: one YAML file to a working AWS alerting stack.
//!
//! The rooms and the arrows between them are drawn in the README; `tests/rooms.rs` holds them.

pub mod aws;
pub mod blueprint;
pub mod cli;
pub mod commands;
pub mod execute;
pub mod graph;
pub mod local;
pub mod logs;
pub mod observe;
pub mod output;
pub mod parked;
pub mod partition;
pub mod permissions;
pub mod plan;
pub mod probe;
pub mod relay_zip;
pub mod resource;
pub mod samples;
pub mod stack;
