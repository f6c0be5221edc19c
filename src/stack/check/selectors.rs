//! Checks the advanced event selectors of a trail.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html>

use serde_json::Value;

use super::Checker;
use crate::stack::file::problem::Problem;

/// A category of events, and the fields by which a trail can select them. Event data stores support more
/// fields.
struct Category {
    name: &'static str,
    fields: &'static [&'static str],
    /// The field that a selector must have besides the category, if any.
    required: Option<&'static str>,
    example: &'static str,
}

static CATEGORIES: [Category; 3] = [
    Category {
        name: "Management",
        fields: &["eventCategory", "eventSource", "readOnly"],
        required: None,
        example: "",
    },
    Category {
        name: "Data",
        fields: &[
            "eventCategory",
            "eventName",
            "eventSource",
            "eventType",
            "readOnly",
            "resources.ARN",
            "resources.type",
            "sessionCredentialFromConsole",
            "userIdentity.arn",
        ],
        required: Some("resources.type"),
        example: "{ Field: resources.type, Equals: [\"AWS::S3::Object\"] }",
    },
    Category {
        name: "NetworkActivity",
        fields: &[
            "errorCode",
            "eventCategory",
            "eventName",
            "eventSource",
            "userIdentity.arn",
            "vpcEndpointId",
        ],
        required: Some("eventSource"),
        example: "{ Field: eventSource, Equals: [kms.amazonaws.com] }",
    },
];
/// Fields with values from a fixed list of AWS, so they are only compared as a whole.
const WHOLE: [&str; 4] = ["errorCode", "eventCategory", "readOnly", "resources.type"];
const OPERATORS: [&str; 6] = [
    "EndsWith",
    "Equals",
    "NotEndsWith",
    "NotEquals",
    "NotStartsWith",
    "StartsWith",
];
const EXAMPLE: &str = "write `{ Name: …, FieldSelectors: [{ Field: eventCategory, Equals: [Management] }] }`";
/// Most values in all selectors of a trail together.
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
    let category = category(checker, path, fields);
    let mut values = 0;
    for (index, field) in fields.iter().enumerate() {
        let index = index.to_string();
        let path = [path, &["FieldSelectors", index.as_str()]].concat();
        let Some(parts) = field.as_object() else {
            let problem = Problem::error(checker.at(&path), "a field selector has `Field` and an operator");
            checker.report(problem.help(EXAMPLE));
            continue;
        };
        let name = field.get("Field").and_then(Value::as_str);
        match name {
            Some(name) => field_name(checker, &[path.as_slice(), &["Field"]].concat(), name, category),
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
            } else if let Some(name) = name.filter(|name| WHOLE.contains(name) && operator != "Equals") {
                let message = format!("`{name}` is compared with `Equals` only");
                checker
                    .report(Problem::error(checker.key(&path), message).help("write `Equals: [\u{2026}]`"));
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
    values
}

/// The category of a selector; also checks the field that it requires.
fn category(checker: &mut Checker<'_>, path: &[&str], fields: &[Value]) -> Option<&'static Category> {
    let named = |wanted: &str| {
        let of = |field: &Value| field.get("Field").and_then(Value::as_str) == Some(wanted);
        fields.iter().position(of)
    };
    let Some(at) = named("eventCategory") else {
        let problem = Problem::error(checker.at(path), "a selector needs the field `eventCategory`");
        checker.report(
            problem.help("add `{ Field: eventCategory, Equals: [Management] }` to its `FieldSelectors`"),
        );
        return None;
    };
    let values = fields[at].get("Equals").and_then(Value::as_array)?;
    let names = CATEGORIES.each_ref().map(|category| category.name);
    let [Value::String(name)] = values.as_slice() else {
        let index = at.to_string();
        let place = [path, &["FieldSelectors", index.as_str(), "Equals"]].concat();
        let problem = Problem::error(checker.at(&place), "a selector is for one category of events");
        checker.report(problem.help(format!("write one of {}", names.join(", "))));
        return None;
    };
    let Some(category) = CATEGORIES.iter().find(|category| category.name == name) else {
        let index = at.to_string();
        let place = [path, &["FieldSelectors", index.as_str(), "Equals", "0"]].concat();
        let message = format!("a trail has no events of the category `{}`", name.escape_debug());
        let other = format!("write one of {}", names.join(", "));
        let problem = Problem::error(checker.at(&place), message);
        checker.report(Checker::suggest(problem, name, names.into_iter(), &other));
        return None;
    };
    if let Some(required) = category.required.filter(|required| named(required).is_none()) {
        let message = format!(
            "a selector of {} events needs the field `{required}`",
            category.name
        );
        let problem = Problem::error(checker.at(path), message);
        checker.report(problem.help(format!("add `{}` to its `FieldSelectors`", category.example)));
    }
    Some(category)
}

/// A field must belong to the selector's category; if that is unknown, to any.
fn field_name(checker: &mut Checker<'_>, path: &[&str], name: &str, category: Option<&Category>) {
    let known: Vec<_> = match category {
        Some(category) => category.fields.to_vec(),
        None => CATEGORIES
            .iter()
            .flat_map(|category| category.fields)
            .copied()
            .collect(),
    };
    if known.contains(&name) {
        return;
    }
    let shown = name.escape_debug();
    let message = match category {
        Some(category) => format!("a trail cannot select {} events by `{shown}`", category.name),
        None => format!("`{shown}` cannot be selected by"),
    };
    let problem = Problem::error(checker.at(path), message);
    let mut names = known.clone();
    names.sort_unstable();
    names.dedup();
    let other = format!("the fields are {}", names.join(", "));
    // A field of another category is not a spelling mistake.
    let is_field = CATEGORIES.iter().any(|category| category.fields.contains(&name));
    checker.report(match is_field {
        true => problem.help(other),
        false => Checker::suggest(problem, name, known.into_iter(), &other),
    });
}

fn unknown(checker: &mut Checker<'_>, path: &[&str], key: &str, known: &[&str]) {
    let problem = Problem::error(checker.key(path), format!("unknown key `{}`", key.escape_debug()));
    let other = format!("known keys here: {}", known.join(", "));
    checker.report(Checker::suggest(problem, key, known.iter().copied(), &other));
}
