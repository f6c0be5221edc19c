//! Checks the organization: its ids, what its members forward, and who hears of it.

use super::{Checker, destinations, is_account_id};
use crate::partition::Partition;
use crate::stack::compile::events::MAX_PATTERN;
use crate::stack::file::problem::Problem;
use crate::stack::file::read::nearest;
use crate::stack::model::{ALARMS, MemberTarget, Organization, Preset, TrailSource, What};

/// How many regions of accounts alertctl deploys to by itself: each is a tag of the members' bus, which can have 50 in all.
const MAX_TARGETS: usize = 30;

pub(super) fn check(checker: &mut Checker<'_>) {
    let stack = checker.stack;
    let Some(organization) = &stack.organization else {
        return;
    };
    ids(checker, organization);
    let of_trail = match &stack.trail {
        Some(trail) => matches!(&trail.source, TrailSource::Own(own) if own.organization),
        None => false,
    };
    if organization.management_account.is_some() && !of_trail {
        let place = checker.key(&["organization", "management_account"]);
        let problem = Problem::warning(
            place,
            "`management_account` is only for a trail that logs the organization",
        );
        checker.report(problem.help("remove it, or write `trail: { organization: true }`"));
    }
    let written = ["ous", "accounts", "targets", "forward", "to"];
    let is_bare = !written
        .iter()
        .any(|key| checker.is_written(&["organization", key]));
    if of_trail && is_bare {
        return;
    }
    reached(checker, organization);
    forward(checker, organization);
    let to = ["organization", "to"];
    destinations::check(checker, &to, &organization.to, false);
    if checker.is_empty(&to) && (organization.hears_alarms() || organization.dead_letter_alarm) {
        let problem = Problem::error(
            checker.key(&["organization"]),
            "nobody hears of the members' alarms",
        );
        checker.report(problem.help(
            "add `to: [topic or channel]`, or remove `alarms` from `forward` and write `dead_letter_alarm: false`",
        ));
    }
    for (index, region) in organization.regions.iter().enumerate() {
        let text = index.to_string();
        let path = ["organization", "regions", &text];
        if checker.region(&path, region) {
            reaches_home(checker, &path, region);
        }
        if organization.regions[..index].contains(region) {
            let problem = Problem::error(checker.at(&path), format!("{region} is named twice"));
            checker.report(problem.help("remove one of the two"));
        }
    }
    own_bus(checker);
    targets(checker, organization);
    patterns(checker, organization);
}

/// EventBridge forwards nothing between partitions, and only in the largest one between regions.
fn reaches_home(checker: &mut Checker<'_>, path: &[&str], region: &str) {
    let Some(home) = checker.stack.region.as_deref().filter(|home| *home != region) else {
        return;
    };
    let (here, there) = (Partition::of_region(home), Partition::of_region(region));
    let message = match (here == there, here.forwards) {
        (true, true) => return,
        (false, _) => format!(
            "{region} belongs to {}, from which nothing reaches {home}",
            there.name
        ),
        (true, false) => format!(
            "EventBridge forwards nothing between the regions of {}",
            here.name
        ),
    };
    let problem = Problem::error(checker.at(path), message);
    checker.report(problem.help(format!("remove it: only {home} can be heard here")));
}

/// The name of the members' bus, by which the stack finds it again.
fn own_bus(checker: &mut Checker<'_>) {
    let stack = checker.stack;
    let taken = stack.default_name("organization");
    for (key, bus) in &stack.buses {
        let name = bus.name.clone().unwrap_or_else(|| stack.default_name(key));
        if name == taken {
            let message = format!("`{taken}` is the name of the bus that hears the organization");
            let problem = Problem::error(checker.key(&["buses", key]), message);
            let problem = problem.related(checker.key(&["organization"]), "the organization");
            checker.report(problem.help("give this bus another name"));
        }
    }
}

