//! Checks the pages that messages link to.

use alertctl_relay::page::MAX_PAGE;

use super::Checker;
use crate::stack::file::problem::Problem;

pub(super) fn check(checker: &mut Checker<'_>) {
    let stack = checker.stack;
    let alarms = stack
        .alarms
        .iter()
        .map(|(key, one)| (vec!["alarms", key], [&one.runbook, &one.dashboard]));
    let rules = stack
        .rules
        .iter()
        .map(|(key, one)| (vec!["rules", key], [&one.runbook, &one.dashboard]));
    let endpoints = stack.endpoints.iter();
    let endpoints = endpoints.map(|(key, one)| (vec!["endpoints", key], [&one.runbook, &one.dashboard]));
    let topics = stack
        .topics
        .iter()
        .map(|(key, one)| (vec!["topics", key], [&one.runbook, &one.dashboard]));
    let trail = stack.trail.iter();
    let trail = trail.map(|one| (vec!["trail"], [&one.runbook, &one.dashboard]));
    let monitoring = stack.monitoring.iter();
    let monitoring = monitoring.map(|one| (vec!["monitoring"], [&one.runbook, &one.dashboard]));
    let all = alarms
        .chain(rules)
        .chain(endpoints)
        .chain(topics)
        .chain(trail)
        .chain(monitoring);
    for (path, pages) in all {
        for (key, page) in ["runbook", "dashboard"].into_iter().zip(pages) {
            let fault = page.as_deref().and_then(fault);
            if let Some((fact, help)) = fault {
                let place = checker.at(&[path.as_slice(), &[key]].concat());
                checker.report(Problem::error(place, fact).help(help));
            }
        }
    }
}

fn fault(page: &str) -> Option<(String, &'static str)> {
    let help = "write `https://host/path`";
    let Some(rest) = page.strip_prefix("https://") else {
        return Some(("this is not an https:// address".to_owned(), help));
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return Some((
            "this address has a name or a password before its host".to_owned(),
            "messages show it to everybody: remove it",
        ));
    }
    let is_host = |c: u8| c.is_ascii_alphanumeric() || b"-.:".contains(&c);
    if host.is_empty() || !host.bytes().all(is_host) || !page.bytes().all(|c| c.is_ascii_graphic()) {
        return Some(("this is not an https:// address".to_owned(), help));
    }
    let count = page.len();
    (count > MAX_PAGE).then(|| {
        let fact = format!("this address has {count} characters, and {MAX_PAGE} are allowed");
        (
            fact,
            "name a shorter address, such as that of a page that leads there",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_addresses_that_everybody_may_see() {
        for good in [
            "https://wiki.example.com",
            "https://wiki.example.com:8443/a/b?c=d#e",
            "https://w/%EB%9F%B0",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "http://wiki.example.com",
            "wiki/cpu",
            "https://",
            "https:///a",
            "https://me:secret@wiki.example.com/",
            "https://wiki.example.com/a b",
            "https://w/\u{b7f0}",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
        assert!(fault(&format!("https://w/{}", "a".repeat(MAX_PAGE))).is_some());
    }
}
