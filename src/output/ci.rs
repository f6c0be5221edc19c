//! Special output lines for a pipeline's runner: log groups, annotations at a line of a file, a summary.
//!
//! GitHub: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>. GitLab:
//! <https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections>; it has no annotations in logs.
//! These lines go to standard error, which both runners read, so that standard output stays pure data.

use std::env;
use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Out, Unwritten};
use crate::cli::Format;
use crate::stack::{Level, Report};

/// The kind of runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runner {
    GitHub,
    GitLab,
}

impl Runner {
    /// Detects the runner by the variable that it sets to `true` in every job.
    fn here() -> Option<Self> {
        let set = |name| env::var(name).is_ok_and(|value| value == "true");
        match (set("GITHUB_ACTIONS"), set("GITLAB_CI")) {
            (true, _) => Some(Self::GitHub),
            (_, true) => Some(Self::GitLab),
            _ => None,
        }
    }

    fn begin(self, key: &str, title: &str) -> String {
        match self {
            Self::GitHub => format!("::group::{}\n", data(title)),
            Self::GitLab => format!("\x1b[0Ksection_start:{}:alertctl_{key}\r\x1b[0K{title}\n", now()),
        }
    }

    fn end(self, key: &str) -> String {
        match self {
            Self::GitHub => "::endgroup::\n".to_owned(),
            Self::GitLab => format!("\x1b[0Ksection_end:{}:alertctl_{key}\r\x1b[0K\n", now()),
        }
    }
}

/// A group of lines that the runner can fold; it ends when this is dropped.
#[must_use]
pub struct Group {
    key: &'static str,
    runner: Option<Runner>,
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(runner) = self.runner {
            mark(&runner.end(self.key));
        }
    }
}

impl Out {
    /// Groups all output until the group is dropped; `key` identifies the group within a run.
    pub fn group(&self, key: &'static str, title: &str) -> Group {
        let runner = Runner::here();
        if let Some(runner) = runner {
            mark(&runner.begin(key, title));
        }
        Group { key, runner }
    }

    /// Prints `text` on standard error, in a group if the runner supports groups. If standard output is a pull
    /// request comment, the text is printed only in a runner's log: elsewhere both would appear on one screen.
    pub fn fold(&self, key: &'static str, title: &str, text: &str) {
        if self.format == Format::Markdown && Runner::here().is_none() {
            return;
        }
        let _group = self.group(key, title);
        self.say(text);
    }

    /// Prints a pull request comment as the result, if that format was requested, and adds it to the job's
    /// summary page.
    ///
    /// # Errors
    /// The result cannot be written; the summary page is written before it.
    pub fn comment(&self, markdown: impl FnOnce() -> String + Copy) -> Result<(), Unwritten> {
        self.summarize(markdown);
        match self.format {
            Format::Markdown => self.result(markdown, || serde_json::Value::Null),
            Format::Text | Format::Json => Ok(()),
        }
    }

    /// Annotates the faulty lines of a stack file, if the runner can show them in a pull request.
    pub fn annotate(&self, reports: &[Report]) {
        if Runner::here() == Some(Runner::GitHub) {
            let root = env::var("GITHUB_WORKSPACE").unwrap_or_default();
            reports
                .iter()
                .for_each(|report| mark(&annotation(report, Path::new(&root))));
        }
    }

    /// Annotates an error without a line; `what` names the thing with the error.
    pub fn annotate_error(&self, what: &str, message: &str, help: Option<&str>) {
        if Runner::here() == Some(Runner::GitHub) {
            let text = with_help(message, help);
            mark(&format!("::error title={}::{}\n", property(what), data(&text)));
        }
    }

    /// Adds to the job's summary page, if the runner has one.
    pub fn summarize(&self, markdown: impl FnOnce() -> String) {
        let Some(path) = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
            return;
        };
        let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
        let written = file.and_then(|mut file| writeln!(file, "{}", markdown()));
        if let Err(error) = written {
            let path = path.to_string_lossy();
            self.warn(&format!("the summary cannot be written to `{path}`: {error}"));
        }
    }
}

/// Writes a line for the runner with one call. It bypasses `anstream`, which would remove GitLab's markers.
fn mark(line: &str) {
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

fn annotation(report: &Report, root: &Path) -> String {
    let Report {
        file,
        line,
        column,
        end_line,
        end_column,
        severity,
        message,
        help,
        related: _,
    } = report;
    let command = match severity {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    // Columns are only valid within a single line.
    let end = match (end_line == line, end_column.saturating_sub(1)) {
        (true, end) if end > *column => format!(",endColumn={end}"),
        _ => String::new(),
    };
    format!(
        "::{command} file={},line={line},col={column}{end},title=alertctl::{}\n",
        property(&in_repository(file, root)),
        data(&with_help(message, help.as_deref()))
    )
}

/// The file's path relative to the repository, whatever the current directory of the step is.
fn in_repository(file: &str, root: &Path) -> String {
    let inside = std::fs::canonicalize(file).ok().and_then(|path| {
        let root = root.canonicalize().ok()?;
        Some(path.strip_prefix(root).ok()?.display().to_string())
    });
    inside.unwrap_or_else(|| file.to_owned())
}

fn with_help(message: &str, help: Option<&str>) -> String {
    match help {
        Some(help) => format!("{message}\nhelp: {help}"),
        None => message.to_owned(),
    }
}

/// Escapes the text after `::`; the runner decodes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which ends at a comma or colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(message: &str) -> Report {
        Report {
            file: "a:b,c.yaml".into(),
            line: 3,
            column: 5,
            end_line: 3,
            end_column: 12,
            severity: Level::Error,
            message: message.into(),
            help: Some("write `period`".into()),
            related: Vec::new(),
        }
    }

    #[test]
    fn no_text_of_a_user_becomes_a_command_of_its_own() {
        let line = annotation(
            &report("100% wrong\n::stop-commands::x"),
            Path::new("/nowhere/at/all"),
        );
        assert_eq!(
            line,
            "::error file=a%3Ab%2Cc.yaml,line=3,col=5,endColumn=11,title=alertctl::100%25 wrong%0A::stop-commands::x\
             %0Ahelp: write `period`\n"
        );
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn a_file_is_named_from_the_root_of_the_repository() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("alerts/stack.yaml");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "").unwrap();
        let file = file.display().to_string();
        assert_eq!(in_repository(&file, root.path()), "alerts/stack.yaml");
        assert_eq!(in_repository(&file, Path::new("/nowhere/at/all")), file);
        assert_eq!(in_repository("missing.yaml", root.path()), "missing.yaml");
    }

    #[test]
    fn a_section_of_gitlab_has_the_same_name_at_both_ends() {
        let begin = Runner::GitLab.begin("plan", "Plan of stack mission");
        assert!(begin.starts_with("\u{1b}[0Ksection_start:"), "{begin:?}");
        assert!(
            begin.ends_with(":alertctl_plan\r\u{1b}[0KPlan of stack mission\n"),
            "{begin:?}"
        );
        let end = Runner::GitLab.end("plan");
        assert!(end.ends_with(":alertctl_plan\r\u{1b}[0K\n"), "{end:?}");
    }
}
