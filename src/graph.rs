//! The wanted resources and what each needs, and the one scheduler that walks such a graph.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::time::Duration;

use futures::future::{Either, LocalBoxFuture};
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::resource::any::AnyResource;
use crate::resource::expectation::Expectation;
use crate::resource::{NodeId, Ref, Resource};

/// Wanted resources, each behind everything it refers to.
#[derive(Default)]
pub struct Graph {
    nodes: Vec<Node>,
    expectations: Vec<Expectation>,
    also_in: BTreeSet<String>,
}

/// One wanted resource.
pub struct Node {
    pub id: NodeId,
    pub resource: Box<dyn AnyResource>,
}

impl Graph {
    /// Adds the resource `R::KIND/key`.
    ///
    /// # Panics
    /// When the same node is added twice, or refers to one that was not added: both are defects of the
    /// blueprint that any stack using the feature would show.
    pub fn add<R: Resource>(&mut self, key: impl Into<String>, resource: R) -> Ref<R> {
        let id = NodeId {
            kind: R::KIND,
            key: key.into(),
        };
        assert!(self.position(&id).is_none(), "`{id}` is added twice");
        for other in resource.refs() {
            assert!(
                self.position(&other).is_some(),
                "`{id}` refers to `{other}`, which is not there"
            );
        }
        self.nodes.push(Node {
            id: id.clone(),
            resource: Box::new(resource),
        });
        Ref::mint(id)
    }

    /// Has this region looked at for what the stack left there, beside those in which it wants something.
    pub fn look_in(&mut self, region: impl Into<String>) {
        self.also_in.insert(region.into());
    }

    /// The other regions than the stack's own that it has to do with.
    pub fn regions(&self) -> BTreeSet<&str> {
        let of_nodes = self.nodes.iter().filter_map(|node| node.id.region());
        of_nodes.chain(self.also_in.iter().map(String::as_str)).collect()
    }

    /// The same without what the stack only relies on: for who is to find it, and nothing else.
    pub fn alone(self) -> Self {
        Self {
            expectations: Vec::new(),
            ..self
        }
    }

    /// Adds something that the stack relies on without owning it.
    pub fn expect(&mut self, expectation: Expectation) {
        self.expectations.push(expectation);
    }

    /// What the stack relies on without owning it.
    pub fn expectations(&self) -> &[Expectation] {
        &self.expectations
    }

    /// The nodes, each behind everything it refers to.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node with this id.
    pub fn get(&self, id: &NodeId) -> Option<&Node> {
        self.position(id).map(|at| &self.nodes[at])
    }

    fn position(&self, id: &NodeId) -> Option<usize> {
        self.nodes.iter().position(|node| node.id == *id)
    }
}

/// How long an interrupted run waits for what is only left to settle.
const GRACE: Duration = Duration::from_secs(3);

/// One job of [`run`].
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// The jobs that must be over before it starts.
    pub after: Vec<usize>,
    /// Jobs that AWS takes few of a second: how many with this name are under way at most. They start before
    /// others, since they take longest, and the many that would wait for their turn leave room for others.
    pub lane: Option<(&'static str, usize)>,
    /// It has others of its kind to share a call with: those wait for it side by side, and take up no room.
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

/// What a job yields once what depends on it may start: its own remaining wait.
pub type Settle<'a, E> = LocalBoxFuture<'a, Result<(), E>>;

/// Runs every job after those in its `after` list, at most `parallelism` at once beside those that share a call, and
/// of its lane as many as fit.
///
/// A failed job skips what depends on it and nothing else. When `interrupt` turns true no further job
/// starts; calls under way are finished, and what is only left to settle gets a few seconds.
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
        skip_dependents(jobs, &mut ends, &started);
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
                        Err(error) => ends[index] = Some(End::Failed(error)),
                    }
                }
                Phase::Settled(result) => ends[index] = Some(result.map_or_else(End::Failed, |()| End::Done)),
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
mod tests {
    use futures::FutureExt;
    use std::cell::{Cell, RefCell};
    use tokio::time::sleep;

    use super::*;

