//! A run's claim on a stack: another run on it is noticed before anything is changed.
//!
//! The claim is a mark in the tags of one of the stack's roles, put there when the run begins and taken off when it
//! ends. It is no lock: a run that was killed leaves its mark, but no sign of life, and is passed by. Of two runs that
//! begin at the same time at least one sees both marks, since each looks once its own is there.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, interval_at, sleep};

use super::Event;
use crate::aws::fault::Result;
use crate::aws::run::{Mark, another};
use crate::aws::{Aws, Fault};
use crate::graph::End;
use crate::plan::{self, Action, Plan};
use crate::resource::Resource as _;
use crate::resource::iam_role::{IamRole, claim};

/// How often a run shows that it lives.
const BEAT: Duration = Duration::from_secs(2);
/// How long a mark is watched for such a sign: longer than two of them.
const WATCH: Duration = Duration::from_millis(4500);
/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(500);

/// What a run holds while it changes a stack.
pub(super) struct Claim<'a> {
    aws: &'a Aws,
    /// The role that carries the mark; none where the stack has none, or the identity must not tag it.
    role: Option<String>,
    mark: Mark,
    /// Marks of runs that were killed.
    dead: Vec<Mark>,
}

impl<'a> Claim<'a> {
    /// Puts the run's mark on the role that exists. Where one is to be made, its creation claims the stack.
    ///
    /// # Errors
    /// Where another run is at work.
    pub(super) async fn take(aws: &'a Aws, plan: &Plan, tell: &dyn Fn(Event<'_>)) -> Result<Self> {
        let mut taken = Self {
            aws,
            role: None,
            mark: Mark::first(&aws.run),
            dead: Vec::new(),
        };
        match &plan.claim {
            plan::Claim::Role { name, marks } => match taken.mark(name, marks, tell).await {
                // Who may change the stack, but not the tags of its roles, does without.
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

    async fn mark(&self, role: &str, seen: &[Mark], tell: &dyn Fn(Event<'_>)) -> Result<()> {
        let deleted = || self.another(&format!("it deleted the role `{role}`"));
        if let Some(first) = seen.first() {
            tell(Event::Watching(&first.run.to_string()));
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
            // The later of two that see each other gives way. One that does not, because it was on its way before
            // this mark was there, keeps the stack.
            if other.run < self.mark.run || start.elapsed() > WATCH {
                // Unless it is taken off, the next run waits a moment to see whether this one lives.
                let _ = claim::take_off(self.aws, role, std::slice::from_ref(&self.mark)).await;
                return Err(self.began(&other));
            }
            sleep(LOOK).await;
        }
    }

    /// Runs `work`, and shows meanwhile that the run lives.
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
                // One that is missed is made up for by the next; what is lost shows in the end.
                _ = claim::put(self.aws, role, &self.mark) => {}
            }
        }
    }

    /// Takes the mark off: an error where its role is gone and this run has not deleted it, and what else is to be
    /// told.
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
