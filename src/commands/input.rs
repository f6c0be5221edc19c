//! What a stack is read from: files and variables.

use std::fs;
use std::path::{Path, PathBuf};

use super::{App, saved};
use crate::cli::{Global, StackOptions};
use crate::output::Failure;
use crate::stack::{Input, Variables, is_variable_name, read_variables};

impl App {
    /// The same with these files laid over the stack file, and with no others.
    pub(super) fn with_files(&self, files: Vec<PathBuf>) -> Self {
        let stack = StackOptions {
            files,
            ..self.global.stack.clone()
        };
        Self {
            global: Global {
                stack,
                ..self.global.clone()
            },
            ..*self
        }
    }

    /// What a stack is read from: `path`, and what the options name.
    pub(super) fn input(&self, path: &Path) -> Result<Input, Failure> {
        let further = self.global.stack.files.iter().map(PathBuf::as_path);
        let files: Vec<_> = [path].into_iter().chain(further).map(Path::to_owned).collect();
        files.iter().try_for_each(|file| saved::refuse_as_stack(file))?;
        let mut of_files = vec![];
        for file in &self.global.stack.env_files {
            let name = file.display();
            let text = fs::read_to_string(file).map_err(|error| {
                Failure::new(
                    format!("cannot read `{name}`: {error}"),
                    "pass a file with lines `NAME=value` to `--env-file`",
                )
            })?;
            of_files.extend(read_variables(&text).map_err(|line| {
                Failure::new(
                    format!("`{name}`, line {line}: this is not `NAME=value`"),
                    "a line is a variable, a comment that begins with `#`, or blank",
                )
            })?);
        }
        let given = &self.global.stack.variables;
        if let Some((name, _)) = given.iter().find(|(name, _)| !is_variable_name(name)) {
            return Err(Failure::new(
                format!("`{name}` cannot be the name of a variable"),
                "write `--var NAME=VALUE`, with a name of letters, digits and `_`",
            ));
        }
        let variables = Variables::new(given.iter().cloned(), of_files);
        Ok(Input { files, variables })
    }
}
