//! The property of the engine: whatever happened to the runs before, one run without faults leaves exactly what the
//! stack file says.
//!
//! Every seed is a story: a random stack in an account in memory, runs that crash, lose answers, are refused, see an
//! old index of tags or work at the same time, and then runs to which nothing happens. The real [`observe_kinds`],
//! [`plan()`] and [`execute`] run. If a story ends badly, the test prints its seed and all of its calls:
//! `WORLD_SEED=<seed>` runs that story alone, and `WORLD_SEEDS=<count>` sets how many stories are run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::watch;

use super::*;
use crate::aws::tags::NODE_TAG;
use crate::engine::observe::observe_kinds;
use crate::engine::plan::{Adoption, plan};
use crate::resource::Tags;
use crate::resource::tests::world::random::Random;
use crate::resource::tests::world::{Caller, Chances, KINDS, Record, STACK, Shared, World, seat, strangers};

mod order;
mod stacks;

use order::Order;
use stacks::Stack;

/// How many stories a usual test run has.
const STORIES: u64 = 1000;
/// What must occur in them, or they prove little.
const SITUATIONS: &[&str] = &[
    "another run",
    "conflict",
    "crash",
    "delete",
    "intruder",
    "interrupted",
    "lost",
    "refused",
    "replace",
    "skipped",
    "taken back",
    "update",
];

#[test]
fn after_whatever_happened_a_run_leaves_exactly_the_stack() {
    let number = |name: &str| {
        let value = std::env::var(name).ok()?;
        Some(value.parse::<u64>().expect("a number"))
    };
    let alone = number("WORLD_SEED");
    let seeds = match alone {
        Some(seed) => seed..seed + 1,
        None => 0..number("WORLD_SEEDS").unwrap_or(STORIES),
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    std::thread::scope(|scope| {
        let shares = (0..workers).map(|worker| seeds.clone().skip(worker).step_by(workers));
        let running: Vec<_> = shares.map(|share| scope.spawn(move || stories(share))).collect();
        for share in running {
            for (situation, count) in share.join().expect("every story ends well") {
                *seen.entry(situation).or_default() += count;
            }
        }
    });
    println!("{seen:?}");
    let never: Vec<_> = SITUATIONS
        .iter()
        .filter(|what| !seen.contains_key(*what))
        .collect();
    assert!(alone.is_some() || never.is_empty(), "never: {never:?}");
}

/// Lets the stories of these seeds happen, one after the other. Returns how often each situation occurred.
///
/// # Panics
/// If a story ends badly.
fn stories(seeds: impl Iterator<Item = u64>) -> BTreeMap<&'static str, u64> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let idle = || Aws::mocked(Vec::new(), |_| {});
    let mut spare = vec![idle(), idle()];
    let mut story = |seed, with_log: bool| {
        let mut story = Story::new(seed, std::mem::take(&mut spare), with_log);
        runtime.block_on(story.happens());
        spare = story.spare;
        story.world
    };
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in seeds {
        let world = story(seed, false);
        let wrong = world.borrow().wrong.join("\n");
        if !wrong.is_empty() {
            // The calls are written down only now, because that takes longer than the story.
            panic!("{:?}\n{wrong}\nWORLD_SEED={seed}", story(seed, true).borrow());
        }
        for (situation, count) in &world.borrow().seen {
            *seen.entry(situation).or_default() += count;
        }
    }
    seen
}

/// What one run is to do, and what happens to it.
struct Errand<'a> {
    graph: &'a Graph,
    destroy: bool,
    /// How many changes the index of tags is behind.
    lag: usize,
    /// The number of the call with which the run crashes.
    crash_at: Option<u32>,
    /// The number of calls after which the user interrupts it.
    interrupt_at: Option<u32>,
    parallelism: usize,
}

/// How a run ended that did not crash.
enum Ended {
    /// It could not read the account.
    Unread,
    /// A stranger has a wanted name.
    Conflict,
    Ran {
        changes: Vec<String>,
        /// How its steps ended, if not all were done.
        failed: Option<String>,
    },
}

struct Story {
    world: Shared,
    random: Random,
    /// Connections that no run uses.
    spare: Vec<Aws>,
}

impl Story {
    fn new(seed: u64, spare: Vec<Aws>, with_log: bool) -> Self {
        // The pauses between retries.
        fastrand::seed(seed);
        let mut random = Random::new(seed);
        let mut world = World::default();
        world.random = Random::new(random.next());
        world.log = with_log.then(Vec::new);
        Self {
            world: Shared::new(world.into()),
            random,
            spare,
        }
    }

