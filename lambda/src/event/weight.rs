//! How much attention a call deserves.

use super::call::{Act, Outcome};
use super::{Actor, ActorKind};
use serde_json::Value;

/// From least to most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nothing changed.
    Read,
    Change,
    /// A person signed in.
    SignIn,
    /// Something was deleted, or lost a protection.
    Delete,
    Failed,
    Denied,
    /// The root user, a sign-in without a second factor, or an attack on a safeguard of the account.
    Critical,
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

pub(super) fn of(
    name: &str,
    read_only: Option<&Value>,
    actor: &Actor,
    act: &Act,
    outcome: &Outcome,
    risky: bool,
) -> Weight {
    let unguarded = *act == Act::SignIn { mfa: Some(false) } && *outcome == Outcome::Done;
    if risky || unguarded || actor.kind == ActorKind::Root {
        return Weight::Critical;
    }
    match (outcome, act) {
        (Outcome::Denied(_), _) => Weight::Denied,
        (Outcome::Failed(_), _) => Weight::Failed,
        (Outcome::Done, Act::SignIn { .. } | Act::SwitchRole { .. }) => Weight::SignIn,
        (Outcome::Done, Act::Call) if reads(name, read_only) => Weight::Read,
        (Outcome::Done, Act::Call) if removes(name) => Weight::Delete,
        (Outcome::Done, Act::Call) => Weight::Change,
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

    #[test]
    fn weight_grows_with_what_is_at_stake() {
        let weight = |source: &str, name: &str, kind: &str, error: Value| {
            let record = json!({ "eventSource": format!("{source}.amazonaws.com"), "eventName": name,
                "userIdentity": { "type": kind, "userName": "alice" }, "errorCode": error });
            Call::read(&record).expect("a record").weight
        };
        let rising = [
            weight("ec2", "DescribeInstances", "IAMUser", json!(null)),
            weight("ec2", "RunInstances", "IAMUser", json!(null)),
            weight("ec2", "TerminateInstances", "IAMUser", json!(null)),
            weight(
                "ec2",
                "TerminateInstances",
                "IAMUser",
                json!("Client.InvalidInstanceID.NotFound"),
            ),
            weight(
                "ec2",
                "TerminateInstances",
                "IAMUser",
                json!("Client.UnauthorizedOperation"),
            ),
            weight("cloudtrail", "StopLogging", "IAMUser", json!("AccessDenied")),
        ];
        assert!(rising.is_sorted_by(|a, b| a < b), "{rising:?}");
        assert_eq!(
            weight("ec2", "DescribeInstances", "Root", json!(null)),
            Weight::Critical
        );
        assert_eq!(
            weight("s3", "DeleteBucket", "IAMUser", json!(null)),
            Weight::Critical
        );
        assert_eq!(
            weight("kms", "ScheduleKeyDeletion", "IAMUser", json!(null)),
            Weight::Critical
        );
    }
}
