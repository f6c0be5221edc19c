//! CloudFormation, which brings a stack's spokes into other accounts.

pub mod stack;
pub mod stack_set;
