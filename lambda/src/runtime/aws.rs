//! Calls to AWS: signed with Signature Version 4 (SigV4), over the function's own HTTP client.

mod call;
mod clock;
mod error;
mod sign;
#[cfg(test)]
mod tests;

pub(super) use call::{Call, Service};
pub(super) use error::AwsError;

use super::http::Http;
use crate::contract::dns_suffix;
use ::http::header::HeaderValue;
use ::http::uri::InvalidUri;
use ::http::{Request, Response, Uri};
use bytes::Bytes;
use clock::Clock;
use jiff::Timestamp;
use sign::{Credentials, Scope, sign};
use std::error::Error as StdError;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Timeout of one attempt. AWS answers these calls in milliseconds. If a call hangs, for example on a
/// connection that died while Lambda had frozen the function, there is still time for another attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(2_500);
/// The longest pause before a retry, as in the SDKs.
const MAX_PAUSE: Duration = Duration::from_secs(20);

/// Credentials, region and connections for calls to AWS, most of it set by Lambda. Clones share the connections
/// and the clock.
#[derive(Clone)]
pub(super) struct Aws {
    http: Http,
    region: String,
    credentials: Credentials,
    /// `AWS_ENDPOINT_URL`: an endpoint that replaces AWS's own, such as an emulator's.
    endpoint: Option<String>,
    clock: Clock,
}

impl Aws {
    /// Reads the variables once: Lambda sets them for each execution environment, and the credentials outlive
    /// it.
    pub fn new(http: Http, variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let required = |name| variable(name).unwrap_or_default();
        Self {
            http,
            region: required("AWS_REGION"),
            credentials: Credentials {
                access_key_id: required("AWS_ACCESS_KEY_ID"),
                secret_access_key: required("AWS_SECRET_ACCESS_KEY").into(),
                session_token: variable("AWS_SESSION_TOKEN").map(Into::into),
            },
            endpoint: variable("AWS_ENDPOINT_URL"),
            clock: Clock::default(),
        }
    }

    /// The function's own region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The endpoint that replaces AWS's own.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Calls a service in `region` and returns the response body.
    ///
    /// Retries like the standard mode of AWS's SDKs: after a random part of 1, 2, 4 … s, at most 20 s, or after
    /// the time that AWS asks for. A caller with a deadline must wrap the call in its own timeout.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
    pub async fn call(&self, region: &str, call: &Call) -> Result<Bytes, AwsError> {
        let address = self.address(region, call).map_err(no_answer)?;
        let mut attempt = 1;
        loop {
            let (error, again, wish) = match self.attempt(&address, region, call).await {
                Ok(answer) if answer.status().is_success() => return Ok(answer.into_body()),
                Ok(answer) => {
                    let error = AwsError::read(&answer);
                    let again = error.is_retryable() || self.clock.correct(&error, answer.headers());
                    (error, again, error::retry_after(answer.headers()))
                }
                Err(error) => (error, true, None),
            };
            if !again || attempt >= call.attempts {
                return Err(error);
            }
            let pause = wish.unwrap_or_else(|| pause(attempt));
            sleep(pause.min(MAX_PAUSE)).await;
            attempt += 1;
        }
    }

    /// The same, if AWS answers within `time`.
    pub async fn call_within(&self, time: Duration, region: &str, call: &Call) -> Result<Bytes, AwsError> {
        let answer = timeout(time, self.call(region, call)).await;
        answer.unwrap_or_else(|_| Err(AwsError::late(time)))
    }

    /// One attempt with a fresh signature: AWS refuses a signature that is minutes old.
    async fn attempt(&self, address: &Uri, region: &str, call: &Call) -> Result<Response<Bytes>, AwsError> {
        let request = self
            .request(address, region, call, self.clock.now())
            .map_err(no_answer)?;
        match timeout(ATTEMPT_TIMEOUT, self.http.send(request)).await {
            Ok(answer) => answer.map_err(no_answer),
            Err(_) => Err(AwsError::late(ATTEMPT_TIMEOUT)),
        }
    }

    /// The address of a service: in the region, under the domain of the region's partition.
    fn address(&self, region: &str, call: &Call) -> Result<Uri, InvalidUri> {
        let path = &call.path;
        match &self.endpoint {
            Some(endpoint) => format!("{}/{path}", endpoint.trim_end_matches('/')),
            None => format!(
                "https://{}.{region}.{}/{path}",
                call.service.id,
                dns_suffix(region)
            ),
        }
        .parse()
    }

    fn request(
        &self,
        address: &Uri,
        region: &str,
        call: &Call,
        time: Timestamp,
    ) -> Result<Request<Bytes>, Box<dyn StdError>> {
        let mut request = Request::post(address).body(call.body.clone())?;
        for (name, value) in call.headers() {
            request.headers_mut().insert(name, HeaderValue::from_str(&value)?);
        }
        let scope = Scope {
            region,
            service: call.service.id,
        };
        sign(&mut request, &self.credentials, scope, time)?;
        Ok(request)
    }
}

/// A random part of 1, 2, 4 … s (jitter), so that throttled functions do not all retry at the same time.
fn pause(attempt: u32) -> Duration {
    MAX_PAUSE
        .min(Duration::from_secs(1 << (attempt - 1).min(5)))
        .mul_f64(fastrand::f64())
}

fn no_answer(reason: impl ToString) -> AwsError {
    AwsError::Unreachable(reason.to_string())
}
