//! Chooses the step or the role that serves to detect two runs that change the stack at the same time.

use super::{Action, Plan, Step, of};
use crate::aws::run::Mark;
use crate::engine::observe::Observation;
use crate::resource::any::Kind;
use crate::resource::iam::role::IamRole;
use crate::resource::{ClaimOrder, Resource as _, kinds};

/// How a run claims a stack.
///
/// AWS gives a name only once: of several runs that create a stack, only one can create its first role. If a role
/// exists, each run leaves a mark on it while it is at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// No resource of the stack has a name that AWS gives only once. Two runs then create the same things.
    None,
    /// The stack is claimed by this step. All other steps wait for it, except those that may run beside a claim.
    Creation(usize),
    /// The stack is claimed by a mark on this role.
    Role {
        name: String,
        /// The marks that were on the role when it was observed. Their runs were killed or are still at work.
        marks: Vec<Mark>,
    },
}

impl Plan {
    /// Chooses the claim, and makes the other steps depend on it.
    pub(super) fn lay_claim(&mut self, seen: &Observation) {
        let roles = seen.owned().filter(|(id, _)| id.kind == IamRole::KIND);
        // The order is by name, so that all runs choose the same role.
        let first = roles.min_by_key(|(id, live)| (of(id).live_name)(live));
        if let Some((id, live)) = first {
            self.claim = Claim::Role {
                name: (of(id).live_name)(live),
                marks: (of(id).about)(live).marks,
            };
            return;
        }
        let created = |kind: &Kind| {
            let is = |step: &Step| step.id.kind == kind.name && step.action == Action::Create;
            self.steps.iter().position(is)
        };
        // In the order of the registry, so that all runs choose the same kind: a role before the alias of a key.
        let mut claiming = kinds::all().filter(|kind| kind.handling.claim == ClaimOrder::Claims);
        let Some(claim) = claiming.find_map(created) else {
            return;
        };
        self.claim = Claim::Creation(claim);
        for (index, step) in self.steps.iter_mut().enumerate() {
            let is_beside = of(&step.id).handling.claim == ClaimOrder::Beside;
            let waits = index != claim && !is_beside && step.action != Action::Keep;
            if waits && !step.after.contains(&claim) {
                step.after.push(claim);
            }
        }
    }
}
