//! What an event of an unknown kind says: the name of the thing, its state, how bad that is, and its console page.
//! Services differ in the spelling, but most write these at a few known places.

use super::tone::Tone;
use super::{judge, link, mask, normalised, text};
use crate::contract::{ArnParts, Severity};
use serde_json::{Map, Value};

/// Longest name and state that are taken for one; anything longer is prose.
const MAX_NAME: usize = 200;
const MAX_STATE: usize = 60;
/// Most fields of an object that are looked at: each is looked at many times.
const MAX_FIELDS: usize = 1_000;
/// Keys that hold a state, without separators and in lower case. Any other key that ends in `status` or `state` follows.
const STATES: &[&str] = &[
    "state",
    "status",
    "laststatus",
    "currentstate",
    "currentstatus",
    "newstate",
    "newstatus",
    "buildstatus",
    "executionstatus",
    "result",
    "outcome",
    "compliancestatus",
    "compliancetype",
    "notificationtype",
    "subtype",
];
const SEVERITIES: &[&str] = &["severity", "severitylabel", "level", "priority"];
/// Words of keys whose value is only about an error.
const ERRORS: &[&str] = &[
    "errormessage",
    "errorcode",
    "error",
    "failurereason",
    "failurecode",
    "failuremessage",
];
/// Keys that end in a name or an id, but name something else.
const OTHER_NAMES: &[&str] = &[
    "requestid",
    "eventid",
    "messageid",
    "correlationid",
    "tokenid",
    "username",
    "eventname",
    "apiname",
    "typename",
    "regionname",
    "subnetid",
    "vpcid",
    "callerarn",
    "calleruserarn",
    "rolearn",
    "versionid",
];

/// The gist of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gist {
    /// The thing it is about.
    pub name: Option<String>,
    /// The state that the thing entered, in the service's own spelling.
    pub state: Option<String>,
    /// Why, in the service's own words.
    pub reason: Option<String>,
    pub tone: Tone,
    /// Address of a console page.
    pub page: Option<String>,
}

impl Gist {
    /// Reads JSON. `kind` is the detail type or subject, `resources` are ARNs.
    pub fn read(kind: Option<&str>, resources: &[String], detail: &Value) -> Self {
        Self::of(kind, resources, detail, link::in_json(single(detail)))
    }

    /// Reads JSON that may have secrets, and more JSON in its texts. Masked and deep fields, and those beyond the first, count as
    /// missing.
    pub(super) fn glance(kind: &str, resources: &[String], detail: &Value) -> Self {
        let seen = mask::glance(detail);
        Self::of(Some(kind), resources, &seen, link::in_json(single(detail)))
    }

    fn of(kind: Option<&str>, resources: &[String], detail: &Value, page: Option<String>) -> Self {
        // A list of one thing, such as `findings` or `Records`, is about that thing.
        let detail = single(detail);
        let state = state(detail);
        let mut tone = state.as_deref().map_or(Tone::Plain, judge::state);
        let severity = find(detail, &|key| SEVERITIES.contains(&key)).and_then(short);
        if tone != Tone::Good {
            tone = tone.max(severity.as_deref().map_or(Tone::Plain, judge::severity));
        }
        let none = |error: &String| {
            ["none", "n/a", "false", "no", "0", "ok"].contains(&error.to_lowercase().as_str())
        };
        let error = find(detail, &|key| ERRORS.contains(&key)).and_then(said);
        let error = error.filter(|error| !none(error));
        if tone == Tone::Plain && error.is_some() {
            tone = Tone::Bad(Severity::Warning);
        }
        // DMS and others have the state in the name of the event only.
        let event = find(detail, &|key| matches!(key, "eventtype" | "eventname" | "type")).and_then(short);
        let bad = |name: &String| judge::kind(name) > Tone::Plain;
        let state = state.or_else(|| event.clone().filter(bad));
        if tone != Tone::Good {
            let names = [kind, event.as_deref()].into_iter().flatten();
            tone = names.map(judge::kind).fold(tone, Tone::max);
        }
        let reasons = [
            "reason",
            "statusreason",
            "cause",
            "message",
            "errormessage",
            "warningmessage",
            "detailmessage",
            "failurereason",
        ];
        let reason = || find(detail, &|key| reasons.contains(&key)).and_then(said);
        let bad = matches!(tone, Tone::Bad(_));
        // What is shown is masked here, for the JSON may be large, and little of it is shown.
        let shown = |text: Option<String>| text.map(|text| mask::text(&text));
        let page = page.filter(|page| mask::text(page) == *page);
        Self {
            name: shown(name(detail, resources)),
            state: shown(state.or(severity)),
            reason: shown(error.or_else(reason).filter(|_| bad)),
            tone,
            page: page.or_else(|| resources.first().and_then(|arn| link::of_arn(arn))),
        }
    }
}

