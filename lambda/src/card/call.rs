//! The card for a CloudTrail record.

use super::frame::Frame;
use super::parts::{code, facts, lines, reason};
use super::{Colour, Draft, Entry, Excerpt, Link, Prose, Section};
use crate::contract::{Severity, console_page};
use crate::event::{Act, ActorKind, Call, Decision, Effect, Ending, Event, Origin, Session};
use crate::locale::{Deed, Doer, End, Place, What, Words};
use crate::phrase::{Phrase, one_line};

/// Ids have 36 characters.
const MAX_ID: usize = 64;
const MAX_USER_AGENT: usize = 300;
/// A headline names at most this many objects.
const MAX_OBJECTS: usize = 2;

pub(super) fn compose(call: &Call, event: &Event, severity: Severity, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    let problem = call
        .ending
        .problem()
        .and_then(|problem| problem.message.as_deref());
    let agent = call.user_agent.as_deref().map(one_line);
    let agent = agent.and_then(|agent| Excerpt::of(&agent, MAX_USER_AGENT));
    let agent = agent.map(|text| Prose {
        label: Some(words.label_user_agent),
        text,
    });
    let sections = [
        facts(fields(call, event, frame)),
        reason(problem, words),
        call.parameters.clone().map(|text| Section::Json {
            title: Some("Request Parameters"),
            text,
        }),
        agent.map(Section::Small),
    ];
    Draft {
        headline: headline(call, severity, frame),
        key: None,
        colour: colour(call, severity),
        sections: sections.into_iter().flatten().collect(),
        link: page(call).map(|page| Link {
            page,
            label: words.open_event.to_owned(),
        }),
        small: session(&call.session, words),
    }
}

fn headline(call: &Call, severity: Severity, frame: &Frame<'_>) -> Phrase {
    let words = frame.words;
    let name = |text: &str| code(text, words);
    let title = call.actor.title().map(|title| match call.actor.kind {
        ActorKind::Account => frame.account(&title),
        _ => title,
    });
    let who = title.as_deref().map(name);
    let home = call
        .foreign_account()
        .filter(|_| call.actor.kind != ActorKind::Account)
        .map(|id| name(&frame.account(id)));
    let event = name(&call.name);
    let object = object(&call.targets, words);
    let (role, there) = match &call.act {
        Act::SwitchRole { role, account } => {
            let there = account
                .as_ref()
                .filter(|account| call.account.as_ref() != Some(account));
            (
                role.as_deref().map(name),
                there.map(|id| name(&frame.account(id))),
            )
        }
        _ => (None, None),
    };
    let unusual = match &call.act {
        Act::Unusual(insight) => insight.error.as_deref().map(name),
        _ => None,
    };
    let (address, error);
    let deed = Deed {
        doer: Doer {
            kind: call.actor.kind,
            who: who.as_ref(),
            home: home.as_ref(),
        },
        place: match &call.origin {
            Origin::Address(text) => {
                address = name(text);
                Place::Address(&address)
            }
            // For a service that calls on its own behalf, the origin repeats the actor.
            Origin::Service(text) if Some(text) == call.actor.name.as_ref() => Place::Unknown,
            Origin::Internal if call.actor.kind == ActorKind::Service => Place::Unknown,
            Origin::Service(text) => {
                address = name(text);
                Place::Service(&address)
            }
            Origin::Internal => Place::Inside,
            Origin::Unknown => Place::Unknown,
        },
        what: match &call.act {
            Act::Call => What::Call(&event, object.as_ref()),
            Act::SignIn { mfa, portal } => What::SignIn {
                without_mfa: *mfa == Some(false),
                portal: *portal,
            },
            Act::Unusual(insight) => What::Unusual {
                event: &event,
                error: unusual.as_ref(),
                insight,
            },
            Act::SwitchRole { .. } => What::SwitchRole {
                role: role.as_ref(),
                account: there.as_ref(),
            },
        },
        end: match &call.ending {
            Ending::Done => End::Done,
            ending => {
                error = ending
                    .problem()
                    .and_then(|problem| problem.code.as_deref())
                    .map(name);
                match ending {
                    Ending::Denied(_) => End::Denied(error.as_ref()),
                    _ => End::Failed(error.as_ref()),
                }
            }
        },
    };
    let sentence = words.deed(&deed);
    let sign = sign(call, severity);
    Phrase::said(match decision(call, severity) {
        Some(decision) => format!(
            "{sign} {} — {sentence}",
            Phrase::strong(&(words.decision)(decision))
        ),
        None => format!("{sign} {sentence}"),
    })
}

/// What is so now. What depends on the thing is only said where the severity tells that it matters.
fn decision(call: &Call, severity: Severity) -> Option<&Decision> {
    let decision = call.decision.as_ref().filter(|_| call.ending == Ending::Done)?;
    (!decision.is_relative() || severity >= Severity::Error).then_some(decision)
}

