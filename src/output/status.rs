//! A stack as it is, resource by resource.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Out;
use super::console;
use super::style;
use crate::plan::{Action, Plan, Step};
use crate::resource::Verdict;

impl Out {
    /// A row about something that is no resource.
    pub fn status_row(&self, state: &str, what: &str, text: &str) -> String {
        let color = match state {
            "ok" => style::symbol(Action::Create).1,
            "failed" => style::ERROR,
            _ => style::WARNING,
        };
        format!("  {color}{state:<8}{color:#} {what}  {text}")
    }
}

impl Plan {
    /// A row a resource: its state, names, health, ARN; below it what is worth knowing and, with `pages`, where the
    /// console shows it.
    pub fn status_text(&self, pages: bool) -> String {
        let mut text = String::new();
        let (bold, dim, place) = (style::BOLD, style::DIM, &self.scope);
        let _ = writeln!(
            text,
            "{bold}stack {}{bold:#} in account {}, {}\n",
            self.stack, place.account, place.region
        );
        let rows: Vec<_> = self.steps.iter().map(|step| (self.state(step), step)).collect();
        let width = |of: fn(&Step) -> usize| rows.iter().map(|(_, step)| of(step)).max().unwrap_or(0);
        let (ids, names, healths) = (
            width(|step| step.id.to_string().len()),
            width(|step| step.name.chars().count()),
            width(|step| step.health().map_or(0, |health| health.text.chars().count())),
        );
        for (state, step) in &rows {
            let color = if *state == "ok" {
                style::symbol(Action::Create).1
            } else {
                style::WARNING
            };
            let arn = step.output().map(|output| output.arn).unwrap_or_default();
            let id = step.id.to_string();
            let (health, shade) = match step.health() {
                Some(health) => (health.text, shade(health.verdict)),
                None => (String::new(), anstyle::Style::new()),
            };
            let mut line = format!("  {color}{state:<8}{color:#} {id:<ids$}  {:<names$}", step.name);
            if !health.is_empty() || !arn.is_empty() {
                let _ = write!(line, "  {shade}{health:<healths$}{shade:#}");
            }
            if !arn.is_empty() {
                let _ = write!(line, "  {dim}{arn}{dim:#}");
            }
            let _ = writeln!(text, "{}", line.trim_end());
            if let Some(remark) = step.condition() {
                let _ = writeln!(text, "           {remark}");
            }
            if let Some(page) = console::page(step, &place.region).filter(|_| pages) {
                let _ = writeln!(text, "           {dim}{page}{dim:#}");
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
    pub fn status_json(&self, pages: bool) -> Value {
        let resources: Vec<_> = self
            .steps
            .iter()
            .map(|step| {
                json!({
                    "id": step.id,
                    "name": step.name,
                    "state": self.state(step),
                    "arn": step.output().map(|output| output.arn),
                    "console": console::page(step, &self.scope.region).filter(|_| pages),
                    "health": step.health(),
                    "remark": step.condition(),
                })
            })
            .collect();
        let not_ready = self.not_ready();
        json!({
            "version": 1,
            "stack": self.stack,
            "account": self.scope.account,
            "region": self.scope.region,
            "ready": not_ready.is_empty(),
            "not_ready": not_ready,
            "resources": resources,
            "foreign": self.conflicts,
        })
    }

    fn state(&self, step: &Step) -> &'static str {
        match step.action {
            Action::Keep if step.kept && self.is_by_name() => "owned",
            Action::Keep if step.kept => "leftover",
            Action::Keep => "ok",
            Action::Create => "missing",
            Action::Update | Action::Replace | Action::Adopt => "drifted",
            Action::Delete if self.is_by_name() => "owned",
            Action::Delete => "leftover",
        }
    }
}

fn shade(verdict: Verdict) -> anstyle::Style {
    match verdict {
        Verdict::Healthy => style::symbol(Action::Create).1,
        Verdict::Attention | Verdict::Waiting => style::WARNING,
        Verdict::Failed => style::ERROR,
    }
}
