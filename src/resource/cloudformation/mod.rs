//! CloudFormation: what an organization's hub has in other accounts.

pub mod stack;
