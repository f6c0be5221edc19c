//! The result of a run.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::Out;
use super::markdown::{code, fenced};
use super::style::{self, verbs};
use crate::engine::execute::Report;
use crate::engine::graph::End;
use crate::engine::plan::{Action, Plan, Step};

impl Report {
    /// The root failures with the steps that they blocked, then the counts.
    pub fn text(&self, plan: &Plan, elapsed: Duration, again: &str) -> String {
        let mut text = String::new();
        for (index, step, fault) in self.failures(plan) {
            let (error, help) = (style::ERROR, style::HELP);
            let _ = writeln!(
                text,
                "{error}error{error:#}: {} ({}): {fault}",
                step.id, step.name
            );
            let _ = writeln!(text, "  {help}help{help:#}: {}", fault.help());
            let held: Vec<_> = self
                .skipped_by(plan, index)
                .map(|step| step.id.to_string())
                .collect();
            if !held.is_empty() {
                let _ = writeln!(text, "  not started because of it: {}", held.join(", "));
            }
        }
        if let Some(fault) = &self.fault {
            let (error, help) = (style::ERROR, style::HELP);
            let _ = writeln!(text, "{error}error{error:#}: {fault}");
            if let Some(hint) = &fault.hint {
                let _ = writeln!(text, "  {help}help{help:#}: {hint}");
            }
        }
        let done = self.done(plan);
        let mut counts: Vec<String> = [
            Action::Create,
            Action::Update,
            Action::Replace,
            Action::Adopt,
            Action::Delete,
        ]
        .into_iter()
        .map(|action| {
            (
                done.iter().filter(|step| step.action == action).count(),
                verbs(action).1,
            )
        })
        .filter(|(count, _)| *count > 0)
        .map(|(count, verb)| format!("{count} {verb}"))
        .collect();
        let failed = self.failures(plan).count();
        let skipped = self
            .ends
            .iter()
            .filter(|end| matches!(end, End::Skipped(_)))
            .count();
        let interrupted = self
            .ends
            .iter()
            .filter(|end| matches!(end, End::Interrupted))
            .count();
        for (count, what) in [
            (failed, "failed"),
            (skipped, "skipped"),
            (interrupted, "not finished"),
        ] {
            if count > 0 {
                counts.push(format!("{count} {what}"));
            }
        }
        if counts.is_empty() {
            counts.push("nothing done".to_owned());
        }
        let _ = write!(text, "{} in {:.1} s", counts.join(", "), elapsed.as_secs_f64());
        if !self.complete() {
            let _ = write!(text, "\ncompleted changes are kept; to continue, run `{again}`");
        }
        text
    }

    /// The result for the summary page of a pipeline's job.
    pub fn markdown(&self, plan: &Plan, elapsed: Duration, again: &str) -> String {
        let text = self.text(plan, elapsed, again);
        let text = anstream::adapter::strip_str(&text).to_string();
        let end = if self.complete() { "done" } else { "not finished" };
        let stack = code(&plan.stack);
        format!(
            "### alertctl: stack {stack} {end}\n\n{}",
            fenced("text", text.lines().map(str::to_owned))
        )
    }

    /// Annotates the root failures for the pipeline's runner.
    pub fn annotate(&self, out: Out, plan: &Plan) {
        for (_, step, fault) in self.failures(plan) {
            out.annotate_error(&step.id.to_string(), &fault.to_string(), Some(&fault.help()));
        }
        if let Some(fault) = &self.fault {
            out.annotate_error("alertctl", &fault.to_string(), fault.hint.as_deref());
        }
    }

    /// The result as JSON.
    pub fn json(&self, plan: &Plan, elapsed: Duration) -> Value {
        let steps = plan
            .steps
            .iter()
            .zip(&self.ends)
            .filter(|(step, _)| step.action != Action::Keep);
        let steps: Vec<_> = steps
            .map(|(step, end)| {
                let mut entry =
                    json!({ "id": step.id, "name": step.name, "action": step.action, "result": result(end) });
                match end {
                    End::Failed(fault) => {
                        entry["error"] = json!(fault.to_string());
                        entry["help"] = json!(fault.help());
                    }
                    End::Skipped(root) => entry["because"] = json!(plan.steps[*root].id),
                    End::Done | End::Interrupted => {}
                }
                entry
            })
            .collect();
        let mut document = json!({
            "version": 1,
            "stack": plan.stack,
            "account": plan.scope.account,
            "region": plan.scope.region,
            "complete": self.complete(),
            "seconds": elapsed.as_secs_f64(),
            "steps": steps,
        });
        if let Some(fault) = &self.fault {
            document["errors"] = json!([{ "message": fault.to_string(), "help": fault.hint }]);
        }
        document
    }

    fn failures<'a>(
        &'a self,
        plan: &'a Plan,
    ) -> impl Iterator<Item = (usize, &'a Step, &'a crate::aws::Fault)> {
        self.ends.iter().enumerate().filter_map(|(index, end)| match end {
            End::Failed(fault) => Some((index, &plan.steps[index], fault)),
            _ => None,
        })
    }

    fn skipped_by<'a>(&'a self, plan: &'a Plan, root: usize) -> impl Iterator<Item = &'a Step> {
        let held = self.ends.iter().zip(&plan.steps);
        held.filter(move |(end, _)| **end == End::Skipped(root))
            .map(|(_, step)| step)
    }

    fn done<'a>(&self, plan: &'a Plan) -> Vec<&'a Step> {
        let ended = self.ends.iter().zip(&plan.steps);
        ended
            .filter(|(end, _)| **end == End::Done)
            .map(|(_, step)| step)
            .collect()
    }
}

fn result(end: &End<crate::aws::Fault>) -> &'static str {
    match end {
        End::Done => "done",
        End::Failed(_) => "failed",
        End::Skipped(_) => "skipped",
        End::Interrupted => "interrupted",
    }
}
