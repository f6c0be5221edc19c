//! The rule of a composite alarm, such as `ALARM(cpu) AND NOT ALARM(deploy)`.

use crate::stack::file::problem::Span;
use crate::stack::model::Stack;

/// An alarm that a rule refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// A key of `alarms`; if quoted, a physical name or an ARN.
    pub name: String,
    /// Whether it is in quotes.
    pub quoted: bool,
    /// Byte range in the rule, including the quotes.
    pub span: Span,
}

/// A condition on the states of alarms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    Constant(bool),
    /// The alarm of this index in [`Parsed::references`] is in this state.
    Is(&'static str, usize),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl Default for Condition {
    fn default() -> Self {
        Self::Constant(false)
    }
}

impl Condition {
    /// Whether it holds; `is` says whether the alarm of an index is in a state.
    pub fn holds(&self, is: &impl Fn(&'static str, usize) -> bool) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::Is(state, alarm) => is(state, *alarm),
            Self::Not(other) => !other.holds(is),
            Self::All(others) => others.iter().all(|other| other.holds(is)),
            Self::Any(others) => others.iter().any(|other| other.holds(is)),
        }
    }
}

/// The parsed parts of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    pub condition: Condition,
    pub references: Vec<Reference>,
    /// Number of elements as CloudWatch counts them: alarms, `TRUE`, `FALSE` and parentheses.
    pub elements: usize,
}

/// Why a rule cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Byte range in the rule.
    pub span: Span,
    pub message: String,
    pub help: String,
}

const STATES: [&str; 3] = ["ALARM", "OK", "INSUFFICIENT_DATA"];
/// Limit for nesting, so that the recursion cannot overflow the call stack; nobody nests so deeply.
const MAX_DEPTH: usize = 50;

/// Reads a rule.
pub fn parse(rule: &str) -> Result<Parsed, Fault> {
    let mut parser = Parser {
        rule,
        at: 0,
        parsed: Parsed::default(),
    };
    parser.parsed.condition = parser.expression(0)?;
    match parser.word() {
        (_, "") => {}
        (span, ")") => {
            return Err(fault(
                span,
                "this `)` closes nothing",
                "remove it, or add a `(` before",
            ));
        }
        (span, word) => {
            let message = format!("`{}` is not allowed here", word.escape_debug());
            let help = match word.to_uppercase().as_str() {
                operator @ ("AND" | "OR") => format!("write `{operator}`"),
                _ => "join two conditions by AND or OR".to_owned(),
            };
            return Err(fault(span, message, help));
        }
    }
    Ok(parser.parsed)
}

struct Parser<'a> {
    rule: &'a str,
    at: usize,
    parsed: Parsed,
}

impl<'a> Parser<'a> {
    /// Conditions joined by AND and OR. AWS does not say which of both binds closer: here it is AND, as usual.
    fn expression(&mut self, depth: usize) -> Result<Condition, Fault> {
        let (mut any, mut all) = (Vec::new(), Vec::new());
        loop {
            all.push(self.condition(depth)?);
            let before = self.at;
            match self.word().1 {
                "AND" => {}
                "OR" => any.push(Condition::All(std::mem::take(&mut all))),
                _ => {
                    self.at = before;
                    any.push(Condition::All(all));
                    return Ok(Condition::Any(any));
                }
            }
        }
    }

    fn condition(&mut self, depth: usize) -> Result<Condition, Fault> {
        let (mut span, mut word) = self.word();
        let mut negated = false;
        while word == "NOT" {
            negated = !negated;
            (span, word) = self.word();
        }
        let condition = self.bare(span, word, depth)?;
        Ok(match negated {
            true => Condition::Not(Box::new(condition)),
            false => condition,
        })
    }

