//! The stack file as YAML: opened, parsed once into a tree with places, read into types, edited; its secrets are
//! masked, and what is wrong with it is shown at its place.

mod advice;
mod deserialize;
pub mod edit;
pub mod open;
pub mod parse;
pub mod problem;
pub mod read;
pub mod scalar;
pub mod secret;
pub mod source;
pub mod tree;
