//! Round trips, counted: answers are held until all calls that can be made without them have been made.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Calls in rounds. One round is over when every call of it has its answer and none has come for a while.
pub struct Rounds {
    quiet: Duration,
    state: Arc<Mutex<State>>,
    /// The round whose answers are held.
    current: watch::Sender<usize>,
}

struct State {
    round: usize,
    /// Calls of this round that are still being carried out.
    at_work: usize,
    last: Instant,
}

impl Rounds {
    pub fn new(quiet: Duration) -> Self {
        let state = State {
            round: 0,
            at_work: 0,
            last: Instant::now(),
        };
        Self {
            quiet,
            state: Arc::new(Mutex::new(state)),
            current: watch::Sender::new(0),
        }
    }

    /// A call comes; the round it is part of.
    pub fn enter(&self) -> usize {
        let mut state = self.state.lock().unwrap();
        state.at_work += 1;
        state.last = Instant::now();
        state.round
    }

    /// The call is carried out; its answer may go when this ends.
    pub async fn leave(&self) {
        let round = {
            let mut state = self.state.lock().unwrap();
            state.at_work -= 1;
            state.last = Instant::now();
            state.round
        };
        let mut current = self.current.subscribe();
        while *current.borrow_and_update() <= round {
            tokio::select! {
                changed = current.changed() => changed.unwrap(),
                () = tokio::time::sleep(self.quiet / 8) => self.end(round),
            }
        }
    }

    /// Ends `round` if it is over.
    fn end(&self, round: usize) {
        let mut state = self.state.lock().unwrap();
        if state.round == round && state.at_work == 0 && state.last.elapsed() >= self.quiet {
            state.round += 1;
            self.current.send_replace(state.round);
        }
    }

    /// The next round is the first one again; no call is under way.
    pub fn restart(&self) {
        self.state.lock().unwrap().round = 0;
        self.current.send_replace(0);
    }
}
