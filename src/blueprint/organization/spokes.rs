//! What brings the spokes into the members' accounts: a stack set, and a stack for each target.

use std::collections::BTreeSet;

use super::super::Build;
use super::spoke;
use crate::aws::Text;
use crate::aws::tags::{HUB_TAG, NODE_TAG, STACK_TAG};
use crate::resource::cloudformation::stack::CloudformationStack;
use crate::resource::cloudformation::stack_set::organization::Use;
use crate::resource::cloudformation::stack_set::{CallAs, CloudformationStackSet, Targets};
use crate::resource::eventbridge::event_bus::EventbridgeEventBus;
use crate::resource::precondition::Precondition;
use crate::resource::{NodeId, Ref, Resource, Tags};
use crate::stack::{MemberTarget, Organization};

/// The key of the set.
const SET: &str = "organization";

/// The key of a target's stack.
pub fn target_key(target: &MemberTarget) -> String {
    format!("{}.{}", target.account, target.region)
}

impl Build<'_> {
    /// Adds the stack set of the spokes, and the stacks of those that no set reaches. The hub is there before them (`after`): an
    /// event that finds no bus is not sent again.
    pub(in super::super) fn spokes(&mut self, hub: &Ref<EventbridgeEventBus>, after: &[NodeId]) {
        let stack = self.stack;
        let Some(organization) = stack
            .organization
            .as_ref()
            .filter(|one| one.deploy && one.hears())
        else {
            return;
        };
        let regions = stack.regions_of_members(organization, self.home);
        self.expect_organization(organization, &regions);
        let template = spoke::template(stack, organization, self.home);
        let mut after = after.to_vec();
        if organization.has_set() {
            // The set comes before the targets' stacks: both give a spoke the same names, so in an account that moves from the
            // set to the targets the old spoke must be gone first.
            let set = CloudformationStackSet {
                name: self.names.members_bus(),
                description: format!("alertctl stack {}: spokes of the organization", stack.stack),
                template: template.clone(),
                parameters: spoke::parameters(self.names),
                targets: targets_of_set(organization),
                regions,
                call_as: call_as(organization),
                tags: self.tags_of_spokes::<CloudformationStackSet>(SET),
                bus: hub.clone(),
            };
            let set = self.graph.add_after(SET, set, after.clone());
            after.push(set.id().clone());
        }
        for target in &organization.targets {
            let MemberTarget {
                account,
                role,
                region,
            } = target;
            let key = target_key(target);
            let spoke = CloudformationStack {
                name: self.names.members_bus(),
                account: account.clone(),
                role: role.clone(),
                region: region.clone(),
                description: spoke::description(stack),
                template: template.clone(),
                parameters: spoke::parameters(self.names),
                tags: self.tags_of_spokes::<CloudformationStack>(&key),
                bus: hub.clone(),
            };
            self.graph.add_after(key, spoke, after.clone());
        }
    }

    fn expect_organization(&mut self, organization: &Organization, regions: &[String]) {
        self.graph.require(Precondition::Organization(Use {
            id: organization.id.clone(),
            by_units: !organization.ous.is_empty(),
            call_as: call_as(organization),
            regions: regions.iter().cloned().collect(),
            others: without_spoke_of_set(organization).map(str::to_owned).collect(),
        }));
    }

    /// The tags of a spoke's stack. CloudFormation copies them to all its resources, so the tags that mark resources as this
    /// stack's own are left out.
    fn tags_of_spokes<R: Resource>(&self, key: &str) -> Tags {
        let mut tags = self.tags::<R>(key);
        tags.remove(STACK_TAG);
        tags.remove(NODE_TAG);
        tags.insert(HUB_TAG.to_owned(), self.stack.stack.clone());
        tags
    }
}

fn targets_of_set(organization: &Organization) -> Targets {
    match organization.ous.is_empty() {
        true => Targets::Accounts(organization.accounts.clone()),
        false => Targets::Units {
            ous: organization.ous.clone(),
            except: without_spoke_of_set(organization).map(Text::from).collect(),
        },
    }
}

fn call_as(organization: &Organization) -> CallAs {
    match organization.delegated_admin {
        true => CallAs::DelegatedAdmin,
        false => CallAs::Own,
    }
}

/// Accounts without an instance of the stack set: those excepted, and the targets, whose own spoke sends the same events.
fn without_spoke_of_set(organization: &Organization) -> impl Iterator<Item = &str> {
    let targets = organization.targets.iter().map(|target| &target.account);
    let accounts: BTreeSet<_> = organization
        .except
        .iter()
        .chain(targets)
        .map(String::as_str)
        .collect();
    accounts.into_iter()
}
