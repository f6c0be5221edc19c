//! Variables in values: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, as in Docker Compose.
//! <https://docs.docker.com/reference/compose-file/interpolation/>
//!
//! An unset variable without a default is an error, where Compose would go on with an empty text.

use std::collections::BTreeMap;
use std::fmt;

use crate::stack::file::problem::{Problem, Span};
use crate::stack::file::secret;
use crate::stack::file::tree::{Kind, Node};

/// Deepest nesting of defaults in defaults.
const MAX_NESTED: usize = 8;
/// Maximum number of unclosed `${` in one value: for each, the rest of the value is searched for its `}`.
const MAX_OPEN: usize = 20;

/// What variables stand for: those that were given go before the environment's, and these before those of files.
#[derive(Clone, Default)]
pub struct Variables {
    given: BTreeMap<String, String>,
    has_environment: bool,
    of_files: BTreeMap<String, String>,
}

impl fmt::Debug for Variables {
    /// Only names: a value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.given.keys())
            .entries(self.of_files.keys())
            .finish()
    }
}

impl Variables {
    /// The variables of the environment, those given on the command line, and those of files; a later file overrides an earlier
    /// one.
    pub fn new(
        given: impl IntoIterator<Item = (String, String)>,
        of_files: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        Self {
            given: given.into_iter().collect(),
            has_environment: true,
            of_files: of_files.into_iter().collect(),
        }
    }

    fn get(&self, name: &str) -> Option<String> {
        let of_environment = || std::env::var(name).ok().filter(|_| self.has_environment);
        let given = self.given.get(name).cloned();
        given
            .or_else(of_environment)
            .or_else(|| self.of_files.get(name).cloned())
    }
}

/// The variables of a file with lines `NAME=value`; blank lines and those with `#` count for nothing, and quotes around a
/// value are not part of it.
///
/// # Errors
/// The number of a line, from 1, that is none of these.
pub fn read_file(text: &str) -> Result<Vec<(String, String)>, usize> {
    let mut variables = vec![];
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or(index + 1)?;
        let (name, value) = (name.trim(), value.trim());
        if !is_name(name) {
            return Err(index + 1);
        }
        let quoted = ['"', '\''].into_iter().find_map(|quote| {
            let (inner, after) = value.strip_prefix(quote)?.split_once(quote)?;
            let after = after.trim_start();
            (after.is_empty() || after.starts_with('#')).then_some(inner)
        });
        // A comment begins after a blank.
        let plain = || {
            value
                .split_once(" #")
                .map_or(value, |(value, _)| value.trim_end())
        };
        variables.push((name.to_owned(), quoted.unwrap_or_else(plain).to_owned()));
    }
    Ok(variables)
}

