//! Adds the names of accounts to messages, before these are sent: an alert waits for them only a moment.

use super::dispatcher::Dispatcher;
use super::time::Budget;
use crate::item::Item;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long an alert waits for names.
const WAIT: Duration = Duration::from_secs(1);
/// Time that the alert itself needs; with less time left, nothing is asked.
const NEEDED: Duration = Duration::from_secs(3);
/// How long nothing is asked after a failure: no alert waits for what others did not get.
const PAUSE: Duration = Duration::from_secs(5 * 60);
/// The same after a denial, longer than a process lives: each one is an event, and an alarm on these would ask again.
const DENIED: Duration = Duration::from_secs(24 * 60 * 60);
/// Most accounts of an invocation that are asked for, since all functions of the organization share a rate.
const ACCOUNTS: usize = 10;

impl Dispatcher {
    /// Adds the names of the accounts that the messages are about, in a stack that Organizations answers.
    pub async fn find_names<'a>(&self, items: impl Iterator<Item = &'a mut Item>, budget: Budget) {
        if !self.settings.account_names {
            return;
        }
        let items: Vec<_> = items.filter(|item| item.muted.is_none()).collect();
        if !self.names.is_paused() {
            let accounts = items.iter().flat_map(|item| item.notice.accounts());
            let accounts: BTreeSet<_> = accounts
                .filter(|id| !self.settings.accounts.contains_key(*id) && self.names.get(id).is_none())
                .collect();
            let (aws, now) = (self.network.aws(), Instant::now());
            let deadline = (now + WAIT).min(budget.deliver - NEEDED.min(budget.deliver - now));
            let asked = accounts.into_iter().take(ACCOUNTS);
            let asked = join_all(asked.map(|id| timeout_at(deadline, self.names.ask(id, aws)))).await;
            for failed in asked.iter().filter(|asked| !matches!(asked, Ok(Ok(())))) {
                let denied =
                    matches!(failed, Ok(Err(error)) if error.code() == Some("AccessDeniedException"));
                self.names.pause(if denied { DENIED } else { PAUSE });
            }
        }
        for item in items {
            let accounts = item.notice.accounts().into_iter();
            let named = accounts.filter_map(|id| Some((id.to_owned(), self.names.get(id)??)));
            item.notice.source.accounts = named.collect();
        }
    }
}
