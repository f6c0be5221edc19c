//! What failed in which account and region, and why, in a few lines.

use std::collections::BTreeMap;

use super::calls::Set;
use crate::resource::Fault;

/// One account and region in which an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Failure {
    /// Empty if the operation failed as a whole.
    pub account: String,
    pub region: String,
    /// AWS's own words.
    pub reason: String,
    /// The operation.
    pub operation: String,
}

/// The most lines of an error, and the most accounts in one of them.
const LINES: usize = 10;
const NAMED: usize = 5;

/// The error of a step whose operations failed in these places.
pub(super) fn fault(set: &Set<'_>, failures: &[Failure], all: usize, done: &str, again: &str) -> Fault {
    let places = failures
        .iter()
        .filter(|failure| !failure.account.is_empty())
        .count();
    let head = match places {
        0 => format!("the operation failed before it came to any account; {done}"),
        _ => format!("{places} of {} stack instances failed; {done}", all.max(places)),
    };
    let operation = failures.first().map_or("", |failure| failure.operation.as_str());
    let (name, region) = (set.name, &set.aws.connection.region);
    Fault::new(
        "cloudformation:ListStackSetOperationResults",
        "StackInstancesFailed",
        format!("{head}{}", lines(failures)),
    )
    .hint(format!(
        "mend the cause and {again}; all results: `aws cloudformation list-stack-set-operation-results --region {region} \
         --stack-set-name {name} --operation-id {operation}{}`",
        set.call_as.option()
    ))
}

/// A line for each reason, the most frequent first.
fn lines(failures: &[Failure]) -> String {
    let mut reasons: BTreeMap<String, Vec<&Failure>> = BTreeMap::new();
    for failure in failures {
        reasons.entry(common(failure)).or_default().push(failure);
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, of)| std::cmp::Reverse(of.len()));
    let mut text = String::new();
    for (reason, of) in reasons.iter().take(LINES) {
        text.push_str(&format!("\n    {reason}{}", places(of)));
    }
    if let Some(more) = reasons.len().checked_sub(LINES).filter(|more| *more > 0) {
        text.push_str(&format!("\n    and {more} more reasons"));
    }
    text
}

/// `: 111122223333 (eu-west-1, us-east-1), 444455556666 (eu-west-1) and 20 more accounts`.
fn places(failures: &[&Failure]) -> String {
    let mut accounts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for failure in failures.iter().filter(|failure| !failure.account.is_empty()) {
        accounts
            .entry(&failure.account)
            .or_default()
            .push(&failure.region);
    }
    if accounts.is_empty() {
        return String::new();
    }
    let named: Vec<_> = accounts
        .iter()
        .take(NAMED)
        .map(|(account, regions)| format!("{account} ({})", regions.join(", ")))
        .collect();
    let more = match accounts.len().saturating_sub(NAMED) {
        0 => String::new(),
        1 => " and 1 more account".to_owned(),
        more => format!(" and {more} more accounts"),
    };
    format!(": {}{more}", named.join(", "))
}

/// The reason without what differs from place to place: the account, the region, ids of requests and stacks.
fn common(failure: &Failure) -> String {
    let reason = failure.reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text = match (failure.account.as_str(), failure.region.as_str()) {
        ("", _) | (_, "") => reason,
        (account, region) => reason.replace(account, "{account}").replace(region, "{region}"),
    };
    for id in ids(&text) {
        text = text.replace(&id, "…");
    }
    match text.is_empty() {
        true => "no reason given".to_owned(),
        false => text,
    }
}

/// The UUIDs in a text.
fn ids(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-');
    let is_id = |word: &&str| {
        let lengths: Vec<_> = word.split('-').map(str::len).collect();
        lengths == [8, 4, 4, 4, 12]
    };
    words.filter(is_id).map(str::to_owned).collect()
}
