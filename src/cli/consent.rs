//! What happens only to resources that are named.

use clap::Args;

/// Which resources may be taken over.
#[derive(Debug, Clone, Default, Args)]
pub struct Adopt {
    /// Adopt an existing resource that the stack does not own, such as sns-topic/alerts or
    /// eventbridge-rule/logins@us-east-1; repeatable
    #[arg(long = "adopt", value_name = "KIND/KEY")]
    pub nodes: Vec<String>,
    /// Adopt every existing resource with a name from this stack, unless another stack owns it
    #[arg(long = "adopt-all")]
    pub all: bool,
}

/// Which protected resources may be deleted or replaced.
#[derive(Debug, Clone, Default, Args)]
pub struct Unprotect {
    /// Delete or replace a resource although its entry says `protect: true`, such as sns-topic/alerts;
    /// repeatable
    #[arg(id = "unprotect", long = "unprotect", value_name = "KIND/KEY")]
    pub nodes: Vec<String>,
}
