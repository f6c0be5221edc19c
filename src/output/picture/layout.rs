//! Places the boxes of a picture and routes its arrows: dagre's layered layout.

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir, layout};

use super::order::{Place, restore};

/// A box to be placed, in pixels.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub width: f64,
    pub height: f64,
    pub column: Option<usize>,
}

/// The result of [`lay_out`].
pub struct Laid {
    pub width: f64,
    pub height: f64,
    pub boxes: Vec<Place>,
    /// The corners of each arrow, from the right side of one box to the left side of the other. Between the
    /// first two corners, the next two and so on the arrow is horizontal, so that it touches no box that it
    /// passes.
    pub arrows: Vec<Vec<(f64, f64)>>,
}

const MARGIN: f64 = 24.0;
/// The share of a box's side that arrows may use.
const PORTS: f64 = 0.7;

/// Places the boxes, and the arrows between them, which are pairs of box indices.
pub fn lay_out(sizes: &[Size], arrows: &[(usize, usize)]) -> Laid {
    let mut graph = Graph::with_options(GraphOptions {
        directed: true,
        multigraph: true,
        compound: false,
    });
    for (at, size) in sizes.iter().enumerate() {
        let label = NodeLabel {
            width: size.width,
            height: size.height,
            ..NodeLabel::default()
        };
        graph.set_node(at.to_string(), Some(label));
    }
    // Unconnected parts would all begin at the left, whatever their column, so an invisible node connects them.
    let origin = "origin".to_owned();
    graph.set_node(origin.clone(), Some(NodeLabel::default()));
    for (at, column) in leftmost(sizes, arrows) {
        let label = EdgeLabel {
            minlen: length(column + 1),
            weight: 0,
            ..EdgeLabel::default()
        };
        graph.set_edge(origin.clone(), at.to_string(), Some(label), None);
    }
    for (number, &(from, to)) in arrows.iter().enumerate() {
        let columns = match (sizes[from].column, sizes[to].column) {
            (Some(from), Some(to)) => to.saturating_sub(from).max(1),
            _ => 1,
        };
        let label = EdgeLabel {
            minlen: length(columns),
            ..EdgeLabel::default()
        };
        graph.set_edge(
            from.to_string(),
            to.to_string(),
            Some(label),
            Some(&number.to_string()),
        );
    }
    let options = LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: 18.0,
        edgesep: 12.0,
        ranksep: 44.0,
        ..LayoutOptions::default()
    };
    layout(&mut graph, Some(options));

    let mut boxes: Vec<_> = (0..sizes.len())
        .map(|at| {
            let label = graph.node(&at.to_string());
            Place {
                x: label.and_then(|label| label.x).unwrap_or_default(),
                y: label.and_then(|label| label.y).unwrap_or_default(),
                width: sizes[at].width,
                height: sizes[at].height,
            }
        })
        .collect();
    let between = |number: usize, (from, to): (usize, usize)| -> Vec<(f64, f64)> {
        let edge = graph.edge(&from.to_string(), &to.to_string(), Some(&number.to_string()));
        let points = edge.map(|label| label.points.as_slice());
        let points = points.unwrap_or_default();
        // Without the first and the last point, which are on the boxes.
        let inner = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
        inner.iter().map(|point| (point.x, point.y)).collect()
    };
    let mut ways: Vec<_> = arrows
        .iter()
        .enumerate()
        .map(|(number, ends)| between(number, *ends))
        .collect();
    restore(&mut boxes, &mut ways, arrows);
    shift(&mut boxes, &mut ways);
    let corners = corners(&boxes, arrows, &ways);
    let right = boxes.iter().map(Place::right).fold(0.0, f64::max);
    let lowest_box = boxes
        .iter()
        .map(|place| place.top() + place.height)
        .fold(0.0, f64::max);
    let lowest = ways
        .iter()
        .flatten()
        .map(|point| point.1)
        .fold(lowest_box, f64::max);
    Laid {
        width: right + MARGIN,
        height: lowest + MARGIN,
        boxes,
        arrows: corners,
    }
}

