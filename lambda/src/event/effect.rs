//! What a call does to the account if it succeeds.

use super::Act;
use serde_json::Value;

/// What a call does to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing changes.
    Read,
    Change,
    /// A person signs in.
    SignIn,
    /// Something is deleted, or loses a protection.
    Delete,
}

impl Effect {
    pub(super) fn of(name: &str, read_only: Option<&Value>, act: &Act) -> Self {
        match act {
            Act::SignIn { .. } | Act::SwitchRole { .. } => Self::SignIn,
            Act::Unusual(_) => Self::Read,
            Act::Call if reads(name, read_only) => Self::Read,
            Act::Call if removes(name) => Self::Delete,
            Act::Call => Self::Change,
        }
    }
}

/// `readOnly` is an optional field of the record.
fn reads(name: &str, read_only: Option<&Value>) -> bool {
    let verbs = [
        "Get", "List", "Describe", "Head", "Lookup", "BatchGet", "Search", "Query", "Scan", "Check",
    ];
    read_only
        .and_then(Value::as_bool)
        .unwrap_or_else(|| verbs.iter().any(|verb| name.starts_with(verb)))
}

fn removes(name: &str) -> bool {
    let verbs = [
        "Delete",
        "Remove",
        "Terminate",
        "Deregister",
        "Disable",
        "Deactivate",
        "Detach",
        "Disassociate",
        "Revoke",
        "Stop",
        "Purge",
        "Cancel",
        "Destroy",
    ];
    verbs.iter().any(|verb| name.starts_with(verb)) || name.ends_with("Deletion")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Call;
    use serde_json::json;

    fn call(source: &str, name: &str, kind: &str, error: &str) -> Call {
        let record = json!({ "eventSource": format!("{source}.amazonaws.com"), "eventName": name,
            "userIdentity": { "type": kind, "userName": "alice" }, "errorCode": error });
        Call::read(&record).expect("a record")
    }

    #[test]
    fn what_a_call_does_is_told_by_its_verb() {
        let effect = |name: &str| call("ec2", name, "IAMUser", "").effect;
        assert_eq!(effect("DescribeInstances"), Effect::Read);
        assert_eq!(effect("RunInstances"), Effect::Change);
        assert_eq!(effect("TerminateInstances"), Effect::Delete);
        assert_eq!(effect("ScheduleKeyDeletion"), Effect::Delete);
        assert_eq!(effect("ConsoleLogin"), Effect::SignIn);
    }
}
