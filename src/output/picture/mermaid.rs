//! A picture as Mermaid, which GitHub, GitLab and most wikis render in Markdown.
//! <https://mermaid.js.org/syntax/flowchart.html>

use std::collections::BTreeMap;

use super::{Picture, paint};

/// The text of a flowchart.
pub fn mermaid(picture: &Picture) -> String {
    let mut text = String::from("flowchart LR\n");
    let mut sorts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (at, part) in picture.boxes.iter().enumerate() {
        let lines = [
            format!("<small>{}</small>", escaped(&part.sort)),
            format!("<b>{}</b>", escaped(&part.title)),
        ];
        let detail = part.detail.as_deref().map(escaped);
        let label = lines.into_iter().chain(detail).collect::<Vec<_>>().join("<br/>");
        text.push_str(&format!("  n{at}[\"{label}\"]\n"));
        sorts.entry(&part.sort).or_default().push(format!("n{at}"));
    }
    for (from, to, arrow) in picture.arrows_by_place() {
        let label = arrow
            .label
            .as_deref()
            .map(|label| format!("|\"{}\"|", escaped(label)));
        text.push_str(&format!("  n{from} -->{} n{to}\n", label.unwrap_or_default()));
    }
    for (number, (sort, members)) in sorts.into_iter().enumerate() {
        let paint::Paint { fill, line } = paint::of(sort);
        text.push_str(&format!(
            "  classDef s{number} fill:{fill},stroke:{line},color:#1f2733\n"
        ));
        text.push_str(&format!("  class {} s{number}\n", members.join(",")));
    }
    text
}

/// Escapes text between quotes. Mermaid uses entity codes instead of a backslash.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' | '#' | '<' | '>' | '&' | '`' | ';' | '\\' | '*' | '_' | '~' => {
                escaped.push_str(&format!("#{};", u32::from(character)));
            }
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}
