//! Who of an organization is covered, as text, JSON and Markdown.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::markdown::{LIMIT, code, prose};
use super::{printable, style};
use crate::operate::organization::{Coverage, Gap, Member};

/// Most accounts that are named for people; JSON has all.
const NAMED: usize = 50;

impl Coverage {
    /// `alertctl status --org` as text: what is not as it should be, worst first.
    pub fn text(&self) -> String {
        let mut text = self.title();
        for (member, more) in self.told() {
            let Some(member) = member else {
                let _ = write!(text, "\n… and {more} more accounts: --output json names all");
                break;
            };
            let _ = write!(text, "\n{}  {}", member.account, printable(&member.name));
            for gap in member.gaps.keys() {
                let style = match gap.is_open() {
                    true => style::WARNING,
                    false => style::DIM,
                };
                let _ = write!(text, "\n  {style}{}{style:#}", member.said(*gap));
            }
        }
        text
    }

    /// The same as a comment.
    pub fn markdown(&self) -> String {
        let mut text = format!("{}\n\n", prose(&self.title()));
        if !self.members.is_empty() {
            text.push_str("| account | name | what |\n|---|---|---|\n");
        }
        for (member, more) in self.told() {
            let Some(member) = member else {
                let _ = writeln!(text, "\n… and {more} more accounts");
                break;
            };
            let gaps: Vec<_> = member.gaps.keys().map(|gap| prose(&member.said(*gap))).collect();
            let line = format!(
                "| {} | {} | {} |\n",
                code(&member.account),
                prose(&member.name),
                gaps.join("; "),
            );
            if text.len() + line.len() > LIMIT / 2 {
                text.push_str("\n… and more accounts\n");
                break;
            }
            text.push_str(&line);
        }
        text
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        json!({ "version": 1, "complete": self.is_complete(), "coverage": self })
    }

    fn title(&self) -> String {
        let Self {
            covered,
            wanted,
            regions,
            ..
        } = self;
        format!(
            "{covered} of {wanted} spokes (accounts × regions) report to the hub; regions: {}",
            regions.join(", ")
        )
    }

    /// The accounts to name, those with open gaps first; at the end how many are not named.
    fn told(&self) -> impl Iterator<Item = (Option<&Member>, usize)> {
        let mut members: Vec<_> = self.members.iter().collect();
        members.sort_by_key(|member| (!member.gaps.keys().any(|gap| gap.is_open()), &member.account));
        let more = members.len().saturating_sub(NAMED);
        let end = (more > 0).then_some((None, more));
        members.truncate(NAMED);
        members.into_iter().map(|member| (Some(member), 0)).chain(end)
    }
}

impl Member {
    fn said(&self, gap: Gap) -> String {
        let regions = self.gaps.get(&gap).into_iter().flatten();
        let regions: Vec<_> = regions.map(String::as_str).collect();
        let more = match gap {
            Gap::DeadLetters => format!(" ({} waiting)", self.dead_letters),
            Gap::Unread => {
                let why: Vec<_> = self.unread.iter().map(String::as_str).collect();
                format!(" ({})", printable(&why.join(", ")))
            }
            Gap::Coming => {
                let operations: Vec<_> = self.operations.iter().map(String::as_str).collect();
                format!(" (operation {})", printable(&operations.join(", ")))
            }
            Gap::ManagementAccount | Gap::Excepted | Gap::Inactive => return gap.text().to_owned(),
            _ => String::new(),
        };
        format!("{}: {}{more}", regions.join(", "), gap.text())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn coverage(count: usize) -> Coverage {
        let member = |number: usize| Member {
            account: format!("{number:012}"),
            name: "shop | *prod*".to_owned(),
            gaps: BTreeMap::from([
                match number % 2 {
                    0 => (Gap::Excepted, BTreeSet::from(["eu-west-1".to_owned()])),
                    _ => (Gap::DeadLetters, BTreeSet::from(["eu-west-1".to_owned()])),
                },
                (Gap::Underway, BTreeSet::from(["us-east-1".to_owned()])),
            ]),
            dead_letters: 7,
            unread: BTreeSet::new(),
            operations: BTreeSet::new(),
        };
        Coverage {
            regions: vec!["eu-west-1".to_owned(), "us-east-1".to_owned()],
            covered: 1,
            wanted: count + 1,
            members: (0..count).map(member).collect(),
        }
    }

    #[test]
    fn what_is_open_comes_first() {
        insta::assert_snapshot!(anstream::adapter::strip_str(&coverage(3).text()));
        insta::assert_snapshot!(coverage(2).markdown());
        assert_eq!(coverage(0).markdown().lines().count(), 2);
    }

    #[test]
    fn of_many_accounts_some_are_named_and_json_has_all() {
        let many = coverage(1_000);
        assert!(many.text().contains("and 950 more accounts"), "{}", many.text());
        assert!(many.markdown().len() < LIMIT);
        let json = many.json();
        assert_eq!(json["coverage"]["members"].as_array().map(Vec::len), Some(1_000));
        assert_eq!(json["complete"], false);
    }
}
