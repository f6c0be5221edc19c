//! The command line, as types.

use std::ffi::OsString;
use std::path::PathBuf;

use alertctl_relay::ChannelType;
use alertctl_relay::destination::Form;
use clap::builder::styling::{AnsiColor, Styles};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

mod consent;
mod export;
mod files;
mod global;
mod help;
mod import;
mod local;
mod mutes;
mod plan;
mod policy;
mod render;
mod running;
mod service;
mod tools;

pub use consent::*;
pub use export::*;
pub use files::*;
pub use global::*;
pub use help::*;
pub use import::*;
pub use local::*;
pub use mutes::*;
pub use plan::*;
pub use policy::*;
pub use render::*;
pub use running::*;
pub use tools::*;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Turn one YAML file into a working AWS alerting stack: alarms, API calls, sign-ins and HTTP alerts, to
/// Slack, Teams, Google Chat, Discord, PagerDuty, Jira Service Management, any program, and e-mail.
#[derive(Debug, Parser)]
#[command(name = "alertctl", version, styles = STYLES, max_term_width = 100, after_help = HELP)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    infer_subcommands = false
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line.
    pub fn read() -> Result<Self, clap::Error> {
        Color::settle(std::env::args_os());
        if let Some(form) = std::env::args_os().find_map(address_in) {
            // Before clap, whose own errors repeat what they do not understand.
            let text = format!(
                "the {} of a channel was given as an argument, where every user of this machine can read it: make a \
                 new one ({}), then pipe it in or use `encrypt-hook --env NAME`",
                form.what(),
                form.page
            );
            return Err(Self::command().error(ErrorKind::InvalidValue, text));
        }
        let words: Vec<_> = std::env::args_os().collect();
        let matches = Self::command().try_get_matches_from(&words)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        let follows = matches!(cli.command, Command::Logs(_));
        if let Some(flag) = files::lost(&words, &cli.global.stack, follows) {
            let text = format!(
                "`{flag}` is before the command and after it, and only the latter would count: write all of them after it"
            );
            return Err(Self::command().error(ErrorKind::ArgumentConflict, text));
        }
        files::take_first(cli.command.stack_file(), &mut cli.global.stack, &matches);
        let knows = matches!(cli.command, Command::Plan(_) | Command::Schema(_));
        if cli.global.output == Format::Markdown && !knows {
            let text =
                "`--output markdown` is for `alertctl plan` and `schema`: this command prints text or json";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, text));
        }
        // Not left to clap: it takes `ALERTCTL_LOCAL=0` for a use of `--local`.
        let Global {
            endpoint_url,
            profile,
            ..
        } = &cli.global;
        let elsewhere = [("--endpoint-url", endpoint_url), ("--profile", profile)];
        match elsewhere.iter().find(|(_, value)| value.is_some()) {
            Some((flag, _)) if cli.global.local => {
                let text = format!(
                    "`{flag}` cannot be combined with `--local` or ALERTCTL_LOCAL, which select the local AWS"
                );
                Err(Self::command().error(ErrorKind::ArgumentConflict, text))
            }
            _ => Ok(cli),
        }
    }
}

