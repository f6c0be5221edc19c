//! What a warm function has already done.

use sha2::{Digest, Sha256};
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Enough for an alert storm; an entry takes about 50 bytes.
const CAPACITY: usize = 10_000;

/// Remembers the last 10,000 names for as long as Lambda keeps the process.
#[derive(Default)]
pub(super) struct Seen(Mutex<Names>);

#[derive(Default)]
struct Names {
    known: HashSet<u128>,
    /// The same digests, from the oldest to the newest.
    order: VecDeque<u128>,
}

impl Seen {
    pub fn contains(&self, name: &str) -> bool {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.known.contains(&digest(name))
    }

    pub fn insert(&self, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = digest(name);
        if !names.known.insert(digest) {
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
        let seen = Seen::default();
        assert!(!seen.contains("0"));
        for number in 0..=CAPACITY {
            seen.insert(&number.to_string());
            seen.insert(&number.to_string());
        }
        assert!(!seen.contains("0") && seen.contains("1") && seen.contains(&CAPACITY.to_string()));
    }
}
