//! The command line of `alertctl render` and `alertctl events`.

use std::path::PathBuf;

use alertctl_relay::{ChannelType, Locale};
use clap::Args;
use jiff::tz::TimeZone;

use super::service::other_service;

#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is sent and AWS is not called. Without --stack the message is in English and UTC.

Examples:
  alertctl render sign-in-root --locale ko --timezone Asia/Seoul
  alertctl render event.json --stack stack.yaml --rule logins
  alertctl events alarm-ok | jq '.Records[0].Sns.Subject = \"hi\"' | alertctl render - --inbox
  alertctl render alarm-in-alarm --as teams
  alertctl render guardduty --output json | jq '.messages[0].message'")]
pub struct RenderArgs {
    /// Name of a sample, a JSON file with the relay's input, or `-` for standard input
    #[arg(value_name = "EVENT")]
    pub event: Option<String>,
    /// Stack file to take the language, time zone, accounts and channels from
    #[arg(long, value_name = "FILE")]
    pub stack: Option<PathBuf>,
    /// Language of the message, en or ko; overrides the stack's
    #[arg(long, value_name = "CODE", value_parser = locale)]
    pub locale: Option<Locale>,
    /// Time zone of the message; overrides the stack's
    #[arg(long, value_name = "ZONE", value_parser = timezone)]
    pub timezone: Option<TimeZone>,
    /// Render the message as this channel would receive it
    #[arg(long, value_name = "KEY")]
    pub channel: Option<String>,
    /// Render the message as if this rule of the stack file had matched
    #[arg(long, value_name = "KEY", requires = "stack", conflicts_with = "channel")]
    pub rule: Option<String>,
    /// Render the message as this service gets it, by its name in the stack file
    #[arg(long = "as", value_name = "SERVICE", value_parser = other_service())]
    pub service: Option<ChannelType>,
    /// Treat the input as the text of an SNS message, whatever its format
    #[arg(long)]
    pub text: bool,
    /// Also post it to the local inbox (`alertctl local up`)
    #[arg(long)]
    pub inbox: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alertctl events
  alertctl events sign-in-root > event.json
  alertctl events alarm-in-alarm | alertctl render -
  alertctl events --output json | jq -r '.samples[] | select(.type == \"call\") | .name'")]
pub struct EventsArgs {
    /// Print the JSON of this sample
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

fn locale(code: &str) -> Result<Locale, String> {
    let known = || {
        Locale::ALL
            .map(|locale| format!("`{}`", locale.code()))
            .join(" or ")
    };
    Locale::from_code(code).ok_or_else(|| format!("expected {}", known()))
}

fn timezone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "expected an IANA time zone such as `Asia/Seoul`".to_owned())
}
