//! alertctl: one YAML file to a working AWS alerting stack.

pub mod aws;
pub mod execute;
pub mod graph;
pub mod observe;
pub mod plan;
pub mod resource;
