//! Templates with placeholders for an alert's fields: `{result}`, `{user.name}`, `{@timestamp}`.

use serde_json::Value;
use std::str::FromStr;

/// Replaces a field that is missing or null.
pub const MISSING: &str = "N/A";

/// A checked template.
///
/// A placeholder names a field by a dotted path. A field name that contains dots is found as well, and a number
/// is a list index. Strings are shown as they are, objects and lists as compact JSON. `{{` and `}}` stand for
/// braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(String),
}

/// What is wrong with a template, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (at byte {offset})")]
pub struct TemplateError {
    /// Byte offset of the wrong brace in the text.
    pub offset: usize,
    pub problem: TemplateProblem,
}

/// Why a template cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    #[error("`{{` opens a field that no `}}` closes; write `{{{{` for a brace")]
    Unclosed,
    #[error("`}}` closes nothing; write `}}}}` for a brace")]
    Unopened,
    #[error("`{{}}` names no field")]
    Unnamed,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// A brace that is neither part of a placeholder nor doubled.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut at = 0;
        while let Some(found) = text[at..].find(['{', '}']) {
            let offset = at + found;
            let wrong = |problem| TemplateError { offset, problem };
            literal.push_str(&text[at..offset]);
            let rest = &text[offset..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                literal.push_str(&rest[..1]);
                at = offset + 2;
                continue;
            }
            let inside = rest.strip_prefix('{').ok_or(wrong(TemplateProblem::Unopened))?;
            let end = inside.find(['{', '}']).ok_or(wrong(TemplateProblem::Unclosed))?;
            if inside[end..].starts_with('{') {
                return Err(wrong(TemplateProblem::Unclosed));
            }
            let name = inside[..end].trim();
            if name.is_empty() {
                return Err(wrong(TemplateProblem::Unnamed));
            }
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Field(name.to_owned()));
            at = offset + end + 2;
        }
        literal.push_str(&text[at..]);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self(pieces))
    }

    /// Fills the placeholders with the fields of `value`.
    pub fn fill(&self, value: &Value) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Field(path) => shown(find(value, path)),
        };
        self.0.iter().map(piece).collect()
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The field at `path`. At each level the longest name that leads to a field wins, so `{a.b}` finds both
/// `{"a.b": 1}`, as Elasticsearch also writes it, and `{"a": {"b": 1}}`.
fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let step = |name: &str| match value {
        Value::Object(map) => map.get(name),
        Value::Array(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
        _ => None,
    };
    step(path).or_else(|| {
        path.rmatch_indices('.')
            .find_map(|(dot, _)| find(step(&path[..dot])?, &path[dot + 1..]))
    })
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => MISSING.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn fill(text: &str, value: &Value) -> String {
        Template::parse(text).expect("a template").fill(value)
    }

    #[test]
    fn every_kind_of_value_is_shown() {
        let alert = json!({
            "API": "/login", "@timestamp": "2026-11-20T05:00:00Z", "code": 500, "ok": false, "none": null,
            "user": { "name": "박", "tags": ["a", { "b": 1 }] }, "empty": "",
        });
        let shown = "/login 2026-11-20T05:00:00Z 500 false N/A N/A 박 a 1 [\"a\",{\"b\":1}] []";
        assert_eq!(
            fill(
                "{API} {@timestamp} {code} {ok} {none} {gone.deep} {user.name} {user.tags.0} {user.tags.1.b} {user.tags} [{empty}]",
                &alert
            ),
            shown
        );
        assert_eq!(fill("{{{ API }}} {{}}", &alert), "{/login} {}");
        assert_eq!(fill("{user.tags.2}{user.tags.-1}{API.x}", &alert), "N/AN/AN/A");
        assert_eq!(fill("{a}", &json!([1])), "N/A");
    }

    #[test]
    fn a_name_may_hold_dots() {
        let alert = json!({ "a.b": { "c": 1 }, "a": { "b.c": 2, "b": { "d": 3 } } });
        assert_eq!(fill("{a.b.c} {a.b.d}", &alert), "1 3");
        assert_eq!(fill("{a.b.c}", &json!({ "a.b.c": 0, "a.b": { "c": 1 } })), "0");
    }

    #[test]
    fn a_wrong_brace_is_found() {
        for (text, offset, problem) in [
            ("가 {a", 4, TemplateProblem::Unclosed),
            ("{a {b}", 0, TemplateProblem::Unclosed),
            ("{a{{b}", 0, TemplateProblem::Unclosed),
            ("a } b", 2, TemplateProblem::Unopened),
            ("{a}}", 3, TemplateProblem::Unopened),
            ("{}", 0, TemplateProblem::Unnamed),
            ("x{ }", 1, TemplateProblem::Unnamed),
        ] {
            assert_eq!(
                Template::parse(text),
                Err(TemplateError { offset, problem }),
                "{text}"
            );
        }
        let error = Template::parse("{").expect_err("unclosed").to_string();
        assert_eq!(
            error,
            "`{` opens a field that no `}` closes; write `{{` for a brace (at byte 0)"
        );
    }

    proptest! {
        #[test]
        fn any_text_can_be_written(text in ".{0,40}") {
            let doubled = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(fill(&doubled, &Value::Null), text);
        }

        #[test]
        fn no_text_panics(text in "[{}a.é ]{0,20}") {
            match Template::parse(&text) {
                Ok(template) => { template.fill(&json!({ "a": { "a": [1] } })); }
                Err(error) => {
                    let at_a_brace = text[error.offset..].starts_with(['{', '}']);
                    prop_assert!(at_a_brace);
                }
            }
        }
    }
}
