//! Writes values into a stack file, such as the ciphertext of a channel's address, and leaves every other byte unchanged.

use super::tree::{Entry, Kind, Node};
use super::{parse, secret};

mod value;

pub use value::{has_path, set_value};

/// Why the file was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The file cannot be read as YAML.
    #[error("the stack file is not YAML: {0}; run `alertctl validate`")]
    Syntax(String),
    /// No such channel.
    #[error("the stack file has no channel `{0}`")]
    NoChannel(String),
    /// The same for any other value.
    #[error("`{0}` cannot be changed here; write it by hand")]
    Fixed(String),
    /// The text to write is not a ciphertext.
    #[error("what should be written is not a ciphertext in base64")]
    NotCiphertext,
    /// An anchor, an alias or a layout that cannot be changed in one place.
    #[error("the address of `{0}` cannot be changed here; write `{{ encrypted: … }}` by hand")]
    Unsupported(String),
}

/// Sets the value at `place` in a channel, such as `webhook`, to `{ encrypted: <ciphertext>, for: <function> }`.
pub fn set_address(
    text: &str,
    channel: &str,
    place: &[&str],
    ciphertext: &str,
    function: &str,
) -> Result<String, EditError> {
    if !secret::is_ciphertext(ciphertext) {
        return Err(EditError::NotCiphertext);
    }
    let (mark, text) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    };
    let before = parse(text)?;
    let pairs = [
        ("encrypted", ciphertext.to_owned()),
        ("for", plain_or_quoted(function)),
    ];
    let value = format!(
        "{{ {} }}",
        pairs
            .each_ref()
            .map(|(key, text)| format!("{key}: {text}"))
            .join(", ")
    );
    let unsupported = || EditError::Unsupported(channel.to_owned());
    let (key, holder) = place.split_last().ok_or_else(unsupported)?;
    let path = [&["channels", channel], holder].concat();

    let entry = before
        .get(&["channels"])
        .and_then(|channels| channels.entry(channel))
        .ok_or_else(|| EditError::NoChannel(channel.to_owned()))?;
    let entry = holder
        .iter()
        .try_fold(entry, |entry, key| entry.value.entry(key))
        .ok_or_else(unsupported)?;
    let edited = match (&entry.value.kind, entry.value.entry(key)) {
        (_, Some(old)) => replace(text, old.key_span.end, &old.value, &value)
            .or_else(|| replace_scalars(text, &old.value, &pairs)),
        (Kind::Map(entries), None) if !entries.is_empty() => {
            insert(text, &entry.value, entries, &format!("{key}: {value}"))
        }
        // The channel is empty: `project:` or `project: {}`.
        _ => replace(
            text,
            entry.key_span.end,
            &entry.value,
            &format!("{{ {key}: {value} }}"),
        ),
    }
    .ok_or_else(unsupported)?;

    // With anchors and unusual layouts the spans can be misleading, so the result is checked.
    let mut expected = before.clone();
    let mut after = parse(&edited).map_err(|_| unsupported())?;
    let written = [path.as_slice(), &[*key]].concat();
    let is_set = after.get(&written).is_some_and(|address| {
        let says = |key: &str, value: &str| {
            address
                .entry(key)
                .is_some_and(|entry| matches!(&entry.value.kind, Kind::Scalar { text, .. } if text == value))
        };
        address.entries().len() == 2 && says("encrypted", ciphertext) && says("for", function)
    });
    for tree in [&mut expected, &mut after] {
        tree.remove(&written);
        if tree
            .get(&path)
            .is_some_and(|channel| channel.entries().is_empty())
        {
            tree.remove(&path);
        }
    }
    if is_set && expected.says_same(&after) {
        Ok(format!("{mark}{edited}"))
    } else {
        Err(unsupported())
    }
}

fn parse(text: &str) -> Result<Node, EditError> {
    match parse::parse(text) {
        Ok((tree, problems)) => match problems.into_iter().next() {
            None => Ok(tree),
            Some(problem) => Err(EditError::Syntax(problem.message)),
        },
        Err(problem) => Err(EditError::Syntax(problem.message)),
    }
}

