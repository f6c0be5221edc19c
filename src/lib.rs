//! alertctl: one YAML file to a working AWS alerting stack.
//!
//! The README shows the rooms (modules) and the dependencies between them; `tests/rooms.rs` enforces them.

pub mod aws;
pub mod blueprint;
pub mod cli;
pub mod commands;
pub mod dead_letters;
pub mod execute;
pub mod graph;
pub mod local;
pub mod logs;
pub mod observe;
pub mod output;
pub mod partition;
pub mod permissions;
pub mod plan;
pub mod probe;
pub mod relay_zip;
pub mod resource;
pub mod samples;
pub mod stack;
