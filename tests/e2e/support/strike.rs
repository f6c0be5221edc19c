//! Identifies one request among all requests of a command, and signals the command at it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::process::{Pid, Signal, kill_process};

use super::proxy::Act;

/// One request of a command: its action, and its number among the requests with that action. Concurrent requests
/// arrive in a different order each time, so their overall position identifies none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    pub action: String,
    pub nth: usize,
}

impl Request {
    pub fn all(actions: &[String]) -> Vec<Self> {
        let nth = |(index, action): (usize, &String)| Self {
            action: action.clone(),
            nth: actions[..index].iter().filter(|before| *before == action).count(),
        };
        actions.iter().enumerate().map(nth).collect()
    }

    /// True when the call that just came in is this one.
    pub fn comes(&self) -> impl Fn(usize, &str) -> bool + Send + Sync + use<> {
        let (this, seen) = (self.clone(), AtomicUsize::new(0));
        move |_, action| action == this.action && seen.fetch_add(1, Ordering::SeqCst) == this.nth
    }

    /// The service's prefix in IAM's actions, such as `sns`.
    pub fn service(&self) -> &str {
        let (service, _) = self.action.split_once(':').unwrap();
        service
    }

    pub fn writes(&self) -> bool {
        let (_, operation) = self.action.split_once(':').unwrap();
        let reads = ["Get", "List", "Describe"];
        !reads.iter().any(|verb| operation.starts_with(verb))
    }

    /// Reads are repeated until something becomes visible, so their number varies.
    pub fn is_certain(&self) -> bool {
        self.nth == 0 || self.writes()
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.action, self.nth + 1)
    }
}

/// Sends signals to a command once it runs.
#[derive(Clone, Default)]
pub struct Signaller(Arc<OnceLock<u32>>);

impl Signaller {
    /// The command runs as the process with this id.
    pub fn runs(&self, id: u32) {
        self.0.set(id).unwrap();
    }

    pub fn send(&self, signal: Signal) -> Act {
        let id = self.0.clone();
        Arc::new(move || {
            let id = i32::try_from(*id.wait()).unwrap();
            kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
        })
    }
}
