//! CloudFormation, which brings a stack's spokes into other accounts.

pub mod stack_set;
