//! Defects of rules, and of the API destinations that they may send to.

use alertctl_relay::ChannelType;

use super::super::{Draft, rules};
use super::{Defect, Sort};
use crate::stack::masked;

pub(super) fn find(draft: &Draft<'_>) -> Vec<Defect> {
    let mut defects = Vec::new();
    let idle =
        |name: &str, message: &str, help: &str| Defect::of((Sort::IdleRule, "rule"), name, message, help);
    let trails = &draft.inventory.trails;
    let knows_trails = draft.inventory.unread.iter().all(|one| one.what != "the trails");
    let is_logged = trails.iter().any(|trail| trail.logs != Ok(false));
    for rule in &draft.inventory.rules {
        if rule.has_targets_read && rule.targets.is_empty() {
            defects.push(idle(
                &rule.name,
                "it has no targets",
                "add one, or delete the rule",
            ));
        }
        if rule.state == "DISABLED" {
            defects.push(idle(&rule.name, "it is disabled", "enable it, or delete it"));
        } else if rules::needs_trail(rule) && knows_trails && !is_logged {
            defects.push(idle(
                &rule.name,
                "it is on events via CloudTrail, and no trail logs here",
                "start a trail, or add `trail:` to a stack",
            ));
        }
    }
    let open = draft.inventory.destinations.iter();
    let is_open = |url: &str| ChannelType::of_address(url).is_some() || masked(url) != url;
    for destination in open.filter(|one| is_open(&one.url)) {
        defects.push(Defect::of(
            (Sort::OpenSecret, "API destination"),
            &destination.name,
            "its address is a secret, and anybody who may list API destinations can read it",
            "make a new address, and let a channel of a stack have it (`alertctl encrypt-hook`)",
        ));
    }
    defects
}
