//! Options of every command.

use std::ffi::OsString;

use anstream::ColorChoice;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, ValueEnum};

use super::StackOptions;

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    #[command(flatten)]
    pub stack: StackOptions,
    /// Profile from the AWS configuration files
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub profile: Option<String>,
    /// AWS region; overrides the stack file's
    #[arg(long, global = true, value_name = "REGION", help_heading = "Global options")]
    pub region: Option<String>,
    /// Endpoint of an AWS-compatible service, used for every AWS call
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub endpoint_url: Option<String>,
    /// Use the local AWS and the inbox on this machine: no account, no credentials
    #[arg(
        long,
        global = true,
        env = "ALERTCTL_LOCAL",
        hide_env = true,
        // The environment says `1` as well as `true`.
        value_parser = clap::builder::FalseyValueParser::new(),
        help_heading = "Global options"
    )]
    pub local: bool,
    /// Format of the results on standard output
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        help_heading = "Global options"
    )]
    pub output: Format,
    /// When to color text; `auto` does so on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Global options"
    )]
    pub color: Color,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
    // For `plan` a comment for a pull request, for `schema` a page: their help lists it, by [`WithMarkdown`].
    #[value(hide = true)]
    Markdown,
}

/// `--output` of the commands that write Markdown too; it stands in the place of the global one.
#[derive(Debug, Clone, Args)]
pub struct WithMarkdown {
    /// Format of the results on standard output
    #[arg(
        id = "output",
        short,
        long,
        value_parser = PossibleValuesParser::new(["text", "json", "markdown"])
            .try_map(|name| Format::from_str(&name, false)),
        default_value = "text",
        value_name = "FORMAT",
        help_heading = "Global options"
    )]
    _output: Format,
}

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Settles it for this process by `--color`, then by the environment. Read past clap, whose own help and errors
    /// are coloured as well.
    pub fn settle(arguments: impl Iterator<Item = OsString>) {
        match Self::asked(arguments) {
            Some(Self::Always) => ColorChoice::Always,
            Some(Self::Never) => ColorChoice::Never,
            // NO_COLOR, CLICOLOR_FORCE, CLICOLOR and TERM are read where text is written; they know no FORCE_COLOR.
            Some(Self::Auto) | None if is_forced() => ColorChoice::Always,
            Some(Self::Auto) | None => ColorChoice::Auto,
        }
        .write_global();
    }

    /// What the last `--color` says. What it says wrong, clap refuses.
    fn asked(arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let words = arguments.map(|word| word.to_string_lossy().into_owned());
        let mut words = words.take_while(|word| word != "--").peekable();
        let mut asked = None;
        while let Some(word) = words.next() {
            let value = match word.strip_prefix("--color") {
                Some("") => words.peek().cloned(),
                Some(rest) => rest.strip_prefix('=').map(str::to_owned),
                None => None,
            };
            asked = value
                .and_then(|value| Self::from_str(&value, false).ok())
                .or(asked);
        }
        asked
    }
}

/// Whether FORCE_COLOR asks for colour, and NO_COLOR says nothing against it; `0` and `false` ask for nothing.
fn is_forced() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("FORCE_COLOR").is_some_and(|value| value != "0" && value != "false") && set("NO_COLOR").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_color_counts_in_either_spelling() {
        let asked = |line: &str| Color::asked(line.split(' ').map(OsString::from));
        assert_eq!(asked("alertctl plan"), None);
        assert_eq!(asked("alertctl plan --color always"), Some(Color::Always));
        assert_eq!(
            asked("alertctl --color=always plan --color=never"),
            Some(Color::Never)
        );
        assert_eq!(asked("alertctl plan --color sometimes"), None);
        assert_eq!(asked("alertctl plan --colored always -- --color=never"), None);
    }
}
