//! The kinds of IAM.

pub mod role;
pub mod role_policy;