fn single(value: &Value) -> &Value {
    let inner = match value {
        Value::Array(values) => values.as_slice(),
        Value::Object(fields) if fields.len() == 1 => {
            match fields.values().next().and_then(Value::as_array) {
                Some(values) => values.as_slice(),
                None => return value,
            }
        }
        _ => return value,
    };
    match inner {
        [one @ Value::Object(_)] => one,
        _ => value,
    }
}

/// The first value, of this object or of the objects inside it, whose normalised key is wanted.
fn find<'a>(value: &'a Value, wanted: &dyn Fn(&str) -> bool) -> Option<&'a Value> {
    let fields = value.as_object()?;
    let here = |fields: &'a Map<String, Value>| {
        let mut fields = fields.iter().take(MAX_FIELDS);
        fields.find(|(key, value)| wanted(&normalised(key)) && !is_empty(value) && !mask::is_secret_name(key))
    };
    let first = |value: &'a Value| match value {
        Value::Array(values) => values.first().and_then(Value::as_object),
        value => value.as_object(),
    };
    let inner = || fields.values().take(MAX_FIELDS).filter_map(first).find_map(here);
    here(fields).or_else(inner).map(|(_, value)| value)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty() || text.eq_ignore_ascii_case("null"),
        Value::Object(fields) => fields.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn state(detail: &Value) -> Option<String> {
    let known = STATES
        .iter()
        .find_map(|state| find(detail, &|key| key == *state).and_then(short));
    let other = || {
        let past = |key: &str| {
            ["previous", "old", "prior", "desired"]
                .iter()
                .any(|word| key.starts_with(word))
        };
        let ends = |key: &str| (key.ends_with("status") || key.ends_with("state")) && !past(key);
        find(detail, &ends).and_then(short)
    };
    known.or_else(other)
}

/// A word, or the word that an object holds: `{ "value": "ALARM" }`, `{ "label": "HIGH" }`.
fn short(value: &Value) -> Option<String> {
    let word = match value {
        Value::String(word) => word.trim(),
        Value::Object(_) => {
            let keys = ["value", "label", "name", "status", "state", "description", "code"];
            return keys
                .iter()
                .find_map(|key| text(value, key))
                .filter(|word| fits(word, MAX_STATE));
        }
        _ => return None,
    };
    fits(word, MAX_STATE).then(|| word.to_owned())
}

fn said(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Object(_) => ["message", "Message", "code"]
            .iter()
            .find_map(|key| text(value, key)),
        _ => None,
    }
}

fn fits(word: &str, most: usize) -> bool {
    !word.is_empty() && word.len() <= most && !word.contains(['\n', '{']) && !word.contains(mask::MASK)
}

fn name(detail: &Value, resources: &[String]) -> Option<String> {
    let other = |key: &str| OTHER_NAMES.contains(&key) || key.ends_with("accountid");
    let names = |key: &str| (key.ends_with("name") || matches!(key, "title" | "pipeline")) && !other(key);
    let ids = |key: &str| {
        (key.ends_with("id") || key.ends_with("arn") || key.ends_with("key")) && !other(key) && key != "id"
    };
    let top = |wanted: &dyn Fn(&str) -> bool| {
        let mut fields = detail.as_object().into_iter().flatten().take(MAX_FIELDS);
        fields.find_map(|(key, value)| {
            let is_name = wanted(&normalised(key)) && !mask::is_secret_name(key);
            is_name.then(|| named(value)).flatten()
        })
    };
    let resource = || resources.iter().find_map(|arn| last(arn));
    let inner = || find(detail, &|key| names(key) || key == "key").and_then(named);
    let others = |key: &str| matches!(key, "service" | "application" | "job" | "subject");
    top(&names)
        .or_else(resource)
        .or_else(|| top(&others))
        .or_else(|| top(&ids))
        .or_else(inner)
        .or_else(|| text(detail, "id"))
}

