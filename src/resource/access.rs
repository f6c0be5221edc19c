//! What whoever runs the tool must be allowed to do: each kind says it beside the calls that it makes.
//!
//! Which actions know resources and conditions:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/>.

use serde::Serialize;

/// When a permission is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Looking at what there is, which every command begins with.
    Read,
    /// Asking whether what is there works, which a command does without where it may not.
    Check,
    /// Creating, and changing by the same calls.
    Write,
    /// Changing what is there, by calls that creating does without.
    Change,
    /// Deleting: by destroy, and by apply what has left the stack file.
    Delete,
    /// Deleting the log files in a trail's bucket, which is asked for apart.
    Empty,
    /// Undoing what somebody else did with a resource of the stack, or lifting its bounds; not granted beforehand,
    /// since AWS knows no way to bound it.
    Exceptional,
}

/// One row of a kind's table: actions that are used together, on the same things.
///
/// Resources and the values of conditions are written with holes: `{partition}`, `{dns}` (how its
/// addresses end), `{region}`, `{account}`, `{stack}`; `{boundary}` is a role's permissions boundary, `{name}` is the
/// resource's own name, and `{prefix}` that name up to the stack's in it, followed by `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    pub phase: Phase,
    /// IAM's names of the actions.
    pub actions: &'static [&'static str],
    /// ARNs, or `*`.
    pub on: &'static [&'static str],
    pub when: &'static [Condition],
    /// The calls that AWS asks these actions for, where they are named otherwise.
    pub by: &'static [&'static str],
    /// Why it is no narrower.
    pub why: &'static str,
    /// Used even by a stack without a resource of this kind.
    pub always: bool,
}

/// Operator, key and value of a condition.
pub type Condition = (&'static str, &'static str, &'static str);

/// Everything, for actions that know no resource.
pub const ANY: &[&str] = &["*"];
/// What carries the stack's tag.
pub const OURS: Condition = ("StringEquals", "aws:ResourceTag/alertctl:stack", "{stack}");
/// What is made, or tagged, with the stack's tag.
pub const BECOMES_OURS: Condition = ("StringEquals", "aws:RequestTag/alertctl:stack", "{stack}");
/// The roles that the stack makes.
pub const OWN_ROLES: &str = "arn:{partition}:iam::{account}:role/alertctl/{stack}/*";
/// A role by its name: IAM does not know the path of a role that does not exist.
pub const NAMED_ROLE: &str = "arn:{partition}:iam::{account}:role/{prefix}";
/// Every key of the region: KMS makes their ids.
pub const KEYS: &str = "arn:{partition}:kms:{region}:{account}:key/*";
/// The function of this name.
pub const FUNCTION: &str = "arn:{partition}:lambda:{region}:{account}:function:{prefix}";

/// Actions that AWS asks for and that its own reference does not list.
pub const UNLISTED: [&str; 2] = ["apigateway:TagResource", "apigateway:UntagResource"];

/// What every command uses, whatever the stack is made of.
pub const COMMON: &[Access] = &[Access::read(&["tag:GetResources"], ANY)
    .because("the tagging index is asked as a whole")
    .always()];

impl Access {
    /// Used to look at what there is.
    pub const fn read(actions: &'static [&'static str], on: &'static [&'static str]) -> Self {
        Self::of(Phase::Read, actions, on)
    }

    /// Used to ask whether it works.
    pub const fn check(actions: &'static [&'static str], on: &'static [&'static str]) -> Self {
        Self::of(Phase::Check, actions, on)
    }

    /// Used to create, and to change.
    pub const fn write(actions: &'static [&'static str], on: &'static [&'static str]) -> Self {
        Self::of(Phase::Write, actions, on)
    }

    /// Used to change what is there, and not to create it.
    pub const fn change(actions: &'static [&'static str], on: &'static [&'static str]) -> Self {
        Self::of(Phase::Change, actions, on)
    }

    /// Used to delete.
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

    /// Bounds it by conditions, all of which hold.
    pub const fn when(self, when: &'static [Condition]) -> Self {
        Self { when, ..self }
    }

    /// Says which calls AWS asks it for.
    pub const fn by(self, by: &'static [&'static str]) -> Self {
        Self { by, ..self }
    }

    /// Says why it is no narrower.
    pub const fn because(self, why: &'static str) -> Self {
        Self { why, ..self }
    }

    /// Has it granted to stacks without a resource of this kind, too.
    pub const fn always(self) -> Self {
        Self { always: true, ..self }
    }
}

#[cfg(test)]
#[path = "tests/access.rs"]
mod tests;
