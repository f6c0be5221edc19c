//! A plan as text.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

use anstyle::Style;
use imara_diff::{Algorithm, Diff, InternedInput};
use serde_json::Value;

use super::style::{self, symbol};
use super::width::wrapped;
use crate::cli::Detail;
use crate::engine::plan::{Action, Conflict, Plan, Step, Summary};
use crate::resource::{Change, Shown};

/// Up to this number of changes, no counts by kind are shown.
const FEW: usize = 5;

/// Longest line of the counts, in columns.
const COLUMNS: usize = 100;

/// The actions, in the order in which they are counted.
const ACTIONS: [(Action, &str); 5] = [
    (Action::Create, "to create"),
    (Action::Update, "to update"),
    (Action::Replace, "to replace"),
    (Action::Adopt, "to adopt"),
    (Action::Delete, "to delete"),
];

impl Plan {
    /// The changes, the conflicts, and the counts; unchanged resources are only counted. A created or deleted
    /// resource takes one line, unless `detail` asks for its fields; a changed one is shown with its
    /// differences.
    pub fn text(&self, detail: Detail) -> String {
        let mut text = String::new();
        let (bold, place) = (style::BOLD, &self.scope);
        let _ = writeln!(
            text,
            "{bold}stack {}{bold:#} in account {}, {}\n",
            self.stack, place.account, place.region
        );
        let changes = || self.steps.iter().filter(|step| step.action != Action::Keep);
        let drifted = self.drifted();
        if let Some(base) = self.base.as_ref().filter(|_| drifted < changes().count()) {
            let _ = writeln!(text, "{bold}changed in the stack file{bold:#} since `{base}`\n");
        }
        for step in changes().filter(|step| !step.is_drift()) {
            step_text(&mut text, step, detail);
        }
        if let Some(base) = self.base.as_ref().filter(|_| drifted > 0) {
            space(&mut text);
            let _ = writeln!(
                text,
                "{bold}drift{bold:#}: differs from `{base}`; somebody changed it, or another version of \
                 alertctl applied it\n"
            );
        }
        for step in changes().filter(|step| step.is_drift()) {
            step_text(&mut text, step, detail);
        }
        for Conflict { id, name, owner } in &self.conflicts {
            let error = style::ERROR;
            let owner = owner
                .as_ref()
                .map_or_else(String::new, |owner| format!(" but of `{owner}`"));
            let _ = writeln!(
                text,
                "  {error}! {id}{error:#}  {name} exists and is not part of this stack{owner}"
            );
        }
        for (step, remark) in self
            .steps
            .iter()
            .filter_map(|step| Some((step, step.remark.as_ref()?)))
        {
            if step.action == Action::Keep {
                let dim = style::DIM;
                let _ = writeln!(text, "  {dim}={dim:#} {}  {}: {remark}", step.id, step.name);
            }
        }
        space(&mut text);
        self.permissions_text(&mut text, detail);
        self.kinds_text(&mut text, detail);
        text.push_str(&self.summary().text(!self.conflicts.is_empty()));
        if let Some(cost) = self.cost.text() {
            let _ = write!(text, "\n{bold}cost{bold:#}: {cost}");
        }
        if let Some(protected) = self.protected_text() {
            let _ = write!(text, "\n{bold}protected{bold:#}: {protected}");
        }
        text
    }

