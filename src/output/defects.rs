//! What is wrong with the alerts of an account, for people.

use super::style;
use crate::operate::import::{Defect, Sort};

/// Most defects of one sort that are shown one by one, with what to do about each.
const SHOWN: usize = 20;

/// The defects by sort; an empty text if there are none.
pub fn text(defects: &[Defect]) -> String {
    let mut lines = Vec::new();
    let mut sorts: Vec<Sort> = defects.iter().map(|defect| defect.sort).collect();
    sorts.dedup();
    for sort in sorts {
        let these: Vec<&Defect> = defects.iter().filter(|defect| defect.sort == sort).collect();
        let style = style::WARNING;
        lines.push(format!("{style}{}{style:#}: {}", sort.title(), these.len()));
        for Defect {
            what,
            name,
            message,
            help,
            ..
        } in these.iter().take(SHOWN)
        {
            lines.push(format!("  {what} `{}`: {message}; {help}", name.escape_debug()));
        }
        if let Some(more) = these.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            lines.push(format!("  and {more} more (`--output json` has all)"));
        }
    }
    lines.join("\n")
}

/// The whole in one line.
pub fn summary(alarms: usize, topics: usize, left_out: usize, defects: usize) -> String {
    let many = |count: usize, one: &str, several: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {several}"),
    };
    format!(
        "{} and {} in the file, {} left out; {}",
        many(alarms, "alarm", "alarms"),
        many(topics, "topic", "topics"),
        many(left_out, "thing", "things"),
        many(defects, "defect", "defects"),
    )
}
