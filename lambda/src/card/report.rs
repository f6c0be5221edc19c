//! The card for a service's report on one of its resources.

use super::cut::clip;
use super::frame::Frame;
use super::parts::{circumstances, code, facts, json, lines, name, prose};
use super::{Colour, Draft, Link};
use crate::contract::{Arn, Severity, console_page, encode, is_commercial};
use crate::event::{Event, Fact, Job, News, Page, Report, Thing, Tone, Turn};
use crate::locale::Words;
use crate::phrase::{Phrase, one_line};

/// Most facts of the report's own; others show place and time.
const MAX_FACTS: usize = 7;
/// Longest address of a page.
const MAX_ADDRESS: usize = 2_600;
/// The region whose console shows resources without a region.
const GLOBAL: &str = "us-east-1";
/// Longest title of a finding, or message of RDS, shown; RDS writes one short sentence.
const MAX_TITLE: usize = 300;

pub(super) fn compose(report: &Report, event: &Event, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    // What the headline already says whole is not said again.
    let in_headline = |summary: &&str| {
        translated(report, words).is_none()
            && is_reason(report)
            && summary.trim().lines().count() == 1
            && summary.chars().count() <= MAX_TITLE
    };
    let summary = report.summary.as_deref().filter(|summary| !in_headline(summary));
    let entries = |fact: Fact, text: &str| {
        let value = (words.value)(fact, text);
        lines(value.lines().map(str::to_owned).collect(), words)
    };
    let shown = report
        .facts
        .iter()
        .map(|(fact, text)| (*fact, entries(*fact, text)));
    let moments = report.moments.iter();
    let moments = moments.map(|(fact, moment)| (*fact, Some(frame.time(*moment))));
    let known = shown
        .chain(moments)
        .map(|(fact, value)| ((words.label)(fact), value))
        .take(MAX_FACTS);
    // The facts already name the resource, so that field is left out.
    let [account, region, time, _] = circumstances(event, frame);
    let region = (region.0, region.1.filter(|_| !report.news.is_global()));
    let sections = [
        prose(summary),
        facts(known.chain([account, region, time])),
        report.details.clone().map(json),
    ];
    let topic_arn = frame.source.topic_arn.as_deref();
    let region = topic_arn.and_then(Arn::parse).and_then(|topic| topic.region);
    let region = event.region.clone().or(region);
    let page = report
        .page
        .as_ref()
        .and_then(|page| address(page, region.as_deref()));
    let headline = headline(report, frame);
    Draft {
        headline: Phrase::said(format!("{} {headline}", sign(report.tone))),
        key: None,
        colour: colour(report.tone),
        sections: sections.into_iter().flatten().collect(),
        link: page.map(|page| Link {
            page,
            label: words.open_page.to_owned(),
        }),
        small: Vec::new(),
    }
}

/// What a service tells, where the language has a sentence for its id.
fn translated(report: &Report, words: &Words) -> Option<&'static str> {
    let is_told = matches!(report.news, News::Told { .. });
    let id = report
        .facts
        .iter()
        .find(|(fact, _)| is_told && *fact == Fact::Status);
    id.and_then(|(_, id)| (words.rds_event)(id))
}

/// Whether the summary is why something happened, and belongs into the headline.
fn is_reason(report: &Report) -> bool {
    match &report.news {
        // The text about a key that leaked is long, and nothing new to who reads the headline.
        News::Changed { turn, .. } => *turn != Turn::Exposed,
        News::Told { .. } => true,
        News::Task { .. }
        | News::Service { .. }
        | News::Launched { .. }
        | News::Terminated { .. }
        | News::Backup { .. } => {
            matches!(report.tone, Tone::Bad(_))
        }
        _ => false,
    }
}

/// A text from outside as one line of a headline.
pub(super) fn sentence(text: &str, words: &Words) -> String {
    clip(&one_line(text), MAX_TITLE, words)
}

/// The news with all its texts from outside short and on one line.
fn short(news: &News, words: &Words) -> News {
    let mut news = news.clone();
    match &mut news {
        News::Changed { raw, of, .. } => {
            if !raw.is_empty() {
                *raw = name(raw, words);
            }
            if let Some((_, owner)) = of {
                *owner = name(owner, words);
            }
        }
        News::Service { event } => *event = name(event, words),
        News::Health { service, .. } => *service = sentence(service, words),
        // The amounts come from a text that anybody may have written.
        News::Budget { amount, budgeted, .. } => {
            *amount = sentence(amount, words);
            *budgeted = sentence(budgeted, words);
        }
        _ => {}
    }
    news
}

fn headline(report: &Report, frame: &Frame<'_>) -> Phrase {
    let words = frame.words;
    let said = |text: &str| sentence(text, words);
    let news = short(&report.news, words);
    let headline = |subject: &Phrase| words.news(&news, subject);
    let subject = code(&report.subject, words);
    // Auto Scaling's second line is about how it came to that.
    let first = report.summary.as_ref().and_then(|summary| summary.lines().next());
    let with_reason = |headline: Phrase| match first {
        Some(reason) if is_reason(report) && !reason.is_empty() => {
            Phrase::said(format!("{headline}: {}", said(reason)))
        }
        _ => headline,
    };
    let entity = report.facts.iter().find(|(fact, _)| *fact == Fact::Resource);
    let entity = entity
        .map(|(_, name)| name.as_str())
        .filter(|name| !name.contains('\n') && !report.subject.contains(name));
    let entity = entity.map(|name| Phrase::said(format!(" — {}", code(name, words))));
    let entity = entity.unwrap_or_default();
    match &report.news {
        // A finding's title is a sentence that may not name the resource.
        News::Finding { .. } => {
            let title = Phrase::strong(&said(&report.subject));
            Phrase::said(format!("{}{entity}", headline(&title)))
        }
        // RDS and others have hundreds of event kinds, so their own sentence is the headline.
        News::Told { .. } => match translated(report, words) {
            Some(told) => Phrase::said(format!("{}: {told}", headline(&subject))),
            None => with_reason(headline(&subject)),
        },
        News::Changed {
            thing: Thing::Check, ..
        } => {
            let headline = with_reason(headline(&subject));
            Phrase::said(format!("{headline}{entity}"))
        }
        News::Health { category, closed, .. } => {
            let begins = report.moments.iter().find(|(fact, _)| *fact == Fact::Starts);
            let begins = begins.filter(|_| category == "scheduledChange" && !closed);
            let begins = begins.map(|(_, moment)| format!("  ·  {}", frame.time(*moment)));
            let headline = headline(&Phrase::text(&said(&report.subject)));
            Phrase::said(format!("{headline}{entity}{}", begins.unwrap_or_default()))
        }
        News::Budget { .. } => headline(&subject),
        _ => with_reason(headline(&subject)),
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

pub(super) fn colour(tone: Tone) -> Colour {
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
    if let Page::Address(address) = page {
        return Some(address.clone());
    }
    let region = region?;
    let (path, fragment) = match page {
        Page::Address(_) => return None,
        Page::Console { path, fragment } => return console_page(region, path, fragment),
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
        Page::BackupJob { job, id } => {
            let kind = match job {
                Job::Backup => "backup",
                Job::Copy => "copy",
                Job::Restore => "restore",
            };
            ("backup/home", format!("/jobs/{kind}/details/{}", encode(id)))
        }
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
