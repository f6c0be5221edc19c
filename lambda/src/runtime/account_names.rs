//! Names of accounts: AWS Organizations is asked for those that the stack file does not name.
//!
//! Names change, and accounts join and leave, so no deployment holds them. They stand in messages, so they are asked for before these
//! are sent, each once for as long as Lambda keeps the process. Whatever goes wrong, a message shows the account's id.

use super::aws::{AwsError, Call, Service};
use super::dispatcher::Dispatcher;
use super::seen::Seen;
use super::time::Budget;
use crate::contract::organizations_region;
use crate::item::Item;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long an alert waits for names.
const WAIT: Duration = Duration::from_secs(1);
/// Time that the alert itself needs; with less time left, nothing is asked.
const NEEDED: Duration = Duration::from_secs(3);
/// How long nothing is asked after a failure: no alert waits for what others did not get.
const PAUSE: Duration = Duration::from_secs(5 * 60);
/// Most accounts of an invocation that are asked for, since all functions of the organization share a rate.
const ACCOUNTS: usize = 10;

/// What Organizations said so far.
#[derive(Default)]
pub(super) struct AccountNames {
    /// `None` for an account of nobody in the organization.
    known: Seen<Option<String>>,
    paused_until: Mutex<Option<Instant>>,
}

impl AccountNames {
    fn is_paused(&self) -> bool {
        let again = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        again.is_some_and(|again| Instant::now() < again)
    }

    fn pause(&self) {
        let mut again = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *again = Some(Instant::now() + PAUSE);
    }
}

impl Dispatcher {
    /// Adds the names of the accounts that the messages are about, in a stack that hears an organization.
    pub async fn find_names<'a>(&self, items: impl Iterator<Item = &'a mut Item>, budget: Budget) {
        if !self.settings.organization {
            return;
        }
        let items: Vec<_> = items.filter(|item| item.muted.is_none()).collect();
        if !self.names.is_paused() {
            let accounts = items.iter().flat_map(|item| item.notice.accounts());
            let accounts: BTreeSet<_> = accounts
                .filter(|id| !self.settings.accounts.contains_key(*id) && self.names.known.get(id).is_none())
                .collect();
            let now = Instant::now();
            let deadline = (now + WAIT).min(budget.deliver - NEEDED.min(budget.deliver - now));
            let asked = accounts.into_iter().take(ACCOUNTS);
            let asked = join_all(asked.map(|id| timeout_at(deadline, self.ask(id)))).await;
            if asked.iter().any(|asked| !matches!(asked, Ok(Ok(())))) {
                self.names.pause();
            }
        }
        for item in items {
            let accounts = item.notice.accounts().into_iter();
            let named = accounts.filter_map(|id| Some((id.to_owned(), self.names.known.get(id)??)));
            item.notice.source.accounts = named.collect();
        }
    }

    async fn ask(&self, id: &str) -> Result<(), AwsError> {
        let aws = self.network.aws();
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
        self.names.known.insert(id, name);
        Ok(())
    }
}
