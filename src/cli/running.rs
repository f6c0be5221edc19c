//! The command line of what looks after a running stack: `alertctl verify`, `test`, `logs` and `redrive`.

use std::time::Duration;

use clap::Args;

use super::StackFile;

#[derive(Debug, Args)]
#[command(after_help = "\
Exits with 1 where a function runs anything else: other code, other settings, another runtime, a
layer. It calls AWS as `plan` does, and changes nothing.

Examples:
  alertctl verify stack.yaml
  alertctl verify stack.yaml --output json | jq '.functions[] | select(.ok | not)'")]
pub struct VerifyArgs {
    #[command(flatten)]
    pub file: StackFile,
}

#[derive(Debug, Args)]
#[command(after_help = "\
One line a message and channel, and what else the functions say. Ctrl-C ends --follow.

Examples:
  alertctl logs stack.yaml
  alertctl logs stack.yaml --follow --channel oncall
  alertctl logs stack.yaml --since 1d --output json | jq 'select(.message.outcome? == \"parked\")'")]
pub struct LogsArgs {
    #[command(flatten)]
    pub file: StackFile,
    /// Go on with what is written from now on
    #[arg(short, long)]
    pub follow: bool,
    /// From how long ago on, such as 90s, 10m, 1h or 2d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time)]
    pub since: Duration,
    /// Only what was to go to this channel
    #[arg(long, value_name = "KEY")]
    pub channel: Option<String>,
    /// Also what Lambda itself says: starts, ends, time and memory
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Lists what lies in the stack's dead-letter queues and why, asks, and hands each message to the
function or topic that it was for. It leaves its queue once AWS has taken it; what cannot be sent
stays there. Whether it arrives now, `alertctl logs` tells; what does not is parked again.

Examples:
  alertctl redrive stack.yaml --list
  alertctl redrive stack.yaml
  alertctl redrive stack.yaml --yes --output json | jq .stayed")]
pub struct RedriveArgs {
    #[command(flatten)]
    pub file: StackFile,
    /// Only list what is parked
    #[arg(long, conflicts_with = "yes")]
    pub list: bool,
    /// Do not ask; needed without a terminal
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Each distinct path is tried once: of alarms that tell the same topics one, of a rule that became
several one; --all tries every path. How many messages that are and whom they reach is told first,
and above ten of them it asks. Mail and other subscribers of a topic get the sample, too.

Everything that is sent is marked: Slack shows TEST, nobody is mentioned, and routes let it through.
An alarm is set off and brought back to its former state. A rule on a source of your own gets an
event; of a rule on AWS's services, where only AWS may send events, the targets get what the rule
would give them. An endpoint needs its token in the environment: ALERTCTL_TOKEN_<KEY>, the key in
capitals with _ for -, or ALERTCTL_TOKEN.

Exit codes:
  0    everything arrived
  1    something did not, or you said no
  3    nothing failed, but some path could not be tried

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
    /// Only this path, such as alarm/cpu, or all of a kind: alarm, rule, topic, endpoint; repeatable
    #[arg(long = "path", value_name = "PATH")]
    pub paths: Vec<String>,
    /// Every path, not one of those that are alike
    #[arg(long, conflicts_with = "paths")]
    pub all: bool,
    /// Only list the paths that would be tried and whom they reach; AWS is not called
    #[arg(long, conflicts_with = "yes")]
    pub list: bool,
    /// Do not ask; needed without a terminal for more than ten messages
    #[arg(short, long)]
    pub yes: bool,
    /// How long to wait for the last one to arrive, such as 60s or 5m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    pub timeout: Duration,
}

/// Waiting until a stack works.
#[derive(Debug, Clone, Args)]
pub struct Wait {
    /// Wait until functions are active, subscriptions confirmed, the trail logs, queues are read; exits
    /// with 1 when they are not in time, and at once when something does not mend by itself
    #[arg(long)]
    pub wait: bool,
    /// How long to wait, such as 90s or 10m
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time, requires = "wait")]
    pub timeout: Duration,
}

/// A time such as `90s`, `10m`, `1h`, `2d`.
fn time(text: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
    let read = units.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*seconds)
    });
    match read {
        Some(seconds @ 1..=31_536_000) => Ok(Duration::from_secs(seconds)),
        _ => Err("a time such as 90s, 10m, 1h or 2d is needed, at most 365d".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(time("2d"), Ok(Duration::from_secs(172_800)));
        for wrong in [
            "",
            "1",
            "0s",
            "h",
            "-1h",
            "1.5h",
            "366d",
            "99999999999999999999d",
            "1 h",
        ] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
