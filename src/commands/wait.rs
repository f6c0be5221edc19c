//! Waits until a stack works, for `status --wait` and `apply --wait`.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::planned::look;
use super::{App, stop_signal};
use crate::aws::Aws;
use crate::cli::{Adopt, Format, Wait};
use crate::engine::graph::Graph;
use crate::engine::plan::{NotReady, Plan};
use crate::output::{Failure, Out, Problem};
use crate::resource::Health;
use crate::resource::cloudwatch;

/// The shortest and longest pause between two observations; each reads everything in the stack, so the pause
/// grows.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

impl App {
    /// Observes until everything is ready, something cannot recover by itself, or the time is over. Shows on
    /// standard error what it waits for. Returns the last observation.
    ///
    /// # Errors
    /// AWS refuses an observation, or [`Failure::Interrupted`] at Ctrl-C.
    pub(super) async fn until_ready(
        &self,
        aws: Aws,
        graph: &Graph,
        wait: &Wait,
    ) -> Result<(Aws, Plan), Failure> {
        tokio::select! {
            () = stop_signal() => Err(Failure::Interrupted),
            seen = self.look_until_ready(aws, graph, wait.timeout) => seen,
        }
    }

    async fn look_until_ready(
        &self,
        mut aws: Aws,
        graph: &Graph,
        limit: Duration,
    ) -> Result<(Aws, Plan), Failure> {
        let (start, mut shown) = (Instant::now(), String::new());
        loop {
            let plan = look(&aws, graph, &Adopt::default()).await?;
            let open = plan.not_ready();
            let left = limit.saturating_sub(start.elapsed());
            let mends = open.iter().all(|one| one.passing);
            if open.is_empty() || !mends || left.is_zero() {
                return Ok((aws, plan));
            }
            let names: Vec<_> = open
                .iter()
                .map(|one| format!("{} ({})", one.id, one.text))
                .collect();
            let now = format!("waiting for {}", names.join(", "));
            if now != shown {
                self.out.say(&now);
                shown = now;
            }
            let (shortest, longest) = PAUSES;
            sleep((start.elapsed() / 8).clamp(shortest, longest).min(left)).await;
            aws = aws.afresh();
        }
    }

    /// Reports that everything is ready, and which alarms still wait for data, which may never come. `open`
    /// names what could not be checked.
    pub(super) fn say_ready(&self, plan: &Plan, open: Option<String>) {
        let waiting: Vec<_> = plan
            .steps
            .iter()
            .filter(|step| cloudwatch::is_alarm(step.id.kind))
            .filter(|step| {
                let state =
                    |health: &Health| health.facts.get("alarm_state") == Some(&"INSUFFICIENT_DATA".into());
                step.health().as_ref().is_some_and(state)
            })
            .map(|step| step.id.key.as_str())
            .collect();
        let (ready, but) = match open {
            None => ("everything is ready".to_owned(), ", but "),
            Some(open) => (format!("everything else is ready; {open}"), "; "),
        };
        self.out.say(&match waiting.as_slice() {
            [] => ready,
            [one] => format!("{ready}{but}alarm `{one}` has no data yet"),
            many => format!(
                "{ready}{but}{} alarms have no data yet: {}",
                many.len(),
                many.join(", ")
            ),
        });
    }

    /// An error for each resource of `plan` that is not ready, with the next command: `wait` continues waiting,
    /// `apply` repairs if there is a stack file. `more` lists further problems.
    pub(super) fn refuse_not_ready(
        &self,
        plan: &Plan,
        more: Vec<Problem>,
        wait: &str,
        apply: Option<&str>,
    ) -> Result<(), Failure> {
        let problem = |one: NotReady| Problem {
            message: format!("not ready: {} ({}): {}", one.id, one.name, one.text),
            help: Some(match one.passing {
                true => format!("to keep waiting, run `{wait}`"),
                false => match apply {
                    Some(apply) => format!("waiting does not fix this: run `{apply}`"),
                    None => "waiting does not fix this: apply its stack file".to_owned(),
                },
            }),
        };
        let problems: Vec<_> = plan.not_ready().into_iter().map(problem).chain(more).collect();
        if problems.is_empty() {
            return Ok(());
        }
        let failure = Failure::Problems(problems);
        match self.out.format {
            // Standard output already has its one JSON document.
            Format::Json => {
                failure.report(Out { format: Format::Text });
                Err(Failure::Reported)
            }
            Format::Text | Format::Markdown => Err(failure),
        }
    }
}