/// Whether a text can be the name of a variable.
pub fn is_name(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().all(is_word) && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

/// What filling in found.
#[derive(Debug, Default)]
pub struct Filled {
    pub problems: Vec<Problem>,
    /// The variables that were used, with their values.
    pub used: BTreeMap<String, String>,
}

/// Fills in the variables in the values of a tree; `text` is what its places are in.
pub fn fill(root: &mut Node, text: &str, variables: &Variables) -> Filled {
    let mut filled = Filled::default();
    walk(root, &mut vec![], text, variables, &mut filled);
    filled
}

fn walk(node: &mut Node, path: &mut Vec<String>, text: &str, variables: &Variables, filled: &mut Filled) {
    match &mut node.kind {
        Kind::List(items) => {
            for item in items {
                walk(item, path, text, variables, filled);
            }
        }
        Kind::Map(entries) => {
            for entry in entries {
                path.push(entry.key.clone());
                walk(&mut entry.value, path, text, variables, filled);
                path.pop();
            }
        }
        Kind::Scalar {
            text: value,
            plain,
            filled: is_filled,
        } => {
            if !value.contains("${") || is_filled_in_elsewhere(path) {
                return;
            }
            let mut used = BTreeMap::new();
            match filled_in(value, variables, &mut used, 0) {
                Ok(new) if used.is_empty() => *value = new,
                Ok(new) => {
                    let is_whole = value.starts_with("${") && matching(value) == Some(value.len() - 1);
                    *plain = *plain || is_whole;
                    *is_filled = Some(Default::default());
                    *value = match secret::find(&new).is_empty() {
                        true => new,
                        false => {
                            let names: Vec<_> = used.keys().map(|name| format!("`{name}`")).collect();
                            let message = format!("the variable {} holds a secret", names.join(", "));
                            let problem = Problem::error(node.span.clone(), message);
                            filled.problems.push(
                                problem
                                    .help("a channel takes it by name: `webhook: { env: NAME }`")
                                    .cause(),
                            );
                            "MASKED".to_owned()
                        }
                    };
                    filled.used.append(&mut used);
                }
                Err(missing) => filled.problems.push(missing.problem(node.span.clone(), text)),
            }
        }
    }
}

/// Whether AWS or the relay fills in values there: in patterns and filters, message templates, and labels of metrics, such as
/// `${PROP('Dim.InstanceId')}`
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html>). The path has no indices.
pub fn is_filled_in_elsewhere<S: AsRef<str>>(path: &[S]) -> bool {
    let steps: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    let (section, rest) = match steps.as_slice() {
        ["defaults", section, rest @ ..] | [section, _, rest @ ..] => (*section, rest),
        _ => return false,
    };
    match (section, rest) {
        ("rules", ["pattern" | "input", ..])
        | ("alarms", ["filter", "pattern"])
        | ("alarms", ["metrics", "label"])
        | ("endpoints", ["message", ..]) => true,
        ("channels", ["routes" | "except", inner @ ..]) => inner.contains(&"match"),
        ("topics", ["subscriptions", inner @ ..]) => inner.contains(&"filter"),
        _ => false,
    }
}

/// A variable without a value.
struct Missing {
    name: String,
    /// What the file says of it.
    message: Option<String>,
}

impl Missing {
    fn problem(self, span: Span, text: &str) -> Problem {
        let Self { name, message } = self;
        // The variable itself, if the file writes the value as it is.
        let written = text.get(span.clone()).unwrap_or_default();
        let place = written.find(&format!("${{{name}")).map(|at| {
            let length = matching(&written[at..]).map_or(name.len() + 2, |end| end + 1);
            span.start + at..span.start + at + length
        });
        let fact = match message.filter(|message| !message.is_empty()) {
            Some(message) => format!("the variable `{name}` is not set: {message}"),
            None => format!("the variable `{name}` is not set"),
        };
        Problem::error(place.unwrap_or(span), fact).help(format!(
            "set it in the environment or by `--var {name}=…`, or write a default: `${{{name}:-…}}`; `$${{` is a plain `${{`"
        ))
        .cause()
    }
}

/// The index of the `}` that closes the `${` with which a text begins.
fn matching(text: &str) -> Option<usize> {
    let mut open = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' if open == 1 => return Some(at),
            b'}' => open -= 1,
            _ => {}
        }
    }
    None
}

fn filled_in(
    value: &str,
    variables: &Variables,
    used: &mut BTreeMap<String, String>,
    depth: usize,
) -> Result<String, Missing> {
    let mut new = String::with_capacity(value.len());
    let mut rest = value;
    let mut open = 0;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        new.push_str(before);
        if let Some(after) = from.strip_prefix("$${") {
            new.push_str("${");
            rest = after;
            continue;
        }
        let begins = from.starts_with("${") && open < MAX_OPEN;
        let end = begins.then(|| matching(from)).flatten();
        open += usize::from(begins && end.is_none());
        let expression = end.and_then(|end| Some((end, Expression::read(&from[2..end])?)));
        match expression.filter(|_| depth < MAX_NESTED) {
            Some((end, expression)) => {
                new.push_str(&expression.value(variables, used, depth)?);
                rest = &from[end + 1..];
            }
            // Something that is no variable of ours.
            None => {
                new.push('$');
                rest = &from[1..];
            }
        }
    }
    new.push_str(rest);
    Ok(new)
}

