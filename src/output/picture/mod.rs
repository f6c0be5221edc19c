//! Boxes and arrows, and the three formats to draw them. Nothing here depends on what they stand for.

mod dot;
mod layout;
mod mermaid;
mod order;
mod paint;
mod svg;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;

use serde::Serialize;

/// A directed graph to be drawn from left to right.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// The title of the picture.
    #[serde(skip)]
    pub title: String,
    pub boxes: Vec<Part>,
    pub arrows: Vec<Arrow>,
}

/// A box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its unique name in the picture.
    pub id: String,
    /// The kind of thing, shown above the title; boxes of a kind look alike.
    pub sort: String,
    pub title: String,
    /// A line below the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The column, counted from the left; by default, it follows from the arrows.
    #[serde(skip)]
    pub column: Option<usize>,
    /// If set, the box has the colour of the arrows with this `strand` instead of the colour of its kind.
    #[serde(skip)]
    pub strand: Option<usize>,
}

/// An arrow between two boxes of the picture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Arrow {
    /// Ids of boxes.
    pub from: String,
    pub to: String,
    /// What it carries, or for whom it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Arrows with the same strand continue over several boxes and have their own colour.
    #[serde(skip)]
    pub strand: Option<usize>,
}

impl Picture {
    /// Adds a box, unless it is there already.
    pub fn part(&mut self, part: Part) {
        if !self.boxes.iter().any(|known| known.id == part.id) {
            self.boxes.push(part);
        }
    }

    /// Adds an arrow, unless it is there already.
    pub fn arrow(&mut self, arrow: Arrow) {
        if !self.arrows.contains(&arrow) {
            self.arrows.push(arrow);
        }
    }

    /// The index of a box in `boxes`.
    fn position(&self, id: &str) -> Option<usize> {
        self.boxes.iter().position(|part| part.id == id)
    }

    /// The arrows with the indices of their boxes.
    fn arrows_by_place(&self) -> impl Iterator<Item = (usize, usize, &Arrow)> {
        let placed = |arrow: &'_ Arrow| Some((self.position(&arrow.from)?, self.position(&arrow.to)?));
        self.arrows.iter().filter_map(move |arrow| {
            let (from, to) = placed(arrow)?;
            Some((from, to, arrow))
        })
    }
}

#[cfg(test)]
mod tests;