    /// If there are many changes, counts the resources of each kind per action.
    fn kinds_text(&self, text: &mut String, detail: Detail) {
        let changes: Vec<_> = self
            .steps
            .iter()
            .filter(|step| step.action != Action::Keep)
            .collect();
        if changes.len() <= FEW {
            return;
        }
        for (action, what) in ACTIONS {
            let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
            let steps = changes.iter().filter(|step| step.action == action);
            steps.for_each(|step| *kinds.entry(step.id.kind).or_default() += 1);
            if kinds.is_empty() {
                continue;
            }
            let mut kinds: Vec<_> = kinds.into_iter().collect();
            kinds.sort_by_key(|(_, count)| Reverse(*count));
            // The non-breaking space keeps a count on the same line as its kind.
            let counts = kinds.iter().map(|(kind, count)| format!("{count}\u{a0}{kind}"));
            let line = format!("{what}: {}", counts.collect::<Vec<_>>().join(", "));
            let line = wrapped(&line, "    ", Some(COLUMNS)).replace('\u{a0}', " ");
            let (mark, color) = symbol(action);
            let _ = writeln!(text, "  {color}{mark}{color:#} {}", line.trim_start());
        }
        if !detail.full && changes.iter().any(|step| step.action == Action::Create) {
            let dim = style::DIM;
            let _ = writeln!(text, "  {dim}`--full` shows every field of new resources{dim:#}");
        }
        text.push('\n');
    }

    /// That nothing happens to protected resources without being asked for by name.
    pub(super) fn protected_text(&self) -> Option<String> {
        let by: BTreeSet<_> = self
            .forbidden(&[])
            .filter_map(|step| step.protected_by.as_ref())
            .collect();
        let flags: Vec<_> = by.iter().map(|by| format!("--unprotect {by}")).collect();
        let flags = flags.join(" ");
        (!by.is_empty()).then(|| format!("`apply` and `destroy` will refuse this without `{flags}`"))
    }

    /// The stack's name with the counts.
    pub fn title(&self) -> String {
        format!("stack {}, {}", self.stack, self.summary_text())
    }

    /// The last line of the text (the counts), without colour.
    pub(super) fn summary_text(&self) -> String {
        let text = self.summary().text(!self.conflicts.is_empty());
        anstream::adapter::strip_str(&text).to_string()
    }
}

impl Summary {
    fn text(&self, conflicts: bool) -> String {
        let Self {
            create,
            update,
            replace,
            adopt,
            delete,
            keep,
        } = *self;
        if create + update + replace + adopt + delete == 0 && !conflicts {
            return format!("no changes: {keep} resources match the stack file");
        }
        let [created, updated, replaced, adopted, deleted] = ACTIONS.map(|(_, what)| what);
        let counts = [
            (create, created),
            (update, updated),
            (replace, replaced),
            (adopt, adopted),
            (delete, deleted),
            (keep, "unchanged"),
        ];
        let parts: Vec<_> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let bold = style::BOLD;
        format!("{bold}plan{bold:#}: {}", parts.join(", "))
    }
}

/// Adds an empty line, unless there is one.
fn space(text: &mut String) {
    if !text.ends_with("\n\n") {
        text.push('\n');
    }
}

/// One change, with its fields.
pub(super) fn step_text(text: &mut String, step: &Step, detail: Detail) {
    let fields = match step.action {
        // For a deletion, the name is enough.
        Action::Delete => false,
        Action::Create => detail.full,
        _ => true,
    };
    if fields {
        space(text);
    }
    let (mark, color) = symbol(step.action);
    let bold = style::BOLD;
    let _ = writeln!(
        text,
        "  {color}{mark}{color:#} {bold}{}{bold:#}  {}",
        step.id, step.name
    );
    if let Some(remark) = &step.remark {
        let _ = writeln!(text, "      {remark}");
    }
    if let Some(by) = &step.protected_by {
        let warning = style::WARNING;
        let _ = writeln!(
            text,
            "      {warning}protected{warning:#}: needs `--unprotect {by}`"
        );
    }
    if let Some(origin) = step.origin.as_ref().filter(|origin| origin.drift) {
        let _ = match origin.fields.is_empty() {
            true => writeln!(text, "      drift"),
            false => writeln!(text, "      drift: {}", origin.fields.join(", ")),
        };
    }
    if fields {
        for change in step.changes.iter() {
            change_text(text, change, step.action == Action::Create);
        }
        text.push('\n');
    }
}

