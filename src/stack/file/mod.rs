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

/// A text in which nothing that looks like an address of a channel or a password can be read.
pub fn masked(text: &str) -> String {
    secret::mask(text, &secret::find(text))
}
