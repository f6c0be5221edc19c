//! The duty `actions`: buttons that people press in their channels, over HTTP, in the format of an API Gateway HTTP API.
//!
//! The service wants an answer within three seconds, so a press is only checked here, and handed to the relay, which Lambda
//! invokes again if that fails.
//! <https://docs.slack.dev/interactivity/handling-user-interaction>

use super::answer::Answer;
use super::api::Context;
use super::aws::Call;
use super::caller;
use super::refusal::Refusal;
use super::{Network, Variables, log};
use crate::config::{SettingsError, missing};
use crate::contract::{ChannelKey, Press, RELAY, Signal};
use crate::{Duty, Receivers, Settings};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a press may take, of the three seconds that the service waits.
const TIME: Duration = Duration::from_millis(2_500);
/// Largest body in bytes: a service sends the message together with the button.
const MAX_BODY: usize = 262_144;

/// The duty `actions`: checks who pressed a button, and hands that to the relay within the three seconds.
pub(super) struct Actions {
    channels: Vec<ChannelKey>,
    /// Name of the function that does what a button asks for.
    relay: String,
    network: Network,
}

impl Actions {
    pub fn from_environment(variable: Variables) -> Result<Self, SettingsError> {
        let settings: Arc<Settings> = Arc::new(super::settings(variable)?);
        let relay = variable(RELAY).filter(|name| !name.is_empty());
        Ok(Self {
            channels: Receivers::read(variable)?.channels,
            relay: relay.ok_or_else(|| missing(RELAY))?,
            network: Network::new(variable, &settings),
        })
    }

    /// Answers a request.
    pub async fn handle(&self, request: &Value, context: &Context) -> Value {
        let answer = self.take(request, Instant::now() + TIME).await;
        let reason = answer.reason.as_deref();
        log::write(
            answer.kind,
            Duty::Actions,
            &context.request_id,
            answer.outcome,
            reason,
        );
        answer.response()
    }

    async fn take(&self, request: &Value, deadline: Instant) -> Answer {
        let body = caller::body(request).ok();
        let Some(body) = body.filter(|body| body.len() <= MAX_BODY) else {
            return Answer::unauthorized("no signed request", None);
        };
        let presses = match self.presses(request, &body, deadline).await {
            Ok(presses) => presses,
            Err(answer) => return answer,
        };
        for press in presses {
            let event = Signal::Press(press).message();
            let call = Call::invoke(&self.relay, &event);
            let aws = self.network.aws();
            let invoked = timeout_at(deadline, aws.call(aws.region(), &call)).await;
            let refused = match invoked {
                Ok(Ok(_)) => continue,
                Ok(Err(error)) => Refusal::by("Lambda", &error).reason,
                Err(_) => "Lambda does not answer in the time there is".to_owned(),
            };
            return Answer::unavailable("the button does nothing now; press it again", refused);
        }
        Answer::taken()
    }

    /// The presses of our buttons in a request that the service of a channel signed.
    async fn presses(&self, request: &Value, body: &[u8], deadline: Instant) -> Result<Vec<Press>, Answer> {
        let now = Timestamp::now();
        let header = |name: &str| caller::header(request, name).map(str::to_owned);
        let mut is_signed = false;
        let mut presses = Vec::new();
        let mut reasons = Vec::new();
        let mut is_transient = false;
        for channel in &self.channels {
            let service = match self.network.destinations().service_by(channel, deadline).await {
                Ok(service) => service,
                Err(refusal) => {
                    is_transient |= refusal.transient || refusal.denied;
                    reasons.push(format!("channel `{channel}`: {refusal}"));
                    continue;
                }
            };
            let pressed = service.living().map(|living| living.pressed(&header, body, now));
            match pressed {
                Some(Ok(pressed)) => {
                    is_signed = true;
                    presses.extend(pressed.into_iter().map(|one| Press {
                        channel: channel.clone(),
                        incident: one.incident,
                        message: one.message.0,
                        act: one.act,
                        user: one.user,
                        name: one.name,
                        at: now,
                    }));
                }
                Some(Err(unsigned)) => reasons.push(format!("channel `{channel}`: {unsigned}")),
                None => {}
            }
        }
        match (is_signed, is_transient) {
            (true, _) => Ok(presses),
            (false, true) => Err(Answer::unavailable(
                "the signature cannot be checked now; press the button again",
                reasons.join("; "),
            )),
            (false, false) => Err(Answer::unauthorized(
                "no valid signature",
                Some(reasons.join("; ")),
            )),
        }
    }
}