fn named(value: &Value) -> Option<String> {
    let name = value
        .as_str()
        .map(str::trim)
        .filter(|name| fits(name, MAX_NAME))?;
    last(name)
}

/// The name at the end of an ARN; any other text as it is.
pub(super) fn last(name: &str) -> Option<String> {
    let name = name.trim();
    let resource = match name.strip_prefix("arn:") {
        None => name,
        Some(_) => {
            let resource = ArnParts::parse(name)?.resource;
            match resource.split_once('/') {
                // These end in an id that says nothing: `stack/orders/1b0e…`, `stackset/orders:1b0e…`.
                Some(("stack", rest)) => rest.split('/').next()?,
                Some(("stackset", rest)) => rest.split([':', '/']).next()?,
                _ => resource.rsplit(['/', ':']).next()?,
            }
        }
    };
    fits(resource, MAX_NAME).then(|| resource.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn gist(kind: &str, detail: &Value) -> (Option<String>, Option<String>, Tone) {
        let gist = Gist::read(Some(kind), &[], detail);
        (gist.name, gist.state, gist.tone)
    }

    #[test]
    fn name_and_state_are_found_however_they_are_spelled() {
        let some = |text: &str| Some(text.to_owned());
        let cases = [
            (
                json!({ "build-status": "FAILED", "project-name": "web" }),
                "web",
                "FAILED",
                Tone::Bad(Severity::Error),
            ),
            (
                json!({ "pipeline": "web", "state": "SUCCEEDED" }),
                "web",
                "SUCCEEDED",
                Tone::Good,
            ),
            (
                json!({ "jobArn": "arn:aws:x:us-east-1:1:job/a1", "previousStatus": "OK", "jobStatus": "TIMED_OUT" }),
                "a1",
                "TIMED_OUT",
                Tone::Bad(Severity::Error),
            ),
            (
                json!({ "title": "t", "severity": { "label": "HIGH" } }),
                "t",
                "HIGH",
                Tone::Bad(Severity::Error),
            ),
            (
                json!({ "resource-id": "i-1", "compliance-status": "non_compliant" }),
                "i-1",
                "non_compliant",
                Tone::Bad(Severity::Warning),
            ),
            (
                json!({ "findings": [{ "name": "x", "status": "NO_THREATS_FOUND" }] }),
                "x",
                "NO_THREATS_FOUND",
                Tone::Good,
            ),
        ];
        for (detail, name, state, tone) in cases {
            assert_eq!(
                gist("A Change", &detail),
                (some(name), some(state), tone),
                "{detail}"
            );
        }
    }

    #[test]
    fn no_secret_gets_into_a_headline() {
        let token = ["ghp", "0123456789abcdef0123456789abcdef"].join("_");
        let console = format!("https://console.aws.amazon.com/?token={token}");
        let detail =
            json!({ "name": token, "state": "FAILED", "reason": format!("token: {token}"), "link": console });
        let gist = Gist::read(None, &[], &detail);
        assert!(!format!("{gist:?}").contains(&token), "{gist:?}");
        for secret in [
            json!({ "apiKey": "hunter2" }),
            json!({ "credentialsArn": "x", "a": { "signingKey": "hunter2" } }),
        ] {
            let gist = Gist::read(None, &[], &secret);
            assert!(!format!("{gist:?}").contains("hunter2"), "{gist:?}");
        }
        assert_eq!(gist.tone, Tone::Bad(Severity::Error));
    }

    #[test]
    fn an_error_or_the_kind_alone_is_no_good_news() {
        let error = json!({ "name": "x", "errorMessage": "no room" });
        assert_eq!(gist("A Change", &error).2, Tone::Bad(Severity::Warning));
        assert_eq!(gist("Render Failed", &json!({})).2, Tone::Bad(Severity::Error));
        assert_eq!(gist("Render", &json!({ "error": "None" })).2, Tone::Plain);
        assert_eq!(gist("Render", &json!({ "errorMessage": "" })).2, Tone::Plain);
        assert_eq!(gist("Render", &json!(["x"])), (None, None, Tone::Plain));
    }
}
