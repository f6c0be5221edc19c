//! The wanted resources and their dependencies, and the scheduler that runs jobs in dependency order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::time::Duration;

use futures::future::{Either, LocalBoxFuture};
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::resource::any::AnyResource;
use crate::resource::precondition::Precondition;
use crate::resource::{NodeId, Ref, Resource};

/// The wanted resources in dependency order: each comes after everything that must exist before it.
#[derive(Default)]
pub struct Graph {
    nodes: Vec<Node>,
    /// The index of each node in `nodes`.
    at: HashMap<NodeId, usize>,
    /// What is there already, whoever owns it: others may refer to it.
    given: BTreeSet<NodeId>,
    preconditions: Vec<Precondition>,
    also_in: BTreeSet<String>,
    heard: BTreeMap<String, BTreeSet<String>>,
}

/// One wanted resource.
pub struct Node {
    pub id: NodeId,
    pub resource: Box<dyn AnyResource>,
    /// The nodes that must exist before it. The nodes that it refers to come first.
    pub after: Vec<NodeId>,
}

impl Graph {
    /// Adds the resource `R::KIND/key`. It depends on the nodes that it refers to.
    ///
    /// # Panics
    /// If the same node is added twice, or refers to a node that was not added. Both are bugs of the blueprint, and
    /// any stack that uses the feature would show them.
    pub fn add<R: Resource>(&mut self, key: impl Into<String>, resource: R) -> Ref<R> {
        self.add_after(key, resource, [])
    }

    /// Like [`Self::add`], but the resource also depends on the nodes `after`, which it does not refer to: nodes that
    /// must exist before AWS accepts it, or before anything may reach it.
    ///
    /// # Panics
    /// As [`Self::add`].
    pub fn add_after<R: Resource>(
        &mut self,
        key: impl Into<String>,
        resource: R,
        after: impl IntoIterator<Item = NodeId>,
    ) -> Ref<R> {
        let id = NodeId {
            kind: R::KIND,
            key: key.into(),
        };
        assert!(self.position(&id).is_none(), "`{id}` is added twice");
        let after = resource.refs().into_iter().chain(after);
        let after: Vec<_> = after.filter(|other| !self.given.contains(other)).collect();
        for other in &after {
            assert!(
                self.position(other).is_some(),
                "`{id}` comes after `{other}`, which is not there"
            );
        }
        let reference = Ref::to(id.clone(), &resource);
        self.at.insert(id.clone(), self.nodes.len());
        self.nodes.push(Node {
            id,
            resource: Box::new(resource),
            after,
        });
        reference
    }

    /// A reference to something that the stack uses and does not own. Without its ARN, that is known later.
    pub fn given<R: Resource>(&mut self, key: &str, name: String, arn: Option<&str>) -> Ref<R> {
        let id = NodeId {
            kind: R::KIND,
            key: key.to_owned(),
        };
        self.given.insert(id.clone());
        Ref::given(id, name, arn)
    }

    /// Also searches this region for leftovers of the stack. The regions of wanted resources are searched anyway.
    pub fn look_in(&mut self, region: impl Into<String>) {
        self.also_in.insert(region.into());
    }

    /// Records which rules of the stack file listen in another region that the stack file does not name.
    pub fn hears(&mut self, region: impl Into<String>, what: impl Into<String>) {
        self.heard.entry(region.into()).or_default().insert(what.into());
    }

    /// The rules of the stack file that listen in `region`, although the stack file does not name that region.
    pub fn heard_in(&self, region: &str) -> impl Iterator<Item = &str> {
        self.heard.get(region).into_iter().flatten().map(String::as_str)
    }

    /// The regions that the stack uses, apart from its own.
    pub fn regions(&self) -> BTreeSet<&str> {
        let of_nodes = self.nodes.iter().filter_map(|node| node.id.region());
        of_nodes.chain(self.also_in.iter().map(String::as_str)).collect()
    }

    /// The same graph without expectations, for callers that only look for the stack's resources.
    pub fn alone(self) -> Self {
        Self {
            preconditions: Vec::new(),
            ..self
        }
    }

    /// Adds something that the stack relies on without owning it.
    pub fn require(&mut self, precondition: Precondition) {
        self.preconditions.push(precondition);
    }

    /// What the stack relies on without owning it.
    pub fn preconditions(&self) -> &[Precondition] {
        &self.preconditions
    }

    /// The nodes in dependency order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node with this id.
    pub fn get(&self, id: &NodeId) -> Option<&Node> {
        self.position(id).map(|at| &self.nodes[at])
    }

    fn position(&self, id: &NodeId) -> Option<usize> {
        self.at.get(id).copied()
    }
}

/// How long an interrupted run waits for jobs that are only settling.
const GRACE: Duration = Duration::from_secs(3);

