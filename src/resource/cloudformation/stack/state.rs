//! The states of a CloudFormation stack, and what may follow each:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>.

use crate::resource::{Health, Verdict};

/// What a stack's status allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its resources are as its template says, or as they were before an update that did not succeed.
    Whole,
    /// An operation is under way. CloudFormation accepts no other one until it ends.
    Moving,
    /// An update of somebody else stopped half-way. The next update continues it.
    Partial,
    /// It can only be deleted, and then made anew.
    Broken,
    /// Neither updated nor rolled back. Somebody has to say how to continue.
    Stuck,
}

impl State {
    /// The state that a status means. A status that is not known yet counts as whole: CloudFormation refuses what it
    /// does not allow.
    pub fn of(status: &str) -> Self {
        match status {
            // Made by a change set that nobody has executed.
            "REVIEW_IN_PROGRESS" => Self::Broken,
            "CREATE_FAILED" | "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "DELETE_FAILED" => Self::Broken,
            "UPDATE_ROLLBACK_FAILED" => Self::Stuck,
            "UPDATE_FAILED" | "IMPORT_ROLLBACK_FAILED" => Self::Partial,
            status if status.ends_with("_IN_PROGRESS") => Self::Moving,
            _ => Self::Whole,
        }
    }
}

/// The resources of the new template are there, and CloudFormation deletes those of the old one.
pub const CLEANING: &str = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS";

/// A deleted stack is still found by its id.
pub const DELETED: &str = "DELETE_COMPLETE";

/// What this run has CloudFormation do.
pub const CREATING: &str = "CREATE_IN_PROGRESS";
pub const UPDATING: &str = "UPDATE_IN_PROGRESS";

/// True if the status says that more has to be done, whatever the template is.
pub fn is_unfinished(status: &str) -> bool {
    State::of(status) != State::Whole && status != CLEANING
}

/// The health of a stack in this status. `reason` is CloudFormation's own.
pub fn health(status: &str, reason: Option<&str>) -> Health {
    let verdict = match State::of(status) {
        _ if status == CLEANING => Verdict::Healthy,
        State::Whole if status.contains("ROLLBACK") => Verdict::Attention,
        State::Whole => Verdict::Healthy,
        State::Moving => Verdict::Waiting,
        State::Partial | State::Broken | State::Stuck => Verdict::Failed,
    };
    let text = match reason.filter(|_| verdict != Verdict::Healthy) {
        Some(reason) => format!("{status}: {reason}"),
        None => status.to_owned(),
    };
    Health::new(verdict, text).with("stack_status", status)
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::StackStatus;

    use super::*;

    #[test]
    fn every_status_that_the_sdk_knows_has_its_state() {
        let of = |state: State| -> Vec<_> {
            let all = StackStatus::values().iter().copied();
            all.filter(|status| State::of(status) == state).collect()
        };
        assert_eq!(
            of(State::Whole),
            [
                "CREATE_COMPLETE",
                "DELETE_COMPLETE",
                "IMPORT_COMPLETE",
                "IMPORT_ROLLBACK_COMPLETE",
                "UPDATE_COMPLETE",
                "UPDATE_ROLLBACK_COMPLETE"
            ]
        );
        assert_eq!(
            of(State::Broken),
            [
                "CREATE_FAILED",
                "DELETE_FAILED",
                "REVIEW_IN_PROGRESS",
                "ROLLBACK_COMPLETE",
                "ROLLBACK_FAILED"
            ]
        );
        assert_eq!(of(State::Partial), ["IMPORT_ROLLBACK_FAILED", "UPDATE_FAILED"]);
        assert_eq!(of(State::Stuck), ["UPDATE_ROLLBACK_FAILED"]);
        assert!(
            of(State::Moving)
                .iter()
                .all(|status| status.ends_with("_IN_PROGRESS"))
        );
        assert_eq!(of(State::Moving).len(), 9);
    }

    #[test]
    fn what_is_rolled_back_asks_for_attention_and_what_is_stuck_has_failed() {
        let verdict = |status: &str| health(status, None).verdict;
        assert_eq!(verdict("CREATE_COMPLETE"), Verdict::Healthy);
        assert_eq!(verdict(CLEANING), Verdict::Healthy);
        assert_eq!(verdict("UPDATE_ROLLBACK_COMPLETE"), Verdict::Attention);
        assert_eq!(verdict("CREATE_IN_PROGRESS"), Verdict::Waiting);
        assert_eq!(verdict("ROLLBACK_COMPLETE"), Verdict::Failed);
        assert_eq!(verdict("UPDATE_ROLLBACK_FAILED"), Verdict::Failed);
        assert!(!is_unfinished(CLEANING) && is_unfinished("UPDATE_IN_PROGRESS"));
    }
}
