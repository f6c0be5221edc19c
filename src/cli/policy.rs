//! The command line of `alertctl policy`.

use clap::Args;

use super::StackFile;

#[derive(Debug, Args)]
#[command(after_help = "\
Without --deployer: the permissions of the stack's own roles, those of its functions and those that
forward events. With it: the permissions that a person or a pipeline needs to run `plan`, `apply`
and `destroy`, or only the commands named. AWS is called only for the account's id, and with
--account not at all.

A policy that is too long for one managed policy is split into several documents: attach all of
them.

Examples:
  alertctl policy stack.yaml
  alertctl policy stack.yaml --deployer
  alertctl policy stack.yaml --deployer --plan --account 111122223333   # for a new role
  alertctl policy --deployer --apply --output json | jq '.policies[0].document' > policy.json
  alertctl policy --check --apply      # do you have all of these permissions?
  alertctl policy --import             # for `alertctl import`; needs no stack file
  alertctl policy --target 444455556666   # for the role in that account")]
pub struct PolicyArgs {
    #[command(flatten)]
    pub file: StackFile,
    /// Permissions needed to run alertctl, instead of those of the stack's roles
    #[arg(long, group = "whose")]
    pub deployer: bool,
    /// Only what `plan` and `status` need
    #[arg(long, requires = "whose")]
    pub plan: bool,
    /// Also what `plan --backtest` needs: to read the values of metrics, and the event history of CloudTrail
    #[arg(long, requires = "whose")]
    pub backtest: bool,
    /// Only what `apply` needs, including to delete what was removed from the stack file
    #[arg(long, requires = "whose")]
    pub apply: bool,
    /// Only what `destroy` needs
    #[arg(long, requires = "whose")]
    pub destroy: bool,
    /// Also what `destroy --delete-trail-logs` needs
    #[arg(long, requires = "whose")]
    pub delete_trail_logs: bool,
    /// Ask AWS which of these permissions you do not have; exits with 1 if any are missing
    #[arg(long, group = "whose", conflicts_with = "account")]
    pub check: bool,
    /// The policy that `import` needs; it reads no stack file and calls nobody
    #[arg(long, conflicts_with_all = ["whose", "account"])]
    pub import: bool,
    /// The policies of the role that is assumed in a target of the organization
    #[arg(long, value_name = "ACCOUNT", value_parser = account, conflicts_with_all = ["whose", "import"])]
    pub target: Option<String>,
    /// Account the policy is for, instead of the account of your credentials
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<String>,
}

/// Reads the id of an account.
pub(super) fn account(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("twelve digits".to_owned()),
    }
}