/// One job of [`run`].
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// The jobs that must have finished before it starts.
    pub after: Vec<usize>,
    /// For jobs whose calls AWS rate limits: the lane's name, and how many jobs of the lane run at most at the same
    /// time. Jobs in a lane start before others, because they take longest. The limit leaves room for the others,
    /// since most jobs of a lane would only wait for the rate limit.
    pub lane: Option<(&'static str, usize)>,
    /// The job waits for others of its kind, to share one call with them. It does not count towards `parallelism`.
    pub shares_a_call: bool,
}

/// How one job of [`run`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End<E> {
    Done,
    Failed(E),
    /// Not started, because the job with this index failed.
    Skipped(usize),
    /// Not started, or not waited for to its end, because the run was interrupted.
    Interrupted,
}

/// What a job returns once its dependents may start: the wait that remains for the job itself.
pub type Settle<'a, E> = LocalBoxFuture<'a, Result<(), E>>;

/// Runs every job after the jobs in its `after` list. At most `parallelism` jobs run at the same time, not counting
/// jobs that share a call. Each lane has its own limit as well.
///
/// If a job fails, only its dependents are skipped. When `interrupt` turns true, no further job starts; calls in
/// flight are finished, and jobs that are only settling get a few seconds.
pub async fn run<'a, E, F>(
    jobs: &[Job],
    parallelism: usize,
    mut interrupt: watch::Receiver<bool>,
    job: impl Fn(usize) -> F,
) -> Vec<End<E>>
where
    E: 'a,
    F: Future<Output = Result<Settle<'a, E>, E>>,
{
    let mut ends: Vec<Option<End<E>>> = jobs.iter().map(|_| None).collect();
    let mut released = vec![false; jobs.len()];
    let mut started = vec![false; jobs.len()];
    let mut order: Vec<_> = (0..jobs.len()).collect();
    order.sort_by_key(|&index| jobs[index].lane.is_none());
    let mut running = FuturesUnordered::new();
    let (mut busy, mut room) = (0, parallelism);
    let mut in_lane: HashMap<&str, usize> = HashMap::new();
    let mut interrupted = *interrupt.borrow();
    let mut leave_at = Instant::now() + GRACE;
    loop {
        for &index in &order {
            let Job {
                after,
                lane,
                shares_a_call,
            } = &jobs[index];
            let ready = !started[index] && ends[index].is_none() && after.iter().all(|&on| released[on]);
            let fits = lane.is_none_or(|(name, width)| in_lane.get(name).is_none_or(|&count| count < width));
            if ready && fits && (room > 0 || *shares_a_call) && !interrupted {
                started[index] = true;
                busy += 1;
                room -= usize::from(!shares_a_call);
                lane.iter()
                    .for_each(|(name, _)| *in_lane.entry(name).or_default() += 1);
                let call = job(index);
                running.push(Either::Left(async move { (index, Phase::Called(call.await)) }));
            }
        }
        if running.is_empty() || (interrupted && busy == 0 && Instant::now() >= leave_at) {
            break;
        }
        tokio::select! {
            Some((index, phase)) = running.next() => match phase {
                Phase::Called(result) => {
                    busy -= 1;
                    room += usize::from(!jobs[index].shares_a_call);
                    let lane = jobs[index].lane.and_then(|(name, _)| in_lane.get_mut(name));
                    lane.into_iter().for_each(|count| *count -= 1);
                    match result {
                        Ok(settle) => {
                            released[index] = true;
                            running.push(Either::Right(async move { (index, Phase::Settled(settle.await)) }));
                        }
                        Err(error) => {
                            ends[index] = Some(End::Failed(error));
                            skip_dependents(jobs, &mut ends, &started);
                        }
                    }
                }
                Phase::Settled(Ok(())) => ends[index] = Some(End::Done),
                Phase::Settled(Err(error)) => {
                    ends[index] = Some(End::Failed(error));
                    skip_dependents(jobs, &mut ends, &started);
                }
            },
            Ok(()) = interrupt.changed(), if !interrupted => {
                interrupted = *interrupt.borrow();
                leave_at = Instant::now() + GRACE;
            }
            () = sleep_until(leave_at), if interrupted && busy == 0 => {}
        }
    }
    ends.into_iter()
        .map(|end| end.unwrap_or(End::Interrupted))
        .collect()
}

enum Phase<'a, E> {
    Called(Result<Settle<'a, E>, E>),
    Settled(Result<(), E>),
}

/// Marks what cannot start any more after a job has failed, directly or through others.
fn skip_dependents<E>(jobs: &[Job], ends: &mut [Option<End<E>>], started: &[bool]) {
    let mut changed = true;
    while changed {
        changed = false;
        for index in 0..jobs.len() {
            if started[index] || ends[index].is_some() {
                continue;
            }
            let root = jobs[index].after.iter().find_map(|&on| match ends[on] {
                Some(End::Failed(_)) => Some(on),
                Some(End::Skipped(root)) => Some(root),
                _ => None,
            });
            if let Some(root) = root {
                ends[index] = Some(End::Skipped(root));
                changed = true;
            }
        }
    }
}

#[cfg(test)]
mod tests;
