//! What happened to a thing: a closed set of turns, so that each language has a sentence for every one.

use super::Tone;
use crate::contract::Severity;

/// What a thing entered, in the words of all services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Waiting,
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Stopping,
    Stopped,
    Terminating,
    Terminated,
    Cancelled,
    Superseded,
    Creating,
    Created,
    NotCreated,
    Updating,
    Updated,
    NotUpdated,
    Deleting,
    Deleted,
    NotDeleted,
    RollingBack,
    RolledBack,
    NotRolledBack,
    Available,
    Unavailable,
    Enabled,
    Disabled,
    Outdated,
    /// A stack differs from its template.
    Drifted,
    InSync,
    Compliant,
    NonCompliant,
    /// Days until then.
    Expiring(Option<u32>),
    Expired,
    /// A certificate that is renewed only after somebody acted.
    RenewalNeeded,
    Rotated,
    Approval,
    /// A key that is deleted for good; so is what it encrypted.
    Gone,
    /// A key that somebody published.
    Exposed,
    /// A resource that anybody, or somebody outside, can use; a right that nobody uses.
    Public,
    Accessible,
    Unused,
    Infected,
    Clean,
    NotScanned,
    Vulnerable,
    Scanned,
    /// What Spot does to an instance in two minutes.
    SpotTerminate,
    SpotStop,
    SpotHibernate,
    AtRisk,
    HeldLaunch,
    HeldTerminate,
    Paused,
    Reopened,
    Answered,
    Resolved,
    Merged,
    Closed,
    Approved,
    Commented,
    Attached,
    NotAttached,
    Copied,
    NotCopied,
    NotArchived,
    NotRestored,
    Launched,
    Shared,
    Archived,
    Restored,
    Pushed,
    Bounced,
    Complained,
    Rejected,
    Delayed,
    Delivered,
    Received,
    NeedsAction,
    NeedsLook,
    Fine,
    /// A group's test of a topic.
    Tested,
    /// AWS's own word for the state says what it is.
    Other,
}

impl Turn {
    /// Reads the word of a state, whatever its spelling; `Other` if it is none of these.
    pub(super) fn read(state: &str) -> Self {
        let letters = state.chars().filter(char::is_ascii_alphanumeric);
        let state: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
        match state.as_str() {
            "PENDING" | "SUBMITTED" | "RUNNABLE" | "QUEUED" | "WAITING" | "REQUESTED" | "PICKED"
            | "SCHEDULED" => Self::Waiting,
            "RUNNING" | "INPROGRESS" | "STARTED" | "STARTING" | "EXECUTING" | "RESUMED" | "START" => {
                Self::Running
            }
            "SUCCEEDED" | "SUCCESS" | "SUCCESSFUL" | "COMPLETED" | "COMPLETE" | "PASSED" | "FINISHED" => {
                Self::Succeeded
            }
            "FAILED"
            | "FAILURE"
            | "ERROR"
            | "FAULT"
            | "CLIENTERROR"
            | "TERMINATEDWITHERRORS"
            | "UNSUCCESSFUL" => Self::Failed,
            "TIMEDOUT" | "TIMEOUT" | "EXECUTIONTIMEDOUT" | "DELIVERYTIMEDOUT" => Self::TimedOut,
            "STOPPING" | "CANCELLING" => Self::Stopping,
            "STOPPED" | "STOP" => Self::Stopped,
            "TERMINATING" => Self::Terminating,
            "TERMINATED" => Self::Terminated,
            "CANCELLED" | "CANCELED" | "ABORTED" | "ABANDONED" => Self::Cancelled,
            "SUPERSEDED" => Self::Superseded,
            "CREATEINPROGRESS" | "CREATING" | "REVIEWINPROGRESS" | "IMPORTINPROGRESS" => Self::Creating,
            "CREATECOMPLETE" | "CREATED" | "CREATE" | "IMPORTCOMPLETE" | "REGISTERED" => Self::Created,
            "CREATEFAILED" | "DELETESKIPPED" => Self::NotCreated,
            "UPDATEINPROGRESS" | "UPDATING" | "UPDATECOMPLETECLEANUPINPROGRESS" => Self::Updating,
            "UPDATECOMPLETE" | "UPDATED" | "UPDATE" => Self::Updated,
            "UPDATEFAILED" => Self::NotUpdated,
            "DELETEINPROGRESS" | "DELETING" => Self::Deleting,
            "DELETECOMPLETE" | "DELETED" | "DELETE" | "DEREGISTERED" => Self::Deleted,
            "DELETEFAILED" => Self::NotDeleted,
            "ROLLBACKINPROGRESS"
            | "UPDATEROLLBACKINPROGRESS"
            | "IMPORTROLLBACKINPROGRESS"
            | "UPDATEROLLBACKCOMPLETECLEANUPINPROGRESS" => Self::RollingBack,
            "ROLLBACKCOMPLETE" | "UPDATEROLLBACKCOMPLETE" | "IMPORTROLLBACKCOMPLETE" => Self::RolledBack,
            "ROLLBACKFAILED" | "UPDATEROLLBACKFAILED" | "IMPORTROLLBACKFAILED" => Self::NotRolledBack,
            "AVAILABLE" | "INSERVICE" | "ACTIVE" | "READY" => Self::Available,
            "UNAVAILABLE" | "OUTOFSERVICE" => Self::Unavailable,
            "ENABLED" | "OPEN" => Self::Enabled,
            "DISABLED" | "CLOSED" => Self::Disabled,
            "OUTDATED" => Self::Outdated,
            "DRIFTED" => Self::Drifted,
            "INSYNC" => Self::InSync,
            "COMPLIANT" => Self::Compliant,
            "NONCOMPLIANT" => Self::NonCompliant,
            "EXPIRED" => Self::Expired,
            "LAUNCHED" => Self::Launched,
            "TERMINATIONNOTIFIED" => Self::SpotTerminate,
            _ => Self::Other,
        }
    }

