//! The stack set that brings the spokes into the members' accounts.

use super::super::Build;
use super::spoke;
use crate::aws::Text;
use crate::aws::discovery::{NODE_TAG, STACK_TAG};
use crate::resource::Ref;
use crate::resource::cloudformation::stack_set::{
    CallAs, CloudformationStackSet, HUB_TAG, Targets, organization,
};
use crate::resource::eventbridge::event_bus::EventbridgeEventBus;
use crate::resource::precondition::Precondition;
use crate::stack::Organization;

/// The key of the set.
const KEY: &str = "organization";

impl Build<'_> {
    /// Adds the set, whose instances send to `bus`.
    pub(super) fn stack_set(&mut self, organization: &Organization, bus: &Ref<EventbridgeEventBus>) {
        if !organization.has_set() {
            return;
        }
        let stack = self.stack;
        let regions = stack.regions_of_members(organization, self.home);
        let by_units = organization.accounts.is_empty();
        let targets = match by_units {
            true => Targets::Units {
                ous: organization.ous.clone(),
                except: organization.except.iter().map(Text::from).collect(),
            },
            false => Targets::Accounts(organization.accounts.clone()),
        };
        let call_as = match organization.delegated_admin {
            true => CallAs::DelegatedAdmin,
            false => CallAs::Own,
        };
        // AWS passes them on to the stacks and all that they make.
        let mut tags = self.tags::<CloudformationStackSet>(KEY);
        tags.remove(STACK_TAG);
        tags.remove(NODE_TAG);
        tags.insert(HUB_TAG.to_owned(), stack.stack.clone());
        let set = CloudformationStackSet {
            name: self.names.members_bus(),
            description: format!("alertctl stack {}: spokes of the organization", stack.stack),
            template: spoke::template(stack, organization, self.home),
            parameters: spoke::parameters(self.names),
            targets,
            regions: regions.clone(),
            call_as,
            tags,
            bus: bus.clone(),
        };
        self.graph.add(KEY, set);
        let own = organization.targets.iter().map(|target| &target.account);
        let others = own.chain(&organization.except).cloned().collect();
        self.graph.require(Precondition::Organization(organization::Use {
            id: organization.id.clone(),
            by_units,
            call_as,
            regions: regions.into_iter().collect(),
            others,
        }));
    }
}
