//! Checks whether anything reports the metrics that a plan's alarms will watch.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use crate::aws::Aws;
use crate::engine::graph::Graph;
use crate::engine::plan::{Action, Plan, Step};
use crate::resource::cloudwatch::alarm::{CloudwatchAlarm, Reported, Watched, reported};
use crate::resource::logs::metric_filter::LogsMetricFilter;
use crate::resource::{Fault, NodeId, Resource as _, Verdict};
use crate::stack::nearest;

/// Most alarms, and other resources, named in one warning.
const NAMED: usize = 3;
/// Fields of an alarm that define what it watches.
const OF_METRIC: [&str; 4] = ["namespace", "metric_name", "dimensions.", "metrics."];

/// Returns a warning for each metric that an alarm of `plan` will watch and that nothing reports. Checks only
/// alarms that are created, that change what they watch, or that have had no data for long; so a plan without
/// changes makes no other calls.
pub async fn silent(aws: &Aws, graph: &Graph, plan: &Plan) -> Vec<String> {
    let asked = questions(graph, plan)
        .into_iter()
        .map(|(question, watched)| async move {
            match question.region {
                Some(region) => Answer::of(&aws.at(&region), watched).await,
                None => Answer::of(aws, watched).await,
            }
        });
    let mut refusal = None;
    let mut warnings = Vec::new();
    for answer in join_all(asked).await {
        match answer {
            Ok(more) => warnings.extend(more),
            Err(fault) => refusal = refusal.or(Some(fault)),
        }
    }
    warnings.extend(
        refusal.map(|fault| format!("could not check whether the metrics of the alarms have data: {fault}")),
    );
    warnings
}

/// One query to list metrics in CloudWatch.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    /// `None` for the stack's own region.
    region: Option<String>,
    namespace: String,
    name: String,
}

/// Alarms by the metric that they watch.
type Watchers = BTreeMap<Watched, BTreeSet<NodeId>>;

fn questions(graph: &Graph, plan: &Plan) -> BTreeMap<Question, Watchers> {
    let filters = graph.nodes().iter().filter_map(|node| {
        let filter = node.resource.as_any().downcast_ref::<LogsMetricFilter>()?;
        Some((filter.metric_namespace.as_str(), filter.metric_name.as_str()))
    });
    // The stack itself creates these metrics.
    let own: BTreeSet<_> = filters.collect();
    let mut questions = BTreeMap::<_, Watchers>::new();
    for step in plan.steps.iter().filter(|step| is_asked_for(step)) {
        let node = graph.get(&step.id);
        let alarm = node.and_then(|node| node.resource.as_any().downcast_ref::<CloudwatchAlarm>());
        // The stack also creates what `monitoring` watches.
        let Some(alarm) = alarm.filter(|_| !step.id.key.starts_with("monitor.")) else {
            continue;
        };
        for watched in alarm.watched(&plan.known) {
            if own.contains(&(watched.namespace.as_str(), watched.name.as_str())) {
                continue;
            }
            let question = Question {
                region: step.id.region().map(str::to_owned),
                namespace: watched.namespace.clone(),
                name: watched.name.clone(),
            };
            let watchers = questions.entry(question).or_default();
            watchers.entry(watched).or_default().insert(step.id.clone());
        }
    }
    questions
}

fn is_asked_for(step: &Step) -> bool {
    step.id.kind == CloudwatchAlarm::KIND
        && match step.action {
            Action::Create | Action::Replace | Action::Adopt => true,
            Action::Update => {
                let says = |field: &str| OF_METRIC.iter().any(|name| field.starts_with(name));
                step.changes.iter().any(|change| says(&change.field))
            }
            Action::Keep => step.health().is_some_and(|health| {
                health.verdict == Verdict::Attention && health.facts.get("overdue") == Some(&true.into())
            }),
            Action::Delete => false,
        }
}

/// The results for metrics of one name.
struct Answer<'a> {
    aws: &'a Aws,
    /// All metrics of that name, if they were listed.
    all: Option<Reported>,
    /// Whether the namespace is empty, if that was queried.
    nothing: Option<bool>,
}

