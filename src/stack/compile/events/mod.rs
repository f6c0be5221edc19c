//! Compiles the rules of a stack to EventBridge patterns.

pub mod except;
mod own;
mod presets;
pub mod record;
pub mod regions;
pub mod services;

use serde_json::{Value, json};

use crate::stack::model::{Calls, Except, Rule, Stack, What};

/// Longest pattern of a rule in characters of JSON.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
pub const MAX_PATTERN: usize = 2_048;
/// Detail-type of API calls.
pub const API_CALL: &str = "AWS API Call via CloudTrail";
/// Detail types of sign-ins: AWS sends the first and documents the second.
pub const SIGN_INS: [&str; 2] = [
    "AWS Console Sign In via CloudTrail",
    "AWS Console Signin via CloudTrail",
];
/// Detail type of actions that AWS performs on behalf of the account.
pub const SERVICE_EVENT: &str = "AWS Service Event via CloudTrail";
/// Suffix of all detail types that need a trail.
pub const VIA_TRAIL: &str = " via CloudTrail";

/// One EventBridge rule.
#[derive(Debug, Clone, PartialEq)]
pub struct CompiledRule<'a> {
    /// The rule's key; for one of `services`, `<key>-<service>`.
    pub key: String,
    /// The key of the rule in the file that it is compiled from.
    pub origin: String,
    /// Physical name.
    pub name: String,
    /// Description in the console.
    pub description: String,
    /// The event pattern, an object.
    pub pattern: Value,
    /// Regions other than the stack's own, in which the same rule must forward events to the stack's region.
    pub regions: Vec<String>,
    /// The rule in the file.
    pub rule: &'a Rule,
}

impl CompiledRule<'_> {
    /// Whether it matches events that exist only where a trail is logging.
    pub fn needs_trail(&self) -> bool {
        matches_trail(&self.pattern)
    }
}

fn matches_trail(pattern: &Value) -> bool {
    let of_trail = |value: &Value| value.as_str().is_some_and(|text| text.ends_with(VIA_TRAIL));
    let detail_types = pattern.get("detail-type").and_then(Value::as_array);
    let branches = pattern.get("$or").and_then(Value::as_array);
    detail_types.is_some_and(|types| types.iter().any(of_trail))
        || branches.is_some_and(|branches| branches.iter().any(matches_trail))
}

impl Stack {
    /// The EventBridge rules, sorted by key: one for each of `services`, otherwise one per rule. `home` is the
    /// stack's region.
    pub fn compiled_rules(&self, home: &str) -> Vec<CompiledRule<'_>> {
        self.rules
            .iter()
            .flat_map(|(key, rule)| self.compile(key, rule, home))
            .collect()
    }

    /// The EventBridge rules for one rule of the file.
    pub fn compile<'a>(&self, key: &str, rule: &'a Rule, home: &str) -> Vec<CompiledRule<'a>> {
        self.uncompiled(key, rule, home)
            .into_iter()
            .map(|(mut compiled, except)| {
                compiled.pattern = except::apply(compiled.pattern, &except).0;
                compiled
            })
            .collect()
    }

    /// The same rules without their exceptions, and the exceptions.
    pub fn uncompiled<'a>(&self, key: &str, rule: &'a Rule, home: &str) -> Vec<(CompiledRule<'a>, Except)> {
        let name = rule.name.clone().unwrap_or_else(|| self.default_name(key));
        let compiled = |suffix: &str, what: &str, pattern: Value, regions: Vec<String>| CompiledRule {
            key: format!("{key}{suffix}"),
            origin: key.to_owned(),
            name: format!("{name}{suffix}"),
            description: rule
                .description
                .clone()
                .unwrap_or_else(|| format!("alertctl stack {}: {what}", self.stack)),
            pattern,
            regions: regions::beside(home, rule, regions),
            rule,
        };
        match &rule.what {
            What::Pattern(pattern) => {
                vec![(compiled("", key, pattern.clone(), vec![]), rule.except.clone())]
            }
            What::Preset(preset) => {
                let pattern = presets::pattern(*preset, self);
                let regions = regions::of_preset(self, *preset, home);
                vec![(
                    compiled("", preset.as_str(), pattern, regions),
                    rule.except.clone(),
                )]
            }
            What::Services(services) => services
                .iter()
                .map(|(service, calls)| {
                    let what = format!("calls of {service}");
                    let regions = regions::of_service(self, service, home);
                    let (calls, except) = services::without(service, calls, &rule.except);
                    let pattern = of_service(service, &calls);
                    (compiled(&format!("-{service}"), &what, pattern, regions), except)
                })
                .collect(),
        }
    }
}

/// API calls of a service, and events of the service itself: a rotation, a scheduled deletion.
fn of_service(service: &str, calls: &Calls) -> Value {
    let sources = services::sources(service);
    let detail_types = if sources.contains(&"signin") {
        [&SIGN_INS[..], &[API_CALL, SERVICE_EVENT]].concat()
    } else {
        vec![API_CALL, SERVICE_EVENT]
    };
    let named = |before: &str, after: &str| -> Vec<String> {
        let names = sources.iter().map(|source| format!("{before}{source}{after}"));
        names.collect()
    };
    let mut detail = json!({ "eventSource": named("", ".amazonaws.com") });
    match calls {
        Calls::Only(names) => detail["eventName"] = services::event_names(service, names),
        // Data events that any trail of the account logs also arrive as calls, and the reaction to one may
        // cause the next. They have this field with the value false. A call that the file names explicitly is
        // not filtered.
        Calls::All => detail["managementEvent"] = json!([true, { "exists": false }]),
    }
    json!({
        "source": named("aws.", ""),
        "detail-type": detail_types,
        "detail": detail,
    })
}
