//! The status of a stack, resource by resource.

use anstyle::Style;
use serde_json::{Value, json};

use super::style;
use super::width::{columns, cut, of_results, wrapped};
use crate::engine::plan::{Action, Plan, Step};
use crate::resource::Verdict;

/// The states in the first column of a row, in the order in which they are counted.
const STATES: [&str; 10] = [
    "failed",
    "missing",
    "drifted",
    "leftover",
    "foreign",
    "waiting",
    "attention",
    "unknown",
    "ok",
    "owned",
];

/// As wide as the first column.
const INDENT: &str = "             ";

/// A state for the first column, in its colour.
pub fn state(word: &str) -> String {
    let color = match word {
        "ok" => style::symbol(Action::Create).1,
        "failed" => style::ERROR,
        _ => style::WARNING,
    };
    format!("  {color}{word:<9}{color:#}")
}

/// A row: the status of a part of the stack.
pub struct Row {
    /// One of [`STATES`].
    state: &'static str,
    what: String,
    name: String,
    health: String,
    shade: Style,
    arn: String,
    notes: Vec<String>,
    /// Its console page.
    page: Option<String>,
}

impl Row {
    /// A row for something that is not a resource.
    pub fn new(state: &'static str, what: String, health: String) -> Self {
        Self {
            state,
            what,
            name: String::new(),
            health,
            shade: Style::new(),
            arn: String::new(),
            notes: Vec::new(),
            page: None,
        }
    }

    fn of(plan: &Plan, step: &Step, pages: bool) -> Self {
        let (state, health) = (plan.state(step), step.health());
        let (verdict, shade) = health
            .as_ref()
            .map_or(("ok", Style::new()), |health| verdict(health.verdict));
        let fields: Vec<_> = match step.action {
            Action::Update | Action::Replace => {
                step.changes.iter().map(|change| change.field.as_str()).collect()
            }
            _ => Vec::new(),
        };
        let drift =
            (!fields.is_empty()).then(|| format!("differs from the stack file: {}", fields.join(", ")));
        Self {
            state: if is_fine(state) && verdict != "ok" {
                verdict
            } else {
                state
            },
            name: step.name.clone(),
            shade,
            arn: step.output().map(|output| output.arn).unwrap_or_default(),
            notes: drift.into_iter().chain(step.condition()).collect(),
            page: step.console_page(&plan.scope.region).filter(|_| pages),
            ..Self::new(
                state,
                step.id.to_string(),
                health.map(|health| health.text).unwrap_or_default(),
            )
        }
    }

    fn state(&self) -> String {
        state(self.state)
    }

    /// The row on one line, with its cells aligned to those of the other rows. If it does not fit into `room`,
    /// cells are cut, and the ARN is left out, because a part of it is useless.
    fn line(&self, widths: [usize; 3], room: Option<usize>) -> String {
        let plain = Style::new();
        let [what, name, health] = widths;
        let mut cells = vec![(&self.what, plain, what)];
        // Only resources have a name.
        cells.extend((!self.name.is_empty()).then_some((&self.name, plain, name)));
        cells.push((&self.health, self.shade, health));
        let mut left = room.map_or(usize::MAX, |room| room.saturating_sub(INDENT.len()));
        let mut line = self.state();
        for (text, style, width) in cells {
            if left == 0 {
                break;
            }
            let cell = cut(text, left);
            let taken = width.min(left).max(columns(&cell));
            let pad = " ".repeat(taken - columns(&cell));
            line += &match cell.is_empty() {
                true => format!("  {pad}"),
                false => format!("  {style}{cell}{style:#}{pad}"),
            };
            left = left.saturating_sub(taken + 2);
        }
        if !self.arn.is_empty() && columns(&self.arn) <= left {
            let dim = style::DIM;
            line += &format!("  {dim}{}{dim:#}", self.arn);
        }
        line.trim_end().to_owned()
    }

    /// The complete row, on as many lines as `room` requires.
    fn lines(&self, room: usize) -> String {
        let (shade, dim) = (self.shade, style::DIM);
        let text = format!("{}  {}  {shade}{}{shade:#}", self.what, self.name, self.health);
        let mut lines = wrapped(text.trim_end(), INDENT, Some(room));
        lines.replace_range(..INDENT.len(), &format!("{}  ", self.state()));
        if !self.arn.is_empty() {
            lines += &format!("\n{INDENT}{dim}{}{dim:#}", self.arn);
        }
        lines
    }

    /// The lines below the row.
    fn below(&self, room: Option<usize>) -> String {
        let notes = self
            .notes
            .iter()
            .map(|note| format!("\n{}", wrapped(note, INDENT, room)));
        notes.collect()
    }

