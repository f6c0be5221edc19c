//! A picture as self-contained SVG: no script, no font, no address.

use unicode_width::UnicodeWidthChar as _;

use super::layout::{Size, lay_out};
use super::order::Place;
use super::{Arrow, Part, Picture, paint};

/// Space between the line of a box and its text.
const PADDING: f64 = 12.0;
/// Widest text: a longer one ends in an ellipsis, and its tooltip shows it in full.
const WIDEST: f64 = 220.0;
/// For the kind, the title and the detail: font size, and distance from the line before.
const SORT: (f64, f64) = (10.0, 17.0);
const TITLE: (f64, f64) = (13.0, 16.0);
const DETAIL: (f64, f64) = (11.0, 15.0);
const BELOW: f64 = 9.0;
/// Height for each arrow on one side of a box, and the limit for all arrows of a box.
const ARROW: f64 = 11.0;
const ARROWS: f64 = 220.0;

const STYLE: &str = "text{font-family:Verdana,'DejaVu Sans','Noto Sans',sans-serif;fill:#1f2733}\
.s{font-size:10px;fill:#5c6b80}.t{font-size:13px;font-weight:bold}.d{font-size:11px;fill:#3c4757}\
path{fill:none;stroke-width:1.5}.box:hover rect{stroke-width:2.5}path:hover{stroke-width:3}";

/// The text of an SVG file.
pub fn svg(picture: &Picture) -> String {
    let parts: Vec<_> = picture.boxes.iter().map(Shown::of).collect();
    let arrows: Vec<_> = picture.arrows_by_place().collect();
    let ends: Vec<_> = arrows.iter().map(|&(from, to, _)| (from, to)).collect();
    let laid = lay_out(&sizes(&parts, &ends), &ends);
    let (width, height) = (laid.width.ceil(), laid.height.ceil());
    let title = escaped(&picture.title);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
         {height}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n<style>{STYLE}</style>\n<rect \
         width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#ffffff\"/>\n"
    );
    for (corners, (.., arrow)) in laid.arrows.iter().zip(&arrows) {
        text.push_str(&drawn(corners, arrow));
    }
    for (place, part) in laid.boxes.iter().zip(&parts) {
        text.push_str(&part.drawn(place));
    }
    text + "</svg>\n"
}

/// The sizes of the boxes: all boxes of a column are equally wide, and a box with many arrows is high enough
/// for them.
fn sizes(parts: &[Shown<'_>], ends: &[(usize, usize)]) -> Vec<Size> {
    let widest = |column: usize| {
        let column = parts.iter().filter(|other| other.size.column == Some(column));
        column.map(|other| other.size.width).fold(0.0, f64::max)
    };
    let size = |(at, part): (usize, &Shown<'_>)| {
        let coming = ends.iter().filter(|&&(_, to)| to == at).count();
        let going = ends.iter().filter(|&&(from, _)| from == at).count();
        let needed = coming.max(going) as f64 * ARROW;
        Size {
            width: part.size.column.map_or(part.size.width, widest),
            height: part.size.height.max(needed.min(ARROWS)),
            ..part.size
        }
    };
    parts.iter().enumerate().map(size).collect()
}

/// A box with its text and size.
struct Shown<'a> {
    part: &'a Part,
    lines: Vec<Line>,
    size: Size,
}

/// A line of text in a box.
struct Line {
    class: &'static str,
    text: String,
    /// Distance from the top of the box to the text's baseline.
    baseline: f64,
}

impl<'a> Shown<'a> {
    fn of(part: &'a Part) -> Self {
        let written = [
            ("s", SORT, Some(&part.sort)),
            ("t", TITLE, Some(&part.title)),
            ("d", DETAIL, part.detail.as_ref()),
        ];
        let (mut baseline, mut widest) = (0.0, 0.0_f64);
        let mut lines = Vec::new();
        for (class, (size, step), text) in written {
            let Some(text) = text else { continue };
            baseline += step;
            let (text, width) = fitted(text, size, class == "t");
            widest = widest.max(width);
            lines.push(Line {
                class,
                text,
                baseline,
            });
        }
        let size = Size {
            width: widest + 2.0 * PADDING,
            height: baseline + BELOW,
            column: part.column,
        };
        Self { part, lines, size }
    }

