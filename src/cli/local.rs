//! The command line of `alertctl local`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alertctl local demo
  alertctl local up && alertctl apply stack.yaml --local --yes
  alertctl local event sign-in")]
pub struct LocalArgs {
    #[command(subcommand)]
    pub command: LocalCommand,
}

#[derive(Debug, Subcommand)]
pub enum LocalCommand {
    /// Start the local AWS and the inbox
    #[command(after_help = "\
Restores the previous contents, unless `local down` deleted them.

Examples:
  alertctl local up
  alertctl apply stack.yaml --local")]
    Up,
    /// Stop both and delete their contents
    #[command(after_help = "\
Examples:
  alertctl local down")]
    Down,
    /// Show what is running, and where
    #[command(after_help = "\
Examples:
  alertctl local status
  alertctl local status --output json | jq -r .status.inbox.url")]
    Status,
    /// Make an alarm fire: OK, then ALARM
    #[command(after_help = "\
Examples:
  alertctl local alarm mission-cpu-alarm
  alertctl local alarm mission-cpu-alarm --state ok")]
    Alarm(AlarmArgs),
    /// Send an AWS event through the rules and show what arrives
    #[command(after_help = "\
A sample's time is set to now, and its region to the one it is sent to.

Examples:
  alertctl events                  # lists the samples
  alertctl local event sign-in
  jq '.detail.state = \"stopped\"' event.json | alertctl local event - --region us-east-1")]
    Event(EventArgs),
    /// Start both, apply a stack, and make its first alarm fire and arrive in the inbox
    #[command(after_help = "\
Examples:
  alertctl local demo
  alertctl local demo stacks/console-login.yaml")]
    Demo(DemoArgs),
    /// Serve the inbox (started by `local up`)
    #[command(hide = true)]
    InboxServer(InboxServerArgs),
}

#[derive(Debug, Args)]
pub struct AlarmArgs {
    /// Name of the alarm
    pub name: String,
    /// State to set
    #[arg(long, value_enum, default_value_t)]
    pub state: AlarmState,
}

/// A state of an alarm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum AlarmState {
    #[default]
    Alarm,
    Ok,
    InsufficientData,
}

#[derive(Debug, Args)]
pub struct EventArgs {
    /// Name of a sample, a JSON file with an EventBridge event, or `-` for standard input
    #[arg(value_name = "EVENT")]
    pub event: String,
}

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Stack file [default: the bundled stack cloudwatch-slack]
    #[arg(value_name = "STACK")]
    pub path: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct InboxServerArgs {
    #[arg(long)]
    pub state_dir: PathBuf,
    #[arg(long)]
    pub port: u16,
}
