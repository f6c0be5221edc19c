//! AWS refuses one call at a time, for each call in a stack's life cycle. A temporary refusal does not end a
//! run. A permanent one is reported with the resource, the action, AWS's message and advice, and the next run
//! repairs everything.
//!
//! The calls come from a recorded run; `one_refusal/refusals.tsv` lists the possible refusals of each.
//! Temporary refusals are tried in rounds: in each round, every request of the run is refused once, with a
//! different refusal per round. Permanent ones are tried one by one.
//!
//! By default a sample is tried, always the same. `ALERTCTL_REFUSALS=all` tries all of them, on every stack,
//! which takes about an hour; one part of it can be run by its test's name:
//!
//! ```sh
//! ALERTCTL_REFUSALS=all cargo test --test e2e one_refusal::passing::full -- --nocapture --include-ignored
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use crate::support::Ran;
use crate::support::inventory::Inventory;
use crate::support::proxy::{Arrival, Fate, Proxy};
use crate::support::strike::Request;

mod lasting;
mod passing;
mod said;
mod subject;
mod tags;

use said::{Meaning, Said};
use subject::{AFTER, Account, BEFORE, Place, Subject};

/// Whether everything is tried.
fn all() -> bool {
    std::env::var("ALERTCTL_REFUSALS").is_ok_and(|what| what == "all")
}

/// An operation on a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Create,
    Plan,
    Update,
    Destroy,
}

const DEEDS: [Deed; 4] = [Deed::Create, Deed::Plan, Deed::Update, Deed::Destroy];

impl Deed {
    fn args(self) -> &'static [&'static str] {
        match self {
            Self::Create => &["apply", BEFORE, "--yes"],
            Self::Plan => &["plan", AFTER],
            Self::Update => &["apply", AFTER, "--yes"],
            Self::Destroy => &["destroy", BEFORE, "--yes"],
        }
    }

    /// Brings an account to the starting point of the operation.
    fn prepare(self, account: &Account<'_>) {
        if self != Self::Create {
            account.ok(Self::Create.args());
        }
    }

    /// What is wrong with the account after the operation, compared with one where nothing was refused.
    fn left(self, account: &Account<'_>, plain: &Plain) -> Option<String> {
        let planned = match self {
            Self::Plan => return None,
            Self::Create => Some(BEFORE),
            Self::Update => Some(AFTER),
            Self::Destroy => None,
        };
        if let Some(file) = planned {
            let plan = account.run(&["plan", file, "--detailed-exitcode"]);
            if plan.code != 0 {
                let changes = plan.stdout.lines().chain(plan.stderr.lines());
                let changes = changes.filter(|line| !line.starts_with("warning: "));
                let changes: Vec<_> = changes.take(60).collect();
                return Some(format!("something is left to do\n{}", changes.join("\n")));
            }
        }
        let there = account.inventory();
        (there != plain.inventory).then(|| format!("{there:?}\nthere should be {:?}", plain.inventory))
    }
}

/// The output of a run from its first error on.
fn errors(ran: &Ran) -> &str {
    let start = ran.stderr.find("error: ");
    let last = || ran.stderr.trim_end().rfind('\n').unwrap_or_default();
    &ran.stderr[start.unwrap_or_else(last)..]
}

/// A text without the parts that differ between accounts: account ids, ids of APIs, and how many messages lie in a
/// dead-letter queue, where they arrive meanwhile.
fn without_ids(text: &str, account: &str) -> String {
    let is_id = |word: &str| word.len() == 8 && word.chars().all(|c| c.is_ascii_hexdigit());
    let lines = text.split_inclusive('\n');
    let lines = lines.filter(|line| !line.trim_start().starts_with("undelivered messages: about "));
    let text = lines.collect::<String>().replace(account, "");
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !is_id(word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric())));
    words.collect()
}

/// An operation in which nothing was refused.
struct Plain {
    account: String,
    actions: Vec<String>,
    ran: Ran,
    inventory: Inventory,
}

impl Plain {
    fn record(place: &Place, deed: Deed) -> Self {
        let account = place.account();
        deed.prepare(&account);
        let proxy = Proxy::meeting(&place.endpoint, |_| Fate::Pass);
        let ran = account.run_by(&proxy.url, deed.args());
        assert_eq!(ran.code, 0, "{deed:?}\n{}", ran.all());
        Self {
            account: account.id.clone(),
            actions: proxy.actions(),
            ran,
            inventory: account.inventory(),
        }
    }

    /// Every action once.
    fn kinds(&self) -> BTreeSet<&str> {
        self.actions.iter().map(String::as_str).collect()
    }
}

/// Runs each operation on a stack with the refusals of `tries` (by default a sample of this size), and expects
/// no errors.
fn whole_life(subject: Subject, sample: usize, tries: fn(&Place, Deed, usize) -> usize) {
    let place = Place::new(subject);
    let wrong: usize = DEEDS.map(|deed| tries(&place, deed, sample)).iter().sum();
    assert_eq!(wrong, 0, "what is told above");
}

/// Prints the errors; returns their number.
fn counted(wrong: &[String]) -> usize {
    for text in wrong {
        println!("{text}\n");
    }
    wrong.len()
}
