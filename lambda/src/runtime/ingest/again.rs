//! Dead letters of an endpoint, and their redrive by a direct invocation.

use super::{Ingest, Rest};
use crate::Receivers;
use crate::contract::{Envelope, Outcome};
use crate::runtime::api::Context;
use crate::runtime::destinations::Destination;
use crate::runtime::dispatcher::Attempt;
use crate::runtime::failure::Failure;
use crate::runtime::time::Budget;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

impl Ingest {
    /// Sends a dead letter to exactly those destinations that lack it.
    pub(super) async fn again(&self, event: Value, context: &Context) -> Result<Value, Failure> {
        let budget = Budget::of(context);
        let envelope = Envelope::open(event);
        let receivers = Receivers {
            channels: envelope.channels.clone(),
            topics: envelope.topics.clone(),
        };
        let at = envelope.dead_letter.as_ref().and_then(|why| why.get("at"));
        let at = at.map(ToString::to_string).unwrap_or_default();
        let body = match &*envelope.event {
            Value::String(text) => readable(text, envelope.dead_letter.as_ref()),
            alert => alert.to_string(),
        };
        // A letter that is stored again is stored as it is.
        let event = envelope.event.clone();
        let base64 = envelope
            .dead_letter
            .as_ref()
            .and_then(|why| why.get("bodyBytes")?.as_u64());
        let base64 = base64.and_then(|bytes| usize::try_from(bytes).ok());
        let key = |destination: &Destination| format!("{destination:?} {at} {body}");
        let owed = Destination::all(&receivers).into_iter();
        let owed: Vec<_> = owed.filter(|one| !self.seen.contains(&key(one))).collect();
        let (item, sns_text) = self.item(envelope);
        let attempt = Attempt {
            request_id: &context.request_id,
            budget,
        };
        let outcomes = self.dispatcher.deliver(&owed, &item, &sns_text, attempt).await;
        let (mut delivered, mut deferred, mut dead, mut problems) = (0, 0, 0, Vec::new());
        for (destination, outcome) in outcomes {
            let name = destination.name(&self.dispatcher.settings);
            let outcome = match outcome {
                Ok(Outcome::Deferred) => {
                    deferred += 1;
                    Ok(())
                }
                Ok(_) => {
                    delivered += 1;
                    Ok(())
                }
                Err(refusal) => {
                    let refused = (destination.clone(), refusal);
                    let reason = format!("{name}: {}", refused.1);
                    let stored = match refused.1.transient {
                        true => Err(reason),
                        false => {
                            let rest = Rest {
                                destinations: vec![destination.clone()],
                                event: event.clone(),
                                base64,
                                reason: &reason,
                            };
                            self.store(rest, &item, attempt.request_id, budget.dead_letter)
                                .await
                                .map_err(|error| format!("{reason}; dead-letter queue: {error}"))
                        }
                    };
                    dead += usize::from(stored.is_ok());
                    self.log_refused(&item, &[refused], attempt.request_id, stored.is_ok());
                    stored
                }
            };
            match outcome {
                Ok(()) => self.seen.insert(&key(destination), ()),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            let mut answer = json!({ "delivered": delivered, "parked": dead });
            if deferred > 0 {
                answer["deferred"] = deferred.into();
            }
            return Ok(answer);
        }
        Err(Failure::Undelivered { problems, delivered })
    }
}

/// Whether an invocation event is a dead letter instead of a request. Requests come from API Gateway, which
/// writes the outermost fields itself, `requestContext` among them, and puts the caller's data inside them.
pub(super) fn is_dead_letter(event: &Value) -> bool {
    let fields = event.as_object();
    fields.is_some_and(|fields| fields.len() == 2 && fields.contains_key("event"))
        && event.pointer("/alertctl/parked").is_some_and(Value::is_object)
}

/// The body of a dead letter that is not JSON, in readable form.
pub(super) fn readable(text: &str, why: Option<&Value>) -> String {
    let encoding = why.and_then(|why| why.get("bodyEncoding"));
    let bytes = encoding.and_then(|_| BASE64_STANDARD.decode(text).ok());
    bytes.map_or_else(
        || text.to_owned(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}
