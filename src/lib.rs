//! alertctl: one YAML file to a working AWS alerting stack.
//!
//! `docs/architecture.md` shows the rooms (modules) and the dependencies between them; `tests/e2e/rooms.rs` enforces
//! them.

pub mod aws;
pub mod blueprint;
pub mod cli;
pub mod commands;
pub mod duration;
pub mod engine;
pub mod local;
pub mod operate;
pub mod output;
pub mod partition;
pub mod relay_zip;
pub mod resource;
pub mod samples;
pub mod stack;
