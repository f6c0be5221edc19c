//! The schema agrees with the parser: both read every stack file of the repository and of the tests.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::super::reference;
use super::super::schema::{EXAMPLES, schema};
use super::*;

static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::draft7::new(&schema()).expect("a schema"));

/// Whether the schema accepts a text; `None` if the text is not YAML.
fn takes(text: &str) -> Option<bool> {
    let mut written: serde_yaml::Value = serde_yaml::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    // As editors do.
    written.apply_merge().ok()?;
    Some(VALIDATOR.is_valid(&serde_json::to_value(written).ok()?))
}

/// Checks a file that the parser accepted.
pub fn agrees(text: &str) {
    assert_eq!(takes(text), Some(true), "the schema refuses {text}");
}

/// Checks a file that the parser refused: the schema must refuse it, too, if its structure is wrong.
pub fn agrees_to_refuse(text: &str, problems: &Problems) {
    const OF_FORM: [&str; 14] = [
        "unknown key `",
        "` is not one of the choices",
        "expected ",
        "` is not a metric",
        "` is not a threshold",
        "` is not a route",
        "` is not an evaluation window",
        "` is not an architecture",
        "an address has either",
        "an address needs",
        "a channel needs the service",
        "a channel belongs to one service",
        "a rule has one of",
        "the rule matches nothing",
    ];
    // The content of selectors is AWS's format, which only the parser checks.
    if text.contains("FieldSelectors") {
        return;
    }
    let of_form = |problem: &&Problem| OF_FORM.iter().any(|of_form| problem.message.contains(of_form));
    if let Some(problem) = problems.list().iter().find(of_form) {
        assert_ne!(
            takes(text),
            Some(true),
            "the schema takes what has `{}`: {text}",
            problem.message
        );
    }
}

/// Keys that are gone before the model is read.
const ASSEMBLED: [&str; 3] = ["include", "defaults", "for_each"];

/// An object of the schema, and a stack file whose only error is an unknown key in it.
struct Place {
    fields: Map<String, Value>,
    file: Value,
}

/// Every object with fields; `around` wraps a value at this place into a stack file.
fn places(form: &Value, around: &dyn Fn(Value) -> Value, found: &mut Vec<Place>) {
    for forms in ["anyOf", "allOf"] {
        for form in form[forms].as_array().into_iter().flatten() {
            places(form, around, found);
        }
    }
    if let Some(fields) = form["properties"].as_object() {
        let of_model = |(key, _): &(&String, &Value)| !ASSEMBLED.contains(&key.as_str());
        let fields: Map<String, Value> = fields
            .iter()
            .filter(of_model)
            .map(|(key, field)| (key.clone(), field.clone()))
            .collect();
        found.push(Place {
            fields: fields.clone(),
            file: around(json!({ "quux": 1 })),
        });
        for (key, field) in &fields {
            places(field, &|value| around(json!({ key: value })), found);
        }
    }
    if form["additionalProperties"].is_object() {
        places(
            &form["additionalProperties"],
            &|value| around(json!({ "k": value })),
            found,
        );
    }
    if form["items"].is_object() {
        places(&form["items"], &|value| around(json!([value])), found);
    }
}

fn all_places() -> Vec<Place> {
    let mut found = Vec::new();
    places(&schema(), &|value| value, &mut found);
    found
}

/// Asks the parser for the keys it accepts at every place.
#[test]
fn it_has_every_key_that_the_parser_knows_and_no_other() {
    let places = all_places();
    assert!(places.len() > 30, "{}", places.len());
    for Place { fields, file } in places {
        let problems =
            parse("stack.yaml", &serde_yaml::to_string(&file).expect("YAML")).expect_err("a key too many");
        let shown = problems.list().iter().find_map(|problem| {
            let known = problem.help.as_deref()?.strip_prefix("known keys here: ")?;
            Some(known.split(", ").map(str::to_owned).collect::<BTreeSet<_>>())
        });
        let fields: BTreeSet<_> = fields.keys().cloned().collect();
        assert_eq!(shown, Some(fields), "{file}: {problems}");
    }
}

#[test]
fn every_field_is_described_with_an_example() {
    let mut bare = Vec::new();
    for Place { fields, file } in all_places() {
        for (key, field) in fields {
            if field["description"]
                .as_str()
                .is_none_or(|text| text.contains("[`"))
            {
                bare.push(format!("{file}: `{key}` is not described"));
            }
            if field["examples"].as_array().is_none_or(Vec::is_empty) {
                bare.push(format!("{file}: `{key}` has no example"));
            }
        }
    }
    assert_eq!(bare, [""; 0]);
}

#[test]
fn the_examples_are_taken_from_valid_files() {
    EXAMPLES.into_iter().for_each(|text| _ = good(text));
}

#[test]
fn every_field_is_in_the_documentation() {
    let documentation = fs::read_to_string("docs/stack-file.md").expect("the documentation");
    let words: BTreeSet<&str> = documentation
        .split(|one: char| !one.is_alphanumeric() && one != '_')
        .collect();
    let keys = all_places()
        .into_iter()
        .flat_map(|place| place.fields.into_iter().map(|(key, _)| key));
    let missing: BTreeSet<_> = keys.filter(|key| !words.contains(key.as_str())).collect();
    assert_eq!(missing, BTreeSet::new());
}

/// The bundled stacks, and the code blocks of the documentation. A block continues the previous one unless it
/// begins a new stack.
#[test]
fn every_stack_file_there_is_fits() {
    for entry in fs::read_dir("stacks").expect("stacks") {
        agrees(&fs::read_to_string(entry.expect("an entry").path()).expect("a stack file"));
    }
    let documentation = fs::read_to_string("docs/stack-file.md").expect("the documentation");
    let blocks = documentation
        .split("```yaml\n")
        .skip(1)
        .filter_map(|block| block.split("```").next());
    let mut file = String::new();
    for block in blocks {
        if block.starts_with("stack:") {
            file.clear();
        }
        file += block;
        agrees(&file);
    }
}

/// Editors use the schema in the documentation.
#[test]
fn the_file_of_the_documentation_is_of_today() {
    let kept = fs::read_to_string("docs/alertctl.schema.json").unwrap_or_default();
    assert!(
        serde_json::from_str::<Value>(&kept).ok() == Some(schema()),
        "`alertctl schema > docs/alertctl.schema.json` writes it anew"
    );
}

#[test]
fn the_reference_is_of_today() {
    let kept = fs::read_to_string("docs/stack-reference.md").unwrap_or_default();
    assert!(
        kept.trim_end() == reference().trim_end(),
        "`alertctl schema --output markdown > docs/stack-reference.md` writes it anew"
    );
}

/// Editors mark nothing in a file that lies over another one.
#[test]
fn what_is_laid_over_a_stack_need_not_be_one() {
    for over in [
        "alarms: { cpu: { threshold: '>= 95', severity: critical } }",
        "tags: { stage: prod }",
        "include: [common.yaml]",
        "alarms: { cpu: { period: '${PERIOD}', metric: AWS/EC2 CPUUtilization } }",
    ] {
        assert_eq!(takes(over), Some(true), "{over}");
    }
    for wrong in [
        "alarms: { cpu: { treshold: '>= 95' } }",
        "alarms: { cpu: { metric: a b, rule: c } }",
    ] {
        assert_eq!(takes(wrong), Some(false), "{wrong}");
    }
}
