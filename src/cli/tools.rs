//! The command line of the tools around a stack file: pictures, schema, first steps, shells.

use std::path::PathBuf;

use alertctl_relay::{ChannelType, ServiceRegion};
use clap::{Args, ValueEnum};

use super::service::{any_service, service_region};
use super::{Detail, StackFile, WithMarkdown};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alertctl expand stack.yaml
  alertctl expand base.yaml -f prod.yaml --var TEAM=payments
  alertctl expand stack.yaml | alertctl validate -      # a stack file like any other")]
pub struct ExpandArgs {
    #[command(flatten)]
    pub file: StackFile,
}

#[derive(Debug, Args)]
#[command(after_help = "\
AWS is not called. Mermaid can be put into Markdown, as a `mermaid` code block. With `--output json`
only the boxes and arrows are printed.

Examples:
  alertctl graph stack.yaml > stack.svg
  alertctl graph stack.yaml --format mermaid
  alertctl graph stack.yaml --format dot | dot -Tpng > stack.png
  alertctl graph stack.yaml --resources > resources.svg   # what apply creates, in order")]
pub struct GraphArgs {
    #[command(flatten)]
    pub file: StackFile,
    /// Format of the picture
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: PictureFormat,
    /// Draw the AWS resources and their dependencies, instead of the paths of alerts
    #[arg(long)]
    pub resources: bool,
}

/// What a picture is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PictureFormat {
    #[default]
    Svg,
    Mermaid,
    Dot,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Editors with a YAML language server (VS Code, Neovim, JetBrains …) use it to complete and check a
stack file that refers to it: `alertctl init` writes that line, and the schema next to the file.
With `--output markdown` it is printed as a reference page.

Examples:
  alertctl schema > alertctl.schema.json
  alertctl schema --output markdown
  alertctl schema | jq .properties.alarms.additionalProperties.properties.threshold")]
pub struct SchemaArgs {
    #[command(flatten)]
    pub output: WithMarkdown,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Also writes alertctl.schema.json next to the stack file, for completion and checks in editors.

Examples:
  alertctl init                                  # asks a few questions
  alertctl init --service teams                  # asks nothing
  alertctl init --service slack --channel C0123ABCD
  alertctl init --list                           # the ready-made stack files
  alertctl init --from cloudwatch-slack
  alertctl init alerts/stack.yaml --from full --force")]
pub struct InitArgs {
    /// File to write
    #[arg(value_name = "STACK", default_value = "stack.yaml")]
    pub path: PathBuf,
    /// Use this ready-made stack file, and ask nothing
    #[arg(long, value_name = "NAME")]
    pub from: Option<String>,
    /// Write a stack file with a channel of this service, by its name in the stack file, and ask nothing
    #[arg(long, value_name = "SERVICE", conflicts_with = "from", value_parser = any_service())]
    pub service: Option<ChannelType>,
    /// Id of the channel, with `--service slack`: at the end of the channel's details in Slack
    #[arg(long = "channel", value_name = "ID", requires = "service")]
    pub slack_channel: Option<String>,
    /// Where the account's data is, with `--service pagerduty` or `opsgenie` [default: us]
    #[arg(long, value_name = "REGION", requires = "service", value_parser = service_region())]
    pub service_region: Option<ServiceRegion>,
    /// List the ready-made stack files
    #[arg(long, conflicts_with_all = ["from", "service", "force"])]
    pub list: bool,
    /// Overwrite an existing file
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
They complete commands, flags and stack files, and, from the stack file on the command line (or
stack.yaml), the keys of channels, rules and endpoints, the names of alarms, and the resources for
--adopt.

Examples:
  alertctl completions fish | source               # in ~/.config/fish/config.fish
  source <(alertctl completions bash)              # in ~/.bashrc
  source <(alertctl completions zsh)               # in ~/.zshrc, after compinit")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// A shell that completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alertctl man ~/.local/share/man/man1
  man alertctl-plan")]
pub struct ManArgs {
    /// Directory to write the pages to; created if missing
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The relay is the program that every function of a stack runs. The digest of its sources is the same
for every build of them; the digest of the package is specific to this build.

Examples:
  alertctl version
  alertctl version --output json | jq .relay")]
pub struct VersionArgs {}

#[derive(Debug, Args)]
#[command(after_help = "\
The token is shown once and not stored: give it to the caller, and put its digest in the stack file.

Examples:
  alertctl token
  alertctl token | secret-store write elastalert   # the digest still shows on the terminal
  alertctl token --output json")]
pub struct TokenArgs {}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alertctl show endpoint
  curl -H \"Authorization: Bearer $TOKEN\" -d '{}' \"$(alertctl show endpoint)\"
  alertctl show elastalert-rule stack.yaml --endpoint elastalert
  alertctl show plan alerts.plan --full    # a plan saved with `plan --save`, every field")]
pub struct ShowArgs {
    /// What to show: the URL to post to, the lines for an ElastAlert2 rule, or a saved plan
    #[arg(value_enum, value_name = "WHAT")]
    pub what: Showable,
    /// Stack file, or for `plan` a plan saved with `plan --save`
    #[arg(value_name = "STACK|PLAN", default_value = "stack.yaml")]
    pub path: PathBuf,
    /// Endpoint in the stack file; required if there are several
    #[arg(long, value_name = "KEY")]
    pub endpoint: Option<String>,
    #[command(flatten)]
    pub detail: Detail,
}

/// What `show` can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Showable {
    Endpoint,
    ElastalertRule,
    Plan,
}
