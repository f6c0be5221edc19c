//! What somebody changed in the account, as edits of the stack file.
//!
//! An edit is only a proposal: whether it says what the account has shows the next plan.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::blueprint::{Names, RELAY};
use crate::engine::graph::Graph;
use crate::engine::plan::{Action, Plan, Step};
use crate::resource::cloudwatch;
use crate::resource::eventbridge::rule::EventbridgeRule;
use crate::resource::kms::key::KmsKey;
use crate::resource::lambda::function::LambdaFunction;
use crate::resource::sns::topic::SnsTopic;
use crate::resource::{Resource as _, Shown};
use crate::stack::{Comparison, Stack, What, hears_of_ends};

/// A value of the stack file that should be another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// Section, key of the entry, and what is in it.
    pub path: Vec<String>,
    pub value: Value,
}

/// The edits for what differs, and the fields that no edit can say: `cloudwatch-alarm/cpu: dimensions`.
pub fn edits(stack: &Stack, graph: &Graph, plan: &Plan) -> (Vec<Edit>, Vec<String>) {
    let (mut edits, mut left) = (Vec::new(), Vec::new());
    for step in &plan.steps {
        // What the file changed is not what somebody changed in the account, if that can be told.
        let of_file = step.origin.as_ref().is_some_and(|origin| !origin.drift);
        if !matches!(step.action, Action::Update | Action::Replace) || of_file {
            continue;
        }
        let found = Found {
            stack,
            plan,
            graph,
            step,
        };
        for change in step.changes.iter() {
            // What alertctl itself keeps there, and what follows from the rest of the stack.
            if change.field.starts_with("tags.") || change.field == "policy" || change.field == "settings" {
                continue;
            }
            match found.edit(&change.field) {
                Some(edit) => {
                    let also = found.ends_apart(&change.field);
                    let new = [edit]
                        .into_iter()
                        .chain(also)
                        .filter(|edit| !edits.contains(edit));
                    edits.extend(new.collect::<Vec<_>>());
                }
                None => left.push(format!("{}: {}", step.id, change.field)),
            }
        }
    }
    (edits, left)
}

/// A resource that differs.
struct Found<'a> {
    stack: &'a Stack,
    plan: &'a Plan,
    graph: &'a Graph,
    step: &'a Step,
}

