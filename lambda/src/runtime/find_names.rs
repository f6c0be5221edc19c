//! Adds the names of accounts to messages, before these are sent: an alert waits for them only a moment.

use super::dispatcher::Dispatcher;
use super::time::Budget;
use crate::item::Item;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout_at;

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
            let aws = self.network.aws();
            let deadline = budget.before_delivery(WAIT, NEEDED);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::items;
    use crate::{Duty, Settings};
    use serde_json::json;
    use std::net::{SocketAddr, TcpListener};
    use std::sync::{Arc, OnceLock};
    use tokio::time::Instant;

    static SILENT: OnceLock<SocketAddr> = OnceLock::new();

    fn variable(name: &str) -> Option<String> {
        match name {
            "AWS_ENDPOINT_URL" => Some(format!("http://{}", SILENT.get()?)),
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            _ => None,
        }
    }

    /// How long the messages of `accounts` wait, in the time of a clock that moves only when nothing else is left to do.
    async fn waited(dispatcher: &Dispatcher, accounts: &[&str], left: Duration) -> Duration {
        let event = |account: &&str| {
            items(json!({ "account": account, "source": "aws.ec2", "detail-type": "Any", "detail": {} }))
        };
        let mut all: Vec<_> = accounts.iter().flat_map(event).collect();
        let started = Instant::now();
        let budget = Budget {
            started,
            deliver: started + left,
            dead_letter: started + left,
        };
        dispatcher.find_names(all.iter_mut(), budget).await;
        started.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn no_alert_waits_long_for_a_name() {
        // The system takes the connections, and nobody ever answers.
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        SILENT
            .set(silent.local_addr().expect("an address"))
            .expect("set once");
        let mut dispatcher = Dispatcher::from_environment(Duty::Notify, variable).expect("settings");
        dispatcher.settings = Arc::new(Settings {
            account_names: true,
            ..Settings::default()
        });
        let (long, moment) = (Duration::from_secs(60), Duration::from_millis(5));
        // However many names are asked for, it is one second for all of them.
        let accounts = ["111122223333", "222233334444", "333344445555"];
        let first = waited(&dispatcher, &accounts, long).await;
        assert!(
            first > Duration::ZERO && first <= Duration::from_secs(1) + moment,
            "{first:?}"
        );
        // What comes afterwards does not wait for what the first did not get.
        let next = waited(&dispatcher, &["444455556666"], long).await;
        assert_eq!(next, Duration::ZERO);
        // Later it is tried again, and the time for the alert itself is never spent on it.
        tokio::time::advance(PAUSE + moment).await;
        let hurried = waited(&dispatcher, &accounts, NEEDED + Duration::from_millis(200)).await;
        assert!(hurried <= Duration::from_millis(200) + moment, "{hurried:?}");
        tokio::time::advance(PAUSE + moment).await;
        let late = waited(&dispatcher, &accounts, NEEDED).await;
        assert!(late <= moment, "{late:?}");
    }
}
