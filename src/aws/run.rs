//! Distinguishes a run of alertctl from others that change the same stack at the same time.

use std::fmt;

use jiff::Timestamp;

use super::fault::{ANOTHER_RUN, Fault};

/// The prefix of the tag key with which a run marks a role of the stack while it is at work.
const MARK_TAG: &str = "alertctl:run.";

/// One run. The ordering is by start time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    since: Timestamp,
    /// Eight hexadecimal digits.
    id: String,
}

impl Run {
    /// A run that begins now.
    pub fn new() -> Self {
        Self {
            since: Timestamp::now(),
            id: format!("{:08x}", fastrand::u32(..)),
        }
    }

    /// A token for the operation `what` of this run, as CloudFormation takes it: letters, digits and hyphens.
    pub fn token(&self, what: &str) -> String {
        format!("alertctl-{}-{what}", self.id)
    }
}

impl Default for Run {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}", self.since)
    }
}

/// The tag that a run leaves on a role while it is at work.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    pub run: Run,
    /// Incremented as long as the run is alive.
    pub beat: u32,
}

impl Mark {
    /// The first mark of `run`.
    pub fn first(run: &Run) -> Self {
        let run = run.clone();
        Self { run, beat: 0 }
    }

    /// True for a tag that is the mark of any run.
    pub fn is_key(key: &str) -> bool {
        key.starts_with(MARK_TAG)
    }

    /// The key of its tag.
    pub fn key(&self) -> String {
        format!("{MARK_TAG}{}", self.run.id)
    }

    /// Key and value of its tag.
    pub fn tag(&self) -> (String, String) {
        (self.key(), format!("{} {}", self.run.since, self.beat))
    }

    /// Reads the mark from a tag. `None` if the tag is not a mark.
    pub fn read(key: &str, value: &str) -> Option<Self> {
        let id = key.strip_prefix(MARK_TAG)?.to_owned();
        let (since, beat) = value.split_once(' ').unwrap_or((value, "0"));
        // A mark that cannot be read counts as the oldest possible one, and its beat never changes.
        let run = Run {
            since: since.parse().unwrap_or(Timestamp::UNIX_EPOCH),
            id,
        };
        Some(Self {
            run,
            beat: beat.parse().unwrap_or_default(),
        })
    }
}

/// The error of a run that gives way to another one on the stack `stack`. `what` says how the other run was noticed.
pub fn another(stack: &str, what: &str) -> Fault {
    let text = format!("another run is changing stack `{stack}` right now: {what}");
    Fault::new("iam:TagRole", ANOTHER_RUN, text)
        .hint("wait until it is done, then run the same command again: it shows what is left to do")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_as_it_was_written() {
        let mark = Mark {
            run: Run::new(),
            beat: 7,
        };
        let (key, value) = mark.tag();
        assert!(Mark::is_key(&key));
        assert_eq!(Mark::read(&key, &value), Some(mark));
        assert_eq!(Mark::read("alertctl:stack", "mission"), None);
        // In tag values, IAM allows letters, digits, white space and `_.:/=+-@`.
        let taken = |c: char| c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c);
        assert!(value.chars().all(taken), "{value}");
    }

    #[test]
    fn of_two_runs_the_earlier_one_comes_first_and_what_cannot_be_read_before_both() {
        let earlier = Run::new();
        let later = Run {
            since: earlier.since + std::time::Duration::from_millis(1),
            id: "00000000".to_owned(),
        };
        let unread = Mark::read("alertctl:run.ffffffff", "whatever").unwrap();
        assert!(earlier < later);
        assert!(unread.run < earlier);
    }
}
