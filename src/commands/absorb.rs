//! `alertctl plan --absorb`: writes into the stack file what somebody changed in the account.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::planned::Planned;
use super::{App, files};
use crate::operate::absorb::{Edit, edits};
use crate::output::Failure;
use crate::stack::{Ciphertexts, draft, plain, set_value};

/// What became of the differences.
#[derive(Debug, Default)]
pub struct Absorbed {
    /// File, place in it, and the new value.
    written: Vec<(String, String, String)>,
    /// Differences that no edit says, with the reason.
    left: Vec<String>,
}

impl Absorbed {
    /// For machines.
    pub fn json(&self) -> Value {
        let written = self.written.iter();
        let written =
            written.map(|(file, path, value)| json!({ "file": file, "path": path, "value": value }));
        json!({ "written": written.collect::<Vec<_>>(), "left": self.left })
    }
}

/// Writes the edits, and says which. All files stay as they were if they would have errors then, or one cannot be written.
pub fn absorb(app: &App, path: &Path, planned: &Planned) -> Result<Absorbed, Failure> {
    let (edits, left) = edits(&planned.loaded.stack, &planned.graph, &planned.plan);
    let mut absorbed = Absorbed {
        left: left
            .into_iter()
            .map(|what| format!("{what}: no value of the file says that"))
            .collect(),
        ..Absorbed::default()
    };
    // The last file goes before the others.
    let names: Vec<String> = planned.loaded.source.names().map(str::to_owned).collect();
    let mut texts = BTreeMap::new();
    for name in &names {
        if name == "-" {
            let fact = "what comes from standard input cannot be edited";
            return Err(Failure::new(fact, "pass the stack file by its name"));
        }
        texts.insert(name.clone(), read(name)?);
    }
    let before = texts.clone();
    for edit in &edits {
        let path = edit.path.join(".");
        match write(&names, &mut texts, edit) {
            Ok((file, value)) => absorbed.written.push((file, path, value)),
            Err(reason) => absorbed.left.push(format!("{path}: {reason}")),
        }
    }
    texts.retain(|name, text| before.get(name) != Some(text));
    let mut input = app.input(path)?;
    input.edited.clone_from(&texts);
    let discovered = &planned.loaded.discovered;
    let checked = draft(&input).and_then(|draft| draft.load(discovered, Ciphertexts::Used));
    if let Err(error) = checked {
        app.out
            .warn("nothing was written: with these values the stack file would be invalid:");
        return Err(error.into());
    }
    replace(&texts)?;
    for (file, path, value) in &absorbed.written {
        app.out.say(&format!("{file}: {path}: {value}"));
    }
    for what in &absorbed.left {
        app.out.warn(&format!("not absorbed: {what}"));
    }
    if edits.is_empty() && absorbed.left.is_empty() {
        app.out
            .say("nothing to absorb: the account has what the stack file says");
    }
    Ok(absorbed)
}

/// Writes an edit into the text of the file that it belongs to; returns the file's name and what was written.
fn write(
    names: &[String],
    texts: &mut BTreeMap<String, String>,
    edit: &Edit,
) -> Result<(String, String), String> {
    let path: Vec<&str> = edit.path.iter().map(String::as_str).collect();
    let value = flow(&escaped(&edit.value, &path));
    let has = |text: &str, length: usize| {
        let here = path.get(..length).unwrap_or_default();
        crate::stack::has_path(text, here)
    };
    // The file with the entry; of an entry that `for_each` makes, the last one with its section.
    let section = path.first().copied().unwrap_or_default();
    let lengths = match section {
        // One that is in no file is a channel's own, which it is no more once somebody writes it.
        "topics" => vec![2],
        "relay" | "key" => vec![1],
        _ => vec![2, 1],
    };
    let mut found = lengths.into_iter().flat_map(|length| {
        let names = names.iter().rev();
        names
            .filter(|name| texts.get(*name).is_some_and(|text| has(text, length)))
            .collect::<Vec<_>>()
    });
    let elsewhere = names.first().filter(|_| section != "topics");
    let name = found.next().or(elsewhere).cloned();
    let name = name.ok_or_else(|| "no file has this topic".to_owned())?;
    let text = texts.get_mut(&name).ok_or_else(|| "no file has it".to_owned())?;
    *text = set_value(text, &path, &value).map_err(|error| error.to_string())?;
    Ok((name, value))
}

fn read(name: &str) -> Result<String, Failure> {
    fs::read_to_string(name)
        .map_err(|error| Failure::new(format!("cannot read `{name}`: {error}"), "check its permissions"))
}

fn replace(texts: &BTreeMap<String, String>) -> Result<(), Failure> {
    let files: Vec<_> = texts
        .iter()
        .map(|(name, text)| (Path::new(name), text.as_str()))
        .collect();
    files::replace_all(&files).map_err(|failed| {
        let (name, error) = (failed.path.display(), &failed.error);
        let kept = match failed.stuck.is_empty() {
            true => "all files are as they were".to_owned(),
            false => {
                let stuck = failed.stuck.iter();
                let stuck = stuck.map(|(file, old)| {
                    format!(
                        "`{}` could not be put back, its old text is in `{}`",
                        file.display(),
                        old.display()
                    )
                });
                stuck.collect::<Vec<_>>().join("; ")
            }
        };
        Failure::new(
            format!("cannot write `{name}`: {error}; {kept}"),
            "check the disk and the permissions of its directory, then run the same command again",
        )
    })
}

/// A value whose texts have no variables.
fn escaped(value: &Value, path: &[&str]) -> Value {
    match value {
        Value::String(text) => json!(plain(text, path)),
        Value::Array(items) => items.iter().map(|item| escaped(item, path)).collect(),
        other => other.clone(),
    }
}

/// A value as YAML on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        // JSON is YAML.
        other => other.to_string(),
    }
}

/// Whether YAML reads a text as this text without quotes, also within brackets.
fn is_plain(text: &str) -> bool {
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c))
        && !words.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_people_write_them() {
        for (value, written) in [
            (json!(["ops", "on-call"]), "[ops, on-call]"),
            (json!(">= 80"), "\">= 80\""),
            (json!("Maximum"), "Maximum"),
            (json!("On"), "\"On\""),
            (
                json!("arn:aws:sns:eu-west-1:111122223333:ops"),
                "\"arn:aws:sns:eu-west-1:111122223333:ops\"",
            ),
            (json!(60), "60"),
            (json!(false), "false"),
            (json!({ "source": ["aws.ec2"] }), r#"{"source":["aws.ec2"]}"#),
        ] {
            assert_eq!(flow(&value), written);
        }
    }
}
