//! Compares the accounts of an organization with the spokes that stand in them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::aws::organizations::Account;

/// A spoke as the hub knows it: an instance of the stack set, or the stack of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub account: String,
    pub region: String,
    pub standing: Standing,
}

/// A spoke that is not there yet: the operation of the stack set that is about to make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coming {
    pub account: String,
    pub region: String,
    pub operation: String,
}

/// How a spoke stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Current,
    /// A change is on its way to it.
    Underway,
    /// It is what an earlier apply made.
    Old,
    /// CloudFormation cannot change it any more.
    Broken,
}

/// What a spoke says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spoke {
    /// How many events wait in its queue, since they could not be forwarded.
    pub dead_letters: usize,
    /// Whether a trail logs in its region; without one, no API call and no sign-in is an event.
    pub trail_logs: bool,
    /// Why it could not be read.
    pub unread: Option<String>,
}

/// What is to be compared.
#[derive(Debug, Clone, Default)]
pub struct Place<'a> {
    /// All accounts of the organization.
    pub accounts: &'a [Account],
    pub hub: &'a str,
    pub management_account: &'a str,
    /// Where every member should have a spoke.
    pub regions: &'a [String],
    /// Accounts that should have none.
    pub except: &'a [String],
    /// Whether forwarded rules need a trail.
    pub needs_trail: bool,
    /// The spokes that are about to be made.
    pub coming: &'a [Coming],
    /// The names of `accounts:` in the stack file.
    pub names: Option<&'a BTreeMap<String, String>>,
}

/// The coverage of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Where every member should have a spoke.
    pub regions: Vec<String>,
    /// How many spokes are as they should be.
    pub covered: usize,
    /// How many should be.
    pub wanted: usize,
    pub members: Vec<Member>,
}

/// One account, in which something is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    pub account: String,
    pub name: String,
    /// What is not as it should be, by the regions where it is so.
    pub gaps: BTreeMap<Gap, BTreeSet<String>>,
    /// How many events wait in its queues.
    pub dead_letters: usize,
    /// Why spokes could not be read, without repetitions.
    pub unread: BTreeSet<String>,
    /// The operations of the stack set that are about to make its spokes.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub operations: BTreeSet<String>,
}

/// Why events of an account and region do not reach anybody, or may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// A stack set never deploys to the management account.
    ManagementAccount,
    /// There is no spoke.
    NoSpoke,
    /// There is no spoke yet: an operation is about to make it.
    Coming,
    /// The spoke cannot be changed any more.
    Broken,
    /// The spoke forwards what an earlier stack file said.
    Old,
    /// A change is on its way to the spoke.
    Underway,
    /// Events wait in the spoke's queue.
    DeadLetters,
    /// No trail logs, so that API calls and sign-ins are no events.
    NoTrail,
    /// The spoke could not be read.
    Unread,
    /// `except` leaves the account out.
    Excepted,
    /// The account is suspended or about to be closed.
    Inactive,
}

impl Gap {
    /// Whether something that should be told is not, so that the command ends with an exit code of its own.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Excepted | Self::Inactive | Self::Underway)
    }

    /// The gap in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::ManagementAccount => "management account: no stack set reaches it",
            Self::NoSpoke => "no spoke: its alarms and events reach nobody",
            Self::Coming => "no spoke yet: it is being deployed",
            Self::Broken => "spoke broken: CloudFormation cannot change it",
            Self::Old => "spoke old: it forwards what an earlier stack file said",
            Self::Underway => "spoke being changed",
            Self::DeadLetters => "events could not be forwarded",
            Self::NoTrail => "no trail logs: API calls and sign-ins reach nobody",
            Self::Unread => "spoke could not be read",
            Self::Excepted => "left out by `except`",
            Self::Inactive => "suspended or being closed",
        }
    }
}