/// What is between the braces.
struct Expression<'a> {
    name: &'a str,
    /// `-`, `?` or `+`, and what follows.
    otherwise: Option<(char, &'a str)>,
    /// Whether an empty value counts as none.
    or_empty: bool,
}

impl<'a> Expression<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let end = text.find([':', '-', '?', '+']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let (rest, or_empty) = match rest.strip_prefix(':') {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let mut characters = rest.chars();
        let otherwise = match characters.next() {
            None if or_empty => return None,
            None => None,
            Some(sign @ ('-' | '?' | '+')) => Some((sign, characters.as_str())),
            Some(_) => return None,
        };
        is_name(name).then_some(Self {
            name,
            otherwise,
            or_empty,
        })
    }

    fn value(
        &self,
        variables: &Variables,
        used: &mut BTreeMap<String, String>,
        depth: usize,
    ) -> Result<String, Missing> {
        let value = variables.get(self.name);
        used.insert(self.name.to_owned(), value.clone().unwrap_or_default());
        let value = value.filter(|value| !(self.or_empty && value.is_empty()));
        match (value, self.otherwise) {
            (Some(_), Some(('+', other))) => filled_in(other, variables, used, depth + 1),
            (None, Some(('+', _))) => Ok(String::new()),
            (Some(value), _) => Ok(value),
            (None, Some(('-', other))) => filled_in(other, variables, used, depth + 1),
            (None, otherwise) => Err(Missing {
                name: self.name.to_owned(),
                message: otherwise.map(|(_, message)| message.to_owned()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, String> {
        let variables = Variables {
            given: [
                ("A".to_owned(), "one".to_owned()),
                ("EMPTY".to_owned(), String::new()),
            ]
            .into(),
            ..Variables::default()
        };
        let filled = filled_in(text, &variables, &mut BTreeMap::new(), 0);
        filled.map_err(|missing| format!("{} {:?}", missing.name, missing.message))
    }

    #[test]
    fn values_are_filled_in_as_compose_does() {
        for (text, filled) in [
            ("${A}", "one"),
            ("x-${A}-${A}", "x-one-one"),
            ("${A:-two}", "one"),
            ("${B:-two}", "two"),
            ("${B-two}", "two"),
            ("${EMPTY-two}", ""),
            ("${EMPTY:-two}", "two"),
            ("${B:-${A}!}", "one!"),
            ("${B:-a{b}c}", "a{b}c"),
            ("${A:+yes}", "yes"),
            ("${B:+yes}", ""),
            ("$${A} costs $5, $A", "${A} costs $5, $A"),
            (
                "${PROP('Dim.InstanceId')} $.detail ${",
                "${PROP('Dim.InstanceId')} $.detail ${",
            ),
            ("디스크 ${A}", "디스크 one"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(filled), "{text}");
        }
        assert_eq!(of("${B}"), Err("B None".to_owned()));
        assert_eq!(of("${B:?say which}"), Err("B Some(\"say which\")".to_owned()));
        assert_eq!(of("${EMPTY:?}"), Err("EMPTY Some(\"\")".to_owned()));
        assert_eq!(of("${EMPTY?}").as_deref(), Ok(""));
    }

    #[test]
    fn lines_of_a_file_are_variables() {
        let text = "# of production\n\nREGION=eu-west-1\nexport NAME = 'two words'\nURL=\"a=b\" # where\nEMPTY=\nMOST=60 # seconds\n";
        let read = read_file(text).unwrap();
        let pairs: Vec<_> = read
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let wanted = [
            ("REGION", "eu-west-1"),
            ("NAME", "two words"),
            ("URL", "a=b"),
            ("EMPTY", ""),
            ("MOST", "60"),
        ];
        assert_eq!(pairs, wanted);
        assert_eq!(read_file("A=1\nB\n"), Err(2));
        assert_eq!(read_file("1A=1\n"), Err(1));
    }
}
