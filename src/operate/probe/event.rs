//! Creates an event that a rule matches.

use serde_json::{Map, Value, json};

use crate::samples::{self, Place};

/// The value of a text that may be anything.
const ANY: &str = "alertctl-test";

/// Events at `place` that the pattern may match: the samples that match by our own evaluation, and one that is
/// made from the pattern.
pub fn candidates(pattern: &Value, place: Place<'_>) -> Vec<Value> {
    let Some(pattern) = pattern.as_object() else {
        return Vec::new();
    };
    let samples = samples::all().filter_map(|sample| sample.happening(place));
    let made = made(pattern, place);
    samples
        .chain(made)
        .filter(|event| alertctl_relay::pattern::matches(pattern, event))
        .collect()
}

/// An event with exactly the fields that the pattern asks for.
fn made(pattern: &Map<String, Value>, place: Place<'_>) -> Option<Value> {
    let mut event = json!({
        "version": "0",
        "id": samples::fresh_id(),
        "source": "alertctl.test",
        "detail-type": "alertctl test",
        "account": place.account,
        "time": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": place.region,
        "resources": [],
        "detail": {},
    });
    fill(event.as_object_mut()?, pattern);
    // `resources` must be a list, but the pattern names a single one.
    if let Some(one) = event["resources"].as_str().map(str::to_owned) {
        event["resources"] = json!([one]);
    }
    Some(event)
}

/// Sets in `event` what each field of the pattern asks for.
fn fill(event: &mut Map<String, Value>, pattern: &Map<String, Value>) {
    for (name, wanted) in pattern {
        match wanted {
            // One matching branch is enough.
            Value::Array(branches) if name == "$or" => {
                if let Some(branch) = branches.iter().find_map(Value::as_object) {
                    fill(event, branch);
                }
            }
            Value::Array(conditions) => match conditions.iter().find_map(fitting) {
                Some(value) => {
                    event.insert(name.clone(), value);
                }
                None => {
                    event.remove(name);
                }
            },
            Value::Object(fields) => {
                let inner = event.entry(name.clone()).or_insert_with(|| json!({}));
                if let Some(inner) = inner.as_object_mut() {
                    fill(inner, fields);
                }
            }
            _ => {}
        }
    }
}

/// A value that meets one condition of a field; `None` if the field must be absent.
fn fitting(condition: &Value) -> Option<Value> {
    let Value::Object(condition) = condition else {
        return Some(condition.clone());
    };
    let (operator, operand) = condition.iter().next()?;
    // Some operators contain another one, and some a list.
    let text = || {
        let operand = operand.get("equals-ignore-case").unwrap_or(operand);
        let one = operand
            .as_array()
            .and_then(|list| list.first())
            .unwrap_or(operand);
        one.as_str()
    };
    Some(match operator.as_str() {
        "prefix" => format!("{}{ANY}", text()?).into(),
        "suffix" => format!("{ANY}{}", text()?).into(),
        "equals-ignore-case" => text()?.into(),
        "wildcard" => text()?.replace('*', ANY).into(),
        "cidr" => text()?.split('/').next()?.into(),
        "exists" => operand.as_bool()?.then(|| ANY.into())?,
        "anything-but" => ANY.into(),
        "numeric" => number(operand.as_array()?)?,
        _ => return None,
    })
}

/// A number within the bounds of `[">", 0, "<=", 5]`.
fn number(bounds: &[Value]) -> Option<Value> {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    for bound in bounds.chunks(2) {
        let [operator, limit] = bound else { return None };
        let limit_as_number = limit.as_f64()?;
        match operator.as_str()? {
            "=" => return Some(limit.clone()),
            "<" | "<=" => high = limit_as_number,
            ">" | ">=" => low = limit_as_number,
            _ => return None,
        }
    }
    let found = match (low.is_finite(), high.is_finite()) {
        (true, true) => f64::midpoint(low, high),
        (true, false) => low + 1.0,
        (false, true) => high - 1.0,
        (false, false) => 0.0,
    };
    Some(json!(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place {
        account: "111122223333",
        region: "eu-west-1",
        trail: None,
    };

    #[test]
    fn an_event_is_made_of_what_a_pattern_asks_for() {
        let pattern = json!({
            "source": ["shop.orders"],
            "detail-type": [{ "prefix": "Order " }],
            "resources": [{ "suffix": ":shop" }],
            "detail": {
                "state": [{ "anything-but": ["done"] }],
                "total": [{ "numeric": [">", 100, "<=", 200] }],
                "user": { "ip": [{ "cidr": "10.0.0.0/8" }], "name": [{ "exists": true }] },
                "hidden": [{ "exists": false }],
                "path": [{ "wildcard": "/a/*/b" }],
                "kind": [{ "equals-ignore-case": "BIG" }],
                "count": [3],
            },
            "$or": [{ "account": ["111122223333"] }, { "region": ["x"] }],
        });
        let found = candidates(&pattern, PLACE);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0]["detail"]["total"], 150.0);
        assert_eq!(found[0]["detail"].get("hidden"), None);
    }

    #[test]
    fn an_event_of_aws_is_a_sample() {
        let pattern = json!({ "source": ["aws.ec2"], "detail": { "state": ["stopped"] } });
        let found = candidates(&pattern, PLACE);
        assert!(found[0]["detail"]["instance-id"].is_string(), "{found:#?}");
        assert_eq!(found[0]["region"], "eu-west-1");
    }

    #[test]
    fn what_nothing_fits_has_no_event() {
        for pattern in [
            json!([]),
            json!({ "source": [{ "unheard-of": 1 }] }),
            json!({ "detail": { "a": [{ "numeric": [">", 2, "<", 1] }] } }),
        ] {
            assert_eq!(candidates(&pattern, PLACE), Vec::<Value>::new(), "{pattern}");
        }
    }
}
