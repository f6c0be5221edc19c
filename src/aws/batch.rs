//! Calls that accept many names: concurrent requests share one call, and each gets the result for its own name.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::fault::{Fault, NO_ANSWER, NOT_SENT, Result};

/// A name, and the sender that reports its result to the waiter.
type Asked = (String, oneshot::Sender<Result<()>>);

/// The names that wait for the next call, by action.
#[derive(Debug, Default)]
pub struct Batches(Mutex<HashMap<&'static str, Arc<Batch>>>);

/// The names that wait for the next call of one action.
#[derive(Debug, Default)]
struct Batch {
    waiting: Mutex<VecDeque<Asked>>,
    /// Held by the task that sends for the others.
    turn: tokio::sync::Mutex<()>,
}

impl Batches {
    /// Uses `send` to make one call for `name` and for all other names that are waiting for `action`, up to `most`.
    ///
    /// A call that may have been refused because of one of its names is split in halves that are sent again. So no
    /// caller gets an error that is about another caller's name.
    pub async fn together(
        &self,
        action: &'static str,
        most: usize,
        name: &str,
        send: impl AsyncFn(Vec<String>) -> Result<()>,
    ) -> Result<()> {
        let batch: Arc<Batch> = {
            let mut batches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            batches.entry(action).or_default().clone()
        };
        let (sender, mut receiver) = oneshot::channel();
        batch.line().push_back((name.to_owned(), sender));
        // Lets all tasks that are ready now enqueue their names before the first call is sent.
        yield_now().await;
        loop {
            tokio::select! {
                biased;
                answer = &mut receiver => {
                    let lost = |_| Err(Fault::new(action, NO_ANSWER, "the call was given up"));
                    return answer.unwrap_or_else(lost);
                }
                _turn = batch.turn.lock() => batch.send(most, &send).await,
            }
        }
    }
}

impl Batch {
    fn line(&self) -> std::sync::MutexGuard<'_, VecDeque<Asked>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the first `most` waiting names, and reports the result to each waiter.
    async fn send(&self, most: usize, send: &impl AsyncFn(Vec<String>) -> Result<()>) {
        let first: Vec<Asked> = {
            let mut line = self.line();
            let count = line.len().min(most);
            line.drain(..count).collect()
        };
        let mut parts = vec![first];
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            let names = part.iter().map(|(name, _)| name.clone()).collect();
            match send(names).await {
                Err(fault) if part.len() > 1 && of_one_name(&fault) => {
                    let rest = part.split_off(part.len() / 2);
                    parts.extend([rest, part]);
                }
                answer => {
                    for (_, sender) in part {
                        // A waiter that was dropped needs no answer.
                        let _ = sender.send(answer.clone());
                    }
                }
            }
        }
    }
}

/// Whether the call might succeed without one of its names.
fn of_one_name(fault: &Fault) -> bool {
    let of_the_call = fault.is(&[NOT_SENT]) || fault.denied() || fault.throttled() || fault.ambiguous();
    !of_the_call
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures::future::join_all;

    use super::*;

    async fn ask(
        names: &[&str],
        most: usize,
        send: impl AsyncFn(&[String]) -> Result<()>,
    ) -> (Vec<Result<()>>, Vec<String>) {
        let batches = Batches::default();
        let calls = RefCell::new(Vec::new());
        let (calls_of, send) = (&calls, &send);
        let asked = names.iter().map(|name| {
            batches.together("cloudwatch:DeleteAlarms", most, name, async move |names| {
                calls_of.borrow_mut().push(names.join(" "));
                send(&names).await
            })
        });
        (join_all(asked).await, calls.take())
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_at_the_same_time_shares_a_call() {
        let slow = async |_: &[String]| {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            Ok(())
        };
        let (answers, calls) = ask(&["a", "b", "c", "d", "e"], 2, slow).await;
        assert_eq!(answers, vec![Ok(()); 5]);
        assert_eq!(calls, ["a b", "c d", "e"]);
    }

    #[tokio::test]
    async fn each_is_told_what_became_of_its_own() {
        let refused = Fault::new("cloudwatch:DeleteAlarms", "ValidationError", "Cannot delete c");
        let one = async |names: &[String]| match names.iter().any(|name| name == "c") {
            true => Err(refused.clone()),
            false => Ok(()),
        };
        let (answers, calls) = ask(&["a", "b", "c", "d"], 100, one).await;
        assert_eq!(answers, [Ok(()), Ok(()), Err(refused.clone()), Ok(())]);
        assert_eq!(calls, ["a b c d", "a b", "c d", "c", "d"]);
    }

    #[tokio::test]
    async fn what_is_refused_whatever_the_names_is_asked_once() {
        for code in [
            "AccessDenied",
            "Throttling",
            "ServiceUnavailable",
            NO_ANSWER,
            NOT_SENT,
        ] {
            let refused = Fault::new("cloudwatch:DeleteAlarms", code, "no");
            let all = async |_: &[String]| Err(refused.clone());
            let (answers, calls) = ask(&["a", "b"], 100, all).await;
            assert_eq!(answers, vec![Err(refused.clone()); 2]);
            assert_eq!(calls, ["a b"], "{code}");
        }
    }
}
