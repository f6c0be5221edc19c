//! `alertctl local event`.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::arrivals::Arrivals;
use super::events::{self, Given};
use super::{App, Outcome, addresses};
use crate::aws::cloudtrail;
use crate::cli::EventArgs;
use crate::local::{self, Session};
use crate::output::Failure;
use crate::samples::{Place, Sample};

/// Region of an event that names none, before any stack was applied.
const SOMEWHERE: &str = "us-east-1";
/// The only account of the local AWS.
const ACCOUNT: &str = "000000000000";

/// Sends an event through the rules of the local AWS and shows what arrives.
pub async fn run(app: &App, args: &EventArgs) -> Outcome {
    let what = &args.event;
    let given = events::find(what)?;
    let Some(session) = local::current().await? else {
        return Err(Failure::new(
            "the local AWS is not running",
            "`alertctl local up`, then apply a stack with --local",
        ));
    };
    let (event, region) = match given {
        Given::Sample(sample) => of_sample(app, &session, &sample).await?,
        Given::Content(text) => of_content(app, &session, what, &text)?,
    };
    addresses::refuse_all_armed(app, &session, &region).await?;
    let arrivals = Arrivals::from_now_on(app, &session).await?;
    let matched = session.send_event(&event, &region).await?;
    if matched.is_empty() {
        return Err(nothing_matched(&session, what, &region)?);
    }
    let rules: Vec<_> = matched
        .iter()
        .map(|one| format!("{} ({}, bus {})", one.rule, one.region, one.bus))
        .collect();
    app.out.say(&format!(
        "event {what} → {region}\nmatched by {}",
        rules.join(", ")
    ));
    arrivals.show(&json!({ "matched": matched })).await?;
    Ok(ExitCode::SUCCESS)
}

/// The sample as if it had just happened, and the region of its default bus.
async fn of_sample(app: &App, session: &Session, sample: &Sample) -> Result<(Value, String), Failure> {
    let region = app.global.region.clone().or_else(|| sample.region());
    let region = region.map_or_else(|| first_region(session), Ok)?;
    let trail = match sample.names_a_trail() {
        true => a_trail(app, session, &region).await?,
        false => None,
    };
    let place = Place {
        account: ACCOUNT,
        region: &region,
        trail: trail.as_deref(),
    };
    let event = sample.happening(place).ok_or_else(|| {
        let name = sample.name;
        Failure::new(
            format!("sample `{name}` arrives through a topic or from elsewhere, not through a rule"),
            format!("`alertctl render {name} --inbox` shows its message; `local alarm` makes an alarm fire"),
        )
    })?;
    Ok((event, region))
}

/// The event in a file, and the region of its default bus.
fn of_content(app: &App, session: &Session, what: &str, text: &[u8]) -> Result<(Value, String), Failure> {
    let event: Value = serde_json::from_slice(text).map_err(|error| {
        let help = "an event is one JSON object with `source`, `detail-type` and `detail`";
        Failure::new(format!("event `{what}` is not JSON: {error}"), help)
    })?;
    let own = event["region"].as_str().map(str::to_owned);
    let region = app.global.region.clone().or(own);
    Ok((event, region.map_or_else(|| first_region(session), Ok)?))
}

/// The region of the first stack.
fn first_region(session: &Session) -> Result<String, Failure> {
    let regions = session.regions()?;
    Ok(regions.into_iter().next().unwrap_or_else(|| SOMEWHERE.to_owned()))
}

/// The ARN of a trail in the local AWS, because a guard watches for calls on the stack's trail.
async fn a_trail(app: &App, session: &Session, region: &str) -> Result<Option<String>, Failure> {
    let aws = app.local_aws(session, region).await?;
    let trails = cloudtrail::trails(&aws).await?;
    let arn = trails.first().and_then(|trail| trail.trail_arn());
    Ok(arn.map(str::to_owned))
}

fn nothing_matched(session: &Session, what: &str, region: &str) -> Result<Failure, Failure> {
    let others: Vec<_> = session
        .regions()?
        .into_iter()
        .filter(|other| other != region)
        .collect();
    let elsewhere = match others.is_empty() {
        true => "`alertctl status STACK --local` lists the rules of a stack".to_owned(),
        false => format!(
            "stacks were also applied in other regions: try --region {}",
            others.join(" or ")
        ),
    };
    Ok(Failure::new(
        format!("no rule of the local AWS in {region} matched the event `{what}`"),
        elsewhere,
    ))
}