/// Compares `place` with its spokes. `read` has what those say that were asked.
pub fn coverage(
    place: &Place<'_>,
    instances: &[Instance],
    read: &BTreeMap<(String, String), Spoke>,
) -> Coverage {
    let by_place: BTreeMap<_, _> = instances
        .iter()
        .map(|one| ((one.account.as_str(), one.region.as_str()), one.standing))
        .collect();
    let reached: BTreeSet<_> = instances.iter().map(|one| one.account.as_str()).collect();
    let (mut covered, mut wanted) = (0, 0);
    let mut members = Vec::new();
    for account in place.accounts.iter().filter(|account| account.id != place.hub) {
        let mut member = Member {
            account: account.id.clone(),
            name: place
                .names
                .and_then(|names| names.get(&account.id))
                .unwrap_or(&account.name)
                .clone(),
            gaps: BTreeMap::new(),
            dead_letters: 0,
            unread: BTreeSet::new(),
            operations: BTreeSet::new(),
        };
        let everywhere = match () {
            () if !account.active => Some(Gap::Inactive),
            () if place.except.contains(&account.id) => Some(Gap::Excepted),
            () if account.id == place.management_account && !reached.contains(account.id.as_str()) => {
                Some(Gap::ManagementAccount)
            }
            () => None,
        };
        if let Some(gap) = everywhere {
            wanted += usize::from(gap.is_open()) * place.regions.len();
            member.gaps.insert(gap, place.regions.iter().cloned().collect());
            members.push(member);
            continue;
        }
        // A target may be in a region of its own.
        let here = instances.iter().filter(|one| one.account == account.id);
        let regions: BTreeSet<_> = place.regions.iter().chain(here.map(|one| &one.region)).collect();
        for region in regions {
            wanted += 1;
            let standing = by_place.get(&(account.id.as_str(), region.as_str()));
            let spoke = read.get(&(account.id.clone(), region.clone()));
            let is_here = |one: &&Coming| one.account == account.id && one.region == *region;
            let coming = place.coming.iter().find(is_here);
            let gaps = match (standing, coming) {
                (None, Some(_)) => vec![Gap::Coming],
                _ => gaps(standing.copied(), spoke, place.needs_trail),
            };
            member.operations.extend(coming.map(|one| one.operation.clone()));
            covered += usize::from(!gaps.iter().any(|gap| gap.is_open()));
            for gap in gaps {
                member.gaps.entry(gap).or_default().insert(region.clone());
            }
            if let Some(spoke) = spoke {
                member.dead_letters += spoke.dead_letters;
                member.unread.extend(spoke.unread.clone());
            }
        }
        if !member.gaps.is_empty() {
            members.push(member);
        }
    }
    Coverage {
        regions: place.regions.to_vec(),
        covered,
        wanted,
        members,
    }
}

fn gaps(standing: Option<Standing>, spoke: Option<&Spoke>, needs_trail: bool) -> Vec<Gap> {
    let of_standing = match standing {
        None => return vec![Gap::NoSpoke],
        Some(Standing::Current) => None,
        Some(Standing::Underway) => Some(Gap::Underway),
        Some(Standing::Old) => Some(Gap::Old),
        Some(Standing::Broken) => Some(Gap::Broken),
    };
    let mut gaps: Vec<_> = of_standing.into_iter().collect();
    match spoke {
        Some(Spoke { unread: Some(_), .. }) => gaps.push(Gap::Unread),
        Some(spoke) => {
            gaps.extend((spoke.dead_letters > 0).then_some(Gap::DeadLetters));
            gaps.extend((needs_trail && !spoke.trail_logs).then_some(Gap::NoTrail));
        }
        None => {}
    }
    gaps
}

impl Coverage {
    /// Whether everything that should be told is.
    pub fn is_complete(&self) -> bool {
        self.covered == self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str, active: bool) -> Account {
        Account {
            id: id.to_owned(),
            name: format!("name of {id}"),
            active,
            ..Account::default()
        }
    }

    fn instance(account: &str, region: &str, standing: Standing) -> Instance {
        Instance {
            account: account.to_owned(),
            region: region.to_owned(),
            standing,
        }
    }

    fn regions() -> Vec<String> {
        ["eu-west-1", "us-east-1"].map(str::to_owned).to_vec()
    }

