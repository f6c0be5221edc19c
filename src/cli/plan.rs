//! The arguments of `plan`.

use std::path::PathBuf;

use clap::Args;

use super::{Adopt, Detail, StackFile, Strict, WithMarkdown};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alertctl plan stack.yaml
  alertctl plan stack.yaml --full                # every field of new resources, every permission
  alertctl plan stack.yaml --detailed-exitcode   # exits with 2 if something would change
  alertctl plan stack.yaml --adopt sns-topic/alerts
  alertctl plan stack.yaml --adopt-all           # adopts what was created by hand
  alertctl plan stack.yaml --base <(git show main:stack.yaml)   # shows drift separately
  alertctl plan stack.yaml --absorb              # writes what was changed by hand into the file
  alertctl plan stack.yaml --output json | jq .summary
  alertctl plan stack.yaml --output markdown > plan.md   # a comment for a pull request
  alertctl plan stack.yaml --save alerts.plan            # then: alertctl apply alerts.plan")]
pub struct PlanArgs {
    #[command(flatten)]
    pub file: StackFile,
    #[command(flatten)]
    pub adopt: Adopt,
    /// The stack file as last applied, such as the main branch's; differences between it and the account
    /// are shown separately, as drift
    #[arg(long, value_name = "FILE")]
    pub base: Option<PathBuf>,
    /// Write what was changed in the account into the stack file, as far as its values can say it, and plan anew. Edits
    /// that were not applied yet count as well, unless `--base` tells them apart
    #[arg(long)]
    pub absorb: bool,
    /// Exit with 2 if there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Save the plan to a file, which `apply` then runs as shown; it contains no secrets
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Ask IAM whether you have the permissions to apply the plan, and warn about missing ones. Off by
    /// default: in a pipeline, the role that runs `plan` is often read-only
    #[arg(long)]
    pub preflight: bool,
    #[command(flatten)]
    pub detail: Detail,
    #[command(flatten)]
    pub strict: Strict,
    #[command(flatten)]
    pub output: WithMarkdown,
}