impl Answer<'_> {
    /// The warnings about these metrics, which have the same namespace and name.
    async fn of(aws: &Aws, watched: Watchers) -> Result<Vec<String>, Fault> {
        let mut answer = Answer {
            aws,
            all: None,
            nothing: None,
        };
        // For several metrics, one complete list replaces a query for each.
        if let Some((first, _)) = watched.first_key_value().filter(|_| watched.len() > 1) {
            answer.list(first).await?;
        }
        let mut warnings = Vec::new();
        for (metric, alarms) in &watched {
            if !answer.reports(metric).await? {
                warnings.push(answer.warning(metric, alarms));
            }
        }
        Ok(warnings)
    }

    async fn list(&mut self, metric: &Watched) -> Result<(), Fault> {
        if self.all.is_none() {
            let any = BTreeMap::new();
            self.all = Some(reported(self.aws, &metric.namespace, Some(&metric.name), &any).await?);
        }
        Ok(())
    }

    /// Whether something reports the metric; true if that is unknown.
    async fn reports(&mut self, metric: &Watched) -> Result<bool, Fault> {
        let has_it = |listed: &Reported| listed.metrics.contains(metric);
        match &self.all {
            Some(all) if has_it(all) => return Ok(true),
            Some(all) if all.whole => {}
            _ => {
                let (namespace, dimensions) = (&metric.namespace, &metric.dimensions);
                let listed = reported(self.aws, namespace, Some(&metric.name), dimensions).await?;
                if has_it(&listed) || !listed.whole {
                    return Ok(true);
                }
                // List what exists instead.
                match dimensions.is_empty() {
                    true => self.all = Some(listed),
                    false => self.list(metric).await?,
                }
            }
        }
        // An emulated AWS does not run the services that report metrics.
        let nothing = self.all.as_ref().is_none_or(|all| all.metrics.is_empty());
        if nothing && self.aws.connection.emulated {
            if self.nothing.is_none() {
                let any = reported(self.aws, &metric.namespace, None, &BTreeMap::new()).await?;
                self.nothing = Some(any.metrics.is_empty());
            }
            return Ok(self.nothing == Some(true));
        }
        Ok(false)
    }

    fn warning(&self, metric: &Watched, alarms: &BTreeSet<NodeId>) -> String {
        let named: Vec<_> = alarms.iter().take(NAMED).map(ToString::to_string).collect();
        let more = match alarms.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let others = self.all.iter().flat_map(|all| &all.metrics);
        let instead = instead(metric, others).map_or_else(String::new, |instead| format!("; {instead}"));
        format!(
            "no metric {metric} has reported in {} in the past two weeks: no data for {}{more}{instead}",
            self.aws.connection.region,
            named.join(", "),
        )
    }
}

/// A metric that may have been intended: one with a similar value of the same dimensions, or with other
/// dimensions.
fn instead<'m>(metric: &Watched, others: impl Iterator<Item = &'m Watched>) -> Option<String> {
    let others: Vec<_> = others.collect();
    let values = |one: &Watched| {
        let pairs: Vec<_> = one
            .dimensions
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join(", ")
    };
    let alike: Vec<_> = others
        .iter()
        .filter(|other| other.dimensions.keys().eq(metric.dimensions.keys()))
        .map(|other| values(other))
        .collect();
    if !alike.is_empty() {
        let near = nearest(&values(metric), alike.iter().map(String::as_str));
        return near.map(|near| format!("did you mean {near}?"));
    }
    let sets: BTreeSet<Vec<&str>> = others
        .iter()
        .map(|other| other.dimensions.keys().map(String::as_str).collect())
        .collect();
    let listed = |names: &Vec<&str>| match names.as_slice() {
        [] => "without dimensions".to_owned(),
        names => format!("with {}", names.join(" and ")),
    };
    let listed: Vec<_> = sets.iter().take(NAMED).map(listed).collect();
    (!listed.is_empty()).then(|| format!("it reports {}", listed.join(", or ")))
}

#[cfg(test)]
mod tests;