impl Found<'_> {
    fn edit(&self, field: &str) -> Option<Edit> {
        let (key, is_elsewhere) = match self.step.id.region() {
            Some(_) => (self.step.id.key.split('@').next()?, true),
            None => (self.step.id.key.as_str(), false),
        };
        let at = |path: &[&str]| path.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let (path, value) = match self.step.id.kind {
            kind if cloudwatch::is_alarm(kind) => {
                // What an alarm in another region runs itself is only a part of whom the file names.
                if is_elsewhere && field.ends_with("_actions") {
                    return None;
                }
                let (key, inner) = self.alarm(key)?;
                let (name, value) = self.of_alarm(field, &key, !inner.is_empty())?;
                let begin = ["alarms".to_owned(), key].into_iter();
                let name = name.split('.').map(str::to_owned);
                (begin.chain(inner).chain(name).collect(), value)
            }
            SnsTopic::KIND if field == "display_name" => (at(&["topics", key, field]), self.live(field)?),
            // In another region it is only what forwards to this one.
            EventbridgeRule::KIND if !is_elsewhere => {
                let rule = self.stack.rules.get(key)?;
                let (name, value) = match field {
                    "description" => (field, self.live(field)?),
                    "pattern" if matches!(rule.what, What::Pattern(_)) => (field, self.live(field)?),
                    "state" => match self.live(field)?.as_str()? {
                        "DISABLED" => ("enabled", json!(false)),
                        "ENABLED" if !rule.include_read_only => ("enabled", json!(true)),
                        _ => return None,
                    },
                    _ => return None,
                };
                (at(&["rules", key, name]), value)
            }
            LambdaFunction::KIND if key == RELAY => {
                let name = match field {
                    "memory_mb" => "memory",
                    "timeout_seconds" => "timeout",
                    "reserved_concurrency" => field,
                    _ => return None,
                };
                (at(&["relay", name]), self.live(field)?)
            }
            KmsKey::KIND if ["rotation", "description"].contains(&field) => {
                (at(&["key", field]), self.live(field)?)
            }
            _ => return None,
        };
        Some(Edit { path, value })
    }

    /// Who hears of the end of an alarm, if that was who hears of ALARM and is no more, now that others do.
    fn ends_apart(&self, field: &str) -> Option<Edit> {
        if field != "alarm_actions" || self.step.changes.touch("ok_actions") {
            return None;
        }
        let edit = self.edit("ok_actions")?;
        let texts = |value: &Value| -> Option<BTreeSet<String>> {
            let names = value.as_array()?.iter();
            names.map(|name| name.as_str().map(str::to_owned)).collect()
        };
        let to = texts(&self.names("alarm_actions")?)?
            .into_iter()
            .collect::<Vec<_>>();
        let heard: BTreeSet<_> = hears_of_ends(&to).into_iter().collect();
        (texts(&edit.value)? != heard).then_some(edit)
    }

    /// The value that the account has. `None` if it has none, or one that is not shown.
    fn live(&self, field: &str) -> Option<Value> {
        let mut changes = self.step.changes.iter();
        if let Some(change) = changes.find(|change| change.field == field) {
            return match &change.from {
                Some(Shown::Value(value)) => Some(value.clone()),
                _ => None,
            };
        }
        let node = self.graph.get(&self.step.id)?;
        let fields = node.resource.fields(&self.plan.known);
        let mut fields = fields.iter();
        fields.find_map(|(name, shown)| match shown {
            Shown::Value(value) if name == field => Some(value.clone()),
            _ => None,
        })
    }

    /// The key of an alarm's entry, and the path within it, if it is one of a set.
    fn alarm(&self, key: &str) -> Option<(String, Vec<String>)> {
        if self.stack.alarms.contains_key(key) {
            return Some((key.to_owned(), vec![]));
        }
        let set = self
            .stack
            .alarm_keys(key)
            .into_iter()
            .find(|set| self.stack.alarms.contains_key(set))?;
        let name = key.strip_prefix(&set)?.strip_prefix('-')?.to_owned();
        Some((set, vec!["override".to_owned(), name]))
    }

    /// The setting of the alarm, or set of alarms, `key`, that a field is of.
    fn of_alarm(&self, field: &str, key: &str, is_of_set: bool) -> Option<(&'static str, Value)> {
        Some(match field {
            "comparison_operator" | "threshold" => {
                let operator = self.live("comparison_operator")?;
                let comparison = Comparison::named(operator.as_str()?)?;
                (
                    "threshold",
                    json!(format!(
                        "{} {}",
                        comparison.sign(),
                        number(&self.live("threshold")?)?
                    )),
                )
            }
            "alarm_actions" => ("to", self.names(field)?),
            "ok_actions" => ("ok", self.names(field)?),
            "insufficient_data_actions" => ("insufficient_data", self.names(field)?),
            "extended_statistic" => ("statistic", self.live(field)?),
            "query_results_to_evaluate" => ("evaluation_periods", self.live(field)?),
            "query_results_to_alarm" => ("datapoints_to_alarm", self.live(field)?),
            // Pages are lines of it, and an alarm of a set begins with what all of the set say.
            "description" => {
                let alarm = self.stack.alarms.get(key)?;
                let is_whole = alarm.runbook.is_none() && alarm.dashboard.is_none() && !is_of_set;
                ("description", self.live(field).filter(|_| is_whole)?)
            }
            _ => {
                let of_all = ["evaluate_low_sample_count_percentile", "unit"];
                if is_of_set && of_all.contains(&field) {
                    return None;
                }
                let same = [
                    "actions_enabled",
                    "evaluation_periods",
                    "datapoints_to_alarm",
                    "treat_missing_data",
                    "evaluate_low_sample_count_percentile",
                    "period",
                    "statistic",
                    "unit",
                    "logs.query",
                    "logs.groups",
                    "logs.aggregate",
                    "logs.lines",
                ];
                let name = same.into_iter().find(|name| *name == field)?;
                (name, self.live(field)?)
            }
        })
    }

    /// ARNs of actions as the file names them: by the keys of topics, where it has them.
    fn names(&self, field: &str) -> Option<Value> {
        let names = Names::of(self.stack);
        let scope = &self.plan.known.scope;
        let key = |arn: &Value| {
            let of =
                |key: &&String| names.topic_arn(key).fill_computed(scope).ok().as_deref() == arn.as_str();
            let key = self.stack.topics.keys().find(of);
            key.map_or_else(|| arn.clone(), |key| json!(key))
        };
        let arns = self.live(field)?;
        Some(arns.as_array()?.iter().map(key).collect())
    }
}

/// A number as people write it.
fn number(value: &Value) -> Option<String> {
    Some(value.as_f64()?.to_string())
}
