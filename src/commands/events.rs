//! `alertctl events`, and the search for an event that other commands use.

use std::io::Read as _;
use std::process::ExitCode;

use alertctl_relay::{Envelope, Settings, render};
use serde_json::{Value, json};

use super::{App, Outcome};
use crate::cli::{EventsArgs, Format};
use crate::output::{Failure, Unwritten};
use crate::samples::{self, Sample};
use crate::stack::nearest;

/// Where to find the full list.
const LISTED: &str = "`alertctl events` lists the samples";

pub fn run(app: &App, args: &EventsArgs) -> Outcome {
    match &args.name {
        None => list(app)?,
        Some(name) => {
            let sample = samples::find(name)
                .ok_or_else(|| Failure::new(format!("there is no sample `{name}`"), meant(name)))?;
            app.out.result(|| sample.text.to_owned(), || sample.event())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The event that a command gets.
pub enum Given {
    Sample(Sample),
    /// The content of a file or of standard input.
    Content(Vec<u8>),
}

/// The sample with this name, otherwise the file, or standard input for `-`.
pub fn find(what: &str) -> Result<Given, Failure> {
    if let Some(sample) = samples::find(what) {
        return Ok(Given::Sample(sample));
    }
    let mut content = Vec::new();
    let read = match what {
        "-" => std::io::stdin().read_to_end(&mut content).map(|_| content),
        path => std::fs::read(path),
    };
    read.map(Given::Content).map_err(|error| {
        let message = format!("event `{what}` is neither a sample nor a readable file: {error}");
        Failure::new(message, meant(what))
    })
}

/// `event` in the envelope that a rule's target would send for these channels.
pub fn addressed(event: &Value, rule: Option<&str>, channels: &[&str]) -> Value {
    let parts = Envelope::parts(event);
    let (mut wrapper, inner) = parts.map_or_else(|| (json!({}), event), |(own, inner)| (own.clone(), inner));
    wrapper["channels"] = json!(channels);
    if let Some(rule) = rule {
        wrapper["rule"] = json!(rule);
    }
    Envelope::around(wrapper, inner)
}

fn list(app: &App) -> Result<(), Unwritten> {
    let samples: Vec<_> = samples::all()
        .map(|sample| (sample, sample.kind(), headline(&sample)))
        .collect();
    let width = samples.iter().map(|(sample, ..)| sample.name.len()).max();
    let text = || {
        let mut kinds: Vec<_> = samples.iter().map(|(_, kind, _)| *kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut lines = Vec::new();
        for kind in kinds {
            lines.push(kind.to_owned());
            let of_kind = samples.iter().filter(|(_, other, _)| *other == kind);
            let width = width.unwrap_or(0);
            lines.extend(
                of_kind.map(|(sample, _, headline)| format!("  {:<width$}  {headline}", sample.name)),
            );
        }
        lines.join("\n")
    };
    let entry = |(sample, kind, headline): &(Sample, &str, String)| json!({ "name": sample.name, "type": kind, "headline": headline });
    app.out.result(
        text,
        || json!({ "version": 1, "samples": samples.iter().map(entry).collect::<Vec<_>>() }),
    )?;
    if app.out.format == Format::Text {
        app.out
            .say("\n`alertctl render NAME` shows the message, `alertctl events NAME` prints the event");
    }
    Ok(())
}

/// The headline of the relay's message for a sample, in English.
fn headline(sample: &Sample) -> String {
    let rendered = render(&addressed(&sample.event(), None, &["any"]), &Settings::default());
    let first = rendered.deliveries.first();
    first
        .map(|delivery| delivery.card.headline.plain())
        .unwrap_or_default()
}

/// A suggestion for the sample's name, and where to find the list.
fn meant(name: &str) -> String {
    let known = samples::all().map(|sample| sample.name);
    match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`? {LISTED}"),
        None => LISTED.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_has_a_headline() {
        for sample in samples::all() {
            assert!(headline(&sample).chars().count() > 3, "{}", sample.name);
        }
    }

    #[test]
    fn an_event_is_addressed_once() {
        let bare = json!({ "source": "aws.ec2" });
        let once = addressed(&bare, Some("r"), &["a"]);
        assert_eq!(
            once,
            json!({ "alertctl": { "channels": ["a"], "rule": "r" }, "event": bare })
        );
        let again = json!({ "alertctl": { "channels": ["b"], "rule": "r" }, "event": bare });
        assert_eq!(addressed(&once, None, &["b"]), again);
        let odd = json!({ "alertctl": {} });
        assert_eq!(addressed(&odd, None, &["b"])["event"], odd);
    }
}
