//! Applies a target's input settings to an event.

use serde_json::Value;

use crate::resource::eventbridge::targets::Input;

/// Placeholder of an input template for the whole event as JSON.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>
const WHOLE: &str = "<aws.events.event.json>";

/// The text that a target with this input gets for `event`.
pub(super) fn fill(input: Option<&Input>, event: &Value) -> String {
    match input {
        None => event.to_string(),
        Some(Input::Constant(text)) => text.clone(),
        Some(Input::Path(path)) => at(event, path).to_string(),
        Some(Input::Transformer { paths, template }) => {
            // In a JSON template a text is inserted with its quotes, unless the placeholder is already inside
            // quotes.
            let whole = template.replace(WHOLE, &event.to_string());
            paths.iter().fold(whole, |filled, (name, path)| {
                let (hole, value) = (format!("<{name}>"), at(event, path));
                let bare = match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                match template.trim_start().starts_with('{') {
                    true => filled.replace(&hole, &value.to_string()),
                    false => filled.replace(&hole, &bare),
                }
            })
        }
    }
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
        let wrapped = fill(
            Some(&transformer(
                r#"{"alertctl":{"rule":"a"},"event":<aws.events.event.json>}"#,
            )),
            &event,
        );
        assert_eq!(serde_json::from_str::<Value>(&wrapped).unwrap()["event"], event);
    }
}
