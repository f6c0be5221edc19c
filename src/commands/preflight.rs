//! Asks IAM for the permissions that the caller lacks, before anything is tried.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::aws::simulate::{self, Caller};
use crate::aws::{Aws, Fault};
use crate::engine::graph::Graph;
use crate::engine::plan::{Action, Plan, Step};
use crate::operate::permissions::{Deed, Permission, cases, conditions, needed_for};
use crate::output::{Failure, Problem};
use crate::resource::access::Phase;

/// Timeout for IAM's answers: `apply` also works without them.
const PATIENCE: Duration = Duration::from_secs(20);

/// The caller, and the permissions that IAM denies it.
#[derive(Debug)]
pub struct Preflight {
    pub who: String,
    /// Action and resource.
    pub lacking: BTreeSet<(String, String)>,
    /// Whether IAM was asked. If it was and nothing is lacking, a denial during the run is only temporary.
    asked: bool,
}

impl Preflight {
    /// Asks IAM which of these permissions the caller lacks. An account's root user lacks none.
    ///
    /// # Errors
    /// IAM does not know the identity, or does not let it ask.
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

    /// The same for the permissions that the steps of `plan` need. Without changes, nothing is asked.
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

    /// One text per missing permission.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        let text =
            |(action, resource): &(String, String)| format!("{} may not {action} on {resource}", self.who);
        self.lacking.iter().map(text)
    }

    /// The same as problems, with advice.
    pub fn problems(&self, help: &str) -> Vec<Problem> {
        let problem = |message| Problem { message, help: None };
        let mut problems: Vec<_> = self.texts().map(problem).collect();
        if let Some(last) = problems.last_mut() {
            last.help = Some(help.to_owned());
        }
        problems
    }

    /// The same as JSON.
    pub fn json(&self) -> Value {
        let one = |(action, resource): &(String, String)| json!({ "action": action, "resource": resource });
        self.lacking.iter().map(one).collect()
    }
}

/// Refuses a plan that would fail halfway because of a missing permission; `file` is the stack file.
///
/// If IAM cannot be asked (the caller has no `iam:SimulatePrincipalPolicy` on itself or is a federated user, or
/// IAM throttles or is slow), the plan runs without this check.
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
