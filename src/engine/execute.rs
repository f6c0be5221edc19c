//! Runs a plan exactly as it is. Makes no decisions.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::aws::fault::ANOTHER_RUN;
use crate::aws::{Aws, Fault, Known};
use crate::engine::graph::{self, End, Graph, Job, Settle};
use crate::engine::plan::{self, Action, Plan, Step};
use crate::resource::any::AnyLive;
use crate::resource::kinds::kind;
use crate::resource::{Context, NodeId, Result};

mod claim;

use claim::Claim;

/// Something that happened to a step, reported as it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// A run that began at this time has not ended: this run watches whether it is still alive.
    Watching(&'a str),
    Started(&'a Step),
    /// How far a long step is, in a few words.
    Progress {
        step: &'a Step,
        text: &'a str,
    },
    /// The resource exists and is still settling.
    Waiting(&'a Step),
    Finished {
        step: &'a Step,
        elapsed: Duration,
        notes: Vec<String>,
    },
    Failed {
        step: &'a Step,
        fault: &'a Fault,
    },
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.action, self.id)
    }
}

/// How every step of the plan ended, in the plan's order. Steps that keep their resource end as `Done`.
#[derive(Debug)]
pub struct Report {
    pub ends: Vec<End<Fault>>,
    /// The outputs of everything that exists now.
    pub known: Known,
    /// An error of the run as a whole, although no step failed.
    pub fault: Option<Fault>,
    /// Messages for the user about the run as a whole.
    pub notes: Vec<String>,
}

impl Report {
    /// True when every step was done.
    pub fn complete(&self) -> bool {
        self.fault.is_none() && self.ends.iter().all(|end| *end == End::Done)
    }

    /// True when the user stopped the run.
    pub fn interrupted(&self) -> bool {
        self.ends.contains(&End::Interrupted)
    }
}

/// Runs `plan` for the wanted resources of `graph`. Before the steps, and after claiming the stack, it runs `first`.
///
/// # Errors
/// If another run is changing the stack; then nothing was changed. Also the errors of `first`.
pub async fn execute(
    aws: &Aws,
    graph: &Graph,
    plan: &Plan,
    parallelism: usize,
    interrupt: watch::Receiver<bool>,
    first: impl Future<Output = Result<()>>,
    on_event: &dyn Fn(Event<'_>),
) -> Result<Report> {
    let mut claim = Claim::take(aws, plan, on_event).await?;
    if let Err(fault) = claim.hold(first).await {
        let none = vec![End::Interrupted; plan.steps.len()];
        // If the mark stayed, the next run would wait a moment to see whether this run is still alive.
        let _ = claim.release(plan, &none).await;
        return Err(fault);
    }
    let known = RefCell::new(plan.known.clone());
    let job = |step: &Step| {
        let kind = kind(step.id.kind);
        let shares_a_call = kind.handling.deleted_together && step.action == Action::Delete;
        let lane = kind.handling.at_once.map(|width| (kind.name, width));
        Job {
            after: step.after.clone(),
            lane: lane.filter(|_| step.action != Action::Keep && !shares_a_call),
            shares_a_call,
        }
    };
    let jobs: Vec<_> = plan.steps.iter().map(job).collect();
    let elsewhere: Vec<Option<Rc<Aws>>> = plan
        .steps
        .iter()
        .map(|step| step.id.region().map(|region| aws.at(region)))
        .collect();
    let run = Run {
        graph,
        known: &known,
        on_event,
        claim: match plan.claim {
            plan::Claim::Creation(index) => Some(&plan.steps[index].id),
            _ => None,
        },
        fresh: RefCell::default(),
    };
    let job = |index: usize| run.step(&plan.steps[index], elsewhere[index].as_deref().unwrap_or(aws));
    let mut ends = claim.hold(graph::run(&jobs, parallelism, interrupt, job)).await;
    if let plan::Claim::Creation(index) = plan.claim
        && let End::Failed(fault) = &mut ends[index]
        && fault.code == ANOTHER_RUN
    {
        run.take_back(aws, fault).await;
    }
    let (fault, notes) = claim.release(plan, &ends).await;
    Ok(Report {
        ends,
        known: known.into_inner(),
        fault,
        notes,
    })
}

struct Run<'a> {
    graph: &'a Graph,
    known: &'a RefCell<Known>,
    on_event: &'a dyn Fn(Event<'_>),
    /// The step that claims the stack, if there is one.
    claim: Option<&'a NodeId>,
    /// The resources that this run created and that no other run shares.
    fresh: RefCell<Vec<(&'a Step, AnyLive)>>,
}

impl<'a> Run<'a> {
    async fn step(&self, step: &'a Step, aws: &'a Aws) -> Result<Settle<'a, Fault>> {
        if step.action == Action::Keep {
            return Ok(async { Ok(()) }.boxed_local());
        }
        let (start, on_event) = (Instant::now(), self.on_event);
        on_event(Event::Started(step));
        let cx = Context {
            aws,
            known: self.known.borrow().clone(),
            claim: self.claim == Some(&step.id),
            fresh: Cell::new(false),
            notes: RefCell::default(),
            on_progress: Box::new(move |text| on_event(Event::Progress { step, text })),
        };
        let live = self
            .act(step, &cx)
            .await
            .inspect_err(|fault| on_event(Event::Failed { step, fault }))?;
        if let Some(live) = &live {
            if cx.fresh.get() {
                self.fresh.borrow_mut().push((step, live.clone()));
            }
            let output = (kind(step.id.kind).output)(live);
            self.known
                .borrow_mut()
                .outputs
                .insert(step.id.to_string(), output);
        }
        on_event(Event::Waiting(step));
        let node = self.graph.get(&step.id);
        Ok(async move {
            if let (Some(live), Some(node)) = (live, node) {
                let settled = node.resource.settle(live, &cx).await;
                settled.inspect_err(|fault| on_event(Event::Failed { step, fault }))?;
            }
            on_event(Event::Finished {
                step,
                elapsed: start.elapsed(),
                notes: cx.notes.take(),
            });
            Ok(())
        }
        .boxed_local())
    }

    /// Deletes what this run created next to a claim that another run won. Adds the outcome to the run's `fault`.
    async fn take_back(&self, aws: &Aws, fault: &mut Fault) {
        for (step, live) in self.fresh.take() {
            let cx = Context {
                aws,
                known: self.known.borrow().clone(),
                claim: false,
                fresh: Cell::new(false),
                notes: RefCell::default(),
                on_progress: Box::new(|_| ()),
            };
            let undone = match (kind(step.id.kind).take_back)(live, &cx).await {
                Ok(None) => continue,
                Ok(Some(undone)) => undone,
                Err(refused) => format!("{} that it had created remains: {refused}", step.id),
            };
            fault.message = format!("{}; {undone}", fault.message);
        }
    }

    async fn act(&self, step: &Step, cx: &Context<'_>) -> Result<Option<AnyLive>> {
        let resource = || {
            let node = self
                .graph
                .get(&step.id)
                .expect("a step on a wanted resource has its node");
            &*node.resource
        };
        let live = || {
            step.live
                .clone()
                .expect("a step on a live resource has its state")
        };
        let delete = kind(step.id.kind).delete;
        match step.action {
            Action::Create => resource().create(cx).await.map(Some),
            Action::Update | Action::Adopt => resource().update(live(), &step.changes, cx).await.map(Some),
            Action::Replace => {
                delete(live(), cx).await?;
                resource().create(cx).await.map(Some)
            }
            Action::Delete => delete(live(), cx).await.map(|()| None),
            Action::Keep => Ok(step.live.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
