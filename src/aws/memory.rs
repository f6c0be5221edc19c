//! What a run has learned of AWS so far.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::deed::Deed;

/// The pause between two messages about the same error code.
const REPEAT: Duration = Duration::from_secs(30);

/// What a run has learned that decides which refusals are temporary. All regions of a stack share it.
#[derive(Default)]
pub struct Memory {
    /// A call was answered, so AWS can be reached.
    answered: Cell<bool>,
    /// The maximum number of attempts for a call, if the user set one.
    most: Cell<Option<u32>>,
    /// IAM said beforehand that the caller has all permissions of the run.
    permitted: Cell<bool>,
    /// The services in which this run changed something.
    changed: RefCell<HashSet<String>>,
    /// When the user was last told about an error code.
    announced: RefCell<HashMap<String, Instant>>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Memory {
    /// Limits the attempts of each call to this number. At least one attempt is made.
    pub fn try_at_most(&self, times: u32) {
        self.most.set(Some(times));
    }

    /// The maximum number of attempts for a call, if the user set one.
    pub(super) fn most(&self) -> Option<u32> {
        self.most.get()
    }

    /// IAM says that the whole run is allowed, so a denial is only temporary.
    pub fn permitted(&self) {
        self.permitted.set(true);
    }

    pub(super) fn is_permitted(&self) -> bool {
        self.permitted.get()
    }

    /// True when this run changed something of `service`, such as `kms`.
    pub(super) fn has_changed(&self, service: &str) -> bool {
        self.changed.borrow().contains(service)
    }

    /// Records that something of `service` was just changed, by this run or by a previous one.
    pub fn changed(&self, service: &str) {
        let mut changed = self.changed.borrow_mut();
        if !changed.contains(service) {
            changed.insert(service.to_owned());
        }
    }

    /// Records that a call was carried out.
    pub(super) fn answered(&self, action: &str) {
        self.answered.set(true);
        if let (Deed::Changes, Some((service, _))) = (Deed::of(action), action.split_once(':')) {
            self.changed(service);
        }
    }

    /// True when a call of the run was answered.
    pub(super) fn is_answered(&self) -> bool {
        self.answered.get()
    }

    /// Whether to tell the user about the code now. Many calls wait for the same reason, and one message is enough.
    pub(super) fn is_news(&self, code: &str) -> bool {
        let mut announced = self.announced.borrow_mut();
        if announced.get(code).is_some_and(|last| last.elapsed() < REPEAT) {
            return false;
        }
        announced.insert(code.to_owned(), Instant::now());
        true
    }
}
