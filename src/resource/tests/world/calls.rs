//! The calls of a run: each may be slow, retried, refused or lost, and the last of a run that crashes is never answered.

use std::future::pending;

use futures::FutureExt;
use tokio::task::yield_now;

use super::{Record, Shared, World};
use crate::aws::Aws;
use crate::resource::{Fault, Resource, Result};

/// A run's place in the account. It is kept among the run's answers, where the kinds find it.
struct Seat {
    world: Shared,
    run: usize,
}

const SEAT: &str = "world";

/// Gives the stack `aws` a place in `world` as run number `run`, with an index of tags that is `lag` changes behind.
pub(crate) fn seat(aws: Aws, world: &Shared, run: usize, lag: usize) -> Aws {
    let tagged = world.borrow().tagged(lag);
    let aws = aws.afresh().knowing(tagged);
    let place = Seat {
        world: world.clone(),
        run,
    };
    let answered = aws.once(SEAT, async || Ok(place)).now_or_never();
    answered.expect("answered at once").expect("no fault");
    aws
}

/// The number of the run.
pub(super) fn run(aws: &Aws) -> usize {
    aws.answered::<Seat>(SEAT).expect("a world").run
}

/// Makes a call, and retries it as the engine's retries say.
pub(super) async fn call<T>(
    aws: &Aws,
    action: &'static str,
    name: &str,
    act: impl Fn(&mut World, usize) -> Result<T>,
) -> Result<T> {
    let call = aws.patiently(async || attempt(aws, action, name, &act).await);
    call.boxed_local().await
}

/// Makes one call. Half of the calls are slow, so that other calls come between.
pub(super) async fn attempt<T>(
    aws: &Aws,
    action: &'static str,
    name: &str,
    act: impl Fn(&mut World, usize) -> Result<T>,
) -> Result<T> {
    let seat = aws.answered::<Seat>(SEAT).expect("a world");
    let is_slow = seat.world.borrow_mut().random.one_in(2);
    if is_slow {
        yield_now().await;
    }
    let answer = seat.world.borrow_mut().answer(seat.run, action, name, act);
    match answer {
        Some(answer) => answer,
        None => pending().await,
    }
}

/// Reads one record by its name. Such reads are current.
pub(super) async fn read(aws: &Aws, kind: &'static str, name: &str) -> Result<Option<Record>> {
    call(aws, "world:Read", name, |world, _| {
        Ok(world.find(kind, name).cloned())
    })
    .await
}

/// The record under the name of one that was to be created, if it is the stack's.
pub(super) async fn existing<R: Resource>(aws: &Aws, name: &str, fault: Fault) -> Result<Record> {
    if !fault.is(&["AlreadyExists"]) {
        return Err(fault);
    }
    let live = read(aws, R::KIND, name).await?;
    let ours = live.filter(|live| aws.owns(&live.tags));
    ours.ok_or(fault)
}
