//! The card for a service's report on one of its resources.

use super::cut::clip;
use super::event::circumstances;
use super::frame::Frame;
use super::parts::{code, facts, json, lines, prose};
use super::{Colour, Draft, Link};
use crate::contract::{Arn, Severity, console_page, encode, is_commercial};
use crate::event::{Event, Fact, News, Page, Report, Tone};
use crate::phrase::{Phrase, one_line};
use serde_json::Value;
use std::collections::HashSet;

/// Most facts of the report's own; others show place and time.
const MAX_FACTS: usize = 7;
/// Longest details worth showing.
const MAX_DETAILS: usize = 1_800;
/// Longest address of a page.
const MAX_ADDRESS: usize = 2_600;
/// The region whose console shows resources without a region.
const GLOBAL: &str = "us-east-1";
/// Longest title of a finding, or message of RDS, shown; RDS writes one short sentence.
const MAX_TITLE: usize = 300;

pub(super) fn compose(report: &Report, event: &Event, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    let summary = report
        .summary
        .as_deref()
        .filter(|_| report.news != News::Database);
    let entries = |text: &str| lines(text.lines().map(str::to_owned).collect(), words);
    let shown = report.facts.iter().map(|(fact, text)| (*fact, entries(text)));
    let moments = report.moments.iter();
    let moments = moments.map(|(fact, moment)| (*fact, Some(frame.time(*moment))));
    let known = shown
        .chain(moments)
        .map(|(fact, value)| ((words.label)(fact), value))
        .take(MAX_FACTS);
    // The facts already name the resource, so that field is left out.
    let [account, region, time, _] = circumstances(event, frame);
    let region = (region.0, region.1.filter(|_| !report.news.is_global()));
    let mut details = report.details.clone();
    let more = prune(&mut details, &already(report, event));
    let sections = [
        prose(summary),
        facts(known.chain([account, region, time])),
        more.then(|| json(&details, MAX_DETAILS)),
    ];
    let topic_arn = frame.source.topic_arn.as_deref();
    let region = topic_arn.and_then(Arn::parse).and_then(|topic| topic.region);
    let region = event.region.clone().or(region);
    let page = report
        .page
        .as_ref()
        .and_then(|page| address(page, region.as_deref()));
    let sentence = |text: &str| clip(&one_line(text), MAX_TITLE, words);
    let headline = match (&report.news, &report.summary) {
        // A finding's title is a sentence that may not name the resource.
        (News::Finding, _) => {
            let title = Phrase::strong(&sentence(&report.subject));
            let resource = report.facts.iter().find(|(fact, _)| *fact == Fact::Resource);
            let resource = resource
                .map(|(_, name)| name.as_str())
                .filter(|name| !name.contains('\n') && !report.subject.contains(name));
            match resource {
                Some(resource) => format!("{title} — {}", code(resource, words)),
                None => title.to_string(),
            }
        }
        // RDS has hundreds of event kinds, so its own sentence is the headline.
        (News::Database, Some(summary)) => {
            let subject = words.news(&News::Database, &code(&report.subject, words));
            format!("{subject}: {}", sentence(summary))
        }
        // The amounts come from a text that anybody may have written.
        (
            News::Budget {
                forecast,
                amount,
                budgeted,
            },
            _,
        ) => {
            let amounts = News::Budget {
                forecast: *forecast,
                amount: sentence(amount),
                budgeted: sentence(budgeted),
            };
            words.news(&amounts, &code(&report.subject, words)).to_string()
        }
        (news, _) => words.news(news, &code(&report.subject, words)).to_string(),
    };
    Draft {
        headline: Phrase::said(format!("{} {headline}", sign(report.tone))),
        colour: colour(report.tone),
        sections: sections.into_iter().flatten().collect(),
        link: page.map(|page| Link {
            page,
            label: words.open_page.to_owned(),
        }),
        small: Vec::new(),
    }
}

/// All the texts that the message shows without the details.
fn already<'a>(report: &'a Report, event: &'a Event) -> HashSet<&'a str> {
    let facts = report
        .facts
        .iter()
        .flat_map(|(_, text)| text.lines().chain([&**text]));
    let summary = report
        .summary
        .iter()
        .flat_map(|text| text.lines().chain([&**text]));
    let place = event.account.iter().chain(&event.region);
    facts
        .chain(summary)
        .chain(place.map(String::as_str))
        .chain([&*report.subject])
        .collect()
}

