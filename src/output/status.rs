//! A stack as it is, resource by resource.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::style;
use crate::plan::{Action, Plan, Step};

impl Plan {
    /// One line a resource: its state, names, ARN, and what is worth knowing.
    pub fn status_text(&self) -> String {
        let mut text = String::new();
        let (bold, dim, place) = (style::BOLD, style::DIM, &self.scope);
        let _ = writeln!(
            text,
            "{bold}stack {}{bold:#} in account {}, {}\n",
            self.stack, place.account, place.region
        );
        let rows: Vec<_> = self.steps.iter().map(|step| (self.state(step), step)).collect();
        let width = |of: fn(&Step) -> usize| rows.iter().map(|(_, step)| of(step)).max().unwrap_or(0);
        let (ids, names) = (
            width(|step| step.id.to_string().len()),
            width(|step| step.name.chars().count()),
        );
        for (state, step) in &rows {
            let color = if *state == "ok" {
                style::symbol(Action::Create).1
            } else {
                style::WARNING
            };
            let arn = step.output().map(|output| output.arn).unwrap_or_default();
            let id = step.id.to_string();
            let line = format!(
                "  {color}{state:<8}{color:#} {id:<ids$}  {:<names$}  {dim}{arn}{dim:#}",
                step.name
            );
            let _ = writeln!(text, "{}", line.trim_end());
            if let Some(remark) = step.condition() {
                let _ = writeln!(text, "           {remark}");
            }
        }
        for conflict in &self.conflicts {
            let warning = style::WARNING;
            let _ = writeln!(
                text,
                "  {warning}foreign {warning:#} {}  {}",
                conflict.id, conflict.name
            );
        }
        if rows.is_empty() && self.conflicts.is_empty() {
            let _ = writeln!(text, "  nothing: this stack owns no resource here");
        }
        text
    }

    /// The same for machines.
    pub fn status_json(&self) -> Value {
        let resources: Vec<_> = self
            .steps
            .iter()
            .map(|step| {
                json!({
                    "id": step.id,
                    "name": step.name,
                    "state": self.state(step),
                    "arn": step.output().map(|output| output.arn),
                    "remark": step.condition(),
                })
            })
            .collect();
        json!({
            "version": 1,
            "stack": self.stack,
            "account": self.scope.account,
            "region": self.scope.region,
            "resources": resources,
            "foreign": self.conflicts,
        })
    }

    fn state(&self, step: &Step) -> &'static str {
        // Without a stack file nothing is wanted: what the stack owns is then all there is to say.
        let by_name = || self.steps.iter().all(|step| step.action == Action::Delete);
        match step.action {
            Action::Keep => "ok",
            Action::Create => "missing",
            Action::Update | Action::Replace | Action::Adopt => "drifted",
            Action::Delete if by_name() => "owned",
            Action::Delete => "leftover",
        }
    }
}
