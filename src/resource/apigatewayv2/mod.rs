//! The kinds of API Gateway: HTTP APIs and what is in them.

pub mod api;
pub mod integration;
pub mod route;
pub mod stage;
