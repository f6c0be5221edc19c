//! A run as it happens: a line for each running resource on a terminal, plain lines elsewhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::style::{symbol, verbs};
use super::{Out, style};
use crate::execute::Event;
use crate::plan::Step;
use crate::resource::NodeId;

/// Shows the events of a run.
pub struct Progress {
    out: Out,
    bars: Option<MultiProgress>,
    running: RefCell<HashMap<NodeId, ProgressBar>>,
    notes: RefCell<Vec<String>>,
}

impl Progress {
    /// Bars on a terminal, lines without one.
    pub fn new(out: Out) -> Self {
        let bars = stderr().is_terminal().then(MultiProgress::new);
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
            Event::Started(step) => self.start(step),
            Event::Waiting(step) => {
                if let Some(bar) = self.running.borrow().get(&step.id) {
                    bar.set_message(format!("{}  {}  waiting until it is ready", step.id, step.name));
                }
            }
            Event::Finished { step, elapsed, notes } => {
                self.end(
                    step,
                    &symbol(step.action).1,
                    symbol(step.action).0,
                    verbs(step.action).1,
                    elapsed,
                );
                self.notes
                    .borrow_mut()
                    .extend(notes.into_iter().map(|note| format!("{}: {note}", step.name)));
            }
            Event::Failed { step, fault } => {
                let elapsed = self
                    .running
                    .borrow()
                    .get(&step.id)
                    .map_or(Duration::ZERO, ProgressBar::elapsed);
                self.end(
                    step,
                    &style::ERROR,
                    "!",
                    &format!("failed: {}", fault.code),
                    elapsed,
                );
            }
        }
    }

    /// What the steps had to say, once the run is over.
    pub fn notes(&self) -> Vec<String> {
        self.notes.take()
    }

    fn start(&self, step: &Step) {
        let doing = verbs(step.action).0;
        match &self.bars {
            Some(bars) => {
                let bar = bars.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}  {elapsed}") {
                    bar.set_style(style);
                }
                bar.set_message(format!("{}  {}  {doing}", step.id, step.name));
                bar.enable_steady_tick(Duration::from_millis(100));
                self.running.borrow_mut().insert(step.id.clone(), bar);
            }
            None => self.out.say(&format!(
                "  {} {}  {}: {doing}",
                symbol(step.action).0,
                step.id,
                step.name
            )),
        }
    }

    fn end(&self, step: &Step, color: &anstyle::Style, mark: &str, done: &str, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        let line = format!(
            "  {color}{mark}{color:#} {}  {}: {done} ({seconds:.1} s)",
            step.id, step.name
        );
        match (&self.bars, self.running.borrow_mut().remove(&step.id)) {
            (Some(bars), bar) => {
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
                bars.suspend(|| self.out.say(&line));
            }
            _ => self.out.say(&line),
        }
    }
}