/// Replaces the value of a key.
fn replace(text: &str, key_end: usize, old: &Node, value: &str) -> Option<String> {
    let colon = key_end + text.get(key_end..)?.find(':')? + 1;
    if old.span.is_empty() {
        return Some(splice(text, colon, colon, &format!(" {value}")));
    }
    let end = trimmed_end(text, old.span.start, old.span.end)?;
    let between = text.get(colon..old.span.start)?;
    if between.contains('\n') {
        // The old value is a block on separate lines: its lines are removed, comments between key and value
        // stay.
        let line_start = text[..old.span.start].rfind('\n')? + 1;
        let line_end = end
            + text[end..]
                .find('\n')
                .map_or(text.len() - end, |newline| newline + 1);
        let comment = text[end..line_end].trim();
        if !comment.is_empty() || text[old.span.start..end].contains('#') {
            // Comments inside the old value would be lost.
            return None;
        }
        let without = splice(text, line_start, line_end, "");
        return Some(splice(&without, colon, colon, &format!(" {value}")));
    }
    Some(splice(text, old.span.start, end, value))
}

/// Replaces keys and values of a block in place, line by line; if there was only one key, adds the second.
fn replace_scalars(text: &str, old: &Node, pairs: &[(&str, String); 2]) -> Option<String> {
    let entries = old.entries();
    let (first, second) = match entries {
        [first] => (first, None),
        [first, second] => (first, Some(second)),
        _ => return None,
    };
    let line = |(key, value): &(&str, String)| format!("{key}: {value}");
    let exchanged = |text: &str, entry: &Entry, pair: &(&str, String)| {
        let Kind::Scalar { .. } = &entry.value.kind else {
            return None;
        };
        let end = trimmed_end(text, entry.value.span.start, entry.value.span.end)?;
        Some(splice(text, entry.key_span.start, end, &line(pair)))
    };
    // From the end, so that earlier positions stay valid.
    let text = match second {
        Some(second) => exchanged(text, second, &pairs[1])?,
        None => {
            let line_start = text[..first.key_span.start].rfind('\n')? + 1;
            let indent = text.get(line_start..first.key_span.start)?;
            let end = trimmed_end(text, first.value.span.start, first.value.span.end)?;
            let line_end = end + text[end..].find('\n').unwrap_or(text.len() - end);
            let content_end = line_end - usize::from(text[..line_end].ends_with('\r'));
            let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
            splice(
                text,
                content_end,
                content_end,
                &format!("{newline}{indent}{}", line(&pairs[1])),
            )
        }
    };
    exchanged(&text, first, &pairs[0])
}

/// A function's name that YAML reads back as text; `on` and `007` need quotes for that.
fn plain_or_quoted(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.contains(['-', '_']);
    match plain {
        true => name.to_owned(),
        false => format!("\"{name}\""),
    }
}

/// Adds a key with its value, `pair`, to a mapping that has other keys.
fn insert(text: &str, holder: &Node, entries: &[Entry], pair: &str) -> Option<String> {
    let first = entries.first()?;
    if text.get(holder.span.start..)?.starts_with('{') {
        let at = holder.span.start + 1;
        return Some(splice(text, at, at, &format!(" {pair},")));
    }
    let line_start = text[..first.key_span.start]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let indent = text.get(line_start..first.key_span.start)?;
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    Some(splice(
        text,
        line_start,
        line_start,
        &format!("{indent}{pair}{newline}"),
    ))
}

fn splice(text: &str, start: usize, end: usize, new: &str) -> String {
    format!("{}{new}{}", &text[..start], &text[end..])
}

/// The end of a value without the white space that block scalars include.
fn trimmed_end(text: &str, start: usize, end: usize) -> Option<usize> {
    Some(start + text.get(start..end)?.trim_end().len())
}

#[cfg(test)]
mod tests;
