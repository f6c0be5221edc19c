//! The progress of a run: on a terminal a summary and a line for each running resource, elsewhere plain lines.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::time::interval;

use super::style::{symbol, verbs};
use super::{Out, live, style};
use crate::engine::execute::Event;
use crate::engine::plan::{Action, Plan, Step};
use crate::resource::NodeId;

/// Interval between two drawings.
const FRAME: Duration = Duration::from_millis(100);

/// The frames of the spinner.
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// Where no line can be drawn anew, how far a long step is appears this often at most.
const BETWEEN: Duration = Duration::from_secs(30);

/// Minimum of completed steps and time for an estimate: the first steps say little about the later ones.
const FIRST: (usize, Duration) = (3, Duration::from_secs(2));

/// Shows the events of a run.
pub struct Progress {
    out: Out,
    is_live: bool,
    since: Instant,
    total: usize,
    ended: Cell<usize>,
    /// In the order in which they started.
    running: RefCell<Vec<Running>>,
    notes: RefCell<Vec<String>>,
}

/// A running step.
struct Running {
    id: NodeId,
    text: String,
    since: Instant,
    /// When a line of the log last said how far it is.
    logged: Instant,
}

impl Progress {
    /// Progress of a run of `plan`.
    pub fn new(out: Out, plan: &Plan) -> Self {
        let steps = plan.steps.iter().filter(|step| step.action != Action::Keep);
        Self {
            out,
            is_live: live::is_possible(),
            since: Instant::now(),
            total: steps.count(),
            ended: Cell::default(),
            running: RefCell::default(),
            notes: RefCell::default(),
        }
    }

    /// Keeps the lines on the terminal up to date until `run` is over.
    pub async fn during<T>(&self, run: impl Future<Output = T>) -> T {
        if !self.is_live {
            return run.await;
        }
        let (mut run, mut frames) = (pin!(run), interval(FRAME));
        let ended = loop {
            tokio::select! {
                ended = &mut run => break ended,
                _ = frames.tick() => live::draw(self.lines()),
            }
        };
        live::draw(Vec::new());
        ended
    }

    /// Shows one event.
    pub fn show(&self, event: Event<'_>) {
        match event {
            Event::Watching(since) => self.out.say(&format!(
                "a run that began at {since} has not ended: checking whether it is still active"
            )),
            Event::Started(step) => self.start(step),
            Event::Progress { step, text } => self.progress(step, text),
            Event::Waiting(step) => {
                let mut running = self.running.borrow_mut();
                if let Some(one) = running.iter_mut().find(|one| one.id == step.id) {
                    one.text = format!("{}  {}  waiting until it is ready", step.id, step.name);
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

    /// The notes of the steps, after the run.
    pub fn notes(&self) -> Vec<String> {
        self.notes.take()
    }

    fn start(&self, step: &Step) {
        let doing = verbs(step.action).0;
        if !self.is_live {
            let mark = symbol(step.action).0;
            self.out
                .say(&format!("  {mark} {}  {}: {doing}", step.id, step.name));
        }
        self.running.borrow_mut().push(Running {
            id: step.id.clone(),
            text: format!("{}  {}  {doing}", step.id, step.name),
            since: Instant::now(),
            logged: Instant::now(),
        });
    }

    fn progress(&self, step: &Step, far: &str) {
        let mut running = self.running.borrow_mut();
        let Some(one) = running.iter_mut().find(|one| one.id == step.id) else {
            return;
        };
        one.text = format!("{}  {}  {far}", step.id, step.name);
        if !self.is_live && one.logged.elapsed() >= BETWEEN {
            one.logged = Instant::now();
            self.out.say(&format!("    {}  {}: {far}", step.id, step.name));
        }
    }

    fn end(&self, step: &Step, color: &anstyle::Style, mark: &str, done: &str) {
        let mut running = self.running.borrow_mut();
        let at = running.iter().position(|one| one.id == step.id);
        let took = at.map_or(Duration::ZERO, |at| running.remove(at).since.elapsed());
        self.ended.set(self.ended.get() + 1);
        // On a terminal, the summary line shows the count.
        let counted = match self.is_live {
            true => String::new(),
            false => format!(", {} of {}", self.ended.get(), self.total),
        };
        self.out.say(&format!(
            "  {color}{mark}{color:#} {}  {}: {done} ({:.1} s{counted})",
            step.id,
            step.name,
            took.as_secs_f64()
        ));
    }

    /// The lines to draw now.
    fn lines(&self) -> Vec<String> {
        let elapsed = self.since.elapsed();
        let frame = (elapsed.as_millis() / FRAME.as_millis()) as usize % SPINNER.len();
        let spinner = SPINNER[frame];
        let running = self.running.borrow();
        let running = running
            .iter()
            .map(|one| format!("  {spinner} {}  {}", one.text, duration(one.since.elapsed())));
        let left = left(self.ended.get(), self.total, elapsed);
        let left = left.map_or_else(String::new, |left| format!(", about {} left", duration(left)));
        let head = format!("  {} of {} done{left}", self.ended.get(), self.total);
        [head].into_iter().chain(running).collect()
    }
}

/// The estimated time for the remaining steps, if they take as long as the completed ones.
fn left(ended: usize, total: usize, elapsed: Duration) -> Option<Duration> {
    let (steps, time) = FIRST;
    let share = total.saturating_sub(ended) as f64 / ended.max(1) as f64;
    (ended >= steps && elapsed >= time).then(|| elapsed.mul_f64(share))
}

fn duration(time: Duration) -> String {
    match time.as_secs_f64().round() as u64 {
        seconds @ ..=89 => format!("{seconds} s"),
        seconds => format!("{} min", (seconds + 30) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_what_is_done() {
        let seconds = Duration::from_secs;
        assert_eq!(left(0, 75, seconds(60)), None);
        assert_eq!(left(25, 75, seconds(1)), None);
        assert_eq!(left(25, 75, seconds(10)), Some(seconds(20)));
        assert_eq!(left(75, 75, seconds(10)), Some(Duration::ZERO));
        let texts = [3, 89, 90, 150].map(|time| duration(seconds(time)));
        assert_eq!(texts, ["3 s", "89 s", "2 min", "3 min"]);
    }
}
