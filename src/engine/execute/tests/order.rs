//! What must have happened before a step starts, computed apart from the plan's own order.

use std::cell::RefCell;

use super::super::Event;
use crate::engine::graph::Graph;
use crate::engine::plan::{Action, Claim, Plan, Step};
use crate::resource::NodeId;
use crate::resource::tests::world::Shared;

/// Watches the steps of one run.
pub(super) struct Order<'a> {
    pub plan: &'a Plan,
    pub graph: &'a Graph,
    pub world: &'a Shared,
    pub run: usize,
    /// By step: its calls are done.
    pub done: RefCell<Vec<bool>>,
}

impl Order<'_> {
    pub(super) fn see(&self, event: &Event<'_>) {
        let (step, what) = match event {
            Event::Started(step) => (*step, "starts"),
            Event::Waiting(step) => (*step, "is made"),
            Event::Finished { step, .. } => (*step, "is done"),
            Event::Failed { step, .. } => (*step, "failed"),
            Event::Progress { .. } | Event::Watching(_) => return,
        };
        let line = || format!("run {}: {step:?} {} {what}", self.run, step.name);
        self.world.borrow_mut().note(line);
        let steps = self.plan.steps.iter();
        let at = steps.clone().position(|other| std::ptr::eq(other, step));
        let at = at.expect("a step of the plan");
        match event {
            Event::Waiting(_) => self.done.borrow_mut()[at] = true,
            Event::Started(_) => {
                let after = match step.action {
                    Action::Delete => &[][..],
                    _ => &self.graph.get(&step.id).expect("a wanted node").after,
                };
                for (index, other) in steps.enumerate() {
                    if index != at
                        && !self.done.borrow()[index]
                        && self.comes_after(step, after, other, index)
                    {
                        let text = format!("run {}: {step:?} starts before {other:?}", self.run);
                        self.world.borrow_mut().wrong.push(text);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether `step`, whose node comes after the nodes `after`, must wait for `other`, the plan's step with this index.
    fn comes_after(&self, step: &Step, after: &[NodeId], other: &Step, index: usize) -> bool {
        if other.action == Action::Keep {
            return false;
        }
        if self.plan.claim == Claim::Creation(index) && step.id.kind != "world-key" {
            return true;
        }
        if step.action != Action::Delete {
            return other.action != Action::Delete && after.contains(&other.id);
        }
        match step.id.kind {
            "world-key" => other.id.kind == "world-group",
            "world-alias" => ["world-group", "world-entry"].contains(&other.id.kind),
            "world-group" => {
                let inside = other.name.starts_with(&format!("{}/", step.name));
                other.id.kind == "world-entry" && (inside || other.action != Action::Delete)
            }
            _ => false,
        }
    }
}
