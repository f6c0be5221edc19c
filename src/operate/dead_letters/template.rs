//! Applies a target's input settings to an event.

use serde_json::Value;

use crate::resource::eventbridge::targets::Input;

/// Placeholder of an input template for the whole event as JSON.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>
const WHOLE: &str = "aws.events.event.json";

/// The text that a target with this input gets for `event`.
pub(super) fn fill(input: Option<&Input>, event: &Value) -> String {
    match input {
        None => event.to_string(),
        Some(Input::Constant(text)) => text.clone(),
        Some(Input::Path(path)) => at(event, path).to_string(),
        Some(Input::Transformer { paths, template }) => transformed(template, |name| match name {
            WHOLE => Some(event),
            name => paths.get(name).map(|path| at(event, path)),
        }),
    }
}

/// The template with the value of each placeholder, in one pass: what is inserted is not read as a template again. A value
/// comes as JSON, and between quotes as text, so that a JSON template stays JSON.
fn transformed<'a>(template: &str, value: impl Fn(&str) -> Option<&'a Value>) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut quoted = false;
    let mut rest = template;
    while let Some(c) = rest.chars().next() {
        let placeholder = rest
            .strip_prefix('<')
            .and_then(|rest| rest.split_once('>'))
            .and_then(|(name, after)| Some((value(name)?, after)));
        if let Some((value, after)) = placeholder {
            filled += &match (quoted, value) {
                (false, value) => value.to_string(),
                (true, Value::String(text)) => escaped(text),
                (true, value) => escaped(&value.to_string()),
            };
            rest = after;
            continue;
        }
        // An escaped character does not end a text.
        let taken = match c {
            '\\' if quoted => c.len_utf8() + rest[1..].chars().next().map_or(0, char::len_utf8),
            c => c.len_utf8(),
        };
        quoted ^= c == '"';
        filled += &rest[..taken];
        rest = &rest[taken..];
    }
    filled
}

/// A text as it stands between the quotes of JSON.
fn escaped(text: &str) -> String {
    let json = Value::from(text).to_string();
    json[1..json.len() - 1].to_owned()
}

/// The value at `$.a.b` in an event.
fn at<'a>(event: &'a Value, path: &str) -> &'a Value {
    let steps = path
        .trim_start_matches('$')
        .split('.')
        .filter(|step| !step.is_empty());
    let mut found = event;
    for step in steps {
        found = match step.split_once('[') {
            None => &found[step],
            Some((name, index)) => match index.trim_end_matches(']').parse::<usize>() {
                Ok(index) if name.is_empty() => &found[index],
                Ok(index) => &found[name][index],
                Err(_) => &Value::Null,
            },
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inputs_are_filled_as_eventbridge_does() {
        let event = json!({ "id": "1", "resources": ["r"], "detail": { "state": "up" } });
        assert_eq!(fill(None, &event), event.to_string());
        assert_eq!(fill(Some(&Input::Constant("\"x\"".into())), &event), "\"x\"");
        assert_eq!(
            fill(Some(&Input::Path("$.detail".into())), &event),
            r#"{"state":"up"}"#
        );
        let transformer = |template: &str| Input::Transformer {
            paths: [
                ("state".to_owned(), "$.detail.state".to_owned()),
                ("r".to_owned(), "$.resources[0]".to_owned()),
            ]
            .into(),
            template: template.into(),
        };
        assert_eq!(
            fill(Some(&transformer("\"<r> is <state>\"")), &event),
            "\"r is up\""
        );
        let named = |state: &str| {
            let event = json!({ "resources": ["r"], "detail": { "state": state } });
            let text = fill(
                Some(&transformer(
                    r#"{"msg":"<r> is <state>, \"<state>\"","s":<state>}"#,
                )),
                &event,
            );
            serde_json::from_str::<Value>(&text).expect("JSON")
        };
        assert_eq!(named("up"), json!({ "msg": "r is up, \"up\"", "s": "up" }));
        // Values from the event are inserted as they are: neither expanded as templates nor parsed as JSON.
        for odd in ["<state>", "<aws.events.event.json>", "a \"b\" \\", "\n"] {
            assert_eq!(
                named(odd),
                json!({ "msg": format!("r is {odd}, \"{odd}\""), "s": odd })
            );
        }
        let wrapped = fill(
            Some(&transformer(
                r#"{"alertctl":{"rule":"a"},"event":<aws.events.event.json>}"#,
            )),
            &event,
        );
        assert_eq!(serde_json::from_str::<Value>(&wrapped).unwrap()["event"], event);
    }
}
