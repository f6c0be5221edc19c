//! The tags of alertctl, and what carries them.

use std::collections::BTreeMap;

use alertctl_relay::ArnParts;

pub use alertctl_relay::{NODE_TAG, STACK_TAG};

/// On the role that forwards events from another region: that region. The stack has resources there too.
pub const REGION_TAG: &str = "alertctl:region";

/// On every role of the stack: the stack's own region, since a role is visible in all regions.
pub const HOME_TAG: &str = "alertctl:home";

/// On every resource of a protected entry of the stack file, with the value `true`: it is deleted or replaced only by name.
/// The account itself remembers this, so it holds for entries that are no longer in the file.
pub const PROTECT_TAG: &str = "alertctl:protect";

/// On the bus that an organization's events arrive at, one for each stack in another account: it continues with the
/// account and the region, `alertctl:spoke:444455556666:eu-central-1`. Nothing else in the hub's account tells of that
/// stack once its target has left the stack file.
pub const SPOKE_TAG: &str = "alertctl:spoke:";

/// On what a stack has in another account, in place of `alertctl:stack`: the name of the stack. In that account it is neither a
/// stack of its own, nor that of a stack with the same name.
pub const HUB_TAG: &str = "alertctl:hub";

/// Beside [`HUB_TAG`]: the account of that stack.
pub const HUB_ACCOUNT_TAG: &str = "alertctl:hub-account";

/// Whether the tags say that the stack `hub` in `account` has it in another account.
pub fn is_of_hub(tags: &Tags, hub: &str, account: &str) -> bool {
    let is = |key: &str, wanted: &str| tags.get(key).is_some_and(|value| value == wanted);
    is(HUB_TAG, hub) && is(HUB_ACCOUNT_TAG, account)
}

/// The region of that stack, on a spoke's stack: a set or a trail is in that region itself.
pub const HUB_REGION_TAG: &str = "alertctl:hub-region";

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// A resource with this stack's tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    pub arn: String,
    pub tags: Tags,
}

impl Tagged {
    /// The service part of the ARN.
    pub fn service(&self) -> &str {
        ArnParts::of(&self.arn).service
    }

    /// The resource part of the ARN: everything after the account.
    pub fn resource(&self) -> &str {
        ArnParts::of(&self.arn).resource
    }
}
