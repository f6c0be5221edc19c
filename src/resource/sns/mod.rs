//! The kinds of SNS.

pub mod subscription;
pub mod topic;