/// The object of the call.
fn object(targets: &[String], words: &Words) -> Option<Phrase> {
    let shown: Vec<_> = targets
        .iter()
        .take(MAX_OBJECTS)
        .map(|name| code(name, words).to_string())
        .collect();
    let more = match targets.len().saturating_sub(MAX_OBJECTS) {
        0 => String::new(),
        more => (words.and_more)(more),
    };
    (!shown.is_empty()).then(|| Phrase::said(format!("{}{more}", shown.join(", "))))
}

fn sign(call: &Call, severity: Severity) -> &'static str {
    match (&call.ending, call.effect) {
        _ if severity == Severity::Critical => "🚨",
        _ if matches!(&call.act, Act::Unusual(insight) if insight.over) => "✅",
        _ if matches!(call.act, Act::Unusual(_)) => "📈",
        (Ending::Denied(_), _) => "⛔",
        (Ending::Failed(_), _) => "⚠️",
        _ if severity == Severity::Error || decision(call, severity).is_some() => severity.emoji(),
        (Ending::Done, Effect::Read) => "🔎",
        (Ending::Done, Effect::Change) => "✏️",
        (Ending::Done, Effect::SignIn) => "🔑",
        (Ending::Done, Effect::Delete) => "🗑️",
    }
}

fn colour(call: &Call, severity: Severity) -> Colour {
    match (&call.ending, call.effect) {
        _ if severity == Severity::Critical => Colour::Bad,
        (Ending::Denied(_) | Ending::Failed(_), _) => Colour::Serious,
        _ if severity == Severity::Error => Colour::Serious,
        _ if severity == Severity::Warning => Colour::Warning,
        (Ending::Done, Effect::Read) => Colour::Idle,
        (Ending::Done, Effect::Change) => Colour::Plain,
        (Ending::Done, Effect::SignIn) => Colour::Good,
        (Ending::Done, Effect::Delete) => Colour::Warning,
    }
}

/// The credentials, in the small print: what an investigation asks for first.
fn session(session: &Session, words: &Words) -> Vec<Entry> {
    let name = |label, name: &Option<String>| Entry::small_code(label, name.as_deref()?);
    let mfa = session.mfa.map(|mfa| (words.mfa)(Some(mfa)));
    let small = [
        name(words.label_principal, &session.arn),
        name(words.label_access_key, &session.access_key),
        mfa.and_then(|mfa| Entry::small(words.label_session_mfa, mfa)),
        name(words.label_mfa_device, &session.mfa_device),
        name(words.label_page, &session.page),
    ];
    small.into_iter().flatten().collect()
}

/// The first eight labels are the field names of CloudTrail's event record, in every language.
fn fields(call: &Call, event: &Event, frame: &Frame<'_>) -> [(&'static str, Option<String>); 10] {
    let words = frame.words;
    let origin = match &call.origin {
        Origin::Address(origin) | Origin::Service(origin) => Some(origin.clone()),
        Origin::Internal => Some("AWS Internal".to_owned()),
        Origin::Unknown => None,
    };
    let moment = call.time.or(event.time).or(frame.source.sent);
    let user = match (&call.actor.name, call.foreign_account()) {
        (Some(name), Some(account)) if name != account => {
            Some(format!("{name} · {}", frame.account(account)))
        }
        (_, Some(account)) => Some(frame.account(account)),
        (name, None) => name.clone(),
    };
    let last = match call.act {
        // A failed sign-in may have ended before the second factor was requested.
        Act::SignIn { mfa, .. } if call.ending == Ending::Done => {
            (words.label_mfa, Some((words.mfa)(mfa).to_owned()))
        }
        _ => {
            let names = call.resources.iter().map(|name| one_line(name)).collect();
            (words.label_resources, lines(names, words))
        }
    };
    // On one line, so that a name cannot imitate another field.
    let line = |text: &Option<String>| text.as_deref().map(one_line);
    [
        ("Event Name", Some(one_line(&call.name))),
        ("Event Source", line(&call.source)),
        ("AWS Region", line(&call.region).or_else(|| line(&event.region))),
        ("Client IP", line(&origin)),
        ("Event Time", moment.map(|moment| frame.time(moment))),
        (
            "User Group",
            line(&call.actor.group).or_else(|| line(&call.actor.identity)),
        ),
        ("User", line(&user)),
        ("Event ID", line(&call.id)),
        (
            words.label_account,
            line(&call.account)
                .or_else(|| line(&event.account))
                .map(|id| frame.account(&id)),
        ),
        last,
    ]
}

/// Link to the record in CloudTrail's event history.
fn page(call: &Call) -> Option<String> {
    let id = call.id.as_deref()?;
    let is_id = id.len() <= MAX_ID
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    // Sign-ins of IAM are recorded under no region and are to be found in this one.
    let region = match call.region.as_deref()? {
        "global" => "us-east-1",
        region => region,
    };
    is_id
        .then(|| console_page(region, "cloudtrailv2/home", &format!("/events/{id}")))
        .flatten()
}
