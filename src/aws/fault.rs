//! What AWS refused, in one shape for every service.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::run::ANOTHER_RUN;
use super::strangers::{self, NOT_AWS};
use super::text::Scope;

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The IAM action of the call, such as `kms:CreateKey`.
    pub action: &'static str,
    /// AWS's error code, or one of the `local` codes below when no answer came.
    pub code: String,
    /// AWS's own words, on one line; may be empty (KMS does that).
    pub message: String,
    /// How often and for how long it was tried, where more than once; boxed, since nearly every result could hold one.
    pub tried: Option<Box<Tried>>,
    /// What to do about it, when we know.
    pub hint: Option<String>,
    /// Boxed for the same reason.
    pub(crate) more: Box<More>,
}

/// What is known of a refusal beside its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct More {
    /// AWS's request id, to quote to its support.
    request_id: Option<String>,
    /// AWS failed on its side, as the HTTP status says, whatever the code.
    failed: bool,
    /// What was being read, where no step of a plan says it: `sns-topic/alerts (mission-sns)`.
    subject: Option<String>,
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

/// A time as it is said: `12 s`, `5 min`.
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

/// The HTTP statuses of a service that failed, or of what stands before it: each is worth another try.
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>.
const FAILURES: [u16; 4] = [500, 502, 503, 504];

/// Not AWS says no, but this tool: the message is the whole of it.
pub const REFUSED: &str = "Refused";

impl Fault {
    /// A refusal of our own, in the same shape.
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

    /// Reads the code, message and request id out of an SDK error.
    pub fn from_sdk<E>(action: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        if let Some(stranger) = error
            .raw_response()
            .and_then(|response| strangers::answer(action, response))
        {
            return stranger;
        }
        let request_id = error
            .raw_response()
            .and_then(|http| {
                http.headers()
                    .get("x-amzn-requestid")
                    .or_else(|| http.headers().get("x-amz-request-id"))
            })
            .map(str::to_owned);
        let failed = error
            .raw_response()
            .is_some_and(|http| FAILURES.contains(&http.status().as_u16()));
        let (code, message) = match &error {
            SdkError::ServiceError(service) => {
                let meta = service.err().meta();
                let status = service.raw().status();
                let code = meta
                    .code()
                    .map_or_else(|| format!("Http{}", status.as_u16()), str::to_owned);
                (code, meta.message().unwrap_or_default().to_owned())
            }
            // The SDK loads credentials on the way out and calls a failure to do so a failed dispatch.
            SdkError::DispatchFailure(_) if reasons(&error).contains("credential") => {
                (NOT_SENT.to_owned(), no_credentials(&reasons(&error)))
            }
            SdkError::ConstructionFailure(_) => (
                NOT_SENT.to_owned(),
                format!("{action} was not sent: {}", reasons(&error)),
            ),
            SdkError::DispatchFailure(failure) if failure.is_user() => (
                NOT_SENT.to_owned(),
                format!("{action} was not sent: {}", reasons(&error)),
            ),
            _ => {
                let status = error.raw_response().map(|http| http.status().as_u16());
                let code = status.map_or(NO_ANSWER.to_owned(), |status| format!("Http{status}"));
                (code, reasons(&error))
            }
        };
        let fault = Self {
            action,
            code,
            message: one_line(&message),
            tried: None,
            hint: None,
            more: Box::new(More {
                request_id,
                failed,
                subject: None,
            }),
        };
        let hint = super::hints::known(&fault);
        Self { hint, ..fault }
    }

