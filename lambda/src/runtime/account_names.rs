//! Names of accounts: AWS Organizations is asked for those that the stack file does not name.
//!
//! Names change, and accounts join and leave, so no deployment holds them. They stand in messages, so they are asked for before these
//! are sent, each once for as long as Lambda keeps the process. Whatever goes wrong, a message shows the account's id.

use super::aws::{Aws, AwsError, Call, Service};
use super::seen::Seen;
use crate::contract::organizations_region;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What Organizations said so far.
#[derive(Default)]
pub(super) struct AccountNames {
    /// `None` for an account of nobody in the organization.
    known: Seen<Option<String>>,
    paused_until: Mutex<Option<Instant>>,
}

impl AccountNames {
    /// What is known of an account: its name, or that nobody in the organization has it.
    pub fn get(&self, id: &str) -> Option<Option<String>> {
        self.known.get(id)
    }

    pub fn is_paused(&self) -> bool {
        let again = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        again.is_some_and(|again| Instant::now() < again)
    }

    /// Lets nothing be asked for `time`, or as long as was said before.
    pub fn pause(&self, time: Duration) {
        let mut again = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *again = (*again).max(Some(Instant::now() + time));
    }

    /// Asks for the name of an account.
    pub async fn ask(&self, id: &str, aws: &Aws) -> Result<(), AwsError> {
        let question = json!({ "AccountId": id });
        let call = Call::json(Service::ORGANIZATIONS, "DescribeAccount", &question).attempts(1);
        let name = match aws.call(organizations_region(aws.region()), &call).await {
            Ok(answer) => {
                let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
                let name = answer.pointer("/Account/Name").and_then(Value::as_str);
                name.filter(|name| !name.is_empty()).map(str::to_owned)
            }
            Err(error) if error.code() == Some("AccountNotFoundException") => None,
            Err(error) => return Err(error),
        };
        self.known.insert(id, name);
        Ok(())
    }
}
