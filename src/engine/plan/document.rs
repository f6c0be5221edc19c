//! Reads a plan from its saved document, for display only. To run a plan, it is computed again.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Action, Claim, Cost, Origin, Permission, Plan, Step};
use crate::aws::{Known, Scope};
use crate::resource::kinds::find;
use crate::resource::{Changes, NodeId};

#[derive(Deserialize)]
struct Document {
    stack: String,
    #[serde(flatten)]
    scope: Scope,
    steps: Vec<Entry>,
    base: Option<String>,
    #[serde(default)]
    permissions: Vec<Permission>,
    #[serde(default)]
    cost: Cost,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    action: Action,
    name: String,
    changes: Changes,
    remark: Option<String>,
    #[serde(default)]
    kept: bool,
    protected_by: Option<String>,
    origin: Option<Origin>,
}

impl Plan {
    /// Reads the plan that `plan --output json` wrote. A plan with conflicts is never saved.
    ///
    /// # Errors
    /// What is wrong with the document.
    pub fn of_document(document: &Value) -> Result<Self, String> {
        let document = Document::deserialize(document).map_err(|error| error.to_string())?;
        let Document {
            stack,
            scope,
            steps,
            base,
            permissions,
            cost,
        } = document;
        let known = Known {
            scope: scope.clone(),
            outputs: BTreeMap::new(),
        };
        Ok(Self {
            stack,
            scope,
            steps: steps.into_iter().map(Entry::step).collect::<Result<_, _>>()?,
            conflicts: Vec::new(),
            warnings: Vec::new(),
            base,
            permissions,
            cost,
            known,
            claim: Claim::None,
        })
    }
}

impl Entry {
    fn step(self) -> Result<Step, String> {
        let node = |id: &str| {
            let (kind, key) = id.split_once('/')?;
            Some(NodeId {
                kind: find(kind)?.name,
                key: key.to_owned(),
            })
        };
        let id = node(&self.id);
        Ok(Step {
            id: id.ok_or_else(|| format!("there is no resource `{}`", self.id))?,
            action: self.action,
            name: self.name,
            changes: self.changes,
            remark: self.remark,
            kept: self.kept,
            protected_by: self.protected_by.as_deref().and_then(node),
            origin: self.origin,
            after: Vec::new(),
            live: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_comes_out_of_its_document_as_it_went_in() {
        let document = json!({
            "stack": "mission", "partition": "aws", "region": "eu-west-1", "account": "111122223333",
            "steps": [{
                "id": "sns-topic/alerts", "action": "update", "name": "mission-sns", "remark": "about it",
                "protected_by": "sns-topic/alerts",
                "changes": [
                    { "field": "display_name", "from": { "value": "a" }, "to": null, "replaces": false },
                    { "field": "key", "from": null, "to": { "after_apply": "kms-key/main" }, "replaces": true },
                    { "field": "webhook", "from": "secret", "to": "secret", "replaces": false },
                ],
                "origin": { "file": true, "drift": true, "fields": ["display_name"] },
            }],
            "conflicts": [], "warnings": [], "base": "main.yaml",
            "permissions": [{
                "who": "CloudWatch", "may": "publish to", "on": "topic/alerts", "change": "granted",
                "effect": "allow", "for": ["alarm/cpu"], "when": ["for this account"],
                "wide": ["any action"], "where": "sns-topic/alerts",
            }],
            "cost": {
                "currency": "USD", "monthly_change": 0.1,
                "items": [{ "what": "alarm", "count": 1, "monthly_change": 0.1 }],
            },
        });
        let plan = Plan::of_document(&document).expect("a plan");
        assert_eq!(serde_json::to_value(&plan).ok(), Some(document));
        let other = json!({ "stack": "a", "partition": "aws", "region": "r", "account": "1", "steps": [
            { "id": "moon/far", "action": "create", "name": "m", "changes": [] },
        ] });
        assert_eq!(
            Plan::of_document(&other).err().as_deref(),
            Some("there is no resource `moon/far`")
        );
    }
}
