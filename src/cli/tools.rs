//! The command line of the tools around a stack file: pictures, schema, first steps, shells.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Detail, StackFile, WithMarkdown};

#[derive(Debug, Args)]
#[command(after_help = "\
AWS is not called. Mermaid goes into Markdown, as a code block of that name. With `--output json`
there are the boxes and arrows alone.

Examples:
  alertctl graph stack.yaml > stack.svg
  alertctl graph stack.yaml --format mermaid
  alertctl graph stack.yaml --format dot | dot -Tpng > stack.png
  alertctl graph stack.yaml --resources > resources.svg   # what apply makes, in its order")]
pub struct GraphArgs {
    #[command(flatten)]
    pub file: StackFile,
    /// Language of the picture
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: PictureFormat,
    /// Draw the AWS resources and what each needs, instead of the way of an alert
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
Editors with a YAML language server (VS Code, Neovim, JetBrains …) complete and check a stack file
by it, when the file says where it is: `alertctl init` writes that line, and the schema beside it.
With `--output markdown` it is a page for people.

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
Beside the stack file it puts alertctl.schema.json, by which editors complete and check the file.

Examples:
  alertctl init                                  # asks five questions
  alertctl init --list                           # the ready stack files
  alertctl init --from cloudwatch-slack
  alertctl init alerts/stack.yaml --from full --force")]
pub struct InitArgs {
    /// File to write
    #[arg(value_name = "STACK", default_value = "stack.yaml")]
    pub path: PathBuf,
    /// Take this ready stack file, and ask nothing
    #[arg(long, value_name = "NAME")]
    pub from: Option<String>,
    /// List the ready stack files
    #[arg(long, conflicts_with_all = ["from", "force"])]
    pub list: bool,
    /// Write over what is there
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
They complete commands and flags, stack files, and of the stack file that is named (or stack.yaml)
the keys of channels, rules and endpoints, the names of alarms, and the resources for --adopt.

Examples:
  alertctl completions fish | source               # in ~/.config/fish/config.fish
  source <(alertctl completions bash)              # in ~/.bashrc
  source <(alertctl completions zsh)               # in ~/.zshrc, behind compinit")]
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
    /// Directory to write the pages to; it is made where it is missing
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The relay is the program that every function of a stack runs. The digest of its sources is the same
for every build of them; that of the package only for this one.

Examples:
  alertctl version
  alertctl version --output json | jq .relay")]
pub struct VersionArgs {}

#[derive(Debug, Args)]
#[command(after_help = "\
The token is shown once and kept nowhere: give it to the caller, put its digest into the stack file.

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
  alertctl show plan alerts.plan --full    # what `plan --save` kept, with every field")]
pub struct ShowArgs {
    /// The URL to post to, the lines that an ElastAlert2 rule needs, or what a saved plan would do
    #[arg(value_enum, value_name = "WHAT")]
    pub what: Showable,
    /// Stack file, or for `plan` a plan that `plan --save` wrote
    #[arg(value_name = "STACK|PLAN", default_value = "stack.yaml")]
    pub path: PathBuf,
    /// Endpoint of the stack file; needed when it has several
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
