//! The advanced event selectors of a trail.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html>

use serde_json::Value;

use super::{super::problem::Problem, Checker};

const FIELDS: [&str; 9] = [
    "eventCategory",
    "eventName",
    "eventSource",
    "eventType",
    "readOnly",
    "resources.ARN",
    "resources.type",
    "sessionCredentialFromConsole",
    "userIdentity.arn",
];
const OPERATORS: [&str; 6] = [
    "EndsWith",
    "Equals",
    "NotEndsWith",
    "NotEquals",
    "NotStartsWith",
    "StartsWith",
];
const EXAMPLE: &str = "write `{ Name: …, FieldSelectors: [{ Field: eventCategory, Equals: [Management] }] }`";
/// Values in all selectors of a trail together.
const MAX_VALUES: usize = 500;

pub(super) fn check(checker: &mut Checker<'_>, path: &[&str], selectors: &Value) {
    let selectors = selectors.as_array().map(Vec::as_slice).unwrap_or_default();
    if selectors.is_empty() {
        let problem = Problem::error(checker.key(path), "the trail selects nothing");
        checker.report(problem.help(EXAMPLE));
    }
    let mut values = 0;
    for (index, selector) in selectors.iter().enumerate() {
        let index = index.to_string();
        values += one(checker, &[path, &[index.as_str()]].concat(), selector);
    }
    if values > MAX_VALUES {
        let problem = Problem::error(checker.key(path), format!("the selectors have {values} values"));
        checker.report(
            problem
                .label(format!("at most {MAX_VALUES}"))
                .help("select by beginnings instead"),
        );
    }
}

/// Checks one selector and counts its values.
fn one(checker: &mut Checker<'_>, path: &[&str], selector: &Value) -> usize {
    let fields = selector.get("FieldSelectors").and_then(Value::as_array);
    let Some(fields) = fields.filter(|fields| !fields.is_empty()) else {
        let problem = Problem::error(checker.at(path), "a selector needs `FieldSelectors`");
        checker.report(problem.help(EXAMPLE));
        return 0;
    };
    for key in selector.as_object().into_iter().flat_map(|map| map.keys()) {
        if !["Name", "FieldSelectors"].contains(&key.as_str()) {
            unknown(
                checker,
                &[path, &[key]].concat(),
                key,
                &["Name", "FieldSelectors"],
            );
        }
    }
    let mut values = 0;
    let mut has_category = false;
    for (index, field) in fields.iter().enumerate() {
        let index = index.to_string();
        let path = [path, &["FieldSelectors", index.as_str()]].concat();
        let Some(parts) = field.as_object() else {
            let problem = Problem::error(checker.at(&path), "a field selector has `Field` and an operator");
            checker.report(problem.help(EXAMPLE));
            continue;
        };
        let name = field.get("Field").and_then(Value::as_str);
        has_category |= name == Some("eventCategory");
        match name {
            Some(name) if FIELDS.contains(&name) => {}
            Some(name) => {
                let message = format!("`{}` cannot be selected by", name.escape_debug());
                let problem = Problem::error(checker.at(&[path.as_slice(), &["Field"]].concat()), message);
                let other = format!("the fields are {}", FIELDS.join(", "));
                checker.report(Checker::suggest(problem, name, FIELDS.into_iter(), &other));
            }
            None => {
                let problem = Problem::error(checker.at(&path), "a field selector needs `Field`");
                checker.report(problem.help(EXAMPLE));
            }
        }
        for (operator, operand) in parts.iter().filter(|(key, _)| *key != "Field") {
            let path = [path.as_slice(), &[operator.as_str()]].concat();
            let texts = operand
                .as_array()
                .filter(|list| !list.is_empty() && list.iter().all(Value::is_string));
            if !OPERATORS.contains(&operator.as_str()) {
                unknown(checker, &path, operator, &OPERATORS);
            } else if let Some(texts) = texts {
                values += texts.len();
            } else {
                let problem =
                    Problem::error(checker.at(&path), format!("`{operator}` needs a list of texts"));
                checker.report(problem.help(format!("write `{operator}: [\"text\"]`")));
            }
        }
        if parts.keys().all(|key| key == "Field") {
            let problem = Problem::error(checker.at(&path), "a field selector needs an operator");
            checker.report(problem.help("add one, such as `Equals: [Management]`"));
        }
    }
    if !has_category {
        let problem = Problem::error(checker.at(path), "a selector needs the field `eventCategory`");
        checker.report(
            problem.help("add `{ Field: eventCategory, Equals: [Management] }` to its `FieldSelectors`"),
        );
    }
    values
}

fn unknown(checker: &mut Checker<'_>, path: &[&str], key: &str, known: &[&str]) {
    let problem = Problem::error(checker.key(path), format!("unknown key `{}`", key.escape_debug()));
    let other = format!("known keys here: {}", known.join(", "));
    checker.report(Checker::suggest(problem, key, known.iter().copied(), &other));
}
