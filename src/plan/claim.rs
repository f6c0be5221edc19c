//! Which step, or which role, tells runs apart that change the stack at the same time.

use super::{Action, Plan, of};
use crate::aws::run::Mark;
use crate::observe::Observation;
use crate::resource::iam_role::IamRole;
use crate::resource::kms_alias::KmsAlias;
use crate::resource::{NodeId, Resource as _};

/// How a run claims a stack.
///
/// AWS takes a name once: of several runs that make a stack, the one that makes its first role has it. On a role that
/// exists each run leaves a mark while it is at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing of the stack has a name that is AWS's to give once: what two runs make is the same thing.
    None,
    /// By this step; all but what may be made beside it waits for it.
    Creation(usize),
    /// By a mark on this role.
    Role {
        name: String,
        /// What was on it when it was observed: of runs that were killed, or are at work right now.
        marks: Vec<Mark>,
    },
}

impl Plan {
    /// Chooses the claim, and puts the steps behind it.
    pub(super) fn lay_claim(&mut self, seen: &Observation) {
        let roles = seen.owned().filter(|(id, _)| id.kind == IamRole::KIND);
        // All runs take the same one.
        let first = roles.min_by_key(|(id, live)| (of(id).live_name)(live));
        if let Some((id, live)) = first {
            self.claim = Claim::Role {
                name: (of(id).live_name)(live),
                marks: (of(id).marks)(live).to_vec(),
            };
            return;
        }
        let made = |kind: &str| {
            let is = |id: &NodeId, action| id.kind == kind && action == Action::Create;
            self.steps.iter().position(|step| is(&step.id, step.action))
        };
        // Without a role, the key's name is the one that is given once.
        let Some(claim) = made(IamRole::KIND).or_else(|| made(KmsAlias::KIND)) else {
            return;
        };
        self.claim = Claim::Creation(claim);
        for (index, step) in self.steps.iter_mut().enumerate() {
            let waits = index != claim && !of(&step.id).beside_claim && step.action != Action::Keep;
            if waits && !step.after.contains(&claim) {
                step.after.push(claim);
            }
        }
    }
}
