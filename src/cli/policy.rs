//! The command line of `alertctl policy`.

use clap::Args;

use super::StackFile;

#[derive(Debug, Args)]
#[command(after_help = "\
Without --deployer: what the stack's own roles may do, the functions' and those that forward events.
With it: what a person or a pipeline needs to run `plan`, `apply` and `destroy`, or only those named.
AWS is asked for nothing but the account's id, and with --account not even for that.

A policy that is longer than a managed policy may be comes as several documents: attach all of them.

Examples:
  alertctl policy stack.yaml
  alertctl policy stack.yaml --deployer
  alertctl policy stack.yaml --deployer --plan --account 111122223333   # for a role that does not exist yet
  alertctl policy --deployer --apply --output json | jq '.policies[0].document' > policy.json
  alertctl policy --check --apply      # does who runs this have all of it?")]
pub struct PolicyArgs {
    #[command(flatten)]
    pub file: StackFile,
    /// What who runs alertctl needs, instead of what the stack's roles get
    #[arg(long, group = "whose")]
    pub deployer: bool,
    /// Only what `plan` and `status` need
    #[arg(long, requires = "whose")]
    pub plan: bool,
    /// Only what `apply` needs, which also deletes what has left the stack file
    #[arg(long, requires = "whose")]
    pub apply: bool,
    /// Only what `destroy` needs
    #[arg(long, requires = "whose")]
    pub destroy: bool,
    /// Also what `destroy --delete-trail-logs` needs
    #[arg(long, requires = "whose")]
    pub delete_trail_logs: bool,
    /// Ask AWS which of it the identity that runs this lacks; exits with 1 if any
    #[arg(long, group = "whose", conflicts_with = "account")]
    pub check: bool,
    /// Account the policy is for, instead of the one of the credentials
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<String>,
}

fn account(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("twelve digits".to_owned()),
    }
}
