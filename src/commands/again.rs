//! The command that continues an interrupted run.

use std::path::PathBuf;

use super::App;
use crate::cli::{Adopt, Global, StackOptions, Unprotect};

impl App {
    /// `alertctl` with these words and all global options that select the target.
    pub fn again(&self, words: impl IntoIterator<Item = String>) -> String {
        again(&self.global, words)
    }
}

impl Adopt {
    /// The same choice as command-line arguments.
    pub fn words(&self) -> impl Iterator<Item = String> {
        self.nodes
            .iter()
            .flat_map(|node| ["--adopt".to_owned(), node.clone()])
            .chain(self.all.then(|| "--adopt-all".to_owned()))
    }
}

impl Unprotect {
    /// The same choice as command-line arguments.
    pub fn words(&self) -> impl Iterator<Item = String> {
        self.nodes
            .iter()
            .flat_map(|node| ["--unprotect".to_owned(), node.clone()])
    }
}

fn again(global: &Global, words: impl IntoIterator<Item = String>) -> String {
    let Global {
        stack: StackOptions {
            files,
            variables,
            env_files,
        },
        profile,
        region,
        endpoint_url,
        local,
        output: _,
        color: _,
    } = global;
    let places = [
        ("--profile", profile),
        ("--region", region),
        ("--endpoint-url", endpoint_url),
    ];
    let places = places
        .into_iter()
        .filter_map(|(flag, value)| Some([flag.to_owned(), value.clone()?]))
        .flatten();
    let file = |flag: &str, file: &PathBuf| [flag.to_owned(), file.display().to_string()];
    let files = files.iter().flat_map(|path| file("-f", path));
    let env_files = env_files.iter().flat_map(|path| file("--env-file", path));
    let variables = variables
        .iter()
        .flat_map(|(name, value)| ["--var".to_owned(), format!("{name}={value}")]);
    let words = ["alertctl".to_owned()].into_iter().chain(words);
    let words = words.chain(files).chain(variables).chain(env_files).chain(places);
    let words = words.chain(local.then(|| "--local".to_owned()));
    words.map(|word| quoted(&word)).collect::<Vec<_>>().join(" ")
}

/// A word, quoted for a shell if necessary.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@=+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Color, Format};

    fn words(line: &str) -> Vec<String> {
        line.split('|').map(str::to_owned).collect()
    }

    #[test]
    fn everything_that_was_said_is_repeated() {
        let mut global = Global {
            stack: StackOptions::default(),
            profile: None,
            region: None,
            endpoint_url: None,
            local: false,
            output: Format::Json,
            color: Color::Auto,
        };
        assert_eq!(
            again(&global, words("apply|stack.yaml")),
            "alertctl apply stack.yaml"
        );
        global.local = true;
        global.region = Some("eu-west-1".into());
        let adopt = Adopt {
            nodes: vec!["sns-topic/alerts".into(), "kms-key/main".into()],
            all: false,
        };
        assert_eq!(
            again(
                &global,
                words("apply|stack.yaml").into_iter().chain(adopt.words())
            ),
            "alertctl apply stack.yaml --adopt sns-topic/alerts --adopt kms-key/main --region eu-west-1 --local"
        );
        global = Global {
            profile: Some("my team".into()),
            endpoint_url: Some("http://127.0.0.1:4566".into()),
            local: false,
            region: None,
            ..global
        };
        assert_eq!(
            again(&global, words("destroy|it's.yaml|--delete-trail-logs")),
            r"alertctl destroy 'it'\''s.yaml' --delete-trail-logs --profile 'my team' --endpoint-url http://127.0.0.1:4566"
        );
        global = Global {
            stack: StackOptions {
                files: vec!["prod.yaml".into()],
                variables: vec![("TEAM".into(), "on call".into())],
                env_files: vec!["prod.env".into()],
            },
            profile: None,
            endpoint_url: None,
            ..global
        };
        assert_eq!(
            again(&global, words("apply|base.yaml|--yes")),
            "alertctl apply base.yaml --yes -f prod.yaml --var 'TEAM=on call' --env-file prod.env"
        );
    }
}