fn is_unit(text: &str) -> bool {
    let is_id = |text: &str, long: std::ops::RangeInclusive<usize>| {
        long.contains(&text.len()) && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    match (text.strip_prefix("ou-"), text.strip_prefix("r-")) {
        (Some(unit), _) => unit
            .split_once('-')
            .is_some_and(|(root, unit)| is_id(root, 4..=32) && is_id(unit, 8..=32)),
        (_, Some(root)) => is_id(root, 4..=32),
        _ => false,
    }
}

fn is_organization(text: &str) -> bool {
    text.strip_prefix("o-").is_some_and(|id| {
        (10..=32).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html>
fn ids(checker: &mut Checker<'_>, organization: &Organization) {
    if !is_organization(&organization.id) {
        let message = "this is not the id of an organization";
        let problem = Problem::error(checker.at(&["organization", "id"]), message);
        checker.report(problem.help(
            "write `o-` and 10 to 32 lower-case letters and digits: `aws organizations describe-organization` shows it",
        ));
    }
    for (index, unit) in organization.ous.iter().enumerate() {
        if !is_unit(unit) {
            let message = format!("`{}` is not an organizational unit", unit.escape_debug());
            let place = checker.at(&["organization", "ous", &index.to_string()]);
            checker.report(
                Problem::error(place, message)
                    .help("write an id such as `ou-ab12-11111111`, or the root's, `r-ab12`"),
            );
        }
    }
    if let Some(id) = organization
        .management_account
        .as_deref()
        .filter(|id| !is_account_id(id))
    {
        let message = format!("`{}` is not the id of an account", id.escape_debug());
        let place = checker.at(&["organization", "management_account"]);
        checker.report(Problem::error(place, message).help("write its twelve digits, in quotes"));
    }
    for (section, ids) in [
        ("accounts", &organization.accounts),
        ("except", &organization.except),
    ] {
        for (index, id) in ids.iter().enumerate() {
            if ids[..index].contains(id) {
                let place = checker.at(&["organization", section, &index.to_string()]);
                let problem = Problem::error(place, format!("`{}` is named twice", id.escape_debug()));
                checker.report(problem.help("remove one of the two"));
            }
            if !is_account_id(id) {
                let message = format!("`{}` is not the id of an account", id.escape_debug());
                let place = checker.at(&["organization", section, &index.to_string()]);
                checker.report(Problem::error(place, message).help("write its twelve digits, in quotes"));
            }
        }
    }
}

/// Whether there is a member at all, and only one way to each.
fn reached(checker: &mut Checker<'_>, organization: &Organization) {
    let deployed = ["ous", "accounts", "targets"];
    let mut deployed = deployed
        .into_iter()
        .filter(|key| checker.is_written(&["organization", key]));
    if let Some(key) = deployed.next().filter(|_| !organization.deploy) {
        let message = format!("`{key}` says where alertctl deploys spokes, and it is not to deploy any");
        let problem = Problem::error(checker.key(&["organization", key]), message);
        let problem = problem.related(checker.key(&["organization", "deploy"]), "here");
        checker.report(problem.help(format!("remove `{key}`, or `deploy: false`")));
    }
    if organization.deploy && !organization.has_set() && organization.targets.is_empty() {
        let problem = Problem::error(checker.key(&["organization"]), "the organization has no members");
        checker.report(problem.help("add `ous: [r-…]`, `accounts: […]` or `targets: […]`, or `deploy: false` if another pipeline makes the spokes"));
    }
    if !organization.ous.is_empty() && !organization.accounts.is_empty() {
        let problem = Problem::error(
            checker.key(&["organization", "accounts"]),
            "members are either `ous` or `accounts`",
        );
        let problem = problem.related(checker.key(&["organization", "ous"]), "the other one");
        checker.report(problem.help("remove one of the two: AWS deploys to units by itself, and to accounts through roles that you make"));
    }
    if organization.ous.is_empty() && organization.deploy && !organization.except.is_empty() {
        let problem = Problem::error(
            checker.key(&["organization", "except"]),
            "`except` leaves accounts out of `ous`, and there are none",
        );
        checker.report(problem.help("remove `except`"));
    }
    if organization.delegated_admin && organization.ous.is_empty() {
        let place = checker.key(&["organization", "delegated_admin"]);
        let problem = Problem::error(place, "a delegated administrator deploys to `ous` only");
        checker.report(problem.help("remove `delegated_admin`, or add `ous`"));
    }
}

fn forward(checker: &mut Checker<'_>, organization: &Organization) {
    let stack = checker.stack;
    let path = ["organization", "forward"];
    if checker.is_empty(&path) {
        let problem = Problem::error(checker.key(&["organization"]), "the members forward nothing");
        checker.report(problem.help("add `forward: [alarms]`, and keys of `rules`"));
    }
    let rules = checker.keys("rules");
    for (index, key) in organization.forward.iter().enumerate() {
        let index_text = index.to_string();
        let place = checker.at(&["organization", "forward", &index_text]);
        let shown = key.escape_debug();
        if organization.forward[..index].contains(key) {
            let problem = Problem::error(place, format!("`{shown}` is named twice"));
            checker.report(problem.help("remove one of the two"));
        } else if key == ALARMS {
            if rules.contains(&ALARMS) {
                let problem = Problem::error(
                    place,
                    "`alarms` stands for the members' alarms, and a rule is called so, too",
                );
                checker.report(
                    problem
                        .related(checker.key(&["rules", ALARMS]), "the rule")
                        .help("rename the rule"),
                );
            }
        } else if !rules.contains(&key.as_str()) {
            let problem = Problem::error(place, format!("no rule is called `{shown}`"));
            let known = rules.iter().copied().chain([ALARMS]);
            checker.report(match nearest(key, known.clone()) {
                Some(near) => problem
                    .label(format!("did you mean `{near}`?"))
                    .help(format!("write `{near}`")),
                None => problem.help(format!("rules are: {}", known.collect::<Vec<_>>().join(", "))),
            });
        } else if let Some(rule) = stack.rules.get(key) {
            let fault = match (&rule.bus, &rule.what) {
                (Some(_), _) => {
                    Some("the members' events arrive on a bus of their own, and this rule is on another one")
                }
                (_, What::Preset(Preset::StackChanges)) => {
                    Some("`stack-changes` is about this stack, which the members do not have")
                }
                _ => None,
            };
            if let Some(fault) = fault {
                let problem = Problem::error(place, fault).related(checker.key(&["rules", key]), "the rule");
                checker.report(problem.help(format!("remove `{shown}` from `forward`")));
            }
        }
    }
}

fn targets(checker: &mut Checker<'_>, organization: &Organization) {
    for (index, target) in organization.targets.iter().enumerate() {
        let index_text = index.to_string();
        let at = |key| ["organization", "targets", index_text.as_str(), key];
        if !is_account_id(&target.account) {
            let message = format!("`{}` is not the id of an account", target.account.escape_debug());
            let problem = Problem::error(checker.at(&at("account")), message);
            checker.report(problem.help("write its twelve digits, in quotes"));
        }
        // A tag of the members' bus remembers it.
        let is_fine = |c: char| c.is_ascii_alphanumeric() || "_+=.@-/".contains(c);
        let name = target.role.rsplit('/').next().unwrap_or_default();
        if !(1..=64).contains(&name.len()) {
            let problem = Problem::error(
                checker.at(&at("role")),
                "the name of a role has 1 to 64 characters",
            );
            checker.report(
                problem.help(
                    "write the role's name, with its path before it if it has one: `ops/alertctl-deploy`",
                ),
            );
        }
        checker.text(
            &at("role"),
            &target.role,
            1..=200,
            is_fine,
            "letters, digits and _+=.@-/",
        );
        if checker.region(&at("region"), &target.region) {
            reaches_home(checker, &at("region"), &target.region);
        }
        let same =
            |other: &&MemberTarget| (&other.account, &other.region) == (&target.account, &target.region);
        if organization.targets[..index].iter().find(same).is_some() {
            let problem = Problem::error(
                checker.at(&["organization", "targets", &index_text]),
                format!(
                    "{} is named twice for {}",
                    target.region.escape_debug(),
                    target.account.escape_debug()
                ),
            );
            checker.report(problem.help("remove one of the two"));
        }
        if organization.accounts.contains(&target.account) {
            let problem = Problem::error(
                checker.at(&at("account")),
                "the stack set deploys to this account already: its events would arrive twice",
            );
            checker.report(problem.help("remove it here or from `accounts`"));
        }
    }
    if organization.targets.len() > MAX_TARGETS {
        let message = format!("{} targets are too many", organization.targets.len());
        let problem = Problem::error(checker.key(&["organization", "targets"]), message);
        checker.report(
            problem
                .label(format!("at most {MAX_TARGETS}"))
                .help("write `ous`: a stack set reaches any number of accounts"),
        );
    }
}

/// What EventBridge would refuse in every account: a pattern of several rules is too long; and events that no spoke hears.
fn patterns(checker: &mut Checker<'_>, organization: &Organization) {
    let stack = checker.stack;
    let Some(home) = stack.region.clone() else {
        return;
    };
    for forwarded in stack.forwarded(organization, &home) {
        let length = forwarded.pattern.to_string().chars().count();
        let parts = forwarded.pattern["$or"].as_array().map_or(1, Vec::len);
        if length > MAX_PATTERN && parts > 1 {
            let message = format!(
                "the rules {} may match the same events, so that spokes forward them with one pattern of {length} characters",
                forwarded.rules.join(", ")
            );
            let problem = Problem::error(checker.key(&["organization", "forward"]), message);
            checker.report(problem.label(format!("EventBridge takes {MAX_PATTERN}")).help(
                "forward fewer of them, or narrow their patterns by `source` so that no event fits two",
            ));
        }
    }
    if organization.regions.is_empty() {
        return;
    }
    for rule in stack.rules_of_members(organization, &home) {
        let unheard: Vec<_> = rule
            .regions
            .iter()
            .filter(|region| !organization.regions.contains(region))
            .cloned()
            .collect();
        if !unheard.is_empty() {
            let message = format!(
                "members have no spoke in {}, where events of `{}` are logged",
                unheard.join(", "),
                rule.origin.escape_debug()
            );
            let problem = Problem::warning(checker.at(&["organization", "regions"]), message);
            checker.report(problem.help(format!("add {} to `regions`", unheard.join(", "))));
        }
    }
}