    async fn happens(&mut self) {
        let mut stack = Stack::random(&mut self.random);
        let mut graph = stack.graph();
        self.let_strangers_in(&stack);
        let strange: Vec<Record> = self.world.borrow().records().cloned().collect();
        for _ in 0..1 + self.random.below(3) {
            if !self.random.one_in(2) {
                self.something(&graph, &stack, &graph).await;
                continue;
            }
            let next = stack.edited(&mut self.random);
            let next_graph = next.graph();
            self.something(&graph, &next, &next_graph).await;
            (stack, graph) = (next, next_graph);
        }
        let destroy = self.random.one_in(3);
        {
            let mut world = self.world.borrow_mut();
            for record in strange {
                if world.find(record.kind, &record.name) != Some(&record) {
                    let text = format!("a stranger's {} is not as it was", record.name);
                    world.wrong.push(text);
                }
            }
            world.chances = Chances::default();
            world.intruder = None;
            // A name that somebody else has stays a conflict for ever.
            stack.groups().iter().for_each(|name| world.make_room(name));
        }
        self.ends_well(&stack, &graph, destroy).await;
    }

    /// What others have in the account: names like the stack's, but for other nodes.
    fn let_strangers_in(&mut self, stack: &Stack) {
        let mut world = self.world.borrow_mut();
        let key = Tags::from([(NODE_TAG.to_owned(), "world-key/node-1".to_owned())]);
        let theirs = [
            Record::new("world-group", "theirs", &strangers()),
            Record::new("world-entry", "theirs/node-1", &Tags::new()),
            Record::new(
                "world-key",
                "id-theirs",
                &strangers().into_iter().chain(key).collect(),
            ),
        ];
        theirs.into_iter().for_each(|record| world.put(record));
        let groups = stack.groups();
        if !groups.is_empty() && self.random.one_in(12) {
            let name = &groups[self.random.index(groups.len())];
            world.put(Record::new("world-group", name, &strangers()));
            world.put(Record::new(
                "world-entry",
                &format!("{name}/node-9"),
                &Tags::new(),
            ));
        }
    }

    /// One or two runs to which something may happen.
    async fn something(&mut self, before: &Graph, stack: &Stack, graph: &Graph) {
        let random = &mut self.random;
        let one_in = |random: &mut Random| [0, 0, 4, 12, 40][random.index(5)];
        let chances = Chances {
            lost: one_in(random),
            refused: one_in(random),
        };
        let groups = stack.groups();
        let two = random.one_in(3);
        let intrudes = !two && !groups.is_empty() && random.one_in(8);
        let intruder = intrudes.then(|| (random.index(20), groups[random.index(groups.len())].clone()));
        let mut errand = |graph| {
            let at = |random: &mut Random| {
                let number = 1 + u32::try_from(random.below(30)).expect("a small number");
                random.one_in(4).then_some(number)
            };
            Errand {
                graph,
                destroy: random.one_in(5),
                lag: [0, 0, 1, 2, 5][random.index(5)],
                crash_at: at(random),
                interrupt_at: at(random),
                parallelism: 1 + random.index(4),
            }
        };
        let before = two.then_some(before);
        let errands: Vec<_> = [graph].into_iter().chain(before).map(&mut errand).collect();
        {
            let mut world = self.world.borrow_mut();
            (world.chances, world.intruder) = (chances, intruder);
        }
        self.runs(&errands).await;
    }

    /// A run to which nothing happens, and another one, which has nothing to do.
    async fn ends_well(&mut self, stack: &Stack, graph: &Graph, destroy: bool) {
        let errand = || Errand {
            graph,
            destroy,
            lag: 0,
            crash_at: None,
            interrupt_at: None,
            parallelism: 4,
        };
        for is_first in [true, false] {
            let ended = self.runs(&[errand()]).await.pop().flatten();
            let mut world = self.world.borrow_mut();
            match ended {
                Some(Ended::Ran { changes, failed }) => {
                    if let Some(ends) = failed {
                        world.wrong.push(format!("a run without faults fails: {ends}"));
                    }
                    if !is_first && !changes.is_empty() {
                        let text = format!("a second plan is not empty: {changes:?}");
                        world.wrong.push(text);
                    }
                }
                Some(Ended::Unread | Ended::Conflict) | None => {
                    world.wrong.push("a run without faults has no plan".to_owned());
                }
            }
        }
        let differs = match destroy {
            true => Stack::default().differs(&self.world.borrow()),
            false => stack.differs(&self.world.borrow()),
        };
        self.world.borrow_mut().wrong.extend(differs);
    }

