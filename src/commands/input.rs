//! What a stack is read from, files and variables, and how it is loaded.

use std::fs;
use std::path::{Path, PathBuf};

use super::{App, saved};
use crate::cli::{Global, StackOptions};
use crate::output::Failure;
use crate::stack::{
    Ciphertexts, Input, Loaded, Variables, draft, is_variable_name, load_from, read_variables,
};

impl App {
    /// Loads and checks the stack file; warnings go to standard error. If a `for_each` asks AWS for its elements, this does.
    pub(super) async fn load(&self, path: &Path) -> Result<Loaded, Failure> {
        self.load_for(path, Ciphertexts::Used).await
    }

    /// The same for a command that uses the ciphertexts of addresses in this way.
    pub(super) async fn load_for(&self, path: &Path, ciphertexts: Ciphertexts) -> Result<Loaded, Failure> {
        let loaded = self.loaded(path, ciphertexts).await?;
        Ok(self.warned(loaded, false))
    }

    /// The same before a deployment: also warns about values that are only examples, except in the local mode,
    /// where nothing is real.
    pub(super) async fn load_to_deploy(&self, path: &Path) -> Result<Loaded, Failure> {
        let loaded = self.loaded(path, Ciphertexts::Used).await?;
        Ok(self.warned(loaded, !self.global.local))
    }

    async fn loaded(&self, path: &Path, ciphertexts: Ciphertexts) -> Result<Loaded, Failure> {
        let input = self.input(path)?;
        let draft = draft(&input)?;
        let discovered = self.discover(&draft.asks()).await?;
        let loaded = draft.load(&discovered, ciphertexts)?;
        self.tell_found(&loaded);
        self.stood_in(loaded).await
    }

    /// The same without AWS: each `for_each` that asks AWS has one example.
    pub(super) fn load_offline(&self, path: &Path, examples: bool) -> Result<Loaded, Failure> {
        let loaded = load_from(&self.input(path)?, Ciphertexts::Used)?;
        for asked in &loaded.asked {
            let (by, query) = (&asked.by, &asked.query);
            self.out.say(&format!(
                "`{by}` asks AWS for {query}: here, with one example instead"
            ));
        }
        Ok(self.warned(loaded, examples))
    }

    fn warned(&self, mut loaded: Loaded, examples: bool) -> Loaded {
        loaded.warnings.retain(|warning| examples || !warning.is_example);
        self.out.warn_of_file(&loaded);
        loaded
    }

    /// `alertctl` with these files laid over the stack file, and with no others.
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
        Ok(Input {
            files,
            variables,
            ..Input::default()
        })
    }
}
