//! A run as it happens: a line for each running resource on a terminal, plain lines elsewhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{IsTerminal as _, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::style::{symbol, verbs};
use super::{Out, style};
use crate::execute::Event;
use crate::plan::Step;
use crate::resource::NodeId;

/// The bars that are shown just now, whoever shows them.
static SHOWN: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Writes on standard error, above the bars where there are any.
pub(super) fn beside_bars(write: impl FnOnce()) {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match shown {
        Some(bars) => bars.suspend(write),
        None => write(),
    }
}

/// Shows the events of a run.
pub struct Progress {
    out: Out,
    bars: Option<MultiProgress>,
    running: RefCell<HashMap<NodeId, Running>>,
    notes: RefCell<Vec<String>>,
}

/// A step under way.
struct Running {
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Bars on a terminal, lines without one.
    pub fn new(out: Out) -> Self {
        let bars = stderr().is_terminal().then(MultiProgress::new);
        SHOWN
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&bars);
        Self {
            out,
            bars,
            running: RefCell::default(),
            notes: RefCell::default(),
        }
    }

    /// Shows one event.
    pub fn show(&self, event: Event<'_>) {
        match event {
            Event::Watching(since) => self.out.say(&format!(
                "a run that began at {since} has not ended: waiting to see whether it is still at work"
            )),
            Event::Started(step) => self.start(step),
            Event::Waiting(step) => {
                let running = self.running.borrow();
                if let Some(bar) = running.get(&step.id).and_then(|one| one.bar.as_ref()) {
                    bar.set_message(format!("{}  {}  waiting until it is ready", step.id, step.name));
                }
            }
            Event::Finished { step, notes, .. } => {
                self.end(
                    step,
                    &symbol(step.action).1,
                    symbol(step.action).0,
                    verbs(step.action).1,
                );
                self.notes
                    .borrow_mut()
                    .extend(notes.into_iter().map(|note| format!("{}: {note}", step.name)));
            }
            Event::Failed { step, fault } => {
                self.end(step, &style::ERROR, "!", &format!("failed: {}", fault.code));
            }
        }
    }

    /// What the steps had to say, once the run is over.
    pub fn notes(&self) -> Vec<String> {
        self.notes.take()
    }

    fn start(&self, step: &Step) {
        let doing = verbs(step.action).0;
        let running = Running {
            bar: self.bars.as_ref().map(|bars| {
                let bar = bars.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}  {elapsed}") {
                    bar.set_style(style);
                }
                bar.set_message(format!("{}  {}  {doing}", step.id, step.name));
                bar.enable_steady_tick(Duration::from_millis(100));
                bar
            }),
            since: Instant::now(),
        };
        if running.bar.is_none() {
            let mark = symbol(step.action).0;
            self.out
                .say(&format!("  {mark} {}  {}: {doing}", step.id, step.name));
        }
        self.running.borrow_mut().insert(step.id.clone(), running);
    }

    fn end(&self, step: &Step, color: &anstyle::Style, mark: &str, done: &str) {
        let running = self.running.borrow_mut().remove(&step.id);
        let seconds = running
            .as_ref()
            .map_or(0.0, |one| one.since.elapsed().as_secs_f64());
        let line = format!(
            "  {color}{mark}{color:#} {}  {}: {done} ({seconds:.1} s)",
            step.id, step.name
        );
        if let Some(bar) = running.and_then(|one| one.bar) {
            bar.finish_and_clear();
        }
        self.out.say(&line);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