/// The form of the channel's address that an argument is or contains.
fn address_in(argument: OsString) -> Option<&'static Form> {
    let argument = argument.to_string_lossy();
    let hooks = ["hooks.slack.com/", "hooks.slack-gov.com/"];
    let of_slack = hooks.iter().any(|host| argument.contains(host));
    let value = argument.split_once('=').map(|(_, value)| value);
    let found = || {
        [Some(&*argument), value]
            .into_iter()
            .flatten()
            .find_map(ChannelType::of_address)
    };
    let found = of_slack.then_some(ChannelType::Slack).or_else(found);
    found.map(|channel_type| channel_type.form())
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a stack file, from a few questions or from a ready-made stack
    Init(InitArgs),
    /// Check a stack file without calling AWS
    Validate(ValidateArgs),
    /// Show what apply would do
    Plan(PlanArgs),
    /// Create, update and delete resources to match the stack file
    Apply(ApplyArgs),
    /// Delete everything a stack owns, in all regions, and schedule its key for deletion
    Destroy(DestroyArgs),
    /// Show the state and health of every resource of a stack
    Status(StatusArgs),
    /// List the stacks of the account, without their files
    List(ListArgs),
    /// Write a stack file of what alerts in an account already, and say what is wrong with it
    Import(ImportArgs),
    /// Check that a stack's functions run the code that this alertctl ships
    Verify(VerifyArgs),
    /// Encrypt the address of a channel (a webhook's URL, a token, a key) for the stack file
    EncryptHook(EncryptHookArgs),
    /// Create a token for an endpoint, and its digest for the stack file
    Token(TokenArgs),
    /// Show an endpoint's URL, the lines for an ElastAlert2 rule, or a saved plan
    Show(ShowArgs),
    /// Show the message for an event, without sending it
    Render(RenderArgs),
    /// List the sample events, or print one
    Events(EventsArgs),
    /// Send a marked sample along each path of a deployed stack, and follow it to its channels
    Test(TestArgs),
    /// Show what a stack's functions did with each message
    Logs(LogsArgs),
    /// Resend the messages in a stack's dead-letter queues
    Redrive(RedriveArgs),
    /// Mute alarms for a while
    Mute(MuteArgs),
    /// Show what is muted, by the stack file and by hand
    Mutes(MutesArgs),
    /// End what `mute` began
    Unmute(UnmuteArgs),
    /// Show the permissions of a stack's roles, or those needed to run alertctl
    Policy(PolicyArgs),
    /// Draw a stack: where alerts come from, how they travel, who receives them
    Graph(GraphArgs),
    /// Print a stack as one file, with includes, variables, defaults and `for_each` written out
    Expand(ExpandArgs),
    /// Write a stack for a pipeline that deploys without alertctl
    Export(ExportArgs),
    /// Print the JSON Schema of the stack file, for editors
    Schema(SchemaArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Write the manual pages
    Man(ManArgs),
    /// Show the version of alertctl, and of the relay it ships
    Version(VersionArgs),
    /// Run a local AWS and an inbox for messages, to try everything without an account
    Local(LocalArgs),
}

