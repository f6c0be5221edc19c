//! The permissions that the tool's user needs. Each kind declares them next to the calls that it makes.
//!
//! Which actions support resources and conditions:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/>.

use serde::Serialize;

/// When a permission is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Reading the current state, with which every command begins.
    Read,
    /// Checking whether existing resources work. A command skips this if it is not allowed.
    Check,
    /// Creating, and changing with the same calls.
    Write,
    /// Changing existing resources with calls that creating does not need.
    Change,
    /// Deleting: by `destroy`, and by `apply` for resources that are no longer in the stack file.
    Delete,
    /// Deleting the log files in a trail's bucket, which requires separate consent.
    Empty,
    /// Reading the past, for `plan --backtest`. A plan goes on without what it is not allowed to read.
    Backtest,
    /// Undoing what somebody else did to a resource of the stack, or removing restrictions from it. Not granted in
    /// advance, because AWS cannot restrict these permissions.
    Exceptional,
}

/// One row of a kind's table: actions that are used together, on the same resources.
///
/// Resources and the values of conditions contain placeholders: `{partition}`, `{dns}` (the domain of the partition's
/// endpoints), `{region}`, `{account}`, `{stack}`. `{boundary}` is a role's permissions boundary, `{name}` is the
/// resource's own name, and `{prefix}` is that name cut after the stack's name and followed by `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    pub phase: Phase,
    /// The IAM names of the actions.
    pub actions: &'static [&'static str],
    /// ARNs, or `*`.
    pub on: &'static [&'static str],
    pub when: &'static [Condition],
    /// The calls that require these actions, if their names differ from the actions.
    pub by: &'static [&'static str],
    /// Why the row is not narrower.
    pub why: &'static str,
    /// Needed even by a stack without a resource of this kind.
    pub always: bool,
}

/// Operator, key and value of a condition.
pub type Condition = (&'static str, &'static str, &'static str);

/// For actions that do not support resources.
pub const ANY: &[&str] = &["*"];
/// The resource carries the stack's tag.
pub const OURS: Condition = ("StringEquals", "aws:ResourceTag/alertctl:stack", "{stack}");
/// The request creates the resource with the stack's tag, or adds the tag.
pub const BECOMES_OURS: Condition = ("StringEquals", "aws:RequestTag/alertctl:stack", "{stack}");
/// The roles that the stack creates.
pub const OWN_ROLES: &str = "arn:{partition}:iam::{account}:role/alertctl/{stack}/*";
/// A role by its name: IAM does not know the path of a role that does not exist.
pub const NAMED_ROLE: &str = "arn:{partition}:iam::{account}:role/{prefix}";
/// All keys of the region, because KMS generates their ids.
pub const KEYS: &str = "arn:{partition}:kms:{region}:{account}:key/*";
/// The function of this name.
pub const FUNCTION: &str = "arn:{partition}:lambda:{region}:{account}:function:{prefix}";

/// Actions that AWS requires but does not list in its own reference.
pub const UNLISTED: [&str; 2] = ["apigateway:TagResource", "apigateway:UntagResource"];

/// The permissions that every command needs, whatever the stack consists of.
pub const COMMON: &[Access] = &[Access::read(&["tag:GetResources"], ANY)
    .because("the tagging index is asked as a whole")
    .always()];

impl Access {
    /// Needed to read the current state.
    pub const fn read(actions: &'static [&'static str], on: &'static [&'static str]) -> Self {
        Self::of(Phase::Read, actions, on)
    }

    /// Needed to check whether it works.
    pub const fn check(actions: &'static [&'static str], on: &'static [&'static str]) -> Self {
        Self::of(Phase::Check, actions, on)
    }

    /// Needed to create, and to change.
    pub const fn write(actions: &'static [&'static str], on: &'static [&'static str]) -> Self {
        Self::of(Phase::Write, actions, on)
    }

    /// Needed to change an existing resource, but not to create it.
    pub const fn change(actions: &'static [&'static str], on: &'static [&'static str]) -> Self {
        Self::of(Phase::Change, actions, on)
    }

    /// Needed to delete.
    pub const fn delete(actions: &'static [&'static str], on: &'static [&'static str]) -> Self {
        Self::of(Phase::Delete, actions, on)
    }

    /// A row of any phase.
    pub const fn of(phase: Phase, actions: &'static [&'static str], on: &'static [&'static str]) -> Self {
        Self {
            phase,
            actions,
            on,
            when: &[],
            by: &[],
            why: "",
            always: false,
        }
    }

    /// Restricts the row by conditions, all of which must hold.
    pub const fn when(self, when: &'static [Condition]) -> Self {
        Self { when, ..self }
    }

    /// Sets the calls that require these actions.
    pub const fn by(self, by: &'static [&'static str]) -> Self {
        Self { by, ..self }
    }

    /// Explains why the row is not narrower.
    pub const fn because(self, why: &'static str) -> Self {
        Self { why, ..self }
    }

    /// Grants the row also to stacks without a resource of this kind.
    pub const fn always(self) -> Self {
        Self { always: true, ..self }
    }
}

#[cfg(test)]
mod tests;
