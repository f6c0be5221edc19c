//! What AWS may say to a call: `refusals.tsv`, line by line.
//!
//! Columns: what the refusal means, service, calls, HTTP status, code, words. Codes are those that the service's model
//! lists for the call and those that every call may be told; words are AWS's, from its documentation, from the texts
//! that the Terraform provider waits for, and from recordings. `-` as code: the status is all there is.

use std::sync::OnceLock;

use crate::support::proxy::Fate;

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// AWS is busy, or does not see yet what is there already: the same call is carried out a moment later.
    Passes,
    /// The same, of what was made a moment ago: only once the run has made this call.
    PassesAfter(&'static str),
    /// Time mends nothing: a person has to.
    Lasts,
}

/// One refusal.
#[derive(Debug)]
pub struct Said {
    pub meaning: Meaning,
    service: &'static str,
    calls: &'static str,
    pub status: u16,
    pub code: &'static str,
    words: &'static str,
}

impl Said {
    fn read(line: &'static str) -> Self {
        let columns: Vec<&'static str> = line.split('\t').collect();
        let [meaning, service, calls, status, code, words] = columns[..] else {
            panic!("{line}");
        };
        let meaning = match meaning.strip_prefix("after ") {
            Some(action) => Meaning::PassesAfter(action),
            None if meaning == "passes" => Meaning::Passes,
            None if meaning == "lasts" => Meaning::Lasts,
            None => panic!("{line}"),
        };
        Self {
            meaning,
            service,
            calls,
            status: status.parse().unwrap(),
            code,
            words,
        }
    }

    /// All that the call `action` may be told.
    pub fn of(action: &str) -> impl Iterator<Item = &'static Self> {
        static TABLE: OnceLock<Vec<Said>> = OnceLock::new();
        let table = TABLE.get_or_init(|| include_str!("refusals.tsv").lines().map(Self::read).collect());
        let (service, call) = action.split_once(':').unwrap();
        table
            .iter()
            .filter(move |said| said.service == service && said.is_of(call))
    }

    fn is_of(&self, call: &str) -> bool {
        match self.calls {
            "*" => true,
            "writes" => !is_read(call),
            calls => calls.split(' ').any(|one| one == call),
        }
    }

    /// True where the identity lacks a permission.
    pub fn denies(&self) -> bool {
        self.code.starts_with("AccessDenied") || self.code == "AuthorizationError"
    }

    pub fn passes(&self) -> bool {
        self.meaning != Meaning::Lasts
    }

    pub fn words(&self, action: &str) -> String {
        self.words.replace("{action}", action)
    }

    pub fn fate(&self, action: &str) -> Fate {
        match self.code {
            "-" => Fate::Bare(self.status),
            // For as long as the test's program runs.
            code => Fate::Refuse(self.status, code, self.words(action).leak()),
        }
    }
}

pub fn is_read(call: &str) -> bool {
    ["Get", "List", "Describe"]
        .iter()
        .any(|verb| call.starts_with(verb))
}
