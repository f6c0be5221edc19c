//! The command line of `alertctl export`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::StackFile;
use super::policy::account;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alertctl export stack stack.yaml --format cloudformation > stack.template.yaml
  alertctl export spoke stack.yaml --format terraform > spoke.tf.json")]
pub struct ExportArgs {
    #[command(subcommand)]
    pub command: ExportCommand,
}

#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Write a stack as a template for a pipeline that deploys without alertctl
    Stack(ExportStackArgs),
    /// Write the spokes of an organization for a pipeline that deploys without alertctl
    Spoke(ExportSpokeArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
AWS is called only for a `for_each` that asks it for elements. No address of a channel is read or
written: in the template they are parameters. A template is for one region. If the stack has
resources in other regions, too, --write makes one more file for each, such as
alerts.us-east-1.yaml, to be deployed after the first.

What CloudFormation cannot do is listed on standard error, and in the template's Metadata.

Examples:
  alertctl export stack stack.yaml --format cloudformation > stack.template.yaml
  alertctl export stack --format cloudformation --write alerts.yaml --write-code code.zip
  alertctl export stack --format cloudformation --output json | jq -r '.templates[].region'")]
pub struct ExportStackArgs {
    #[command(flatten)]
    pub file: StackFile,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: ExportFormat,
    /// Write the template to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Also write the package of the functions' code, for the bucket that the template's parameters name
    #[arg(long, value_name = "FILE")]
    pub write_code: Option<PathBuf>,
}

/// What a stack is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    Cloudformation,
}

#[derive(Debug, Args)]
#[command(after_help = "\
AWS is not called. The hub's stack file has `organization:` with `deploy: false`, so that alertctl
deploys no spokes of its own beside those of the pipeline.

Examples:
  alertctl export spoke stack.yaml --format cloudformation > spoke.yaml
  alertctl export spoke stack.yaml --format terraform > spoke.tf.json
  alertctl export spoke stack.yaml --format lza --hub-account 111122223333 --write landing-zone/")]
pub struct ExportSpokeArgs {
    #[command(flatten)]
    pub file: StackFile,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: SpokeFormat,
    /// Id of the account with the stack, which the files of lza and cfct name
    #[arg(long, value_name = "ACCOUNT", value_parser = account, required_if_eq_any = [("format", "lza"), ("format", "cfct")])]
    pub hub_account: Option<String>,
    /// Write the files into this directory instead of standard output
    #[arg(long, value_name = "DIR", required_if_eq_any = [("format", "lza"), ("format", "cfct")])]
    pub write: Option<PathBuf>,
}

/// What the spokes of an organization are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SpokeFormat {
    /// A CloudFormation template
    Cloudformation,
    /// A module for Terraform and OpenTofu
    Terraform,
    /// Files for the Landing Zone Accelerator
    Lza,
    /// Files for Customizations for AWS Control Tower
    Cfct,
}
