//! On a slow network, tells the user what is being waited for.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long a call may take before the user is told.
const QUIET: Duration = Duration::from_secs(5);
/// The pause between two such lines, because many calls usually wait at the same time.
const BETWEEN: Duration = Duration::from_secs(60);

/// Shows a message to the waiting user, on standard error.
pub type Tell = fn(&str);

/// When the user was last told about waiting in one region.
#[derive(Debug, Default)]
pub(super) struct Patience {
    told: Mutex<Option<Instant>>,
}

impl Patience {
    /// Waits for `call`. Once that takes long, `tell` gets `waiting for ACTION in REGION …`.
    pub(super) async fn with<T>(
        &self,
        tell: Option<Tell>,
        action: &str,
        region: &str,
        call: impl Future<Output = T>,
    ) -> T {
        let Some(tell) = tell else {
            return call.await;
        };
        let mut call = pin!(call);
        tokio::select! {
            biased;
            answer = &mut call => return answer,
            () = sleep(QUIET) => {}
        }
        if self.is_time() {
            tell(&format!("waiting for {action} in {region} …"));
        }
        call.await
    }

    fn is_time(&self) -> bool {
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told.is_none_or(|told| now.duration_since(told) >= BETWEEN);
        if due {
            *told = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    thread_local! {
        static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    fn hear(text: &str) {
        TOLD.with_borrow_mut(|told| told.push(text.to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_wait_is_told_once_however_many_calls_wait() {
        let patience = Patience::default();
        let call = |seconds| {
            let wait = sleep(Duration::from_secs(seconds));
            patience.with(Some(hear), "sts:GetCallerIdentity", "eu-west-1", wait)
        };
        call(4).await;
        assert!(TOLD.take().is_empty());
        tokio::join!(call(6), call(20), call(30));
        assert_eq!(TOLD.take(), ["waiting for sts:GetCallerIdentity in eu-west-1 …"]);
        call(70).await;
        assert!(
            TOLD.take().is_empty(),
            "a line was there less than a minute before"
        );
        call(70).await;
        assert_eq!(TOLD.take().len(), 1);
    }
}
