//! The command line of `alertctl import`.

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "\
Reads, and changes nothing. The file takes alarms over as they are: `alertctl plan --adopt-all` on
it shows changes of tags only. What cannot be said so is named in a comment, with the reason. What
is wrong with the alerts of the account goes to standard error.

Examples:
  alertctl import > stack.yaml
  alertctl import --prefix shop- --stack shop --region eu-central-1 > shop.yaml
  alertctl import --tag team=payments --tag stage=prod
  alertctl import --output json | jq '.defects[] | select(.sort == \"tells_nobody\")'")]
pub struct ImportArgs {
    /// Only what has a name that begins so
    #[arg(long, value_name = "TEXT")]
    pub prefix: Option<String>,
    /// Only what has this tag; repeatable, all must fit
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub tags: Vec<(String, String)>,
    /// The name of the stack
    #[arg(long, value_name = "NAME", default_value = "imported")]
    pub stack: String,
}

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE, such as team=payments".to_owned()),
    }
}
