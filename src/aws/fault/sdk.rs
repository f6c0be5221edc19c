//! Reads the SDK's errors.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};

use super::{Fault, More, NO_ANSWER, NOT_SENT};
use crate::aws::{hints, intercepted};

/// The HTTP statuses of a service that failed, or of a gateway in front of it. All of them are worth a retry. Source:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>.
const FAILURES: [u16; 4] = [500, 502, 503, 504];

impl Fault {
    /// Reads the code, message and request id out of an SDK error.
    pub fn from_sdk<E>(action: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        // From here on it does not matter whose error it is: the rest is compiled once, not for each operation.
        Self::read(
            action,
            error.map_service_error(|error| Said {
                meta: error.meta().clone(),
                error: error.into(),
            }),
        )
    }

    fn read(action: &'static str, error: SdkError<Said, HttpResponse>) -> Self {
        if let Some(stranger) = error
            .raw_response()
            .and_then(|response| intercepted::answer(action, response))
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
                let meta = &service.err().meta;
                let status = service.raw().status();
                let code = meta
                    .code()
                    .map_or_else(|| format!("Http{}", status.as_u16()), str::to_owned);
                (code, meta.message().unwrap_or_default().to_owned())
            }
            // The SDK loads credentials while it sends, and reports a failure to load them as a failed dispatch.
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
                ..More::default()
            }),
        };
        let hint = hints::known(&fault);
        Self { hint, ..fault }
    }
}

/// The error of any operation.
#[derive(Debug)]
struct Said {
    meta: ErrorMetadata,
    error: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Said {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// What went wrong and why, outermost error first. Text that an error repeats from its cause is left out.
pub(in crate::aws) fn reasons(error: &(dyn Error + 'static)) -> String {
    /// Names of layers, which are of no use to a user.
    const LAYERS: [&str; 4] = ["dispatch failure", "io error", "other", "client error (Connect)"];
    let mut reasons: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        let known = reasons.last().is_some_and(|last| last.ends_with(&text));
        if !known && !LAYERS.contains(&text.as_str()) {
            reasons.push(text);
        }
        next = error.source();
    }
    reasons.join(": ")
}

/// The SDK tries one source after the other and reports the error of the last one: the metadata service of EC2.
pub(super) fn no_credentials(reasons: &str) -> String {
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
