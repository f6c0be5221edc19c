//! What the identity that runs this lacks: asked of IAM before anything is tried.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::aws::simulate::{self, Caller};
use crate::aws::{Aws, Fault};
use crate::graph::Graph;
use crate::output::{Failure, Problem};
use crate::permissions::{Deed, Permission, cases, conditions, needed_for};
use crate::plan::{Action, Plan, Step};
use crate::resource::access::Phase;

/// An apply waits no longer for IAM's answers: it can do without.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who runs this, and what IAM does not let them do.
#[derive(Debug)]
pub struct Preflight {
    pub who: String,
    /// Action and resource.
    pub lacking: BTreeSet<(String, String)>,
    /// IAM was asked: whom it lacks nothing is denied for now only.
    asked: bool,
}

impl Preflight {
    /// Asks IAM which of these permissions the identity lacks. An account's root user lacks nothing.
    ///
    /// # Errors
    /// Where IAM does not know the identity, or does not let it ask.
    pub async fn ask(aws: &Aws, permissions: &BTreeSet<Permission>) -> Result<Self, Fault> {
        Ok(match simulate::caller(aws).await? {
            Caller::Root => Self {
                who: "the account's root user".to_owned(),
                lacking: BTreeSet::new(),
                asked: false,
            },
            Caller::Identity(arn) => {
                let cases = cases(&aws.stack, permissions);
                let lacking = simulate::refused(aws, &arn, &cases, &conditions()).await?;
                Self {
                    who: arn,
                    lacking,
                    asked: true,
                }
            }
        })
    }

    /// The same about what the steps of `plan` need. Where there are no changes nothing is asked.
    pub async fn of(aws: &Aws, graph: &Graph, plan: &Plan) -> Result<Self, Fault> {
        let deeds: Vec<_> = plan.steps.iter().map(deed).collect();
        let needed = needed_for(&plan.stack, graph, &plan.known, &deeds);
        if needed.is_empty() {
            return Ok(Self {
                who: String::new(),
                lacking: BTreeSet::new(),
                asked: false,
            });
        }
        Self::ask(aws, &needed).await
    }

    /// What is lacking, one by one.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        let text =
            |(action, resource): &(String, String)| format!("{} may not {action} on {resource}", self.who);
        self.lacking.iter().map(text)
    }

    /// The same with the next move.
    pub fn problems(&self, help: &str) -> Vec<Problem> {
        let problem = |message| Problem { message, help: None };
        let mut problems: Vec<_> = self.texts().map(problem).collect();
        if let Some(last) = problems.last_mut() {
            last.help = Some(help.to_owned());
        }
        problems
    }

    /// The same for machines.
    pub fn json(&self) -> Value {
        let one = |(action, resource): &(String, String)| json!({ "action": action, "resource": resource });
        self.lacking.iter().map(one).collect()
    }
}

/// Refuses to begin what would fail halfway for want of a permission; `file` is the stack file.
///
/// Where AWS does not let one ask (the caller has no `iam:SimulatePrincipalPolicy` on itself, is a federated user, IAM
/// throttles or is late) the plan runs as if nothing had been asked.
pub async fn refuse_lacking(aws: &Aws, graph: &Graph, plan: &Plan, file: &str) -> Result<(), Failure> {
    let asked = tokio::time::timeout(PATIENCE, Preflight::of(aws, graph, plan)).await;
    let Ok(Ok(verdict)) = asked else {
        return Ok(());
    };
    let help = format!(
        "nothing was changed: `alertctl policy {file} --deployer --apply` prints the permissions it needs; \
         with `--no-preflight`, apply tries anyway"
    );
    match verdict.problems(&help) {
        none if none.is_empty() => {
            if verdict.asked {
                aws.memory.permitted();
            }
            Ok(())
        }
        problems => Err(Failure::Problems(problems)),
    }
}

fn deed(step: &Step) -> Deed<'_> {
    Deed {
        id: &step.id,
        phases: match step.action {
            Action::Create => &[Phase::Read, Phase::Write],
            Action::Update | Action::Adopt => &[Phase::Read, Phase::Write, Phase::Change],
            Action::Replace => &[Phase::Read, Phase::Write, Phase::Delete],
            Action::Delete => &[Phase::Delete],
            Action::Keep => &[],
        },
        arn: step
            .output()
            .map(|output| output.arn)
            .filter(|arn| !arn.is_empty()),
    }
}
