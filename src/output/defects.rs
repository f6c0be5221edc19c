//! What is wrong with the alerts of an account, for people.

use super::style;
use crate::operate::import::{Defect, Imported, Sort};

/// Maximum number of names shown in one line that says the same of all of them.
const NAMED: usize = 10;

/// The defects by sort; an empty text if there are none.
pub fn text(defects: &[Defect]) -> String {
    let mut lines = Vec::new();
    let mut sorts: Vec<Sort> = defects.iter().map(|defect| defect.sort).collect();
    sorts.dedup();
    for sort in sorts {
        let these: Vec<&Defect> = defects.iter().filter(|defect| defect.sort == sort).collect();
        let style = style::WARNING;
        lines.push(format!("{style}{}{style:#}: {}", sort.title(), these.len()));
        let mut alike: Vec<(&Defect, Vec<String>)> = Vec::new();
        for defect in these {
            let name = format!("`{}`", shown(&defect.name));
            let says_same = |one: &&Defect| {
                (one.what, &one.message, &one.help) == (defect.what, &defect.message, &defect.help)
            };
            match alike.iter_mut().find(|(one, _)| says_same(one)) {
                Some((_, names)) => names.push(name),
                None => alike.push((defect, vec![name])),
            }
        }
        for (defect, names) in alike {
            let several = if names.len() > 1 { "s" } else { "" };
            let more = match names.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let named = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
            let Defect {
                what, message, help, ..
            } = defect;
            lines.push(format!("  {what}{several} {named}{more}: {message}; {help}"));
        }
    }
    lines.join("\n")
}

/// A name on one line.
fn shown(name: &str) -> String {
    name.chars()
        .flat_map(|c| match c.is_control() {
            true => c.escape_debug().collect::<Vec<_>>(),
            false => vec![c],
        })
        .collect()
}

/// The whole in one line.
pub fn summary(imported: &Imported) -> String {
    let Imported {
        alarms,
        rules,
        topics,
        left_out,
        defects,
        ..
    } = imported;
    let many = |count: usize, one: &str, several: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {several}"),
    };
    format!(
        "{}, {} and {} in the file, {} left out; {}",
        many(*alarms, "alarm", "alarms"),
        many(*rules, "rule", "rules"),
        many(*topics, "topic", "topics"),
        many(left_out.len(), "thing", "things"),
        many(defects.len(), "defect", "defects"),
    )
}