/// Leaves only those entries of the details that say more than what is already shown; returns whether any is left. An
/// entry stays whole: a part of it, such as a list of containers without the names of some, would mislead.
fn prune(details: &mut Value, shown: &HashSet<&str>) -> bool {
    if let Value::Object(entries) = details {
        entries.retain(|_, entry| says_more(entry, shown));
    }
    says_more(details, shown)
}

fn says_more(value: &Value, shown: &HashSet<&str>) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty() && !shown.contains(&**text),
        Value::Array(values) => values.iter().any(|value| says_more(value, shown)),
        Value::Object(fields) => fields.values().any(|value| says_more(value, shown)),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "✅",
        Tone::Plain => "ℹ️",
        Tone::Idle => "⏳",
        Tone::Bad(Severity::Info | Severity::Warning) => "⚠️",
        Tone::Bad(Severity::Error | Severity::Critical) => "🚨",
    }
}

fn colour(tone: Tone) -> Colour {
    match tone {
        Tone::Good => Colour::Good,
        Tone::Plain => Colour::Plain,
        Tone::Idle => Colour::Idle,
        Tone::Bad(Severity::Info | Severity::Warning) => Colour::Warning,
        Tone::Bad(Severity::Error | Severity::Critical) => Colour::Bad,
    }
}

/// The console page in `region`; for a resource without a region, the page of the global console.
fn address(page: &Page, region: Option<&str>) -> Option<String> {
    let region = region?;
    let (path, fragment) = match page {
        Page::Instance(id) => ("ec2/home", format!("InstanceDetails:instanceId={}", encode(id))),
        Page::ScalingGroup(name) => ("ec2/home", format!("AutoScalingGroupDetails:id={}", encode(name))),
        Page::Database { id, cluster } => (
            "rds/home",
            format!("database:id={};is-cluster={cluster}", encode(id)),
        ),
        Page::Task { cluster, id } => {
            let (cluster, id) = (encode(cluster), encode(id));
            let path = format!("ecs/v2/clusters/{cluster}/tasks/{id}/configuration");
            return console_page(region, &path, "");
        }
        Page::Service { cluster, name } => {
            let (cluster, name) = (encode(cluster), encode(name));
            let path = format!("ecs/v2/clusters/{cluster}/services/{name}/health");
            return console_page(region, &path, "");
        }
        Page::Finding(id) => (
            "guardduty/home",
            format!("/findings?macros=current&fId={}", encode(id)),
        ),
        // The console decodes its search parameter twice.
        Page::SecurityFinding(id) => (
            "securityhub/home",
            format!(
                "/findings?search=Id%3D%255Coperator%255C%253AEQUALS%255C%253A{}",
                encode(&encode(id))
            ),
        ),
        Page::Vault(name) => ("backup/home", format!("/backupvaults/details/{}", encode(name))),
        Page::Health(_) | Page::Budget(_) | Page::CostAnomaly { .. } => return global(page, region),
    };
    console_page(region, path, &fragment)
}

/// The page of a service without regions. Only the console of the partition `aws` is known to have it.
fn global(page: &Page, region: &str) -> Option<String> {
    if !is_commercial(region) {
        return None;
    }
    let (path, fragment) = match page {
        Page::Health(arn) => {
            let event = encode(arn);
            let page = "https://health.console.aws.amazon.com/health/home#/account/event-log";
            let page = format!("{page}?eventID={event}&eventTab=details");
            return (page.len() <= MAX_ADDRESS).then_some(page);
        }
        Page::Budget(name) => (
            "costmanagement/home",
            format!("/budgets/details?name={}", encode(name)),
        ),
        Page::CostAnomaly { monitor, id } => (
            "cost-management/home",
            format!(
                "/anomaly-detection/monitors/{}/anomalies/{}",
                encode(monitor),
                encode(id)
            ),
        ),
        _ => return None,
    };
    console_page(GLOBAL, path, &fragment)
}