    fn page(&self) -> String {
        let dim = style::DIM;
        let page = self.page.as_ref();
        page.map_or_else(String::new, |page| format!("\n{INDENT}{dim}{page}{dim:#}"))
    }
}

/// Whether nothing needs to be done.
fn is_fine(state: &str) -> bool {
    state == "ok" || state == "owned"
}

/// The number of rows in each state.
fn summary(rows: &[Row]) -> String {
    let count = |state| rows.iter().filter(|row| row.state == state).count();
    let counts = STATES
        .map(|state| (count(state), state))
        .into_iter()
        .filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, state)| format!("{count} {state}")).collect();
    format!("{} in all: {}", rows.len(), counts.join(", "))
}

impl Plan {
    /// The number of healthy resources, then one row per resource and for each of `more`: state, names, health,
    /// ARN. Below a row are its notes and, with `pages`, its console page. Rows with problems come first. On a
    /// terminal, a healthy row takes only one line.
    pub fn status_text(&self, pages: bool, more: Vec<Row>) -> String {
        self.status_within(of_results(), pages, more)
    }

    fn status_within(&self, room: Option<usize>, pages: bool, more: Vec<Row>) -> String {
        let (bold, place) = (style::BOLD, &self.scope);
        let title = format!(
            "{bold}stack {}{bold:#} in account {}, {}\n",
            self.stack, place.account, place.region
        );
        let foreign = self.conflicts.iter().map(|conflict| Row {
            name: conflict.name.clone(),
            ..Row::new("foreign", conflict.id.to_string(), String::new())
        });
        let steps = self.steps.iter().map(|step| Row::of(self, step, pages));
        let rows: Vec<_> = steps.chain(foreign).chain(more).collect();
        if rows.is_empty() {
            return title + "\n  nothing: this stack owns no resource here";
        }
        let width = |of: fn(&Row) -> &str| rows.iter().map(|row| columns(of(row))).max().unwrap_or(0);
        let widths = [
            width(|row| &row.what),
            width(|row| &row.name),
            // Without an ARN nothing follows the health, so it needs no padding.
            width(|row| if row.arn.is_empty() { "" } else { &row.health }),
        ];
        let shown = |row: &Row| {
            let (line, page) = match room {
                Some(_) if is_fine(row.state) => (row.line(widths, room), String::new()),
                Some(room) => (row.lines(room), row.page()),
                None => (row.line(widths, None), row.page()),
            };
            format!("{line}{}{page}\n", row.below(room))
        };
        let (fine, open): (Vec<_>, Vec<_>) = rows.iter().partition(|row| is_fine(row.state));
        let mut text = format!("{title}{}\n", wrapped(&summary(&rows), "", room));
        for rows in [open, fine].iter().filter(|rows| !rows.is_empty()) {
            text.push('\n');
            text.extend(rows.iter().map(|row| shown(row)));
        }
        text
    }

    /// The status as JSON.
    pub fn status_json(&self, pages: bool) -> Value {
        let resources: Vec<_> = self
            .steps
            .iter()
            .map(|step| {
                json!({
                    "id": step.id,
                    "name": step.name,
                    "state": self.state(step),
                    "arn": step.output().map(|output| output.arn),
                    "console": step.console_page(&self.scope.region).filter(|_| pages),
                    "health": step.health(),
                    "remark": step.condition(),
                })
            })
            .collect();
        let not_ready = self.not_ready();
        json!({
            "version": 1,
            "stack": self.stack,
            "account": self.scope.account,
            "region": self.scope.region,
            "ready": not_ready.is_empty(),
            "not_ready": not_ready,
            "resources": resources,
            "foreign": self.conflicts,
        })
    }

    fn state(&self, step: &Step) -> &'static str {
        match step.action {
            Action::Keep if step.kept && self.is_by_name() => "owned",
            Action::Keep if step.kept => "leftover",
            Action::Keep => "ok",
            Action::Create => "missing",
            Action::Update | Action::Replace | Action::Adopt => "drifted",
            Action::Delete if self.is_by_name() => "owned",
            Action::Delete => "leftover",
        }
    }
}

fn verdict(verdict: Verdict) -> (&'static str, Style) {
    match verdict {
        Verdict::Healthy => ("ok", style::symbol(Action::Create).1),
        Verdict::Attention => ("attention", style::WARNING),
        Verdict::Waiting => ("waiting", style::WARNING),
        Verdict::Failed => ("failed", style::ERROR),
    }
}
