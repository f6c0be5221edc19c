//! Restores the given order of boxes in a column, as far as this causes no additional crossings of arrows. The
//! layout considers only arrows, and leaves everything else in arbitrary order.

use std::collections::BTreeMap;

/// A placed box; `x` and `y` are its centre.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Place {
    pub fn left(&self) -> f64 {
        self.x - self.width / 2.0
    }

    pub fn right(&self) -> f64 {
        self.x + self.width / 2.0
    }

    pub fn top(&self) -> f64 {
        self.y - self.height / 2.0
    }
}

/// The corners of an arrow.
type Way = Vec<(f64, f64)>;

/// Restores the order of the boxes, and moves their arrows with them.
pub fn restore(boxes: &mut Vec<Place>, ways: &mut Vec<Way>, arrows: &[(usize, usize)]) {
    turn_over(boxes, ways);
    exchange(boxes, ways, arrows);
}

/// Flips the picture vertically if more boxes are above those that were given before them than below.
fn turn_over(boxes: &mut [Place], ways: &mut [Way]) {
    let mut balance = 0;
    for (at, one) in boxes.iter().enumerate() {
        let below_it = boxes[at + 1..].iter().filter(|other| stand_in_line(one, other));
        balance += below_it
            .map(|other| if one.y < other.y { 1 } else { -1 })
            .sum::<i32>();
    }
    if balance < 0 {
        boxes.iter_mut().for_each(|place| place.y = -place.y);
        ways.iter_mut().flatten().for_each(|(_, y)| *y = -*y);
    }
}

fn stand_in_line(one: &Place, other: &Place) -> bool {
    (one.x - other.x).abs() < 1.0
}

/// Boxes of one column with the same height and the same arrows can swap places.
fn exchange(boxes: &mut Vec<Place>, ways: &mut Vec<Way>, arrows: &[(usize, usize)]) {
    let mut alike: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, place) in boxes.iter().enumerate() {
        let going = arrows
            .iter()
            .filter(|(from, _)| *from == at)
            .map(|(_, to)| (true, *to));
        let coming = arrows
            .iter()
            .filter(|(_, to)| *to == at)
            .map(|(from, _)| (false, *from));
        let mut ends: Vec<_> = going.chain(coming).collect();
        ends.sort_unstable();
        let shape = [place.x, place.height].map(|length| length.round() as i64);
        alike.entry((shape, ends)).or_default().push(at);
    }
    // For each box, the box whose place it takes.
    let mut taken: Vec<usize> = (0..boxes.len()).collect();
    for members in alike.values() {
        let mut places = members.clone();
        places.sort_by(|a, b| boxes[*a].y.total_cmp(&boxes[*b].y));
        members
            .iter()
            .zip(places)
            .for_each(|(&member, place)| taken[member] = place);
    }
    let mut between: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (number, ends) in arrows.iter().enumerate() {
        between.entry(*ends).or_default().push(number);
    }
    let way = |(number, ends): (usize, &(usize, usize))| {
        let nth = between[ends].iter().position(|other| *other == number);
        let there = between.get(&(taken[ends.0], taken[ends.1]));
        let number = there.and_then(|there| there.get(nth?)).unwrap_or(&number);
        ways[*number].clone()
    };
    *ways = arrows.iter().enumerate().map(way).collect();
    *boxes = (0..boxes.len())
        .map(|at| Place {
            y: boxes[taken[at]].y,
            ..boxes[at]
        })
        .collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(x: f64, y: f64) -> Place {
        Place {
            x,
            y,
            width: 50.0,
            height: 20.0,
        }
    }

    #[test]
    fn boxes_that_are_alike_stand_as_they_were_given_and_keep_their_arrows() {
        let arrows = [(0, 4), (1, 4), (2, 4), (3, 4), (3, 4)];
        let mut boxes = vec![
            place(0.0, 60.0),
            place(0.0, 0.0),
            place(0.0, 30.0),
            place(0.0, 90.0),
            place(99.0, 45.0),
        ];
        let mut ways: Vec<_> = arrows
            .iter()
            .map(|(from, _)| vec![(50.0, boxes[*from].y)])
            .collect();
        restore(&mut boxes, &mut ways, &arrows);
        let heights: Vec<_> = boxes.iter().map(|place| place.y).collect();
        assert_eq!(heights, [0.0, 30.0, 60.0, 90.0, 45.0]);
        for ((from, _), way) in arrows.iter().zip(&ways) {
            assert_eq!(way[0].1, boxes[*from].y);
        }
    }

    #[test]
    fn what_stands_upside_down_is_turned() {
        let arrows = [(0, 2), (1, 3)];
        let mut boxes = vec![
            place(0.0, 60.0),
            place(0.0, 0.0),
            place(99.0, 60.0),
            place(99.0, 0.0),
        ];
        let mut ways = vec![vec![(50.0, 60.0)], vec![(50.0, 0.0)]];
        restore(&mut boxes, &mut ways, &arrows);
        assert!(boxes[0].y < boxes[1].y && boxes[2].y < boxes[3].y, "{boxes:?}");
        assert_eq!(ways[0][0].1, boxes[0].y);
    }
}
