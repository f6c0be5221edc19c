//! From a graph of wanted resources to an account that has them: observe, plan, execute.
//!
//! The engine knows neither the stack file nor a kind of resource by name.

pub mod execute;
pub mod graph;
pub mod observe;
pub mod plan;
