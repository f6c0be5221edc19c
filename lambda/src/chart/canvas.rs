//! Shapes, and the pixels of one row of them: later shapes cover earlier ones, and edges are smooth.

use super::font;
use super::{HEIGHT, WIDTH};

/// How many shades an edge has: with more of them, the picture takes more bytes and looks the same.
const SHADES: f64 = 8.0;

/// Red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour(pub u8, pub u8, pub u8);

/// Column and row, in pixels from the left and the top.
pub(super) type Point = (f64, f64);

/// Lengths of the dashes of a line and of the gaps between them, in pixels.
#[derive(Clone, Copy)]
pub(super) struct Dashes {
    pub on: i32,
    pub off: i32,
}

enum Shape {
    /// From the first column and row to before the second.
    Rectangle {
        x: (i32, i32),
        y: (i32, i32),
    },
    /// Through all points; one point is a dot.
    Line {
        points: Vec<Point>,
        width: f64,
    },
    Text {
        x: i32,
        y: i32,
        text: String,
    },
}

/// A white picture with shapes on it.
#[derive(Default)]
pub(super) struct Canvas {
    shapes: Vec<(Shape, Colour)>,
}

impl Canvas {
    /// Fills the pixels from column `left` and row `top` to before `right` and `bottom`.
    pub fn rectangle(&mut self, left: i32, top: i32, right: i32, bottom: i32, colour: Colour) {
        let shape = Shape::Rectangle {
            x: (left, right),
            y: (top, bottom),
        };
        self.shapes.push((shape, colour));
    }

    /// A dashed horizontal line from column `left` to before `right`, `height` pixels thick from row `top` down.
    pub fn dashed_across(
        &mut self,
        left: i32,
        right: i32,
        top: i32,
        height: i32,
        dashes: Dashes,
        colour: Colour,
    ) {
        for (from, to) in dashes.between(left, right) {
            self.rectangle(from, top, to, top + height, colour);
        }
    }

    /// A dashed vertical line in column `x`, one pixel thick, from row `top` to before `bottom`.
    pub fn dashed_up(&mut self, x: i32, top: i32, bottom: i32, dashes: Dashes, colour: Colour) {
        for (from, to) in dashes.between(top, bottom) {
            self.rectangle(x, from, x + 1, to, colour);
        }
    }

    /// A line with round ends through all points, `width` pixels thick.
    pub fn line(&mut self, points: Vec<Point>, width: f64, colour: Colour) {
        self.shapes.push((Shape::Line { points, width }, colour));
    }

    /// A filled circle with a radius in pixels.
    pub fn dot(&mut self, at: Point, radius: f64, colour: Colour) {
        self.line(vec![at], 2.0 * radius, colour);
    }

    /// One line of text whose upper left corner is in column `x` and row `y`. Characters that the font lacks are blank.
    pub fn text(&mut self, x: i32, y: i32, text: &str, colour: Colour) {
        let text = text.to_owned();
        self.shapes.push((Shape::Text { x, y, text }, colour));
    }

    /// Writes the pixels of a row, three bytes each.
    pub fn row(&self, y: i32, row: &mut [u8]) {
        row.fill(0xff);
        let mut ink = [0.0; WIDTH as usize];
        for (shape, colour) in &self.shapes {
            if shape.ink(y, &mut ink) {
                blend(row, &mut ink, *colour);
            }
        }
    }
}

impl Dashes {
    fn between(self, from: i32, to: i32) -> impl Iterator<Item = (i32, i32)> {
        let starts = (from..to).step_by(usize::try_from(self.on + self.off).unwrap_or(1).max(1));
        starts.map(move |start| (start, (start + self.on).min(to)))
    }
}

impl Shape {
    /// How much of each pixel of a row it covers, from 0 to 1; false if it does not reach the row.
    fn ink(&self, y: i32, ink: &mut [f64]) -> bool {
        match self {
            Self::Rectangle { x, y: rows } => {
                let is_here = (rows.0..rows.1).contains(&y);
                if is_here {
                    columns(ink, x.0, x.1, |_, cover| *cover = 1.0);
                }
                is_here
            }
            Self::Text { x, y: top, text } => {
                let row = y - top;
                let is_here = (0..font::HEIGHT).contains(&row);
                if is_here {
                    for (nth, character) in (0i32..).zip(text.chars()) {
                        let left = x + nth * font::WIDTH;
                        let character = u8::try_from(character).unwrap_or(b' ');
                        columns(ink, left, left + font::WIDTH, |column, cover| {
                            if font::has_ink(character, column - left, row) {
                                *cover = 1.0;
                            }
                        });
                    }
                }
                is_here
            }
            Self::Line { points, width } => {
                let mut is_here = false;
                let mut part = |from: Point, to: Point| {
                    is_here |= stroke(from, to, *width, y, ink);
                };
                match points.as_slice() {
                    [alone] => part(*alone, *alone),
                    more => more.array_windows().for_each(|[from, to]| part(*from, *to)),
                }
                is_here
            }
        }
    }
}

/// Adds to `ink` how much a line with round ends covers of row `y`; false if it does not reach the row.
fn stroke(from: Point, to: Point, width: f64, y: i32, ink: &mut [f64]) -> bool {
    let middle = f64::from(y) + 0.5;
    let reach = width / 2.0 + 0.5;
    if middle < from.1.min(to.1) - reach || middle > from.1.max(to.1) + reach {
        return false;
    }
    let (along, down) = (to.0 - from.0, to.1 - from.1);
    let length = along * along + down * down;
    let first = (from.0.min(to.0) - reach).floor() as i32;
    let last = (from.0.max(to.0) + reach).ceil() as i32;
    columns(ink, first, last, |column, cover| {
        let (x, y) = (f64::from(column) + 0.5 - from.0, middle - from.1);
        let nearest = match length > 0.0 {
            true => ((x * along + y * down) / length).clamp(0.0, 1.0),
            false => 0.0,
        };
        let (over, below) = (x - nearest * along, y - nearest * down);
        let distance = (over * over + below * below).sqrt();
        let covered = (reach - distance).clamp(0.0, 1.0);
        *cover = cover.max((covered * SHADES).round() / SHADES);
    });
    true
}

/// Calls `each` for the columns from `left` to before `right` that are in the picture.
fn columns(ink: &mut [f64], left: i32, right: i32, mut each: impl FnMut(i32, &mut f64)) {
    let (left, right) = (left.clamp(0, WIDTH), right.clamp(0, WIDTH));
    let skipped = usize::try_from(left).unwrap_or_default();
    for (column, cover) in (left..right).zip(ink.iter_mut().skip(skipped)) {
        each(column, cover);
    }
}

/// Mixes `colour` into a row of pixels, as much as `ink` says of each, and sets `ink` to zero again.
fn blend(row: &mut [u8], ink: &mut [f64], colour: Colour) {
    let colour = [colour.0, colour.1, colour.2];
    for (pixel, cover) in row.chunks_exact_mut(3).zip(ink) {
        if *cover > 0.0 {
            for (part, new) in pixel.iter_mut().zip(colour) {
                let mixed = f64::from(*part) * (1.0 - *cover) + f64::from(new) * *cover;
                *part = mixed.round() as u8;
            }
            *cover = 0.0;
        }
    }
}

const _: () = assert!(WIDTH > 0 && HEIGHT > 0);