    fn bare(&mut self, span: Span, word: &str, depth: usize) -> Result<Condition, Fault> {
        match word {
            "TRUE" | "FALSE" => {
                self.parsed.elements += 1;
                Ok(Condition::Constant(word == "TRUE"))
            }
            "(" if depth == MAX_DEPTH => Err(fault(
                span,
                "the parentheses nest too deeply",
                "reduce the nesting",
            )),
            "(" => {
                self.parsed.elements += 2;
                let inside = self.expression(depth + 1)?;
                match self.word() {
                    (_, ")") => Ok(inside),
                    _ => Err(fault(span, "this `(` is never closed", "add a `)`")),
                }
            }
            "" => Err(fault(
                span,
                "the rule ends where a condition should be",
                "add one, such as `ALARM(cpu)`",
            )),
            word => {
                if let Some(state) = STATES.into_iter().find(|state| *state == word) {
                    self.reference(span, state)?;
                    return Ok(Condition::Is(state, self.parsed.references.len() - 1));
                }
                let upper = word.to_uppercase();
                let known = STATES.iter().chain(&["NOT", "TRUE", "FALSE"]);
                let help = match known.into_iter().find(|known| **known == upper) {
                    Some(known) => format!("write `{known}`"),
                    None => "write ALARM(…), OK(…), INSUFFICIENT_DATA(…), TRUE or FALSE".to_owned(),
                };
                Err(fault(
                    span,
                    format!("`{}` is not a condition", word.escape_debug()),
                    help,
                ))
            }
        }
    }

    /// The alarm in parentheses after a state.
    fn reference(&mut self, state: Span, name: &str) -> Result<(), Fault> {
        let example = format!("write `{name}(key)`, or `{name}(\"physical name\")`");
        let (_, open) = self.word();
        if open != "(" {
            return Err(fault(state, format!("`{name}` names no alarm"), example));
        }
        self.spaces();
        let start = self.at;
        let rest = &self.rule[start..];
        let (name, length, quoted) = match rest.strip_prefix('"') {
            Some(inside) => match inside.find('"') {
                Some(end) => (&inside[..end], end + 2, true),
                None => {
                    return Err(fault(
                        start..start + 1,
                        "this quote is never closed",
                        "add a `\"`",
                    ));
                }
            },
            None => {
                let end = rest.find([')', '(', '"']).unwrap_or(rest.len());
                let name = rest[..end].trim_end();
                (name, name.len(), false)
            }
        };
        if name.is_empty() {
            return Err(fault(state, "no alarm is named here", example));
        }
        self.at += length;
        self.parsed.elements += 1;
        self.parsed.references.push(Reference {
            name: name.to_owned(),
            quoted,
            span: start..self.at,
        });
        match self.word() {
            (_, ")") => Ok(()),
            _ => Err(fault(
                state.start..self.at.min(start + length),
                "this `(` is never closed",
                "add a `)`",
            )),
        }
    }

