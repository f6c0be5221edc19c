//! Charts in the threads of alarms: CloudWatch is asked for the metric, and the picture goes to the service.
//!
//! A chart comes after all messages of an invocation, and never harms one: whatever goes wrong, the thread has no chart, and
//! the log says why. It is tried once.

mod data;
pub(super) mod wanted;

use super::aws::{AwsError, Call, Service};
use super::defect::caught;
use super::destinations::Destinations;
use super::dispatcher::Dispatcher;
use super::http::Fault;
use super::log;
use super::post::{Again, PostError, send};
use super::refusal::Refusal;
use super::time::Budget;
use crate::destination::Picture;
use crate::runtime::api::Context;
use ::http::StatusCode;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use wanted::Wanted;

/// How long the charts of an invocation may take together: the next alert waits for the function.
const ALTOGETHER: Duration = Duration::from_secs(8);
/// Time that a chart needs; with less time left, none is begun.
const NEEDED: Duration = Duration::from_millis(1_500);
/// How often CloudWatch is asked.
const ATTEMPTS: u32 = 2;

/// Why there is no chart. Never contains a part of an address.
#[derive(Debug, thiserror::Error)]
enum Skipped {
    #[error("there is not enough time left")]
    Late,
    #[error("the alarm is of another account")]
    Elsewhere,
    #[error("CloudWatch {0}")]
    CloudWatch(#[from] AwsError),
    #[error("CloudWatch has no data of the metric")]
    NoData,
    #[error("{0}")]
    Address(#[from] Refusal),
    #[error("the service shows no pictures in threads")]
    NoPictures,
    #[error("{0}")]
    Post(#[from] PostError),
    #[error("{0} names a place for the picture that is not its own")]
    Place(&'static str),
    #[error("the picture cannot be sent: {0}")]
    Unreachable(#[from] Fault),
    #[error("the place for the picture answers {0}")]
    Status(StatusCode),
}

impl Dispatcher {
    /// Adds the charts of the messages that this invocation posted, as long as there is time.
    pub async fn chart(&self, context: &Context, budget: Budget) {
        let destinations = self.network.destinations();
        let deadline = budget.deliver.min(Instant::now() + ALTOGETHER);
        for wanted in destinations.charts().take() {
            let outcome = match Instant::now() + NEEDED > deadline {
                true => Err(Skipped::Late),
                false => {
                    let drawn = destinations.draw(&wanted, context, deadline);
                    timeout_at(deadline, drawn).await.unwrap_or(Err(Skipped::Late))
                }
            };
            if let Err(reason) = outcome {
                let (stack, alarm) = (&self.settings.stack, &wanted.sketch.alarm.name);
                log::uncharted(stack, &wanted.channel, alarm, &reason.to_string());
            }
        }
    }
}

impl Destinations {
    async fn draw(&self, wanted: &Wanted, context: &Context, deadline: Instant) -> Result<(), Skipped> {
        let sketch = &wanted.sketch;
        // Another account's metrics are not here.
        if !sketch.alarm.is_in(context.account.as_deref()) {
            return Err(Skipped::Elsewhere);
        }
        let service = self.service_by(&wanted.channel, deadline).await?;
        let pictures = service.living().and_then(|living| living.pictures());
        let pictures = pictures.ok_or(Skipped::NoPictures)?;
        let span = data::span(sketch, Timestamp::now());
        let call = Call::json(
            Service::CLOUDWATCH,
            "GetMetricData",
            &data::question(&sketch.graph, span),
        );
        let answer = self
            .aws()
            .call(&sketch.alarm.region, &call.attempts(ATTEMPTS))
            .await?;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let png = caught(|| data::chart(&answer, sketch, span).png())?;
        let png = png.ok_or(Skipped::NoData)?;
        let picture = Picture {
            png: &png,
            title: &sketch.alarm.name,
            alt: &wanted.alt,
        };
        let ask = async |request, again| {
            let (_, answer) = send(self.http(), &*service, request, again, deadline).await;
            answer
        };
        let place = ask(pictures.ask(&picture), Again::Always).await?;
        let name = service.form().service;
        let (request, file) = pictures.send(&place, &picture).ok_or(Skipped::Place(name))?;
        let taken = self.http().send(request.map(Bytes::from)).await?;
        if !taken.status().is_success() {
            return Err(Skipped::Status(taken.status()));
        }
        // Done twice, the picture might be there twice.
        ask(pictures.show(&file, &picture, &wanted.id), Again::IfSure).await?;
        Ok(())
    }
}
