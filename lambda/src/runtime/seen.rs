//! What a warm function has already done.

use crate::contract::Verdict;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Enough for an alert storm; an entry takes about 100 bytes, and those who are mentioned.
const CAPACITY: usize = 10_000;

/// Remembers the last 10,000 names, and something about each, for as long as Lambda keeps the process.
pub(super) struct Seen<T = ()>(Mutex<Names<T>>);

struct Names<T> {
    known: HashMap<u128, T>,
    /// The same digests, from the oldest to the newest.
    order: VecDeque<u128>,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self(Mutex::new(Names {
            known: HashMap::new(),
            order: VecDeque::new(),
        }))
    }
}

impl Seen {
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl Seen<Verdict> {
    /// Whether `name` was already shown with a verdict that covers `verdict`: showing it again would add nothing.
    pub fn covers(&self, name: &str, verdict: &Verdict) -> bool {
        self.get(name).is_some_and(|told| told.covers(verdict))
    }

    /// Remembers that `name` was shown with `verdict`, in addition to earlier verdicts.
    pub fn add(&self, name: &str, mut verdict: Verdict) {
        if let Some(told) = self.get(name) {
            verdict.merge(&told);
        }
        self.insert(name, verdict);
    }
}

impl<T: Clone> Seen<T> {
    /// What was remembered for `name`.
    pub fn get(&self, name: &str) -> Option<T> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.known.get(&digest(name)).cloned()
    }

    /// Remembers `about` for `name`, in place of what was remembered for it.
    pub fn insert(&self, name: &str, about: T) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = digest(name);
        if names.known.insert(digest, about).is_some() {
            return;
        }
        names.order.push_back(digest);
        if names.order.len() > CAPACITY
            && let Some(oldest) = names.order.pop_front()
        {
            names.known.remove(&oldest);
        }
    }
}

/// The first half of the SHA-256; a collision of two names is practically impossible.
fn digest(name: &str) -> u128 {
    let digest: [u8; 32] = Sha256::digest(name).into();
    let (half, _) = digest.split_first_chunk().unwrap_or((&[0; 16], &[]));
    u128::from_be_bytes(*half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let seen: Seen = Seen::default();
        assert!(!seen.contains("0"));
        for number in 0..=CAPACITY {
            seen.insert(&number.to_string(), ());
            seen.insert(&number.to_string(), ());
        }
        assert!(!seen.contains("0") && seen.contains("1") && seen.contains(&CAPACITY.to_string()));
    }
}
