//! Checks the structure of an EventBridge pattern: fields, lists of values, operators.

use serde_json::{Map, Value};

use super::Checker;
use crate::stack::compile::events::{API_CALL, SERVICE_EVENT, SIGN_INS, VIA_TRAIL};
use crate::stack::file::problem::Problem;

/// The fields of every event.
const ENVELOPE: [&str; 10] = [
    "$or",
    "account",
    "detail",
    "detail-type",
    "id",
    "region",
    "resources",
    "source",
    "time",
    "version",
];
const OPERATORS: [&str; 8] = [
    "anything-but",
    "cidr",
    "equals-ignore-case",
    "exists",
    "numeric",
    "prefix",
    "suffix",
    "wildcard",
];
/// EventBridge compares numbers from -5e9 to 5e9.
const MAX_NUMBER: f64 = 5e9;
/// Detail types of events that need a trail.
const OF_TRAIL: [&str; 7] = [
    API_CALL,
    "AWS Console Action via CloudTrail",
    "AWS Insight via CloudTrail",
    "AWS Network Activity Event via CloudTrail",
    SERVICE_EVENT,
    SIGN_INS[0],
    SIGN_INS[1],
];

/// What is wrong, and what to do.
type Fault = (String, String);

/// Checks the pattern at `path`.
pub(super) fn check(checker: &mut Checker<'_>, path: &[&str], pattern: &Value) {
    let Some(fields) = pattern.as_object() else {
        return;
    };
    if fields.is_empty() {
        let problem = Problem::error(checker.at(path), "the pattern is empty: it matches every event");
        checker.report(problem.help("add a condition, such as `source: [aws.ec2]`"));
    }
    for field in fields.keys().filter(|field| !ENVELOPE.contains(&field.as_str())) {
        let message = format!("events have no field `{}`", field.escape_debug());
        let problem = Problem::error(checker.key(&[path, &[field]].concat()), message);
        let other = format!(
            "the fields of the event itself are in `detail`; the others are {}",
            ENVELOPE[1..].join(", ")
        );
        checker.report(Checker::suggest(problem, field, ENVELOPE.into_iter(), &other));
    }
    any(checker, path, fields);
}

/// Checks a pattern that may also match an alarm or an alert, whose fields are unknown.
pub(super) fn any(checker: &mut Checker<'_>, path: &[&str], fields: &Map<String, Value>) {
    object(checker, path, fields);
    detail_types(checker, &[path, &["detail-type"]].concat(), fields);
}

fn object(checker: &mut Checker<'_>, path: &[&str], fields: &Map<String, Value>) {
    for (field, value) in fields {
        let path = [path, &[field.as_str()]].concat();
        match value {
            Value::Array(branches) if field == "$or" => alternatives(checker, &path, branches),
            Value::Object(fields) if !fields.is_empty() && field != "$or" => {
                if let Some(operator) = fields.keys().find(|key| OPERATORS.contains(&key.as_str())) {
                    let message = format!("`{operator}` must be in a list");
                    let problem =
                        Problem::error(checker.key(&[path.as_slice(), &[operator]].concat()), message);
                    checker.report(
                        problem.help(format!("write `{}: [{{ {operator}: … }}]`", field.escape_debug())),
                    );
                } else {
                    object(checker, &path, fields);
                }
            }
            Value::Array(values) => {
                if values.is_empty() {
                    let message = format!("no value of `{}` matches", field.escape_debug());
                    let problem = Problem::error(checker.at(&path), message);
                    checker.report(problem.help("write values to match, or remove the field"));
                }
                for (index, value) in values.iter().enumerate() {
                    if let Err((message, help)) = condition(value) {
                        let index = index.to_string();
                        let place = checker.at(&[path.as_slice(), &[index.as_str()]].concat());
                        checker.report(Problem::error(place, message).help(help));
                    }
                }
            }
            _ => {
                let message = format!("`{}` needs a list of values", field.escape_debug());
                let help = match value {
                    _ if field == "$or" => "write `$or: [{ … }, { … }]`".to_owned(),
                    Value::Object(_) => "write `[a, b]`, or remove it".to_owned(),
                    value => format!("write `[{value}]`, even for one value"),
                };
                checker.report(Problem::error(checker.at(&path), message).help(help));
            }
        }
    }
}