    /// Runs these at the same time. One that crashes has no end.
    async fn runs(&mut self, errands: &[Errand<'_>]) -> Vec<Option<Ended>> {
        let world = self.world.clone();
        let first = world.borrow().callers.len();
        let numbered = || errands.iter().zip(first..);
        let place = |(errand, run): (&Errand<'_>, usize)| {
            let caller = Caller {
                crash_at: errand.crash_at,
                ..Caller::default()
            };
            world.borrow_mut().callers.push(caller);
            seat(self.spare.pop().expect("two at most"), &world, run, errand.lag)
        };
        let seats: Vec<Aws> = numbered().map(place).collect();
        let (stops, stopped): (Vec<_>, Vec<_>) = errands.iter().map(|_| watch::channel(false)).unzip();
        let runs = numbered().zip(&seats).zip(stopped);
        let runs = runs
            .map(|(((errand, run), aws), stopped)| one(aws, errand, (&world, run), stopped).boxed_local());
        let mut runs: Vec<Option<LocalBoxFuture<'_, Ended>>> = runs.map(Some).collect();
        let mut ends: Vec<Option<Ended>> = errands.iter().map(|_| None).collect();
        // How often each run gets on when both could.
        let paces: Vec<u64> = errands.iter().map(|_| 1 + self.random.below(4)).collect();
        let random = &mut self.random;
        poll_fn(|context| {
            for at in 0..runs.len() {
                let both = runs.iter().flatten().count() > 1;
                let Some(run) = &mut runs[at] else { continue };
                if both && !random.one_in(paces[at]) {
                    context.waker().wake_by_ref();
                    continue;
                }
                if let Poll::Ready(end) = run.poll_unpin(context) {
                    (ends[at], runs[at]) = (Some(end), None);
                }
                let caller = &world.borrow().callers[first + at];
                if caller.crashed {
                    runs[at] = None;
                }
                if errands[at]
                    .interrupt_at
                    .is_some_and(|after| caller.calls >= after)
                {
                    stops[at].send_replace(true);
                }
            }
            match runs.iter().any(Option::is_some) {
                true => Poll::Pending,
                false => Poll::Ready(()),
            }
        })
        .await;
        drop(runs);
        self.spare.extend(seats);
        ends
    }
}

/// One run, as the commands do it.
async fn one(
    aws: &Aws,
    errand: &Errand<'_>,
    (world, run): (&Shared, usize),
    interrupt: watch::Receiver<bool>,
) -> Ended {
    let graph = errand.graph;
    let Ok(seen) = observe_kinds(aws, graph, KINDS).await else {
        return Ended::Unread;
    };
    let none = Graph::default();
    let (seen, graph) = match errand.destroy {
        true => (seen.none_wanted(graph), &none),
        false => (seen, graph),
    };
    let plan = plan(STACK, graph, &seen, &Adoption::default());
    if !plan.conflicts.is_empty() {
        world.borrow_mut().saw("conflict");
        return Ended::Conflict;
    }
    let order = Order {
        plan: &plan,
        graph,
        world,
        run,
        done: RefCell::new(vec![false; plan.steps.len()]),
    };
    let (first, see) = (async { Ok(()) }, |event: Event<'_>| order.see(&event));
    let ran = execute(aws, graph, &plan, errand.parallelism, interrupt, first, &see).await;
    let report = ran.expect("nothing claims the stack before the first step");
    let mut world = world.borrow_mut();
    for (step, end) in plan.steps.iter().zip(&report.ends) {
        match (end, step.action) {
            (End::Done, Action::Update) => world.saw("update"),
            (End::Done, Action::Replace) => world.saw("replace"),
            (End::Done, Action::Delete) => world.saw("delete"),
            (End::Done, _) => {}
            (End::Skipped(_), _) => world.saw("skipped"),
            (End::Interrupted, _) => world.saw("interrupted"),
            (End::Failed(fault), _) if fault.code == ANOTHER_RUN => {
                world.saw("another run");
                world.takes_back(run);
            }
            (End::Failed(_), _) => world.saw("failed"),
        }
    }
    let changes = plan.steps.iter().filter(|step| step.action != Action::Keep);
    let changes = changes.map(|step| format!("{step:?}")).collect();
    Ended::Ran {
        changes,
        failed: (!report.complete()).then(|| format!("{:?}", report.ends)),
    }
}