fn change_text(text: &mut String, change: &Change, new: bool) {
    let Change {
        field,
        from,
        to,
        replaces,
    } = change;
    let suffix = if *replaces {
        "  (replaces the resource)"
    } else {
        ""
    };
    match (from, to) {
        (None, Some(to)) if new => {
            // Ownership tags are the same on all resources, and each function's settings are those of the stack
            // file.
            if !field.starts_with("tags.alertctl:") && !field.starts_with("settings.") {
                let _ = writeln!(text, "      {field}: {}", block(to));
            }
        }
        (Some(Shown::Value(from)), Some(Shown::Value(to))) if is_long(from) || is_long(to) => {
            let _ = writeln!(text, "      {field}:{suffix}");
            difference(text, from, to);
        }
        (from, to) => {
            let side = |side: &Option<Shown>| side.as_ref().map_or_else(|| "(unset)".to_owned(), line);
            let _ = writeln!(text, "      {field}: {} → {}{suffix}", side(from), side(to));
        }
    }
}

/// Unchanged lines before and after changed ones.
const CONTEXT: u32 = 2;

/// The lines that differ between two documents, with their context.
fn difference(text: &mut String, from: &Value, to: &Value) {
    let (from, to) = (pretty(from, 0), pretty(to, 0));
    let input = InternedInput::new(&*from, &*to);
    let diff = Diff::compute(Algorithm::Myers, &input);
    let hunks: Vec<_> = diff.hunks().collect();
    let (old, new): (Vec<_>, Vec<_>) = (from.lines().collect(), to.lines().collect());
    let same = (" ", style::DIM);
    for near in hunks.chunk_by(|one, next| next.before.start - one.before.end <= 2 * CONTEXT) {
        let mut shown = near[0].before.start.saturating_sub(CONTEXT);
        let _ = writeln!(text, "          …");
        for hunk in near {
            show(text, same, &old, shown..hunk.before.start);
            show(text, symbol(Action::Delete), &old, hunk.before.clone());
            show(text, symbol(Action::Create), &new, hunk.after.clone());
            shown = hunk.before.end;
        }
        show(
            text,
            same,
            &old,
            shown..old.len().min((shown + CONTEXT) as usize) as u32,
        );
    }
}

/// These of the lines, each behind its mark.
fn show(text: &mut String, (mark, color): (&str, Style), lines: &[&str], range: Range<u32>) {
    for line in &lines[range.start as usize..range.end as usize] {
        let _ = writeln!(text, "        {color}{mark} {line}{color:#}");
    }
}

/// Widest value in columns that stays on one line.
const WIDTH: usize = 72;

fn is_long(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Array(_)) && value.to_string().len() > WIDTH
}

/// JSON on as few lines as the width allows.
fn pretty(value: &Value, indent: usize) -> String {
    let pad = "  ".repeat(indent);
    let lines = |items: Vec<String>| items.join(&format!(",\n{pad}  "));
    match value {
        Value::Object(fields) if is_long(value) => {
            let field = |(key, value): (&String, &Value)| format!("{key:?}: {}", pretty(value, indent + 1));
            format!(
                "{{\n{pad}  {}\n{pad}}}",
                lines(fields.iter().map(field).collect())
            )
        }
        Value::Array(items) if is_long(value) => {
            format!(
                "[\n{pad}  {}\n{pad}]",
                lines(items.iter().map(|item| pretty(item, indent + 1)).collect())
            )
        }
        short => short.to_string(),
    }
}

/// A value on one line.
pub fn line(shown: &Shown) -> String {
    match shown {
        Shown::Value(value) => value.to_string(),
        Shown::AfterApply(node) => format!("(known after apply: {node})"),
        Shown::Secret(_) => "(secret)".to_owned(),
    }
}

/// A value on as many lines as it needs.
fn block(shown: &Shown) -> String {
    match shown {
        Shown::Value(value) if is_long(value) => pretty(value, 3),
        other => line(other),
    }
}