fn alternatives(checker: &mut Checker<'_>, path: &[&str], branches: &[Value]) {
    if branches.len() < 2 {
        let problem = Problem::error(checker.at(path), "`$or` needs two alternatives or more");
        checker.report(problem.help("write `$or: [{ … }, { … }]`"));
    }
    for (index, branch) in branches.iter().enumerate() {
        let index = index.to_string();
        let path = [path, &[index.as_str()]].concat();
        match branch.as_object() {
            Some(fields) if !fields.is_empty() => object(checker, &path, fields),
            _ => {
                let problem = Problem::error(checker.at(&path), "an alternative of `$or` has fields");
                checker.report(problem.help("write it like a pattern: `{ field: [value] }`"));
            }
        }
    }
}

/// A value, or an operator with its operand.
fn condition(value: &Value) -> Result<(), Fault> {
    match value {
        Value::Array(_) => Err(fault("a list in a list", "write the values in one list")),
        Value::Object(operator) => match operator.iter().collect::<Vec<_>>().as_slice() {
            [(name, operand)] => operand_of(name, operand),
            _ => Err(fault(
                "a condition has one operator",
                "write one item of the list for each",
            )),
        },
        _ => Ok(()),
    }
}

fn operand_of(name: &str, operand: &Value) -> Result<(), Fault> {
    match name {
        "prefix" | "suffix" => match operand.get("equals-ignore-case") {
            Some(inner) if operand.as_object().is_some_and(|map| map.len() == 1) => text(name, inner),
            _ => text(name, operand),
        },
        "equals-ignore-case" => text(name, operand),
        "wildcard" => wildcard(operand),
        "exists" if operand.is_boolean() => Ok(()),
        "exists" => Err(fault("`exists` is true or false", "write `{ exists: true }`")),
        "cidr" => cidr(operand),
        "numeric" => numeric(operand),
        "anything-but" => anything_but(operand),
        other => {
            let message = format!("`{}` is not an operator", other.escape_debug());
            let help = match super::nearest(other, OPERATORS.into_iter()) {
                Some(near) => format!("write `{near}`"),
                None => format!("write a value, or one of {}", OPERATORS.join(", ")),
            };
            Err((message, help))
        }
    }
}

fn text(operator: &str, operand: &Value) -> Result<(), Fault> {
    if operand.is_string() {
        return Ok(());
    }
    let help = format!("write `{{ {operator}: \"text\" }}`, one item of the list for each");
    Err((format!("`{operator}` compares with one text"), help))
}

fn wildcard(operand: &Value) -> Result<(), Fault> {
    text("wildcard", operand)?;
    if operand.as_str().is_some_and(|text| text.contains("**")) {
        return Err(fault("a wildcard may not have two `*` in a row", "write one `*`"));
    }
    Ok(())
}

