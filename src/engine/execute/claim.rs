//! A run's claim on a stack: it detects another run on the same stack before anything is changed.
//!
//! The claim is a mark in the tags of one of the stack's roles. It is set when the run begins and removed when it
//! ends. It is not a lock: a run that was killed leaves its mark but shows no sign of life, so it is ignored. Of two
//! runs that begin at the same time, at least one sees both marks, because each run looks only after setting its own
//! mark.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, interval_at, sleep};

use super::Event;
use crate::aws::fault::Result;
use crate::aws::run::{Mark, another};
use crate::aws::{Aws, Fault};
use crate::engine::graph::End;
use crate::engine::plan::{self, Action, Plan};
use crate::resource::Resource as _;
use crate::resource::iam::role::{IamRole, claim};

/// How often a run shows that it is alive.
const BEAT: Duration = Duration::from_secs(2);
/// How long a mark is watched for a sign of life: longer than two beats.
const WATCH: Duration = Duration::from_millis(4500);
/// The pause between two looks at the mark.
const LOOK: Duration = Duration::from_millis(500);

/// What a run holds while it changes a stack.
pub(super) struct Claim<'a> {
    aws: &'a Aws,
    /// The role that carries the mark. `None` if the stack has no role, or the caller may not tag it.
    role: Option<String>,
    mark: Mark,
    /// Marks of runs that were killed.
    dead: Vec<Mark>,
}

impl<'a> Claim<'a> {
    /// Sets the run's mark on the existing role. If the role is still to be created, its creation claims the stack.
    ///
    /// # Errors
    /// If another run is changing the stack.
    pub(super) async fn take(aws: &'a Aws, plan: &Plan, on_event: &dyn Fn(Event<'_>)) -> Result<Self> {
        let mut taken = Self {
            aws,
            role: None,
            mark: Mark::first(&aws.run),
            dead: Vec::new(),
        };
        match &plan.claim {
            plan::Claim::Role { name, marks } => match taken.mark(name, marks, on_event).await {
                // A caller who may change the stack but not the tags of its roles runs without a claim.
                Err(fault) if fault.denied() => {}
                Err(fault) => return Err(fault.of(|| format!("{} ({name})", IamRole::KIND))),
                Ok(()) => {
                    taken.role = Some(name.clone());
                    taken.dead.clone_from(marks);
                }
            },
            plan::Claim::Creation(index) => {
                let step = &plan.steps[*index];
                taken.role = (step.id.kind == IamRole::KIND).then(|| step.name.clone());
            }
            plan::Claim::None => {}
        }
        Ok(taken)
    }

    async fn mark(&self, role: &str, seen: &[Mark], on_event: &dyn Fn(Event<'_>)) -> Result<()> {
        let deleted = || self.another(&format!("it deleted the role `{role}`"));
        if let Some(first) = seen.first() {
            on_event(Event::Watching(&first.run.to_string()));
            let start = Instant::now();
            while start.elapsed() < WATCH {
                sleep(LOOK).await;
                let now = claim::marks(self.aws, role).await?.ok_or_else(deleted)?;
                if now != seen {
                    return Err(self.began(first));
                }
            }
        }
        if !claim::put(self.aws, role, &self.mark).await? {
            return Err(deleted());
        }
        let start = Instant::now();
        loop {
            let now = claim::marks(self.aws, role).await?.ok_or_else(deleted)?;
            let known = |mark: &Mark| mark.run == self.mark.run || seen.contains(mark);
            let Some(other) = now.into_iter().filter(|mark| !known(mark)).min() else {
                return Ok(());
            };
            // If two runs see each other, the one that began later stops. The other may have finished its check before
            // this mark was set; then it does not stop, and this run must, although it began earlier.
            if other.run < self.mark.run || start.elapsed() > WATCH {
                // If the mark stayed, the next run would wait a moment to see whether this run is still alive.
                let _ = claim::take_off(self.aws, role, std::slice::from_ref(&self.mark)).await;
                return Err(self.began(&other));
            }
            sleep(LOOK).await;
        }
    }

    /// Runs `work`, and meanwhile shows that this run is alive.
    pub(super) async fn hold<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut beats = interval_at(Instant::now() + BEAT, BEAT);
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = beats.tick() => {}
            }
            let Some(role) = &self.role else { continue };
            self.mark.beat += 1;
            tokio::select! {
                done = &mut work => return done,
                // A failed beat is ignored: the next one makes up for it, and `release` detects a lost role.
                _ = claim::put(self.aws, role, &self.mark) => {}
            }
        }
    }

    /// Removes the mark. Returns an error if the role is gone and this run has not deleted it, and messages for the
    /// user.
    pub(super) async fn release(self, plan: &Plan, ends: &[End<Fault>]) -> (Option<Fault>, Vec<String>) {
        let Some(role) = &self.role else {
            return (None, Vec::new());
        };
        let done = |index: usize| ends[index] == End::Done;
        let deleted = |(index, step): (usize, &plan::Step)| {
            let is = step.id.kind == IamRole::KIND && step.action == Action::Delete && step.name == *role;
            is && done(index)
        };
        if plan.steps.iter().enumerate().any(deleted) {
            return (None, Vec::new());
        }
        if let plan::Claim::Creation(index) = plan.claim
            && matches!(ends[index], End::Failed(_) | End::Interrupted)
        {
            return (None, Vec::new());
        }
        let marks = [std::slice::from_ref(&self.mark), &self.dead].concat();
        match claim::take_off(self.aws, role, &marks).await {
            Ok(true) => (None, Vec::new()),
            Ok(false) => {
                let what = format!("it deleted the role `{role}` during this run");
                (Some(self.another(&what)), Vec::new())
            }
            Err(fault) => (
                None,
                vec![format!(
                    "the tag that marks this run as in progress stays on the role `{role}`: {fault}"
                )],
            ),
        }
    }

    fn began(&self, mark: &Mark) -> Fault {
        self.another(&format!("it began at {}", mark.run))
    }

    fn another(&self, what: &str) -> Fault {
        another(&self.aws.stack, what)
    }
}
