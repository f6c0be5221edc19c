//! Errors of AWS, in one shape for every service.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::text::Scope;

mod sdk;

pub(super) use sdk::reasons;

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The IAM action of the call, such as `kms:CreateKey`.
    pub action: &'static str,
    /// AWS's error code, or one of the codes of our own below if no answer came.
    pub code: String,
    /// AWS's message on one line. May be empty (KMS does that).
    pub message: String,
    /// How often and for how long the call was tried, if more than once. Boxed, because nearly every result could
    /// hold one.
    pub tried: Option<Box<Tried>>,
    /// What to do about it, if known.
    pub hint: Option<String>,
    /// Boxed for the same reason.
    pub(crate) more: Box<More>,
}

/// Details of an error beyond code and message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct More {
    /// AWS's request id, for AWS support.
    request_id: Option<String>,
    /// AWS failed on its side, according to the HTTP status, whatever the code.
    failed: bool,
    /// What was being read, if no step of a plan names it: `sns-topic/alerts (mission-sns)`.
    subject: Option<String>,
    /// The message already shows the action and code of each of several faults.
    united: bool,
}

/// How often and for how long a call was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    pub times: u32,
    pub elapsed: Duration,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tried {} times in {}", self.times, spoken(self.elapsed))
    }
}

/// A duration for the user: `12 s`, `5 min`.
pub fn spoken(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds => format!("{} min", (seconds + 30) / 60),
    }
}

/// No answer arrived: the request may or may not have been carried out.
pub const NO_ANSWER: &str = "NoAnswer";
/// The request never left: no credentials, no region, no endpoint.
pub const NOT_SENT: &str = "NotSent";
/// Something other than AWS answered. The request never reached AWS.
pub const NOT_AWS: &str = "NotAws";
/// Another run is changing the stack: the code of [`super::run::another`].
pub const ANOTHER_RUN: &str = "AnotherRun";

/// The refusal comes from alertctl, not from AWS. Only the message is shown.
pub const REFUSED: &str = "Refused";

