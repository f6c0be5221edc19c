//! Whether a stack works: the condition that `--wait` waits for.

use serde::Serialize;

use super::{Action, Plan, Step};
use crate::resource::{NodeId, Verdict};

/// A resource of the stack that does not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotReady {
    pub id: NodeId,
    pub name: String,
    pub text: String,
    /// The state is temporary: it ends by itself or when somebody confirms something.
    pub passing: bool,
}

impl Plan {
    /// The resources that are missing or do not work. Leftovers are ignored.
    pub fn not_ready(&self) -> Vec<NotReady> {
        let by_name = self.is_by_name();
        let wanted = self
            .steps
            .iter()
            .filter(|step| by_name || step.action != Action::Delete);
        let step = |step: &Step| {
            let (text, passing) = match (step.action, step.health()) {
                (Action::Create, _) => ("does not exist".to_owned(), false),
                (_, Some(health)) => match health.verdict {
                    Verdict::Healthy | Verdict::Attention => return None,
                    Verdict::Waiting => (health.text, true),
                    Verdict::Failed => (health.text, false),
                },
                (_, None) => return None,
            };
            let text = step.condition().unwrap_or(text);
            Some(NotReady {
                id: step.id.clone(),
                name: step.name.clone(),
                text,
                passing,
            })
        };
        let foreign = self.conflicts.iter().map(|conflict| NotReady {
            id: conflict.id.clone(),
            name: conflict.name.clone(),
            text: "exists and is not part of this stack".to_owned(),
            passing: false,
        });
        wanted.filter_map(step).chain(foreign).collect()
    }
}
