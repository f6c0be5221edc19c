//! How much of its long texts a message shows where its whole size is limited.

/// The smallest part of its space that a text gets.
const MAX_SHARE: usize = 64;

/// What each text gets of its space, by what it is: one of so many parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub json: usize,
    pub prose: usize,
    pub facts: usize,
}

impl Room {
    /// The next smaller room: first JSON shrinks, then prose, then facts.
    fn less(mut self) -> Option<Self> {
        let shares = [&mut self.json, &mut self.prose, &mut self.facts];
        let share = shares.into_iter().find(|share| **share < MAX_SHARE)?;
        *share *= 2;
        Some(self)
    }
}

/// What `make` makes with the most room with which it fits, or else with the least.
pub(super) fn fitted<T>(make: impl Fn(Room) -> T, fits: impl Fn(&T) -> bool) -> T {
    let mut room = Room {
        json: 1,
        prose: 1,
        facts: 1,
    };
    loop {
        let made = make(room);
        match room.less() {
            Some(less) if !fits(&made) => room = less,
            _ => return made,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_gives_way_first_and_facts_last() {
        let of = |most: usize| {
            let size = |room: &Room| 6_400 / room.json + 3_200 / room.prose + 1_600 / room.facts;
            let room = fitted(|room| room, |room| size(room) <= most);
            (room.json, room.prose, room.facts)
        };
        assert_eq!(of(11_200), (1, 1, 1));
        assert_eq!(of(8_000), (2, 1, 1));
        assert_eq!(of(4_900), (64, 1, 1));
        assert_eq!(of(3_400), (64, 2, 1));
        assert_eq!(of(1_700), (64, 64, 2));
        // Nothing more can be done.
        assert_eq!(of(1), (64, 64, 64));
    }
}
