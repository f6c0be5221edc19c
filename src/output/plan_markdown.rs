//! A plan as a pull request comment.

use super::markdown::{LIMIT, code, fenced, prose};
use super::plan_text::step_text;
use super::{Failure, Problem};
use crate::cli::Detail;
use crate::engine::plan::{Action, Plan, Step};

/// Beginning of the first line of every comment; the next run finds the comment by it and replaces it.
const MARK: &str = "<!-- alertctl plan";

/// Most lines for one resource; the log has all of them.
const STEP_LINES: usize = 80;

/// Longest line in columns; documents are wrapped much earlier.
const COLUMNS: usize = 400;

/// Bytes that are reserved for the ends of blocks and for the note that something was left out.
const RESERVE: usize = 2_000;

/// The groups of a comment: those that remove something are first, and open.
const GROUPS: [(Action, &str, bool); 5] = [
    (Action::Delete, "to delete", true),
    (Action::Replace, "to replace", true),
    (Action::Adopt, "to adopt", false),
    (Action::Update, "to update", false),
    (Action::Create, "to create", false),
];

impl Plan {
    /// A comment of at most [`LIMIT`] bytes: the counts, then the warnings, then the changes, folded.
    /// `cautions` are warnings that are not part of the plan, and `further` is Markdown that follows the notes.
    pub fn markdown(&self, file: &str, cautions: &[String], further: &str) -> String {
        let mut text = head(file);
        text += &format!("### alertctl: {}\n\n", prose(&self.summary_text()));
        let place = &self.scope;
        let at = [&self.stack, &place.account, &place.region].map(|part| code(part));
        let [stack, account, region] = at;
        text += &format!(
            "Stack {stack} in account {account}, {region}, from {}\n",
            code(file)
        );
        let conflicts = self.conflicts.iter().map(|conflict| {
            let (id, name) = (code(&conflict.id.to_string()), code(&conflict.name));
            format!("{id}: {name} exists and is not part of this stack")
        });
        list(&mut text, "Conflicts", conflicts);
        list(
            &mut text,
            "Warnings",
            self.warnings.iter().chain(cautions).map(|warning| prose(warning)),
        );
        list(&mut text, "Notes", self.remarks().map(|remark| prose(&remark)));
        let permissions = self.permissions_listed();
        list(
            &mut text,
            "Permissions",
            permissions.iter().map(|line| prose(line)),
        );
        list(
            &mut text,
            "Protected",
            self.protected_text().iter().map(|line| prose(line)),
        );
        list(&mut text, "Cost", self.cost.text().iter().map(|cost| prose(cost)));
        text += further;
        for (action, what, open) in GROUPS {
            self.group(&mut text, action, what, open);
        }
        text
    }

    /// Remarks on unchanged resources; those on changed ones are shown with the change.
    fn remarks(&self) -> impl Iterator<Item = String> {
        let kept = self.steps.iter().filter(|step| step.action == Action::Keep);
        kept.filter_map(|step| Some(format!("`{}`: {}", step.id, step.remark.as_ref()?)))
    }

    fn group(&self, text: &mut String, action: Action, what: &str, open: bool) {
        let steps: Vec<_> = self.steps.iter().filter(|step| step.action == action).collect();
        if steps.is_empty() {
            return;
        }
        let room = LIMIT.saturating_sub(text.len() + RESERVE);
        let (mut lines, mut used, mut shown) = (Vec::new(), 0, 0);
        for step in &steps {
            let block = step_lines(step);
            let whole: usize = block.iter().map(|line| line.len() + 5).sum();
            // A step that does not fit with all its fields may fit without them.
            let (block, size) = match used + whole <= room {
                true => (block, whole),
                false => (block[..1].to_vec(), block[0].len() + 5),
            };
            if used + size > room {
                break;
            }
            used += size;
            shown += 1;
            lines.extend(block);
        }
        let open = if open { " open" } else { "" };
        *text += &format!(
            "\n<details{open}><summary><b>{} {what}</b></summary>\n\n",
            steps.len()
        );
        *text += &fenced("diff", lines);
        if shown < steps.len() {
            *text += &format!("\n… {} more\n", steps.len() - shown);
        }
        *text += "\n</details>\n";
    }
}

impl Failure {
    /// The comment if there is no plan because of an error.
    pub fn markdown(&self, file: &str) -> String {
        let with_help = |message: &str, help: Option<&String>| match help {
            Some(help) => format!("{}  \n  {}", prose(message), prose(help)),
            None => prose(message),
        };
        let entries: Vec<_> = match self {
            Self::Stack(error) => {
                let reports = error.reports().into_iter().map(|report| {
                    let place = format!("{}:{}:{}", report.file, report.line, report.column);
                    format!(
                        "{}: {}",
                        code(&place),
                        with_help(&report.message, report.help.as_ref())
                    )
                });
                reports.collect()
            }
            Self::Problems(problems) => {
                let entry = |problem: &Problem| with_help(&problem.message, problem.help.as_ref());
                problems.iter().map(entry).collect()
            }
            Self::Declined(_) | Self::Interrupted | Self::Reported => Vec::new(),
        };
        let mut text = head(file);
        text += &format!("### alertctl: no plan for {}\n", code(file));
        list(&mut text, "Errors", entries.into_iter());
        text
    }
}

/// The hidden first line, equal for all comments on this file.
fn head(file: &str) -> String {
    // Some parsers end an HTML comment at `--`.
    let plain = |c: char| {
        if c.is_alphanumeric() || "./_".contains(c) {
            c
        } else {
            '_'
        }
    };
    format!("{MARK} {} -->\n", file.chars().map(plain).collect::<String>())
}

/// A list with a title, which may use at most a third of the space.
fn list(text: &mut String, title: &str, entries: impl Iterator<Item = String>) {
    let entries: Vec<_> = entries.collect();
    if entries.is_empty() {
        return;
    }
    *text += &format!("\n**{title}**\n\n");
    let room = text.len() + LIMIT / 4;
    for (index, entry) in entries.iter().enumerate() {
        if text.len() + entry.len() > room {
            *text += &format!("- … {} more\n", entries.len() - index);
            break;
        }
        *text += &format!("- {entry}\n");
    }
}

/// A step as in the log, with its marks in the first column, where a `diff` block needs them.
fn step_lines(step: &Step) -> Vec<String> {
    let mut text = String::new();
    step_text(&mut text, step, Detail { full: true });
    let text = anstream::adapter::strip_str(&text).to_string();
    let mut lines: Vec<_> = text.trim_start_matches('\n').lines().map(marked).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    if lines.len() > STEP_LINES {
        let more = lines.len() - STEP_LINES;
        lines.truncate(STEP_LINES);
        lines.push(format!("      … {more} more lines"));
    }
    lines.push(String::new());
    lines
}

fn marked(line: &str) -> String {
    let line = match line.char_indices().nth(COLUMNS) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    };
    let bare = line.trim_start();
    let indent = &line[..line.len() - bare.len()];
    let marks = [("+ ", '+'), ("- ", '-'), ("~ ", '!'), ("± ", '!'), ("> ", '!')];
    match marks.iter().find(|(mark, _)| bare.starts_with(mark)) {
        Some((found, mark)) => {
            let rest = &bare[found.len()..];
            format!(
                "{mark} {indent}{rest}",
                indent = indent.get(2..).unwrap_or_default()
            )
        }
        None => line,
    }
}
