//! Applies exceptions: what a pattern excludes.

use serde_json::{Map, Value, json};

use crate::stack::model::Except;

/// Why an exception cannot become part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The pattern already has a condition on the field that cannot be combined with the exception.
    Occupied,
    /// The exception would exclude all the names that the rule lists.
    NothingLeft,
}

/// The kinds of exceptions, each with its path in `detail` and its names.
fn fields(except: &Except) -> [(&'static str, &'static [&'static str], &[String]); 4] {
    [
        ("principal_arn", &["userIdentity", "arn"], &except.principal_arn),
        ("user_agent", &["userAgent"], &except.user_agent),
        ("source_ip", &["sourceIPAddress"], &except.source_ip),
        ("event_name", &["eventName"], &except.event_name),
    ]
}

/// Adds the exceptions to the pattern. Also returns the kinds of exceptions that could not be added.
///
/// `anything-but` does not match an event without the field, such as a failed sign-in without an ARN. So the
/// added condition also accepts an absent field: conditions in one list are alternatives.
pub fn apply(mut pattern: Value, except: &Except) -> (Value, Vec<(&'static str, Refusal)>) {
    let mut refused = vec![];
    for (kind, path, names) in fields(except) {
        if let Err(refusal) = exclude(&mut pattern, path, names) {
            refused.push((kind, refusal));
        }
    }
    (pattern, refused)
}

/// Excludes names at `detail.<path>`.
fn exclude(pattern: &mut Value, path: &[&str], names: &[String]) -> Result<(), Refusal> {
    let Some((last, parents)) = path.split_last().filter(|_| !names.is_empty()) else {
        return Ok(());
    };
    if alternatives_say(pattern, &[&["detail"][..], path].concat()) {
        return Err(Refusal::Occupied);
    }
    let mut place = pattern;
    for step in ["detail"].iter().chain(parents) {
        let fields = place.as_object_mut().ok_or(Refusal::Occupied)?;
        place = fields.entry(*step).or_insert_with(|| Map::new().into());
    }
    let fields = place.as_object_mut().ok_or(Refusal::Occupied)?;
    let Some(listed) = fields.get_mut(*last) else {
        let condition = json!([{ "anything-but": anything_but(names) }, { "exists": false }]);
        fields.insert((*last).to_owned(), condition);
        return Ok(());
    };
    let listed = listed.as_array_mut().ok_or(Refusal::Occupied)?;
    if listed.iter().all(Value::is_string) {
        listed.retain(|value| {
            let text = value.as_str().unwrap_or_default();
            !names.iter().any(|name| is_like(text, name))
        });
        if listed.is_empty() {
            Err(Refusal::NothingLeft)
        } else {
            Ok(())
        }
    } else {
        let [condition] = listed.as_mut_slice() else {
            return Err(Refusal::Occupied);
        };
        let before = left_out(condition).ok_or(Refusal::Occupied)?;
        let all = [before.as_slice(), names].concat();
        *condition = json!({ "anything-but": anything_but(&all) });
        Ok(())
    }
}

/// Whether an alternative of some `$or` has a condition on the field. EventBridge expands alternatives before
/// it matches, and the last condition on a field wins: a condition beside `$or` would have no effect there.
fn alternatives_say(pattern: &Value, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    let branches = pattern.get("$or").and_then(Value::as_array);
    let says = |branch: &Value| says(branch, path);
    branches.is_some_and(|branches| branches.iter().any(says))
        || !rest.is_empty()
            && pattern
                .get(first)
                .is_some_and(|inner| alternatives_say(inner, rest))
}

/// Whether a part of a pattern has a condition on the field at `path`.
fn says(pattern: &Value, path: &[&str]) -> bool {
    let inside = match path {
        [] => return true,
        [first, rest @ ..] => pattern.get(first).is_some_and(|inner| says(inner, rest)),
    };
    inside || alternatives_say(pattern, path)
}

/// What `{"anything-but": …}` excludes, texts or prefixes, as names with `*`.
fn left_out(condition: &Value) -> Option<Vec<String>> {
    let operand = condition.get("anything-but")?;
    let (texts, star) = match operand.get("prefix") {
        Some(prefixes) => (prefixes, "*"),
        None => (operand, ""),
    };
    let name = |text: &Value| text.as_str().map(|text| format!("{text}{star}"));
    match texts {
        Value::Array(texts) => texts.iter().map(name).collect(),
        text => Some(vec![name(text)?]),
    }
}

/// The operand of `anything-but`: plain texts, prefixes, or wildcards with `*`.
fn anything_but(names: &[String]) -> Value {
    let is_beginning = |name: &String| name.find('*').is_some_and(|at| at == name.len() - 1);
    if names.iter().all(|name| !name.contains('*')) {
        json!(names)
    } else if names.iter().all(is_beginning) {
        let beginnings: Vec<_> = names.iter().map(|name| name.trim_end_matches('*')).collect();
        json!({ "prefix": beginnings })
    } else {
        // A backslash would escape the next character.
        let escaped: Vec<_> = names.iter().map(|name| name.replace('\\', "\\\\")).collect();
        json!({ "wildcard": escaped })
    }
}

/// Whether a text matches a name with `*`.
pub fn is_like(text: &str, name: &str) -> bool {
    let mut parts: Vec<_> = name.split('*').collect();
    let (Some(end), false) = (parts.pop(), parts.is_empty()) else {
        return text == name;
    };
    let mut rest = match text.strip_prefix(parts[0]) {
        Some(rest) => rest,
        None => return false,
    };
    for part in &parts[1..] {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(end)
}
