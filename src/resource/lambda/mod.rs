//! The kinds of Lambda functions, and what invokes them.

pub mod event_invoke_config;
pub mod event_source_mapping;
pub mod function;
pub mod permission;
