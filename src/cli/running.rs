//! The command line of running plans, and of what looks after a running stack: `alertctl verify`, `test`, `logs` and `redrive`.

use std::time::Duration;

use clap::Args;

use super::{StackFile, WithoutShortFile};
use crate::duration::parse as time;

/// Steps that run at the same time, unless told otherwise.
pub const PARALLELISM: usize = 16;

/// How a plan is run.
#[derive(Debug, Clone, Args)]
pub struct Run {
    /// Do not ask for confirmation; required without a terminal
    #[arg(short, long)]
    pub yes: bool,
    /// Maximum number of steps to run at once
    #[arg(long, value_name = "N", default_value_t = PARALLELISM, value_parser = parallelism)]
    pub parallelism: usize,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Shows each stack that has a role, in whichever region it is at home, and each that has resources in
the region. `alertctl status --stack NAME --region REGION` shows the resources of one.

Examples:
  alertctl list
  alertctl list --profile production --region eu-central-1
  alertctl list --output json | jq -r '.stacks[].stack'")]
pub struct ListArgs {}

#[derive(Debug, Args)]
#[command(after_help = "\
Exits with 1 if a function runs anything else: other code, other settings, another runtime, a layer.
It makes the same AWS calls as `plan`, and changes nothing.

Examples:
  alertctl verify stack.yaml
  alertctl verify stack.yaml --output json | jq '.functions[] | select(.ok | not)'")]
pub struct VerifyArgs {
    #[command(flatten)]
    pub file: StackFile,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Prints one line per message and channel, and whatever else the functions log. Ctrl-C ends --follow.

Examples:
  alertctl logs stack.yaml
  alertctl logs stack.yaml --follow --channel oncall
  alertctl logs stack.yaml --since 1d --output json | jq 'select(.message.outcome? == \"parked\")'")]
pub struct LogsArgs {
    #[command(flatten)]
    pub file: StackFile,
    #[command(flatten)]
    pub further: WithoutShortFile,
    /// Keep printing new log entries as they arrive
    #[arg(short, long)]
    pub follow: bool,
    /// How far back to start, such as 90s, 10m, 1h or 2d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time)]
    pub since: Duration,
    /// Only messages for this channel
    #[arg(long, value_name = "KEY")]
    pub channel: Option<String>,
    /// Also Lambda's own log lines: starts, ends, duration and memory
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Lists the messages in the stack's dead-letter queues and why they are there, asks for confirmation,
and sends each message to the function or topic it was meant for. A message is removed from its
queue once AWS has accepted it, and stays there if it cannot be sent. `alertctl logs` shows whether
it arrives; if it does not, it is parked again.

Examples:
  alertctl redrive stack.yaml --list
  alertctl redrive stack.yaml
  alertctl redrive stack.yaml --yes --output json | jq .stayed")]
pub struct RedriveArgs {
    #[command(flatten)]
    pub file: StackFile,
    /// Only list the parked messages
    #[arg(long, conflicts_with = "yes")]
    pub list: bool,
    /// Do not ask for confirmation; required without a terminal
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Each distinct path is tested once: one alarm of those that notify the same topics, one EventBridge
rule of those made from the same rule; --all tests every path. The number of messages and their
recipients are shown first; for more than ten messages, the command asks for confirmation. E-mail
and other subscribers of a topic receive the sample, too.

Every sample is marked: the message says TEST, nobody is mentioned, and routes let it through. In
PagerDuty it is a change event, in Jira Service Management and Opsgenie an alert of priority P5. An
alarm is set to ALARM, then returned to its previous state. A rule on your own event source receives
an event; for a rule on an AWS service, where only AWS may send events, the targets receive what the
rule would pass on. An endpoint needs its token in the environment: ALERTCTL_TOKEN_<KEY>, the key in
capitals with _ for -, or ALERTCTL_TOKEN.

Exit codes:
  0    everything arrived
  1    something did not arrive, or you declined
  3    nothing failed, but some paths could not be tested

Examples:
  alertctl test stack.yaml --list
  alertctl test stack.yaml
  alertctl test stack.yaml --all --yes
  alertctl test stack.yaml --path alarm/cpu --path rule/logins
  ALERTCTL_TOKEN=... alertctl test stack.yaml --path endpoint
  alertctl test stack.yaml --output json | jq '.paths[] | select(.result != \"arrived\")'")]
pub struct TestArgs {
    #[command(flatten)]
    pub file: StackFile,
    /// Test only this path, such as alarm/cpu, or all of one kind: alarm, rule, topic, endpoint; repeatable
    #[arg(long = "path", value_name = "PATH")]
    pub paths: Vec<String>,
    /// Test every path, not just one of each group of similar paths
    #[arg(long, conflicts_with = "paths")]
    pub all: bool,
    /// List the paths that would be tested and their recipients, without calling AWS
    #[arg(long, conflicts_with = "yes")]
    pub list: bool,
    /// Do not ask for confirmation; required without a terminal for more than ten messages
    #[arg(short, long)]
    pub yes: bool,
    /// How long to wait for the last message to arrive, such as 60s or 5m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    pub timeout: Duration,
}

/// Waiting until a stack works.
#[derive(Debug, Clone, Args)]
pub struct Wait {
    /// Wait until functions are active, subscriptions are confirmed, the trail is logging and queues are
    /// being read; exits with 1 on a timeout, and at once if waiting cannot fix something
    #[arg(long)]
    pub wait: bool,
    /// How long to wait, such as 90s or 10m
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time, requires = "wait")]
    pub timeout: Duration,
}

fn parallelism(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=256) => Ok(number),
        _ => Err("expected a whole number from 1 to 256".to_owned()),
    }
}
