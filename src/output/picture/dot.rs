//! A picture in Graphviz's language. <https://graphviz.org/doc/info/lang.html>

use super::{Picture, paint};

/// The text of a digraph.
pub fn dot(picture: &Picture) -> String {
    let mut text = format!("digraph {} {{\n", quoted(&picture.title));
    text.push_str("  rankdir=LR\n");
    text.push_str("  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica,Arial,sans-serif\"]\n");
    text.push_str("  edge [fontname=\"Helvetica,Arial,sans-serif\", fontsize=10]\n");
    for part in &picture.boxes {
        let lines = [Some(&part.sort), Some(&part.title), part.detail.as_ref()];
        let label: Vec<_> = lines.into_iter().flatten().map(|line| escaped(line)).collect();
        let paint::Paint { fill, line } = paint::of(&part.sort);
        text.push_str(&format!(
            "  {} [label=\"{}\", fillcolor=\"{fill}\", color=\"{line}\"]\n",
            quoted(&part.id),
            label.join("\\n"),
        ));
    }
    for (.., arrow) in picture.arrows_by_place() {
        let label = arrow
            .label
            .as_deref()
            .map(|label| format!("label={}, ", quoted(label)));
        text.push_str(&format!(
            "  {} -> {} [{}color=\"{}\"]\n",
            quoted(&arrow.from),
            quoted(&arrow.to),
            label.unwrap_or_default(),
            paint::strand(arrow.strand),
        ));
    }
    text + "}\n"
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Escapes text between quotes, where Graphviz replaces sequences that begin with a backslash (`\N`, `\G`).
fn escaped(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    plain.replace('\\', "\\\\").replace('"', "\\\"")
}