    fn spaces(&mut self) {
        let rest = &self.rule[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    /// The next word or parenthesis, with its place; empty at the end.
    fn word(&mut self) -> (Span, &'a str) {
        self.spaces();
        let rest = &self.rule[self.at..];
        let length = match rest.chars().next() {
            None => 0,
            Some('(' | ')') => 1,
            Some(_) => rest
                .find(|character: char| character.is_whitespace() || "()".contains(character))
                .unwrap_or(rest.len()),
        };
        let span = self.at..self.at + length;
        self.at = span.end;
        (span, &rest[..length])
    }
}

fn fault(span: Span, message: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault {
        span,
        message: message.into(),
        help: help.into(),
    }
}

/// A rule of CloudWatch's as a stack file has it: an alarm for which there is a key by its key, any other one by its name in
/// quotes. `None` if it cannot be parsed.
pub fn with_keys(rule: &str, key: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut written = rule.to_owned();
    for reference in parse(rule).ok()?.references.into_iter().rev() {
        let name = key(&reference.name).unwrap_or_else(|| format!("\"{}\"", reference.name));
        written.replace_range(reference.span, &name);
    }
    Some(written)
}

impl Stack {
    /// The rule of a composite alarm in CloudWatch's form: keys of `alarms` are replaced by names.
    pub fn alarm_rule(&self, rule: &str) -> String {
        let alarms = self.alarms_expanded();
        let mut compiled = rule.to_owned();
        let references = parse(rule).unwrap_or_default().references;
        for reference in references.into_iter().rev().filter(|reference| !reference.quoted) {
            let given = alarms.get(&reference.name).and_then(|alarm| alarm.name.clone());
            let name = given.unwrap_or_else(|| self.default_name(&reference.name));
            compiled.replace_range(reference.span, &format!("\"{name}\""));
        }
        compiled
    }

    /// The keys of the stack's alarms that a composite alarm's rule refers to.
    pub fn alarm_rule_keys(&self, rule: &str) -> Vec<String> {
        let mut keys: Vec<String> = parse(rule)
            .unwrap_or_default()
            .references
            .into_iter()
            .filter(|reference| !reference.quoted)
            .map(|reference| reference.name)
            .collect();
        keys.sort();
        keys.dedup();
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(rule: &str) -> Vec<(String, bool)> {
        let parsed = parse(rule).unwrap_or_else(|fault| panic!("{rule}: {fault:?}"));
        parsed
            .references
            .into_iter()
            .map(|reference| {
                assert!(rule[reference.span.clone()].contains(&reference.name));
                (reference.name, reference.quoted)
            })
            .collect()
    }

    #[test]
    fn rules_are_read() {
        let name = |name: &str| (name.to_owned(), false);
        assert_eq!(names("ALARM(a) AND NOT OK(b)"), [name("a"), name("b")]);
        assert_eq!(
            names(" ( ALARM( a )OR\nTRUE ) AND (NOT (OK(b)))"),
            [name("a"), name("b")]
        );
        assert_eq!(
            names("INSUFFICIENT_DATA(\"a (b) c\")"),
            [("a (b) c".to_owned(), true)]
        );
        assert_eq!(names("FALSE"), []);
        assert_eq!(parse("(ALARM(a)) OR TRUE").map(|parsed| parsed.elements), Ok(4));
    }

    #[test]
    fn names_become_keys() {
        let key = |name: &str| (name == "a b").then(|| "a".to_owned());
        let keyed = |rule: &str| with_keys(rule, &key);
        assert_eq!(
            keyed("ALARM(\"a b\") AND (OK(a b) OR NOT ALARM( c ))").as_deref(),
            Some("ALARM(a) AND (OK(a) OR NOT ALARM( \"c\" ))")
        );
        assert_eq!(keyed("ALARM("), None);
    }

    #[test]
    fn conditions_hold_as_they_are_written() {
        let in_alarm = ["a", "b"];
        for (rule, holds) in [
            ("ALARM(a)", true),
            ("OK(a)", false),
            ("NOT NOT ALARM(a)", true),
            ("NOT ALARM(a) OR ALARM(b)", true),
            ("ALARM(c) OR ALARM(a) AND ALARM(b)", true),
            ("ALARM(a) OR ALARM(b) AND ALARM(c)", true),
            ("(ALARM(a) OR ALARM(b)) AND ALARM(c)", false),
            ("NOT (ALARM(a) AND ALARM(c))", true),
            ("FALSE OR TRUE AND ALARM(c)", false),
            ("INSUFFICIENT_DATA(c)", true),
        ] {
            let parsed = parse(rule).unwrap();
            let is = |state: &str, index: usize| match in_alarm.contains(&&*parsed.references[index].name) {
                true => state == "ALARM",
                false => state == "INSUFFICIENT_DATA",
            };
            assert_eq!(parsed.condition.holds(&is), holds, "{rule}");
        }
        assert!(!Parsed::default().condition.holds(&|_, _| true));
    }

    #[test]
    fn faults_have_places() {
        for (rule, wrong) in [
            ("", ""),
            ("ALARM(a) AND", ""),
            ("ALARM(a) OK(b)", "OK"),
            ("(ALARM(a)", "("),
            ("ALARM(a))", ")"),
            ("ALARM", "ALARM"),
            ("ALARM()", "ALARM"),
            ("ALARM(a", "ALARM(a"),
            ("ALARM(\"a)", "\""),
            ("alarm(a)", "alarm"),
            ("ALARM(a) and OK(b)", "and"),
            ("ALARM(a) && OK(b)", "&&"),
            ("프(a)", "프"),
        ] {
            let fault = parse(rule).expect_err(rule);
            assert_eq!(&rule[fault.span], wrong, "{rule}");
        }
        assert!(parse(&"(".repeat(10_000)).is_err());
        assert!(parse(&"NOT ".repeat(2_000)).is_err());
    }
}
