//! The accounts of an organization whose events and alarms the stack hears.

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::on;

/// The entry of `forward` that stands for the alarms of the members.
pub const ALARMS: &str = "alarms";

/// The other accounts of an organization, the members: in each of their regions a *spoke* forwards events to this stack, the hub.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an organization, such as `{ id: o-a1b2c3d4e5, ous: [r-ab12], forward: [root-activity] }`"
)]
pub struct Organization {
    /// The organization's id, `o-…`: only its accounts may send events to the stack.
    pub id: String,
    /// Organizational units with all below them, or the root `r-…`; accounts that join them get a spoke by themselves.
    #[serde(default)]
    pub ous: Vec<String>,
    /// Accounts instead of `ous`, in which the roles of self-managed StackSets exist.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// Accounts of `ous` that get no spoke.
    #[serde(default)]
    pub except: Vec<String>,
    /// Regions of the members; by default the stack's own and those in which the events of `forward` are logged.
    #[serde(default)]
    pub regions: Vec<String>,
    /// What the members send: keys of `rules`, and `alarms` for all CloudWatch alarms.
    #[serde(default)]
    pub forward: Vec<String>,
    /// Recipients of the members' alarms: keys of `topics` and `channels`, 1–5.
    #[serde(default)]
    pub to: Vec<String>,
    /// Whether the stack's account is a delegated administrator for StackSets, and not the management account.
    #[serde(default)]
    pub delegated_admin: bool,
    /// The management account's id, for `trail: { organization: true }` of a stack in another account, which is a delegated
    /// administrator of CloudTrail: the trail belongs to the management account.
    pub management_account: Option<String>,
    /// Accounts to which alertctl itself deploys, through a role there; also the management account, which `ous` never reach.
    #[serde(default)]
    pub targets: Vec<MemberTarget>,
    /// Whether alertctl deploys the spokes; if not, somebody else does, with what `export spoke` writes.
    #[serde(default = "on")]
    pub deploy: bool,
    /// Whether each spoke has an alarm on events that it could not forward.
    #[serde(default = "on")]
    pub dead_letter_alarm: bool,
}

/// One region of an account to which alertctl itself deploys.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a target, such as `{ account: \"111122223333\", role: alertctl-deploy, region: eu-central-1 }`"
)]
pub struct MemberTarget {
    /// The account's twelve-digit id.
    pub account: String,
    /// Name of a role in the account, with its path if it has one, that the caller may assume.
    pub role: String,
    /// The region.
    pub region: String,
}

impl Organization {
    /// Whether a stack set deploys the spokes, beside those of `targets`.
    pub fn has_set(&self) -> bool {
        !self.ous.is_empty() || !self.accounts.is_empty()
    }

    /// Whether anything of the members is heard. If not, it only says which organization the trail logs.
    pub fn hears(&self) -> bool {
        !self.forward.is_empty()
    }

    /// Whether Organizations tells the stack's account the names of others: it is the management account or a delegated
    /// administrator, since it may deploy to organizational units. Of other hubs that is not known, and a refused call is
    /// an event and counts in alarms on refused calls.
    pub fn knows_names(&self) -> bool {
        self.hears() && !self.ous.is_empty()
    }

    /// Whether the alarms of the members are told.
    pub fn hears_alarms(&self) -> bool {
        self.forward.iter().any(|what| what == ALARMS)
    }
}
