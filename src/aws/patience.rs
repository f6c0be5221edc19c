//! On a slow network, tells the user what is being waited for.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long a call may take before the user is told.
const QUIET: Duration = Duration::from_secs(5);
/// The pause between two such lines, because many calls usually wait at the same time.
const BETWEEN: Duration = Duration::from_secs(60);

/// Shows a message to the waiting user, on standard error.
pub type Announce = fn(&str);

/// When the user was last told about waiting in one region.
#[derive(Debug, Default)]
pub(super) struct Patience {
    announced: Mutex<Option<Instant>>,
}

impl Patience {
    /// Waits for `call`. Once that takes long, `announce` gets `waiting for ACTION in REGION …`.
    pub(super) async fn with(
        &self,
        announce: Option<Announce>,
        action: &str,
        region: &str,
        mut call: Pin<&mut dyn Future<Output = ()>>,
    ) {
        let Some(announce) = announce else {
            return call.await;
        };
        tokio::select! {
            biased;
            () = &mut call => return,
            () = sleep(QUIET) => {}
        }
        if self.is_time() {
            announce(&format!("waiting for {action} in {region} …"));
        }
        call.await
    }

    fn is_time(&self) -> bool {
        let now = Instant::now();
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        let due = announced.is_none_or(|announced| now.duration_since(announced) >= BETWEEN);
        if due {
            *announced = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::pin::pin;

    use super::*;

    thread_local! {
        static ANNOUNCED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    fn hear(text: &str) {
        ANNOUNCED.with_borrow_mut(|announced| announced.push(text.to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_wait_is_told_once_however_many_calls_wait() {
        let patience = Patience::default();
        let call = async |seconds| {
            let wait = pin!(sleep(Duration::from_secs(seconds)));
            patience
                .with(Some(hear), "sts:GetCallerIdentity", "eu-west-1", wait)
                .await;
        };
        call(4).await;
        assert!(ANNOUNCED.take().is_empty());
        tokio::join!(call(6), call(20), call(30));
        assert_eq!(
            ANNOUNCED.take(),
            ["waiting for sts:GetCallerIdentity in eu-west-1 …"]
        );
        call(70).await;
        assert!(
            ANNOUNCED.take().is_empty(),
            "a line was there less than a minute before"
        );
        call(70).await;
        assert_eq!(ANNOUNCED.take().len(), 1);
    }
}
