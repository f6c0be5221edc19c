//! What a warm function has already done.

use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Some days of alerts; 32 bytes each.
const CAPACITY: usize = 1_000;

/// Remembers the last 1,000 names, as long as Lambda keeps the process.
#[derive(Default)]
pub(super) struct Seen(Mutex<VecDeque<[u8; 32]>>);

impl Seen {
    pub fn contains(&self, name: &str) -> bool {
        let digest = digest(name);
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.contains(&digest)
    }

    pub fn insert(&self, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() == CAPACITY {
            names.pop_front();
        }
        names.push_back(digest(name));
    }
}

fn digest(name: &str) -> [u8; 32] {
    Sha256::digest(name).into()
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
        }
        assert!(!seen.contains("0") && seen.contains("1") && seen.contains(&CAPACITY.to_string()));
    }
}