    /// Whether that is good or bad. Of `Other` nothing is known here.
    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Succeeded
            | Self::Available
            | Self::InSync
            | Self::Compliant
            | Self::Clean
            | Self::Resolved
            | Self::Rotated
            | Self::Fine
            | Self::Approved
            | Self::Restored
            | Self::Delivered => Tone::Good,
            Self::Waiting
            | Self::Running
            | Self::Stopping
            | Self::Terminating
            | Self::Creating
            | Self::Updating
            | Self::Deleting
            | Self::HeldLaunch
            | Self::HeldTerminate
            | Self::Paused => Tone::Idle,
            Self::Failed
            | Self::TimedOut
            | Self::NotCreated
            | Self::NotUpdated
            | Self::NotDeleted
            | Self::RollingBack
            | Self::RolledBack
            | Self::NotRolledBack
            | Self::Unavailable
            | Self::Expired
            | Self::Infected
            | Self::Gone
            | Self::Public
            | Self::NotAttached
            | Self::NotCopied
            | Self::NotArchived
            | Self::NotRestored
            | Self::NeedsAction => Tone::Bad(Severity::Error),
            Self::Stopped
            | Self::Cancelled
            | Self::Drifted
            | Self::NonCompliant
            | Self::Expiring(_)
            | Self::RenewalNeeded
            | Self::Approval
            | Self::NotScanned
            | Self::Vulnerable
            | Self::SpotTerminate
            | Self::SpotStop
            | Self::SpotHibernate
            | Self::AtRisk
            | Self::Bounced
            | Self::Complained
            | Self::Rejected
            | Self::Delayed
            | Self::Accessible
            | Self::Unused
            | Self::NeedsLook => Tone::Bad(Severity::Warning),
            Self::Exposed => Tone::Bad(Severity::Critical),
            Self::Terminated
            | Self::Superseded
            | Self::Created
            | Self::Updated
            | Self::Deleted
            | Self::Enabled
            | Self::Disabled
            | Self::Outdated
            | Self::Scanned
            | Self::Reopened
            | Self::Answered
            | Self::Merged
            | Self::Closed
            | Self::Commented
            | Self::Attached
            | Self::Copied
            | Self::Launched
            | Self::Shared
            | Self::Archived
            | Self::Pushed
            | Self::Tested
            | Self::Received
            | Self::Other => Tone::Plain,
        }
    }
}
