//! `alertctl local event`.

use std::io::Read as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::local_mode::show_arrivals;
use super::{App, Outcome};
use crate::cli::EventArgs;
use crate::local::samples::{self, SAMPLES, Sample};
use crate::local::{self, Session};
use crate::output::Failure;

/// Where an event goes that does not say it, before any stack was applied.
const SOMEWHERE: &str = "us-east-1";

/// Sends an event through the rules of the local AWS and shows what arrives.
pub async fn run(app: &App, args: &EventArgs) -> Outcome {
    let Some(what) = args.event.as_deref().filter(|_| !args.list) else {
        list(app);
        return Ok(ExitCode::SUCCESS);
    };
    let source = Source::find(what)?;
    let Some(session) = local::current().await? else {
        return Err(Failure::new(
            "the local AWS is not running",
            "`alertctl local up`, then apply a stack with --local",
        ));
    };
    let (event, region) = source.event(app, &session).await?;
    let before = session.last_seq().await?;
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
    show_arrivals(app, &session, before, &json!({ "matched": matched })).await?;
    Ok(ExitCode::SUCCESS)
}

fn list(app: &App) {
    let width = SAMPLES.iter().map(|sample| sample.name.len()).max().unwrap_or(0);
    let line = |sample: &Sample| format!("{:<width$}  {}", sample.name, sample.about);
    app.out.result(
        || SAMPLES.iter().map(line).collect::<Vec<_>>().join("\n"),
        || {
            let one = |sample: &Sample| json!({ "name": sample.name, "about": sample.about });
            json!({ "version": 1, "samples": SAMPLES.iter().map(one).collect::<Vec<_>>() })
        },
    );
}

/// Where the event comes from.
enum Source {
    Sample(&'static Sample),
    Given(Value),
}

impl Source {
    fn find(what: &str) -> Result<Self, Failure> {
        if let Some(sample) = samples::find(what) {
            return Ok(Self::Sample(sample));
        }
        let mut text = Vec::new();
        let read = if what == "-" {
            std::io::stdin().read_to_end(&mut text).map(|_| ())
        } else {
            std::fs::read(what).map(|content| text = content)
        };
        read.map_err(|error| {
            Failure::new(
                format!("event `{what}`: no sample, and no file that can be read: {error}"),
                "`alertctl local event --list` names the samples",
            )
        })?;
        let event = serde_json::from_slice(&text).map_err(|error| {
            let help = "an event is one JSON object with `source`, `detail-type` and `detail`";
            Failure::new(format!("event `{what}` is no JSON: {error}"), help)
        })?;
        Ok(Self::Given(event))
    }

    /// The event and the region whose default bus it goes to.
    async fn event(self, app: &App, session: &Session) -> Result<(Value, String), Failure> {
        let asked = app.global.region.clone();
        match self {
            Self::Given(event) => {
                let own = event["region"].as_str().map(str::to_owned);
                let region = asked.or(own).map_or_else(|| first_region(session), Ok)?;
                Ok((event, region))
            }
            Self::Sample(sample) => {
                let region = asked.or(sample.region.map(str::to_owned));
                let region = region.map_or_else(|| first_region(session), Ok)?;
                let trail = match sample.names_a_trail() {
                    true => a_trail(app, session, &region).await?,
                    false => None,
                };
                Ok((sample.event(&region, trail.as_deref()), region))
            }
        }
    }
}

/// The region of the first stack.
fn first_region(session: &Session) -> Result<String, Failure> {
    let regions = session.regions()?;
    Ok(regions.into_iter().next().unwrap_or_else(|| SOMEWHERE.to_owned()))
}

/// The ARN of a trail of the local AWS: a call on it is what a guard watches for.
async fn a_trail(app: &App, session: &Session, region: &str) -> Result<Option<String>, Failure> {
    let aws = app.local_aws(session, region).await?;
    let send = aws.connection.clients.cloudtrail.describe_trails().send();
    let answer = aws.call("cloudtrail:DescribeTrails", send).await?;
    let trail = answer.trail_list().first();
    Ok(trail.and_then(|trail| trail.trail_arn()).map(str::to_owned))
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
            "stacks were applied elsewhere too: try --region {}",
            others.join(" or ")
        ),
    };
    Ok(Failure::new(
        format!("no rule of the local AWS in {region} matched the event `{what}`"),
        elsewhere,
    ))
}
