//! Counts round trips: answers are held until all calls that do not depend on them have been made.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Groups calls into rounds. A round ends when every call of it was carried out and no new call came for a while.
pub struct Rounds {
    quiet: Duration,
    state: Arc<Mutex<State>>,
    /// The round whose answers are being held.
    current: watch::Sender<usize>,
}

struct State {
    round: usize,
    /// Calls of this round that are not carried out yet.
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

    /// Adds a call. Returns its round.
    pub fn enter(&self) -> usize {
        let mut state = self.state.lock().unwrap();
        state.at_work += 1;
        state.last = Instant::now();
        state.round
    }

    /// The call was carried out. Returns when its answer may be sent.
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

    /// Starts again with the first round. No call may be in flight.
    pub fn restart(&self) {
        self.state.lock().unwrap().round = 0;
        self.current.send_replace(0);
    }
}
