//! `alertctl plan --backtest`: what the stack would have told.

use std::cell::Cell;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::App;
use super::planned::Planned;
use crate::cli::BacktestArgs;
use crate::operate::backtest::{Backtest, Past};

/// The pause between two messages about progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// Looks back, if that was asked for. Says beforehand what it costs. Never fails: what AWS refuses is part of the result.
pub async fn look_back(app: &App, planned: &Planned, args: BacktestArgs) -> Option<Past> {
    let length = i64::try_from(args.backtest?.as_secs()).ok()?;
    let stack = &planned.loaded.stack;
    let (graph, known) = (&planned.graph, &planned.plan.known);
    let backtest = Backtest::of(stack, graph, known, Timestamp::now(), length, args.backtest_limit);
    app.out.say(&backtest.cost().text());
    let said = Cell::new(Instant::now());
    let progress = |pages: usize| {
        if said.get().elapsed() >= PROGRESS {
            said.set(Instant::now());
            app.out.say(&format!(
                "backtest: {pages} pages of CloudTrail's event history read"
            ));
        }
    };
    Some(backtest.ask(&planned.access.aws, &progress).await)
}
