//! The command line of `alertctl mute`, `mutes` and `unmute`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::StackFile;
use super::files::is_file;
use crate::duration::parse as time;

/// Names, and the stack file as the last word: a name has neither a dot nor a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub names: Vec<String>,
    pub path: PathBuf,
}

impl Words {
    fn of(words: &[String]) -> Self {
        let (names, path) = match words.split_last() {
            Some((last, names)) if is_file(last) => (names, last.as_str()),
            _ => (words, "stack.yaml"),
        };
        Self {
            names: names.to_vec(),
            path: PathBuf::from(path),
        }
    }
}

#[derive(Debug, Args)]
#[command(
    override_usage = "alertctl mute [OPTIONS] --for <TIME> --why <TEXT> <ALARM>... [STACK]\n       \
                      alertctl mute [OPTIONS] --for <TIME> --why <TEXT> --all [STACK]",
    after_help = "\
Makes an alarm mute rule of CloudWatch: until it ends, the actions of the alarms do not run. When it
ends, CloudWatch runs the action of each alarm that is still in the state that it was muted in. The
topics that the alarms notify are told who muted what, until when, and why. Regular mutes belong in
the stack file, in `mute:`.

Examples:
  alertctl mute cpu disk --for 2h --why 'Moving the database'
  alertctl mute --all --for 30m --why Deployment stack.yaml
  alertctl mute cpu --for 1d --why 'Known, see OPS-42' --quiet"
)]
pub struct MuteArgs {
    /// Keys of alarms in the stack file, then the stack file [default: stack.yaml]
    #[arg(value_name = "ALARM|STACK")]
    words: Vec<String>,
    /// All alarms of the stack file
    #[arg(long)]
    pub all: bool,
    /// For how long, such as 30m, 2h or 3d; from 1m to 15d
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    pub length: Duration,
    /// The reason, for those who wonder why nothing comes
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Do not tell the topics of the alarms
    #[arg(short, long)]
    pub quiet: bool,
}

impl MuteArgs {
    pub fn words(&self) -> Words {
        Words::of(&self.words)
    }

    pub(super) fn words_mut(&mut self) -> &mut Vec<String> {
        &mut self.words
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alertctl mutes stack.yaml
  alertctl mutes --output json | jq '.mutes[] | select(.state == \"active\")'")]
pub struct MutesArgs {
    #[command(flatten)]
    pub file: StackFile,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "alertctl unmute [OPTIONS] <NAME>... [STACK]\n       alertctl unmute [OPTIONS] --all [STACK]",
    after_help = "\
Ends what `alertctl mute` began; `alertctl mutes` lists the names. CloudWatch at once runs the
actions that it held back, for each alarm that is still in that state. Mutes of the stack file are
changed there.

Examples:
  alertctl unmute mission-adhoc-20261130t0315-1a2b
  alertctl unmute --all stack.yaml"
)]
pub struct UnmuteArgs {
    /// Names of mute rules that `alertctl mute` made, then the stack file [default: stack.yaml]
    #[arg(value_name = "NAME|STACK")]
    words: Vec<String>,
    /// All mute rules of the stack that `alertctl mute` made
    #[arg(long)]
    pub all: bool,
    /// Do not tell the topics of the alarms
    #[arg(short, long)]
    pub quiet: bool,
}

impl UnmuteArgs {
    pub fn words(&self) -> Words {
        Words::of(&self.words)
    }

    pub(super) fn words_mut(&mut self) -> &mut Vec<String> {
        &mut self.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_may_be_the_stack_file() {
        let of = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            let Words { names, path } = Words::of(&words);
            (names.join(" "), path.display().to_string())
        };
        let (default, file) = ("stack.yaml".to_owned(), "a/b.yml".to_owned());
        assert_eq!(of(&[]), (String::new(), default.clone()));
        assert_eq!(of(&["cpu", "disk"]), ("cpu disk".to_owned(), default));
        assert_eq!(of(&["cpu", "a/b.yml"]), ("cpu".to_owned(), file.clone()));
        assert_eq!(of(&["a/b.yml"]), (String::new(), file));
    }
}
