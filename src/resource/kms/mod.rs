//! The kinds of KMS.

pub mod alias;
pub mod key;
