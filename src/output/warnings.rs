//! All warnings of this process: every JSON document lists them, and `--strict` turns them into errors.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Failure, Out, style};
use crate::cli::{Format, Strict};
use crate::stack::Loaded;

static WARNED: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Out {
    /// Prints a warning on standard error.
    pub fn warn(&self, text: &str) {
        let style = style::WARNING;
        self.say(&format!("{style}warning{style:#}: {text}"));
        keep(text.to_owned());
    }

    /// Prints the warnings about a stack file, with their places.
    pub fn warn_of_file(&self, loaded: &Loaded) {
        if !loaded.warnings.is_empty() {
            self.say(&loaded.source.render(&loaded.warnings, self.color()));
            of_file(loaded).into_iter().for_each(keep);
        }
    }

    /// With `--strict`, ends the command if there was any warning.
    ///
    /// # Errors
    /// [`Failure::Reported`] if `shown` says that standard output already has its document.
    pub fn refuse_warnings(&self, strict: Strict, shown: bool) -> Result<(), Failure> {
        let count = WARNED.lock().unwrap_or_else(PoisonError::into_inner).len();
        if !strict.strict || count == 0 {
            return Ok(());
        }
        let what = match count {
            1 => "there is a warning".to_owned(),
            count => format!("there are {count} warnings"),
        };
        let failure = Failure::new(
            format!("{what}, and `--strict` treats warnings as errors"),
            "fix what the warnings report, or omit `--strict`",
        );
        match shown && self.format == Format::Json {
            true => {
                failure.report(Self { format: Format::Text });
                Err(Failure::Reported)
            }
            false => Err(failure),
        }
    }
}

/// The warnings about a stack file, one line each.
pub fn of_file(loaded: &Loaded) -> Vec<String> {
    let reports = loaded.source.reports(&loaded.warnings).into_iter();
    reports
        .map(|report| format!("`{}:{}`: {}", report.file, report.line, report.message))
        .collect()
}

/// Adds all warnings so far to the document's own. A document without our `version`, such as a schema, is not
/// changed.
pub fn listed_in(mut document: Value) -> Value {
    if document.get("version").is_none() {
        return document;
    }
    let mut warnings = match document["warnings"].take() {
        Value::Array(warnings) => warnings,
        _ => Vec::new(),
    };
    let warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    let new: Vec<_> = warned
        .iter()
        .map(|text| json!(text))
        .filter(|text| !warnings.contains(text))
        .collect();
    warnings.extend(new);
    document["warnings"] = warnings.into();
    document
}

fn keep(text: String) {
    WARNED.lock().unwrap_or_else(PoisonError::into_inner).push(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A single test, because the warnings are global to the process.
    #[test]
    fn a_document_lists_its_own_warnings_and_those_told_once_each() {
        keep("told".to_owned());
        let of_plan = listed_in(json!({ "version": 1, "warnings": ["own", "told"] }));
        assert_eq!(of_plan, json!({ "version": 1, "warnings": ["own", "told"] }));
        let of_file = listed_in(json!({ "version": 1, "errors": [] }));
        assert_eq!(
            of_file,
            json!({ "version": 1, "errors": [], "warnings": ["told"] })
        );
        let schema = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema" });
        assert_eq!(listed_in(schema.clone()), schema);
    }
}
