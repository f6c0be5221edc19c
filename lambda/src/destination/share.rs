//! What a message loses first if it is too long for a destination.

/// The smallest part of its space that a text gets.
const SMALLEST: usize = 64;

/// Each text of a kind gets one of so many parts of its space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shares {
    pub json: usize,
    pub prose: usize,
    pub facts: usize,
}

impl Shares {
    pub const WHOLE: Self = Self {
        json: 1,
        prose: 1,
        facts: 1,
    };

    /// All of them, the most generous first: JSON gets shorter first, then prose, and the values of facts last.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::successors(Some(Self::WHOLE), |last| {
            Some(match *last {
                Self { json, .. } if json < SMALLEST => Self {
                    json: 2 * json,
                    ..*last
                },
                Self { prose, .. } if prose < SMALLEST => Self {
                    prose: 2 * prose,
                    ..*last
                },
                Self { facts, .. } if facts < SMALLEST => Self {
                    facts: 2 * facts,
                    ..*last
                },
                _ => return None,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_gets_shorter_first_and_facts_last() {
        let all: Vec<_> = Shares::all()
            .map(|shares| (shares.json, shares.prose, shares.facts))
            .collect();
        assert_eq!((all.len(), all[0], all[1]), (19, (1, 1, 1), (2, 1, 1)));
        assert_eq!((all[7], all[13]), ((64, 2, 1), (64, 64, 2)));
        assert_eq!(all[18], (64, 64, 64));
    }
}