    fn nothing_left<'a>() -> Settle<'a, &'static str> {
        async { Ok(()) }.boxed_local()
    }

    fn jobs<const N: usize>(after: [Vec<usize>; N]) -> [Job; N] {
        after.map(|after| Job {
            after,
            ..Job::default()
        })
    }

    #[tokio::test]
    async fn a_failure_skips_only_what_depends_on_it() {
        let jobs = jobs([vec![], vec![0], vec![1], vec![], vec![3]]);
        let order = RefCell::new(Vec::new());
        let ends = run(&jobs, 10, watch::channel(false).1, |index| {
            order.borrow_mut().push(index);
            async move { if index == 0 { Err("no") } else { Ok(nothing_left()) } }
        })
        .await;
        assert_eq!(
            ends,
            [
                End::Failed("no"),
                End::Skipped(0),
                End::Skipped(0),
                End::Done,
                End::Done
            ]
        );
        assert_eq!(*order.borrow(), [0, 3, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn independent_jobs_run_side_by_side_up_to_the_bound() {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let jobs = vec![Job::default(); 9];
        let start = Instant::now();
        let ends = run(&jobs, 3, watch::channel(false).1, |_| async {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            sleep(Duration::from_secs(1)).await;
            running.set(running.get() - 1);
            Ok(nothing_left())
        })
        .await;
        assert!(ends.iter().all(|end| *end == End::Done));
        assert_eq!(most.get(), 3);
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }

    /// A hundred alarms that one call deletes all wait for it, however little may run at once.
    #[tokio::test(start_paused = true)]
    async fn jobs_that_share_a_call_take_up_no_room() {
        let shared = Job {
            shares_a_call: true,
            ..Job::default()
        };
        let mut jobs = vec![shared; 100];
        jobs.extend(vec![Job::default(); 4]);
        let (running, most) = (Cell::new(0), Cell::new(0));
        let start = Instant::now();
        let ends = run(&jobs, 2, watch::channel(false).1, |_| async {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            sleep(Duration::from_secs(1)).await;
            running.set(running.get() - 1);
            Ok(nothing_left())
        })
        .await;
        assert!(ends.iter().all(|end| *end == End::Done));
        assert_eq!((most.get(), start.elapsed()), (102, Duration::from_secs(2)));
    }

    /// Alarms, of which AWS takes three a second, neither come last nor keep everything else waiting.
    #[tokio::test(start_paused = true)]
    async fn a_lane_starts_first_and_leaves_room() {
        let mut jobs = vec![Job::default(); 4];
        let lane = Some(("alarm", 2));
        jobs.extend(vec![
            Job {
                lane,
                ..Job::default()
            };
            4
        ]);
        let (start, starts) = (Instant::now(), RefCell::new(Vec::new()));
        run(&jobs, 3, watch::channel(false).1, |index| {
            starts.borrow_mut().push((index, start.elapsed().as_secs()));
            async move {
                sleep(Duration::from_secs(if index < 4 { 1 } else { 10 })).await;
                Ok::<_, &str>(nothing_left())
            }
        })
        .await;
        let expected = [(4, 0), (5, 0), (0, 0), (1, 1), (2, 2), (3, 3), (6, 10), (7, 10)];
        assert_eq!(*starts.borrow(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn dependents_do_not_wait_for_a_job_to_settle() {
        let start = Instant::now();
        let second = Cell::new(Duration::ZERO);
        let second = &second;
        let ends = run(
            &jobs([vec![], vec![0]]),
            1,
            watch::channel(false).1,
            |index| async move {
                second.set(start.elapsed());
                let wait = Duration::from_secs(if index == 0 { 60 } else { 0 });
                Ok::<_, &str>(async move { sleep(wait).map(Ok).await }.boxed_local())
            },
        )
        .await;
        assert_eq!(ends, [End::Done, End::Done]);
        assert_eq!(
            (second.get(), start.elapsed()),
            (Duration::ZERO, Duration::from_secs(60))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_interrupt_finishes_what_runs_and_starts_nothing() {
        let (send, interrupt) = watch::channel(false);
        let finished = Cell::new(0);
        let jobs = jobs([vec![], vec![0]]);
        let (ends, ()) = tokio::join!(
            run(&jobs, 4, interrupt, |_| async {
                sleep(Duration::from_secs(2)).await;
                finished.set(finished.get() + 1);
                Ok::<_, &str>(nothing_left())
            }),
            async {
                sleep(Duration::from_secs(1)).await;
                send.send(true).unwrap();
            }
        );
        assert_eq!(finished.get(), 1);
        assert_eq!(ends[1], End::Interrupted);
    }

    #[tokio::test(start_paused = true)]
    async fn an_interrupt_leaves_long_waits_and_finishes_short_ones() {
        let (send, interrupt) = watch::channel(false);
        let start = Instant::now();
        let jobs = jobs([vec![], vec![]]);
        let (ends, ()) = tokio::join!(
            run(&jobs, 4, interrupt, |index| async move {
                let wait = Duration::from_secs(if index == 0 { 2 } else { 600 });
                Ok::<_, &str>(async move { sleep(wait).map(Ok).await }.boxed_local())
            }),
            async {
                sleep(Duration::from_secs(1)).await;
                send.send(true).unwrap();
            }
        );
        assert_eq!(ends, [End::Done, End::Interrupted]);
        assert_eq!(start.elapsed(), Duration::from_secs(1) + GRACE);
    }
}