    #[test]
    fn each_account_is_told_with_what_is_missing_where() {
        let accounts = [
            account("hub", true),
            account("management", true),
            account("fine", true),
            account("half", true),
            account("left-out", true),
            account("closed", false),
        ];
        let instances = [
            instance("fine", "eu-west-1", Standing::Current),
            instance("fine", "us-east-1", Standing::Underway),
            instance("half", "eu-west-1", Standing::Old),
        ];
        let spokes = BTreeMap::from([
            (
                ("half".to_owned(), "eu-west-1".to_owned()),
                Spoke {
                    dead_letters: 7,
                    trail_logs: false,
                    unread: None,
                },
            ),
            (
                ("fine".to_owned(), "eu-west-1".to_owned()),
                Spoke {
                    trail_logs: true,
                    ..Spoke::default()
                },
            ),
        ]);
        let (regions, except) = (regions(), ["left-out".to_owned()]);
        let names = BTreeMap::from([("half".to_owned(), "Half".to_owned())]);
        let place = Place {
            accounts: &accounts,
            hub: "hub",
            management_account: "management",
            regions: &regions,
            except: &except,
            needs_trail: true,
            coming: &[],
            names: Some(&names),
        };
        let found = coverage(&place, &instances, &spokes);
        assert_eq!((found.covered, found.wanted), (2, 6));
        assert!(!found.is_complete());
        let told: BTreeMap<_, Vec<_>> = found
            .members
            .iter()
            .map(|member| (member.account.as_str(), member.gaps.keys().copied().collect()))
            .collect();
        assert_eq!(
            told,
            BTreeMap::from([
                ("closed", vec![Gap::Inactive]),
                ("fine", vec![Gap::Underway]),
                (
                    "half",
                    vec![Gap::NoSpoke, Gap::Old, Gap::DeadLetters, Gap::NoTrail]
                ),
                ("left-out", vec![Gap::Excepted]),
                ("management", vec![Gap::ManagementAccount]),
            ])
        );
        let half = found.members.iter().find(|member| member.account == "half");
        assert_eq!(
            half.map(|half| (half.name.as_str(), half.dead_letters)),
            Some(("Half", 7))
        );
    }

    /// Nobody hears it yet, but there is nothing to do about it either.
    #[test]
    fn a_spoke_that_is_being_deployed_is_told_with_the_operation() {
        let (accounts, regions) = ([account("joined", true)], regions());
        let coming = [Coming {
            account: "joined".to_owned(),
            region: "us-east-1".to_owned(),
            operation: "op-1".to_owned(),
        }];
        let place = Place {
            accounts: &accounts,
            regions: &regions,
            coming: &coming,
            ..Place::default()
        };
        let there = instance("joined", "eu-west-1", Standing::Current);
        let found = coverage(&place, &[there], &BTreeMap::new());
        assert_eq!((found.covered, found.wanted), (1, 2));
        let member = &found.members[0];
        assert_eq!(member.gaps.keys().collect::<Vec<_>>(), [&Gap::Coming]);
        assert_eq!(member.operations, ["op-1".to_owned()].into());
    }

    #[test]
    fn a_target_covers_the_management_account() {
        let accounts = [account("management", true)];
        let regions = regions();
        let place = Place {
            accounts: &accounts,
            management_account: "management",
            regions: &regions[..1],
            ..Place::default()
        };
        let instances = [instance("management", "eu-west-1", Standing::Current)];
        assert!(coverage(&place, &instances, &BTreeMap::new()).is_complete());
        assert!(!coverage(&place, &[], &BTreeMap::new()).is_complete());
    }

    /// A spoke that nobody asked is taken at CloudFormation's word, one that did not answer is not.
    #[test]
    fn an_answer_that_did_not_come_is_a_gap() {
        assert_eq!(gaps(Some(Standing::Current), None, true), []);
        let unread = Spoke {
            unread: Some("AccessDenied".to_owned()),
            ..Spoke::default()
        };
        assert_eq!(gaps(Some(Standing::Current), Some(&unread), true), [Gap::Unread]);
    }
}
