//! What the help says of all commands, and how a text below a help is taken apart for a manual page.

/// Below the help of the program.
pub const HELP: &str = "\
Exit codes:
  0    done, or nothing to do
  1    an error, described on standard error. An outdated saved plan counts as one, and so does a
       warning with --strict
  2    with `plan --detailed-exitcode`: there are changes
  3    with `test`: nothing failed, but some paths could not be tested
  130  interrupted (Ctrl-C)

Environment:
  ALERTCTL_LOCAL        if 1, every command runs with --local
  ALERTCTL_TOKEN_<KEY>  token of endpoint KEY, for `test`; the key in capitals, with _ for -
  ALERTCTL_TOKEN        token of endpoints without a variable of their own
  ALERTCTL_PYTHON       Python 3.10+ that runs the local AWS, instead of python3
  ALERTCTL_CACHE_DIR    where the local AWS is installed, instead of ~/.cache/alertctl
  AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, AWS_CONFIG_FILE ...
                        as for other AWS tools
  AWS_MAX_ATTEMPTS      maximum number of attempts for each call
  NO_COLOR, CLICOLOR_FORCE, FORCE_COLOR
                        no color, or color even without a terminal; --color takes precedence
  LC_ALL, LC_MESSAGES, LANG
                        language of `local demo` and of new stack files (`init`): en or ko
  A stack file names the variables that hold the addresses of its channels, for example
  `webhook: { env: SLACK_WEBHOOK_URL }` or `key: { env: PAGERDUTY_KEY }`.

Examples:
  alertctl local demo                 # the whole path, without an AWS account
  alertctl plan stack.yaml
  alertctl apply stack.yaml --local   # the same stack on this machine";

/// A text below a help, in its parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Paragraphs.
    pub prose: Vec<&'a str>,
    /// Titles without their colon, and what stands indented below each.
    pub lists: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Parts<'a> {
    /// Takes `text` apart at its empty lines.
    pub fn of(text: &'a str) -> Self {
        let mut parts = Self::default();
        for block in text.split("\n\n") {
            let (first, rest) = block.split_once('\n').unwrap_or((block, ""));
            match first.strip_suffix(':').filter(|_| rest.starts_with("  ")) {
                Some(title) => parts.lists.push((title, rest.lines().collect())),
                None => parts.prose.push(block),
            }
        }
        parts
    }

    /// What stands below this title.
    pub fn list(&self, title: &str) -> Option<&[&'a str]> {
        let list = self.lists.iter().find(|(other, _)| *other == title);
        list.map(|(_, lines)| lines.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use alertctl_relay::Locale;
    use clap::Args as _;

    use super::*;
    use crate::cli::render::RenderArgs;

    #[test]
    fn a_help_lists_every_language_of_the_messages() {
        let codes = Locale::ALL.map(Locale::code).join(" or ");
        let mut of_render = RenderArgs::augment_args(clap::Command::new("render"));
        for text in [HELP.to_owned(), of_render.render_help().to_string()] {
            assert!(text.contains(&codes), "{text}");
        }
    }

    #[test]
    fn a_help_is_prose_and_lists() {
        let parts =
            Parts::of("First\nline.\n\nNo list:\nat all\n\nExamples:\n  alertctl plan\n  alertctl apply");
        assert_eq!(parts.prose, ["First\nline.", "No list:\nat all"]);
        assert_eq!(
            parts.list("Examples"),
            Some(&["  alertctl plan", "  alertctl apply"][..])
        );
        let of_program = Parts::of(HELP);
        let titles: Vec<_> = of_program.lists.iter().map(|(title, _)| *title).collect();
        assert_eq!(titles, ["Exit codes", "Environment", "Examples"]);
        assert!(of_program.prose.is_empty());
    }
}