    fn drawn(&self, place: &Place) -> String {
        let paint::Paint { fill, line } = paint::of(&self.part.sort);
        let line = match self.part.strand {
            Some(_) => paint::strand(self.part.strand),
            None => line,
        };
        let (left, top) = (place.left(), place.top());
        let whole = [Some(&self.part.title), self.part.detail.as_ref()];
        let whole: Vec<_> = whole.into_iter().flatten().map(|text| escaped(text)).collect();
        let mut text = format!(
            "<g class=\"box\"><title>{}</title><rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" \
             height=\"{:.1}\" rx=\"6\" fill=\"{fill}\" stroke=\"{line}\" stroke-width=\"1.5\"/>",
            whole.join(" – "),
            place.width,
            place.height,
        );
        let middle = (place.height - self.size.height) / 2.0;
        for line in &self.lines {
            let (x, y) = (left + PADDING, top + middle + line.baseline);
            let shown = escaped(&line.text);
            text.push_str(&format!(
                "<text class=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\">{shown}</text>",
                line.class
            ));
        }
        text + "</g>\n"
    }
}

/// A line through the corners, with its arrowhead: horizontal within each pair of corners, curved from one pair
/// to the next.
fn drawn(corners: &[(f64, f64)], arrow: &Arrow) -> String {
    const TIP: f64 = 7.0;
    let [(x, y), .., (end, height)] = *corners else {
        return String::new();
    };
    let mut path = format!("M{x:.1} {y:.1}");
    let last = corners.len() - 1;
    for (at, &(x, y)) in corners.iter().enumerate().skip(1) {
        let x = if at == last { x - TIP } else { x };
        if at % 2 == 1 {
            path.push_str(&format!("H{x:.1}"));
        } else {
            let (before, level) = corners[at - 1];
            let middle = f64::midpoint(before, x);
            path.push_str(&format!(
                "C{middle:.1} {level:.1} {middle:.1} {y:.1} {x:.1} {y:.1}"
            ));
        }
    }
    let color = paint::strand(arrow.strand);
    let carried = arrow.label.as_deref().map(|label| format!(" ({label})"));
    let title = escaped(&format!(
        "{} → {}{}",
        arrow.from,
        arrow.to,
        carried.unwrap_or_default()
    ));
    format!(
        "<g><title>{title}</title><path d=\"{path}\" stroke=\"{color}\"/><polygon points=\"{end:.1},{height:.1} \
         {:.1},{:.1} {:.1},{:.1}\" fill=\"{color}\"/></g>\n",
        end - TIP - 1.0,
        height - 3.5,
        end - TIP - 1.0,
        height + 3.5,
    )
}

/// The part of a text that fits into [`WIDEST`], and its width.
fn fitted(text: &str, size: f64, bold: bool) -> (String, f64) {
    let text: String = text
        .chars()
        .map(|one| if one.is_control() { ' ' } else { one })
        .collect();
    let width = |text: &str| text.chars().map(|one| advance(one, bold)).sum::<f64>() * size;
    let whole = width(&text);
    if whole <= WIDEST {
        return (text, whole);
    }
    let mut kept = text;
    while !kept.is_empty() && width(&kept) + advance('…', bold) * size > WIDEST {
        kept.pop();
    }
    let kept = format!("{}…", kept.trim_end());
    let width = width(&kept);
    (kept, width)
}

/// The advance width of a character in font sizes, as in Verdana and DejaVu Sans. These are the widest fonts
/// that may be used, so the text is never wider than its box.
fn advance(character: char, bold: bool) -> f64 {
    let advance = match character {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.39,
        ' ' | 'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '\\' | '-' => 0.46,
        'm' | 'M' | 'w' | 'W' | '%' | '@' | '…' | '—' => 1.08,
        '+' | '<' | '>' | '=' | '~' | '^' | '#' | '&' => 0.84,
        'A'..='Z' => 0.80,
        character if character.is_ascii() => 0.65,
        // Korean, Chinese, Japanese, and emoji.
        character => match character.width() {
            Some(2) => 1.4,
            Some(0) | None => 0.0,
            Some(_) => 0.9,
        },
    };
    if bold { advance * 1.12 } else { advance }
}

/// Escapes text for XML. Characters that XML cannot represent are removed by [`fitted`], or become a space
/// here.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(' '),
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}