/// For each connected group of boxes the leftmost one, with its column.
fn leftmost(sizes: &[Size], arrows: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut group: Vec<usize> = (0..sizes.len()).collect();
    for &(from, to) in arrows {
        let (kept, gone) = (group[from], group[to]);
        group
            .iter_mut()
            .filter(|one| **one == gone)
            .for_each(|one| *one = kept);
    }
    let first = |&name: &usize| {
        let members = (0..sizes.len()).filter(|&at| group[at] == name);
        let placed = members.filter_map(|at| Some((sizes[at].column?, at)));
        placed.min().map(|(column, at)| (at, column))
    };
    let names = (0..sizes.len()).filter(|&at| group.contains(&at));
    names.collect::<Vec<_>>().iter().filter_map(first).collect()
}

/// The number of columns between the ends of an arrow.
fn length(columns: usize) -> i32 {
    i32::try_from(columns).unwrap_or(1)
}

/// Moves everything so that there is a margin on the left and at the top.
fn shift(boxes: &mut [Place], ways: &mut [Vec<(f64, f64)>]) {
    let left = boxes.iter().map(Place::left).fold(f64::INFINITY, f64::min);
    let top = boxes.iter().map(Place::top).fold(f64::INFINITY, f64::min);
    let top = ways.iter().flatten().map(|point| point.1).fold(top, f64::min);
    for place in boxes.iter_mut() {
        place.x += MARGIN - left;
        place.y += MARGIN - top;
    }
    for (x, y) in ways.iter_mut().flatten() {
        *x += MARGIN - left;
        *y += MARGIN - top;
    }
}

/// The corners of each arrow.
fn corners(boxes: &[Place], arrows: &[(usize, usize)], ways: &[Vec<(f64, f64)>]) -> Vec<Vec<(f64, f64)>> {
    let starts = ports(boxes, arrows, |number| {
        let (from, to) = arrows[number];
        (from, ways[number].first().map_or(boxes[to].y, |point| point.1))
    });
    let ends = ports(boxes, arrows, |number| {
        let (from, to) = arrows[number];
        (to, ways[number].last().map_or(boxes[from].y, |point| point.1))
    });
    // Boxes of a rank are below each other; the widest one determines the column's width.
    let half = |x: f64| {
        let column = boxes.iter().filter(|place| (place.x - x).abs() < 1.0);
        column.map(|place| place.width / 2.0).fold(0.0, f64::max)
    };
    let way = |(number, &(from, to)): (usize, &(usize, usize))| {
        let (source, target) = (&boxes[from], &boxes[to]);
        let mut corners = vec![
            (source.right(), starts[number]),
            (source.x + half(source.x), starts[number]),
        ];
        for &(x, y) in &ways[number] {
            let half = half(x);
            // Between columns there is no box to avoid, so a bend there would be useless.
            if half > 0.0 {
                corners.extend([(x - half, y), (x + half, y)]);
            }
        }
        corners.extend([
            (target.x - half(target.x), ends[number]),
            (target.left(), ends[number]),
        ]);
        corners
    };
    arrows.iter().enumerate().map(way).collect()
}

/// The height at which each arrow touches its box: in the order of the boxes at the other ends.
fn ports(boxes: &[Place], arrows: &[(usize, usize)], end: impl Fn(usize) -> (usize, f64)) -> Vec<f64> {
    let mut heights = vec![0.0; arrows.len()];
    for (at, place) in boxes.iter().enumerate() {
        let mut here: Vec<_> = (0..arrows.len()).filter(|&number| end(number).0 == at).collect();
        here.sort_by(|&a, &b| end(a).1.total_cmp(&end(b).1));
        let step = place.height * PORTS / here.len().max(1) as f64;
        for (order, &number) in here.iter().enumerate() {
            heights[number] = place.y + step * (order as f64 - (here.len() - 1) as f64 / 2.0);
        }
    }
    heights
}