impl Command {
    /// Where it says which stack file is meant, if it needs one.
    fn stack_file(&mut self) -> Option<Named<'_>> {
        Some(match self {
            Self::Validate(args) => Named::Many(&mut args.paths),
            Self::Plan(args) => Named::One(&mut args.file.path),
            Self::Apply(args) => Named::One(&mut args.path),
            Self::Destroy(args) => Named::Perhaps(&mut args.which.path),
            Self::Status(args) => Named::Perhaps(&mut args.which.path),
            Self::Verify(args) => Named::One(&mut args.file.path),
            Self::EncryptHook(args) => Named::One(&mut args.file.path),
            Self::Show(args) => Named::One(&mut args.path),
            Self::Render(args) => Named::Perhaps(&mut args.stack),
            Self::Test(args) => Named::One(&mut args.file.path),
            Self::Logs(args) => Named::One(&mut args.file.path),
            Self::Redrive(args) => Named::One(&mut args.file.path),
            Self::Mute(args) => Named::Last(args.words_mut()),
            Self::Mutes(args) => Named::One(&mut args.file.path),
            Self::Unmute(args) => Named::Last(args.words_mut()),
            Self::Policy(args) => Named::One(&mut args.file.path),
            Self::Graph(args) => Named::One(&mut args.file.path),
            Self::Expand(args) => Named::One(&mut args.file.path),
            Self::Export(args) => match &mut args.command {
                ExportCommand::Stack(args) => Named::One(&mut args.file.path),
                ExportCommand::Spoke(args) => Named::One(&mut args.file.path),
            },
            _ => return None,
        })
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alertctl validate stack.yaml
  alertctl validate stacks/*.yaml --strict     # all of them; warnings are errors, too
  alertctl validate stack.yaml --output json   # for an editor or a review bot")]
pub struct ValidateArgs {
    /// Stack files; all of them are checked, even if one has errors
    #[arg(value_name = "STACK", default_value = "stack.yaml")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub strict: Strict,
}

/// What warnings are.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Strict {
    /// Treat warnings as errors: exit with 1, before anything is changed
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alertctl apply stack.yaml
  alertctl apply stack.yaml --yes     # in a pipeline
  alertctl apply stack.yaml --wait    # returns once everything works, e-mail addresses confirmed
  alertctl apply alerts.plan          # runs what `plan --save alerts.plan` showed, without asking
  alertctl apply stack.yaml --unprotect sns-topic/alerts    # although it has `protect: true`
  alertctl apply --local --yes        # stack.yaml, on the local AWS")]
pub struct ApplyArgs {
    /// Stack file, or a plan saved with `plan --save`
    #[arg(value_name = "STACK|PLAN", default_value = "stack.yaml")]
    pub path: PathBuf,
    #[command(flatten)]
    pub adopt: Adopt,
    #[command(flatten)]
    pub unprotect: Unprotect,
    /// Skip the check with IAM that you have all the permissions needed
    #[arg(long)]
    pub no_preflight: bool,
    #[command(flatten)]
    pub detail: Detail,
    #[command(flatten)]
    pub strict: Strict,
    #[command(flatten)]
    pub wait: Wait,
    #[command(flatten)]
    pub run: Run,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alertctl destroy stack.yaml
  alertctl destroy --stack mission --region ap-northeast-2   # the file is lost
  alertctl destroy stack.yaml --delete-trail-logs            # also a bucket that was kept
  alertctl destroy stack.yaml --unprotect kms-key/main       # although it has `protect: true`")]
pub struct DestroyArgs {
    #[command(flatten)]
    pub which: StackOrName,
    /// Also delete the log files in the trail's bucket; otherwise a bucket with log files is kept
    #[arg(long)]
    pub delete_trail_logs: bool,
    #[command(flatten)]
    pub unprotect: Unprotect,
    #[command(flatten)]
    pub run: Run,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alertctl status stack.yaml
  alertctl status --stack mission --region ap-northeast-2   # the file is lost
  alertctl status stack.yaml --output json | jq '.resources[] | select(.state != \"ok\")'
  alertctl status stack.yaml --wait --timeout 10m           # until everything works")]
pub struct StatusArgs {
    #[command(flatten)]
    pub which: StackOrName,
    /// Show who in the organization is not heard: accounts and regions without a spoke, or with a broken one. Exits with 2
    /// if there are any
    #[arg(long, conflicts_with_all = ["stack", "wait"])]
    pub org: bool,
    #[command(flatten)]
    pub wait: Wait,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The address (a webhook's URL, a token, a key) is read from a hidden prompt, which says where people
find it, from standard input, or from the environment variable that --env names; never from an
argument, which other users of the machine could see.

Examples:
  alertctl encrypt-hook stack.yaml --write
  pass show pagerduty/key | alertctl encrypt-hook stack.yaml --channel pager
  alertctl encrypt-hook stack.yaml --env SLACK_WEBHOOK_URL --write --yes")]
pub struct EncryptHookArgs {
    #[command(flatten)]
    pub file: StackFile,
    /// Channel in the stack file; required if there are several
    #[arg(long, value_name = "KEY")]
    pub channel: Option<String>,
    /// Read the address from this environment variable
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// Write the ciphertext into the stack file, keeping its comments and layout
    #[arg(long)]
    pub write: bool,
    /// Create the key and its alias without asking, if they do not exist yet
    #[arg(short, long)]
    pub yes: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
