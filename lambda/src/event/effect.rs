//! What a call does if it succeeds, what is at risk then, and how urgent that is.

use super::call::{Act, Ending};
use super::{Actor, ActorKind};
use crate::contract::Severity;
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

/// What is at risk after a call that removes a safeguard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// The trail no longer records anything.
    TrailStopped,
    TrailDeleted,
    /// The trail may record less or deliver elsewhere.
    TrailChanged,
    /// Records, or the storage for them, are gone.
    RecordsDeleted,
    /// A detector of threats or of changes is off.
    DetectionOff,
    /// Alerts may no longer be delivered.
    AlertsOff,
    /// A key can no longer decrypt.
    KeyOff,
}

/// The risk of the call `name` to the service `source`, if the call succeeds.
pub(super) fn risk(source: &str, name: &str) -> Option<Risk> {
    let service = source.split('.').next().unwrap_or_default();
    Some(match (service, name) {
        ("cloudtrail", "StopLogging" | "StopEventDataStoreIngestion") => Risk::TrailStopped,
        ("cloudtrail", "DeleteTrail" | "DeleteEventDataStore") => Risk::TrailDeleted,
        (
            "cloudtrail",
            "UpdateTrail" | "UpdateEventDataStore" | "PutEventSelectors" | "PutInsightSelectors",
        ) => Risk::TrailChanged,
        ("s3", "DeleteBucket")
        | ("logs", "DeleteLogGroup" | "DeleteLogStream")
        | ("ec2", "DeleteFlowLogs") => Risk::RecordsDeleted,
        (
            "guardduty",
            "DeleteDetector" | "StopMonitoringMembers" | "DisassociateFromAdministratorAccount",
        )
        | ("config", "StopConfigurationRecorder" | "DeleteConfigurationRecorder" | "DeleteDeliveryChannel")
        | ("securityhub", "DisableSecurityHub")
        | ("access-analyzer", "DeleteAnalyzer")
        | ("macie2", "DisableMacie") => Risk::DetectionOff,
        ("events", "DisableRule" | "DeleteRule" | "RemoveTargets")
        | ("monitoring", "DeleteAlarms" | "DisableAlarmActions")
        | ("sns", "DeleteTopic") => Risk::AlertsOff,
        ("kms", "DisableKey" | "ScheduleKeyDeletion") => Risk::KeyOff,
        _ => return None,
    })
}

impl Effect {
    pub(super) fn of(name: &str, read_only: Option<&Value>, act: &Act) -> Self {
        match act {
            Act::SignIn { .. } | Act::SwitchRole { .. } => Self::SignIn,
            Act::Call if reads(name, read_only) => Self::Read,
            Act::Call if removes(name) => Self::Delete,
            Act::Call => Self::Change,
        }
    }
}

/// How urgent a call is. Critical: every call of the root user, a sign-in without a second factor, and an attack on a
/// safeguard of the account, even one that failed.
pub(super) fn severity(
    effect: Effect,
    act: &Act,
    ending: &Ending,
    actor: &Actor,
    risk: Option<Risk>,
) -> Severity {
    let unguarded = *act == Act::SignIn { mfa: Some(false) } && *ending == Ending::Done;
    if risk.is_some() || unguarded || actor.kind == ActorKind::Root {
        return Severity::Critical;
    }
    match (ending, effect) {
        (Ending::Denied(_) | Ending::Failed(_), _) | (Ending::Done, Effect::Delete) => Severity::Warning,
        (Ending::Done, Effect::Read | Effect::Change | Effect::SignIn) => Severity::Info,
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

    #[test]
    fn severity_grows_with_what_is_at_stake() {
        let of = |source: &str, name: &str, error: &str| call(source, name, "IAMUser", error).severity;
        assert_eq!(of("ec2", "DescribeInstances", ""), Severity::Info);
        assert_eq!(of("ec2", "RunInstances", ""), Severity::Info);
        assert_eq!(of("ec2", "TerminateInstances", ""), Severity::Warning);
        assert_eq!(
            of("ec2", "RunInstances", "Client.InvalidAMIID.NotFound"),
            Severity::Warning
        );
        assert_eq!(
            of("ec2", "RunInstances", "Client.UnauthorizedOperation"),
            Severity::Warning
        );
        for (source, name, error) in [
            ("cloudtrail", "StopLogging", "AccessDenied"),
            ("s3", "DeleteBucket", ""),
            ("kms", "ScheduleKeyDeletion", ""),
        ] {
            assert_eq!(of(source, name, error), Severity::Critical, "{name}");
        }
        assert_eq!(
            call("ec2", "DescribeInstances", "Root", "").severity,
            Severity::Critical
        );
    }
}
