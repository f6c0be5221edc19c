//! Sets any value of a stack file.

use super::{EditError, parse, replace, splice, trimmed_end};
use crate::stack::file::tree::{Entry, Kind, Node};

/// Sets the value at a path of keys to `value`, which is YAML on one line, and makes the mappings that the path needs.
///
/// # Errors
/// The file is not YAML, or its layout has no one place for the value, as with anchors; or a variable or an element is filled in
/// there.
pub fn set_value(text: &str, path: &[&str], value: &str) -> Result<String, EditError> {
    let (mark, text) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    };
    let before = parse(text)?;
    let fixed = || EditError::Fixed(path.join("."));
    let edited = edit(text, &before, path, value).ok_or_else(fixed)?;
    // With anchors and unusual layouts the spans can be misleading, so the result is checked.
    let mut after = parse(&edited).map_err(|_| fixed())?;
    let wanted = parse(value).map_err(|_| fixed())?;
    let is_set = after.get(path).is_some_and(|set| set.says_same(&wanted));
    let mut expected = before;
    for tree in [&mut expected, &mut after] {
        // With the mappings that were made for it.
        for length in (1..=path.len()).rev() {
            let here = path.get(..length).unwrap_or_default();
            let is_empty = |node: &Node| node.entries().is_empty();
            if length == path.len() || tree.get(here).is_some_and(is_empty) {
                tree.remove(here);
            }
        }
    }
    match is_set && expected.says_same(&after) {
        true => Ok(format!("{mark}{edited}")),
        false => Err(fixed()),
    }
}

/// Whether a file has something at a path, even if that is nothing.
pub fn has_path(text: &str, path: &[&str]) -> bool {
    parse(text).is_ok_and(|tree| tree.get(path).is_some())
}

fn edit(text: &str, tree: &Node, path: &[&str], value: &str) -> Option<String> {
    let known = (0..=path.len()).rev().find(|length| {
        let here = path.get(..*length);
        here.is_some_and(|here| tree.get(here).is_some())
    })?;
    let (here, missing) = path.split_at_checked(known)?;
    let holder = tree.get(here)?;
    let Some((key, inner)) = missing.split_first() else {
        return exchange(text, tree, here, holder, value);
    };
    let value = inner
        .iter()
        .rev()
        .fold(value.to_owned(), |value, key| format!("{{ {key}: {value} }}"));
    match &holder.kind {
        Kind::Map(entries) if !entries.is_empty() => {
            append(text, holder, entries, &format!("{key}: {value}"))
        }
        _ if holder.is_nothing() || matches!(&holder.kind, Kind::Map(_)) => {
            exchange(text, tree, here, holder, &format!("{{ {key}: {value} }}"))
        }
        _ => None,
    }
}

/// Replaces the value at `path`.
fn exchange(text: &str, tree: &Node, path: &[&str], old: &Node, value: &str) -> Option<String> {
    let written = text.get(old.span.clone()).unwrap_or_default();
    // What is filled in would be lost, and so would a comment between the lines of a list.
    let has_comment = written.contains('\n') && written.contains('#');
    if written.contains("${") || written.contains("{each.") || has_comment {
        return None;
    }
    let (key, holder) = path.split_last()?;
    let entry = tree.get(holder)?.entry(key)?;
    replace(text, entry.key_span.end, old, value)
}

/// Adds a key with its value, `pair`, behind the other keys of a mapping.
fn append(text: &str, holder: &Node, entries: &[Entry], pair: &str) -> Option<String> {
    let (first, last) = (entries.first()?, entries.last()?);
    let end = match last.value.span.is_empty() {
        true => last.key_span.end + 1,
        false => trimmed_end(text, last.value.span.start, last.value.span.end)?,
    };
    if text.get(holder.span.start..)?.starts_with('{') {
        return Some(splice(text, end, end, &format!(", {pair}")));
    }
    let line_start = text
        .get(..first.key_span.start)?
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let indent = text.get(line_start..first.key_span.start)?;
    let line_end = end + text.get(end..)?.find('\n').unwrap_or(text.len() - end);
    let content_end = line_end - usize::from(text.get(..line_end)?.ends_with('\r'));
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    Some(splice(
        text,
        content_end,
        content_end,
        &format!("{newline}{indent}{pair}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# ours
stack: a
alarms:   # all of them
  # the first
  cpu:
    threshold: \">= 50\"   # half
    to: [ops]
  db: { preset: rds, to: [ops] }
  lone: { threshold: \">= ${LIMIT}\" }   # of the environment

relay:
";

    fn set(path: &[&str], value: &str) -> String {
        let edited = set_value(FILE, path, value).unwrap_or_else(|error| panic!("{error}"));
        let crlf = set_value(&FILE.replace('\n', "\r\n"), path, value).expect("CRLF");
        assert_eq!(crlf, edited.replace('\n', "\r\n"), "CRLF stays");
        assert_eq!(
            set_value(&edited, path, value).as_ref(),
            Ok(&edited),
            "twice is once"
        );
        edited
    }

    #[test]
    fn a_value_is_exchanged_or_added_where_it_belongs() {
        for (path, value, old, new) in [
            (
                &["alarms", "cpu", "threshold"] as &[&str],
                "\">= 60\"",
                "\">= 50\"",
                "\">= 60\"",
            ),
            (
                &["alarms", "cpu", "to"],
                "[ops, all]",
                "to: [ops]\n  db",
                "to: [ops, all]\n  db",
            ),
            (
                &["alarms", "cpu", "period"],
                "60",
                "    to: [ops]\n",
                "    to: [ops]\n    period: 60\n",
            ),
            (
                &["alarms", "db", "override", "cpu", "period"],
                "60",
                "to: [ops] }\n",
                "to: [ops], override: { cpu: { period: 60 } } }\n",
            ),
            (
                &["alarms", "new", "period"],
                "60",
                "# of the environment\n",
                "# of the environment\n  new: { period: 60 }\n",
            ),
            (
                &["relay", "memory"],
                "256",
                "relay:\n",
                "relay: { memory: 256 }\n",
            ),
            (
                &["key", "rotation"],
                "false",
                "relay:\n",
                "relay:\nkey: { rotation: false }\n",
            ),
        ] {
            assert_eq!(set(path, value), FILE.replace(old, new), "{path:?}");
        }
    }

    #[test]
    fn what_has_no_one_place_is_left_alone() {
        let refused = |path: &[&str]| set_value(FILE, path, "1").expect_err("refused").to_string();
        assert_eq!(
            refused(&["alarms", "lone", "threshold"]),
            "`alarms.lone.threshold` cannot be changed here; write it by hand"
        );
        assert!(set_value(FILE, &["stack", "name"], "1").is_err());
        let commented = "alarms: { a: { to: [ops,   # first\n  all] } }\n";
        assert!(set_value(commented, &["alarms", "a", "to"], "[all]").is_err());
        let anchors = "alarms: { a: &a { period: 60 }, b: *a }\n";
        assert!(set_value(anchors, &["alarms", "b", "period"], "300").is_err());
        assert!(set_value(anchors, &["alarms", "a", "period"], "300").is_err());
        assert!(set_value("{", &["a"], "1").is_err());
    }
}
