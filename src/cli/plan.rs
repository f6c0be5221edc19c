//! The command line of `alertctl plan`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Adopt, StackFile, Strict, WithMarkdown};

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
  alertctl plan stack.yaml --save alerts.plan            # then: alertctl apply alerts.plan
  alertctl plan stack.yaml --backtest 30d                # how often the alarms would have gone off")]
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
    pub backtest: BacktestArgs,
    #[command(flatten)]
    pub detail: Detail,
    #[command(flatten)]
    pub strict: Strict,
    #[command(flatten)]
    pub output: WithMarkdown,
}

/// A look back at what the stack would have told.
#[derive(Debug, Clone, Copy, Args)]
pub struct BacktestArgs {
    /// Also show what the alarms and rules of the stack file would have told in this time, such as 12h or
    /// 30d: how often, how often at night, and whom. AWS charges 0.01 USD for each 1,000 metrics read
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub backtest: Option<Duration>,
    /// Most pages of CloudTrail's event history to read for the rules, 50 events each; AWS allows two pages
    /// a second
    #[arg(long, value_name = "PAGES", requires = "backtest", default_value_t = PAGES, value_parser = pages)]
    pub backtest_limit: usize,
}

/// Pages of CloudTrail's event history, unless told otherwise: 100 seconds.
const PAGES: usize = 200;

fn pages(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 0..=100_000) => Ok(number),
        _ => Err("expected a whole number from 0 to 100000".to_owned()),
    }
}

/// How much of a plan is shown.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Detail {
    /// Show all fields of new resources and all changes of permissions
    #[arg(long)]
    pub full: bool,
}
