//! Enforces permissions in front of the local AWS: each call is evaluated against policies as AWS does it, action by
//! action and resource by resource, and denied with AWS's messages.
//!
//! The permissions that each call needs are listed here a second time, independently of alertctl's own tables. They
//! come from the service authorization reference and the services' guides.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use axum::body::Body;
use axum::http::Response;
use axum::http::request::Parts;
use futures::FutureExt as _;
use serde_json::Value;

use super::wire::refusal;
use call::Call;

mod call;
mod tagged;

pub use tagged::complete;

/// One permission that a call needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    pub action: String,
    pub resource: String,
    pub context: BTreeMap<String, String>,
}

/// One action of one statement, which can be granted on its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    pub action: String,
    pub resources: Vec<String>,
    /// Operator, key, value.
    pub conditions: Vec<(String, String, String)>,
}

/// The granted permissions, and those that were denied since the last check.
#[derive(Default)]
pub struct Gate {
    pub granted: Mutex<BTreeSet<Unit>>,
    pub refused: Mutex<BTreeSet<Ask>>,
    /// The stack in the account. Its roles are under its path.
    pub stack: String,
    /// The caller's ARN, if it is not the account's root user. IAM then answers what this caller may do.
    pub identity: Option<String>,
}

/// The units in policy documents.
pub fn units(documents: &[Value]) -> BTreeSet<Unit> {
    let texts = |value: &Value| -> Vec<String> {
        let items = value.as_array().unwrap().iter();
        items.map(|item| item.as_str().unwrap().to_owned()).collect()
    };
    let mut units = BTreeSet::new();
    for document in documents {
        for statement in document["Statement"].as_array().unwrap() {
            let mut conditions = Vec::new();
            for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
                for (key, value) in keys.as_object().unwrap() {
                    conditions.push((operator.clone(), key.clone(), value.as_str().unwrap().to_owned()));
                }
            }
            for action in texts(&statement["Action"]) {
                units.insert(Unit {
                    action,
                    resources: texts(&statement["Resource"]),
                    conditions: conditions.clone(),
                });
            }
        }
    }
    units
}

impl Unit {
    /// True if this unit allows what is asked for.
    pub fn allows(&self, ask: &Ask) -> bool {
        let holds = |(operator, key, value): &(String, String, String)| {
            let Some(is) = ask.context.get(key) else {
                return false;
            };
            match operator.as_str() {
                "StringEquals" | "Bool" => is == value,
                "ArnLike" => matches(value, is),
                other => panic!("the operator {other}"),
            }
        };
        self.action.eq_ignore_ascii_case(&ask.action)
            && self
                .resources
                .iter()
                .any(|resource| matches(resource, &ask.resource))
            && self.conditions.iter().all(holds)
    }
}

/// True if `text` matches the pattern, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap()) else {
        return false;
    };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

impl Gate {
    /// The error response for a call that needs a permission that is not granted.
    pub async fn refuses(
        &self,
        upstream: &str,
        action: &str,
        head: &Parts,
        body: &[u8],
    ) -> Option<Response<Body>> {
        // This call needs no permission.
        if action == "sts:GetCallerIdentity" {
            return None;
        }
        let call = Call::new(upstream, action, &self.stack, head, body);
        for ask in call.asks().boxed().await {
            let granted = self.granted.lock().unwrap().iter().any(|unit| unit.allows(&ask));
            if granted {
                continue;
            }
            let message = format!(
                "User: arn:aws:iam::{}:user/deployer is not authorized to perform: {} on resource: {} because no \
                 identity-based policy allows the {} action",
                call.account, ask.action, ask.resource, ask.action
            );
            let code = match action.split_once(':').unwrap().0 {
                "sns" => "AuthorizationError",
                "iam" | "s3" | "sqs" | "cloudwatch" => "AccessDenied",
                _ => "AccessDeniedException",
            };
            self.refused.lock().unwrap().insert(ask);
            return Some(refusal(403, code, &message, head, body));
        }
        None
    }

    /// Answers who the caller is, and IAM's simulation of the caller's permissions.
    pub fn answers(&self, action: &str, body: &[u8]) -> Option<Response<Body>> {
        let identity = self.identity.as_ref()?;
        let xml = match action {
            "sts:GetCallerIdentity" => {
                let account = identity.split(':').nth(4).unwrap();
                format!(
                    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{identity}</Arn><UserId>AIDA1</UserId>\
                     <Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
                )
            }
            "iam:SimulatePrincipalPolicy" => {
                format!(
                    "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults>{}\
                     </EvaluationResults><IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult>\
                     </SimulatePrincipalPolicyResponse>",
                    self.simulated(&form(body))
                )
            }
            _ => return None,
        };
        let answer = Response::builder().header("content-type", "text/xml");
        Some(answer.body(Body::from(xml)).unwrap())
    }

    /// One result for each action, containing one for each resource.
    fn simulated(&self, form: &[(String, String)]) -> String {
        let list = |name: &str| {
            let name = format!("{name}.member.");
            let one = form.iter().filter(move |(key, _)| key.starts_with(&name));
            one.map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        let entries = form.iter().filter(|(key, _)| key.starts_with("ContextEntries."));
        let part = |end: &str| {
            let values = entries.clone().filter(|(key, _)| key.contains(end));
            values.map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        let keys = part(".ContextKeyName").into_iter();
        let context: BTreeMap<_, _> = keys.zip(part(".ContextKeyValues.")).collect();
        let granted = self.granted.lock().unwrap();
        let judged = |action: &str, resource: &str| {
            let ask = Ask {
                action: action.to_owned(),
                resource: resource.to_owned(),
                context: context.clone(),
            };
            // The keys of all statements, whatever they are about.
            let keys = granted.iter().flat_map(|unit| &unit.conditions);
            let keys: BTreeSet<_> = keys.map(|(_, key, _)| key).collect();
            let missing = keys.into_iter().filter(|key| !context.contains_key(*key));
            let missing: String = missing.map(|key| format!("<member>{key}</member>")).collect();
            let decision = match granted.iter().any(|unit| unit.allows(&ask)) {
                true => "allowed",
                false => "implicitDeny",
            };
            format!(
                "<member><EvalResourceName>{resource}</EvalResourceName><EvalResourceDecision>{decision}\
                 </EvalResourceDecision><MissingContextValues>{missing}</MissingContextValues></member>"
            )
        };
        let results = list("ActionNames").into_iter().map(|action| {
            let each: String = list("ResourceArns").iter().map(|one| judged(&action, one)).collect();
            format!(
                "<member><EvalActionName>{action}</EvalActionName><EvalResourceName>*</EvalResourceName>\
                 <EvalDecision>implicitDeny</EvalDecision><ResourceSpecificResults>{each}</ResourceSpecificResults>\
                 </member>"
            )
        });
        results.collect()
    }
}

/// The fields of a form.
fn form(body: &[u8]) -> Vec<(String, String)> {
    let fields = std::str::from_utf8(body).unwrap().split('&');
    let fields = fields.filter_map(|field| field.split_once('='));
    fields
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// A name or value of a form.
fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text)
        .decode_utf8()
        .unwrap()
        .into_owned()
}
