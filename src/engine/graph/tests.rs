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

/// Runs `jobs`, which take a second each. Returns how many ran at the same time at most, and how long all of them
/// took.
async fn crowd(jobs: &[Job], parallelism: usize) -> (usize, Duration) {
    let (running, most) = (Cell::new(0), Cell::new(0));
    let start = Instant::now();
    let ends = run(jobs, parallelism, watch::channel(false).1, |_| async {
        running.set(running.get() + 1);
        most.set(most.get().max(running.get()));
        sleep(Duration::from_secs(1)).await;
        running.set(running.get() - 1);
        Ok(nothing_left())
    })
    .await;
    assert!(ends.iter().all(|end| *end == End::Done));
    (most.get(), start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn independent_jobs_run_side_by_side_up_to_the_bound() {
    let jobs = vec![Job::default(); 9];
    assert_eq!(crowd(&jobs, 3).await, (3, Duration::from_secs(3)));
}

/// A hundred alarms that are deleted by one call all wait for it, whatever the parallelism.
#[tokio::test(start_paused = true)]
async fn jobs_that_share_a_call_take_up_no_room() {
    let shared = Job {
        shares_a_call: true,
        ..Job::default()
    };
    let mut jobs = vec![shared; 100];
    jobs.extend(vec![Job::default(); 4]);
    assert_eq!(crowd(&jobs, 2).await, (102, Duration::from_secs(2)));
}

/// Alarms, of which AWS accepts three a second, neither start last nor keep all other jobs waiting.
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