fn cidr(operand: &Value) -> Result<(), Fault> {
    let range = operand.as_str().and_then(|text| text.split_once('/'));
    let fits = range.is_some_and(|(address, length)| {
        let max = match address.parse() {
            Ok(std::net::IpAddr::V4(_)) => 32,
            Ok(std::net::IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        length.parse::<u8>().is_ok_and(|length| length <= max)
    });
    if fits {
        Ok(())
    } else {
        Err(fault(
            "`cidr` takes a range of addresses",
            "write `{ cidr: 203.0.113.0/24 }`",
        ))
    }
}

/// `["=", 5]`, `[">", 0]`, `[">", 0, "<=", 5]`.
fn numeric(operand: &Value) -> Result<(), Fault> {
    let example = "write `{ numeric: [\">\", 0, \"<=\", 5] }`";
    let wrong = |message: &str| Err(fault(message, example));
    let parts = operand.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut limits = vec![];
    for pair in parts.chunks(2) {
        match pair {
            [Value::String(sign), Value::Number(number)] => {
                let number = number.as_f64().unwrap_or(f64::MAX);
                if number.abs() > MAX_NUMBER {
                    return wrong("EventBridge compares numbers from -5,000,000,000 to 5,000,000,000");
                }
                limits.push((sign.as_str(), number));
            }
            _ => return wrong("`numeric` takes signs and numbers in turn"),
        }
    }
    match limits.as_slice() {
        [("=" | "<" | "<=" | ">" | ">=", _)] => Ok(()),
        [(">" | ">=", low), ("<" | "<=", high)] if low < high => Ok(()),
        [(">" | ">=", _), ("<" | "<=", _)] => wrong("no number is in this range"),
        _ => wrong("`numeric` takes one comparison, or a lower and then an upper limit"),
    }
}

fn anything_but(operand: &Value) -> Result<(), Fault> {
    let is_value = |value: &Value| value.is_string() || value.is_number();
    let one_or_more = |value: &Value, fits: fn(&Value) -> bool| match value {
        Value::Array(values) => !values.is_empty() && values.iter().all(fits),
        value => fits(value),
    };
    match operand {
        Value::Object(inner) => match inner.iter().collect::<Vec<_>>().as_slice() {
            [(name, values)]
                if ["prefix", "suffix", "equals-ignore-case", "wildcard"].contains(&name.as_str()) =>
            {
                if !one_or_more(values, Value::is_string) {
                    return text(name, &Value::Null);
                }
                if name.as_str() == "wildcard" {
                    let all = values
                        .as_array()
                        .cloned()
                        .unwrap_or_else(|| vec![(*values).clone()]);
                    all.iter().try_for_each(wildcard)?;
                }
                Ok(())
            }
            [(name, _)] if name.as_str() == "cidr" => Err(fault(
                "EventBridge has no `anything-but` for ranges of addresses",
                "write addresses, or prefixes of them: `{ anything-but: { prefix: \"203.0.113.\" } }`",
            )),
            _ => Err(fault(
                "inside `anything-but` there is one of prefix, suffix, equals-ignore-case, wildcard",
                "write `{ anything-but: { prefix: \"text\" } }`",
            )),
        },
        operand if one_or_more(operand, is_value) => Ok(()),
        _ => Err(fault(
            "`anything-but` takes texts or numbers",
            "write `{ anything-but: [a, b] }`",
        )),
    }
}

/// EventBridge does not validate detail types: with one wrong letter the rule never matches.
fn detail_types(checker: &mut Checker<'_>, path: &[&str], fields: &Map<String, Value>) {
    let types: Vec<_> = fields
        .get("detail-type")
        .and_then(Value::as_array)
        .map(|types| types.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let ending = VIA_TRAIL.to_lowercase();
    for (index, name) in types.iter().enumerate() {
        let index = index.to_string();
        let path = [path, &[index.as_str()]].concat();
        if name.to_lowercase().contains(ending.trim()) && !OF_TRAIL.contains(name) {
            let message = format!("CloudTrail sends no `{}`", name.escape_debug());
            let problem = Problem::error(checker.at(&path), message);
            let other = format!("write one of {}", OF_TRAIL.join(", "));
            checker.report(Checker::suggest(problem, name, OF_TRAIL.into_iter(), &other));
        }
    }
    if let [Some(index), None] | [None, Some(index)] =
        SIGN_INS.map(|spelling| types.iter().position(|name| *name == spelling))
    {
        let index = index.to_string();
        let place = checker.at(&[path, &[index.as_str()]].concat());
        let message = "sign-ins come under two spellings of this, and the rule matches one";
        let problem = Problem::warning(place, message);
        checker.report(problem.help(format!(
            "write both: `[{}, {}]`, or use `preset: console-sign-in`",
            SIGN_INS[0], SIGN_INS[1]
        )));
    }
}

fn fault(message: &str, help: &str) -> Fault {
    (message.to_owned(), help.to_owned())
}