    /// True when the code is one of `codes`.
    pub fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code.as_str())
    }

    /// True when the code is `code` and the message holds `text`, in any case.
    pub fn says(&self, code: &str, text: &str) -> bool {
        self.code == code && self.message.to_lowercase().contains(&text.to_lowercase())
    }

    /// True when AWS says that the thing does not exist, in any service's words.
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
            "NoSuchBucket",
            "NoSuchBucketPolicy",
            "NoSuchTagSet",
            "NoSuchLifecycleConfiguration",
            "NoSuchPublicAccessBlockConfiguration",
            "OwnershipControlsNotFoundError",
            "ServerSideEncryptionConfigurationNotFoundError",
        ])
    }

    /// True when the identity may not do this.
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
                // A status is all that a HEAD request has to say.
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
            // It was carried out, and the answer cut short on its way.
            || self.code.starts_with("Http2")
    }

    /// True when AWS turned the request away unread because too many came.
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

    /// What was refused and in which words, without what only its report needs.
    pub fn bare(&self) -> String {
        let Self {
            action,
            code,
            message,
            ..
        } = self;
        match code.as_str() {
            // Nothing went to AWS: the message says it all.
            NOT_SENT | REFUSED | ANOTHER_RUN => message.clone(),
            NO_ANSWER => format!("{action}: no response: {message}"),
            // Another's words, which AWS has no code for.
            NOT_AWS => format!("{action}: {message}"),
            code if message.is_empty() => format!("{action}: {code}"),
            code => format!("{action}: {code}: {message}"),
        }
    }

    /// Says what it is about, where AWS does not: S3 names no bucket.
    pub fn about(mut self, what: &str) -> Self {
        self.message = match self.message.is_empty() {
            true => what.to_owned(),
            false => format!("{what}: {}", self.message),
        };
        self
    }

    /// Says what was being read, such as `sns-topic/alerts (mission-sns)`, unless something nearer to it did; nothing in
    /// particular: an empty name.
    pub fn of(mut self, subject: impl FnOnce() -> String) -> Self {
        let own_words = self.is(&[NOT_SENT, REFUSED, ANOTHER_RUN]);
        if self.more.subject.is_none() && !own_words {
            self.more.subject = Some(subject());
        }
        self
    }

    /// The same with what the subject's name leaves open written out.
    pub fn written_out(mut self, scope: &Scope) -> Self {
        let subject = self.more.subject.take();
        self.more.subject = subject.map(|name| scope.written_out(name));
        self
    }

    /// True where `other` is the same refusal, whatever was being read.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.action, &self.code, &self.message) == (other.action, &other.code, &other.message)
    }

    /// What to do next: what is known of this refusal, or what helps with any.
    pub fn help(&self) -> String {
        let known = || super::hints::of_any(self).to_owned();
        self.hint.clone().unwrap_or_else(known)
    }

    /// Adds what to do next, unless a hint is there already.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = self.more.subject.as_ref().filter(|name| !name.is_empty()) {
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

/// Turns "it does not exist" into success: what is to be deleted may be gone already.
pub fn gone<T>(result: Result<T>) -> Result<()> {
    found(result).map(drop)
}

/// What went wrong and why, outermost first, without what an error repeats of its cause.
pub(super) fn reasons(error: &(dyn Error + 'static)) -> String {
    /// Names of layers, which tell a user nothing.
    const LAYERS: [&str; 4] = ["dispatch failure", "io error", "other", "client error (Connect)"];
    let mut told: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        let known = told.last().is_some_and(|last| last.ends_with(&text));
        if !known && !LAYERS.contains(&text.as_str()) {
            told.push(text);
        }
        next = error.source();
    }
    told.join(": ")
}

/// The SDK asks one place after the other and tells what the last one said: the metadata service of EC2.
fn no_credentials(reasons: &str) -> String {
    if reasons.contains("IMDS") {
        return "no AWS credentials were found".to_owned();
    }
    let cause = [
        "loading credentials: ",
        "provider was not enabled: ",
        "properly configured: ",
    ]
    .iter()
    .find_map(|words| Some(reasons.split_once(words)?.1))
    .unwrap_or(reasons);
    format!("the AWS credentials could not be loaded: {cause}")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "tests/fault.rs"]
mod tests;
