//! Questions on the terminal.

use std::io::{BufRead as _, stdin};

use super::{Failure, Out, style};

impl Out {
    /// Asks for yes or no. Without a terminal it returns an error that names `flag`.
    pub fn confirm(&self, question: &str, flag: &str) -> Result<bool, Failure> {
        let answer = self.ask(&format!("{question} [y/N]"), flag)?;
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }

    /// Asks the user to type `word`, for actions that cannot be undone.
    pub fn confirm_by(&self, question: &str, word: &str, flag: &str) -> Result<bool, Failure> {
        Ok(self.ask(&format!("{question}\nType `{word}` to continue:"), flag)? == word)
    }

    /// Asks until `read` accepts the answer; an empty answer means `default`, which is shown unless it is empty. Without a terminal it returns an
    /// error that names `flag`.
    pub fn answer<T>(
        &self,
        question: &str,
        default: &str,
        flag: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let question = match default {
            "" => question.to_owned(),
            default => format!("{question} [{default}]"),
        };
        // A limit that no person reaches, for a program that always sends the same answer.
        for _ in 0..20 {
            let answer = self.ask(&question, flag)?;
            match read(if answer.is_empty() { default } else { &answer }) {
                Ok(answer) => return Ok(answer),
                Err(problem) => self.warn(&problem),
            }
        }
        Err(Failure::new(
            "no valid answer was given",
            format!("add {flag} to skip the questions"),
        ))
    }

    fn ask(&self, question: &str, flag: &str) -> Result<String, Failure> {
        if !self.interactive() {
            return Err(Failure::new(
                "there is no terminal to ask for confirmation, so nothing was done",
                format!("add {flag} to skip the question"),
            ));
        }
        let bold = style::BOLD;
        self.say(&format!("{bold}{question}{bold:#}"));
        let mut line = String::new();
        let _ = stdin().lock().read_line(&mut line);
        Ok(line.trim().to_owned())
    }
}