impl Fault {
    /// An error of our own, in the same shape.
    pub fn new(action: &'static str, code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self {
            action,
            code,
            message,
            tried: None,
            hint: None,
            more: Box::default(),
        }
    }

    /// Several faults as one, whose message shows all of them. It has the action and the code that they have in common, so that
    /// it is taken for what each of them is: a denial, say.
    pub fn united(faults: &[Self], message: impl Into<String>) -> Self {
        let shared = |code: &&str| faults.iter().all(|fault| fault.code == **code);
        let code = faults.first().map(|fault| fault.code.as_str()).filter(shared);
        let action = faults.first().map_or("", |fault| fault.action);
        let mut all = Self::new(action, code.unwrap_or(REFUSED), message);
        all.more.united = true;
        all
    }

    /// What was being read, if that is known.
    pub fn subject(&self) -> Option<&str> {
        self.more.subject.as_deref().filter(|name| !name.is_empty())
    }

    /// True when the code is one of `codes`.
    pub fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code.as_str())
    }

    /// True when the code is `code` and the message contains `text`, ignoring case.
    pub fn says(&self, code: &str, text: &str) -> bool {
        self.code == code && self.message.to_lowercase().contains(&text.to_lowercase())
    }

    /// True when AWS says that the resource does not exist, in the words of any service.
    pub fn not_found(&self) -> bool {
        self.is(&[
            "NotFound",
            "NotFoundException",
            "NoSuchEntity",
            "NoSuchEntityException",
            "ResourceNotFound",
            "ResourceNotFoundException",
            "QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
            "TrailNotFoundException",
            "StackSetNotFoundException",
            "OperationNotFoundException",
            "NoSuchBucket",
            "NoSuchBucketPolicy",
            "NoSuchTagSet",
            "NoSuchLifecycleConfiguration",
            "NoSuchPublicAccessBlockConfiguration",
            "OwnershipControlsNotFoundError",
            "ServerSideEncryptionConfigurationNotFoundError",
        ])
    }

    /// True when the caller lacks the permission.
    pub fn denied(&self) -> bool {
        self.is(&[
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "UnauthorizedOperation",
        ])
    }

    /// True when it is unknown whether AWS carried the request out: the answer was lost, or the service
    /// failed on its side.
    pub fn ambiguous(&self) -> bool {
        self.code == NO_ANSWER
            || (self.more.failed && !self.throttled())
            || self.is(&[
                "InternalFailure",
                "InternalError",
                "InternalServerError",
                "InternalServiceException",
                "ServiceUnavailable",
                "ServiceUnavailableException",
                "RequestTimeout",
                "RequestTimeoutException",
                // A HEAD request returns only a status.
                "Http408",
                "InternalException",
                "InternalServerException",
                "InternalServiceError",
                "ServiceException",
                "ServiceFailure",
                "ServiceFailureException",
                "InternalServiceFault",
                "InternalServiceErrorException",
                "KMSInternalException",
                "DependencyTimeoutException",
            ])
            || self.code.starts_with("Http5")
            // AWS carried out the request, but the answer was cut short.
            || self.code.starts_with("Http2")
    }

    /// True when AWS rejected the request unread because of too many requests.
    pub fn throttled(&self) -> bool {
        self.is(&[
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "Http429",
            "Throttled",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "PriorRequestNotComplete",
            "BandwidthLimitExceeded",
            "TransactionInProgressException",
            "EC2ThrottledException",
        ]) || self.message.contains("Rate exceeded")
    }

    /// The action, the code and the message, without details that only a report needs.
    pub fn bare(&self) -> String {
        let Self {
            action,
            code,
            message,
            ..
        } = self;
        match code.as_str() {
            _ if self.more.united => message.clone(),
            // Nothing was sent to AWS, so the message is complete.
            NOT_SENT | REFUSED | ANOTHER_RUN => message.clone(),
            NO_ANSWER => format!("{action}: no response: {message}"),
            // The answer did not come from AWS, so it has no code of AWS.
            NOT_AWS => format!("{action}: {message}"),
            code if message.is_empty() => format!("{action}: {code}"),
            code => format!("{action}: {code}: {message}"),
        }
    }

    /// Names the subject of the message if AWS does not: S3 does not name the bucket.
    pub fn about(mut self, what: &str) -> Self {
        self.message = match self.message.is_empty() {
            true => what.to_owned(),
            false => format!("{what}: {}", self.message),
        };
        self
    }

    /// Sets what was being read, such as `sns-topic/alerts (mission-sns)`, unless inner code has set it already. An
    /// empty name means nothing in particular.
    pub fn of(mut self, subject: impl FnOnce() -> String) -> Self {
        let own_words = self.more.united || self.is(&[NOT_SENT, REFUSED, ANOTHER_RUN]);
        if self.more.subject.is_none() && !own_words {
            self.more.subject = Some(subject());
        }
        self
    }

    /// The same fault with the placeholders in the subject's name filled in.
    pub fn written_out(mut self, scope: &Scope) -> Self {
        let subject = self.more.subject.take();
        self.more.subject = subject.map(|name| scope.written_out(name));
        self
    }

    /// True if `other` is the same refusal, even if something else was being read.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.action, &self.code, &self.message) == (other.action, &other.code, &other.message)
    }

    /// Adds what to do next, unless a hint is there already.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = self.subject() {
            write!(f, "{subject}: ")?;
        }
        f.write_str(&self.bare())?;
        if let Some(tried) = &self.tried {
            write!(f, " ({tried})")?;
        }
        match &self.more.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

impl Error for Fault {}

/// `Result` whose error is a [`Fault`].
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// Turns "it does not exist" into `None`.
pub fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(fault) if fault.not_found() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Turns "it does not exist" into success: a resource that is to be deleted may be gone already.
pub fn gone<T>(result: Result<T>) -> Result<()> {
    found(result).map(drop)
}

#[cfg(test)]
mod tests;
