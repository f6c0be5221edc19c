//! What somebody did, and what is so then.

use super::super::{Deed, End, Place, What, range};
use super::actor;
use crate::event::{Decision, Exposed, Insight};
use crate::phrase::Phrase;

pub(super) fn deed(deed: &Deed<'_>) -> String {
    if let What::Unusual {
        event,
        error,
        insight,
    } = deed.what
    {
        return unusual(event, error, insight);
    }
    let actor = actor(&deed.doer);
    let place = match deed.place {
        Place::Unknown => String::new(),
        Place::Address(address) => format!(" from {address}"),
        Place::Service(service) => format!(" through {service}"),
        Place::Inside => " from inside AWS".to_owned(),
    };
    let (done, tried) = match deed.what {
        What::Call(event, object) => {
            let object = object.map(|object| format!(" on {object}")).unwrap_or_default();
            (
                format!("called {event}{object}{place}"),
                format!("tried {event}{object}{place}"),
            )
        }
        What::SignIn { without_mfa, portal } => {
            let without = if without_mfa { " without MFA" } else { "" };
            let door = if portal { "access portal" } else { "console" };
            let place = format!("to the {door}{place}");
            (
                format!("signed in {place}{without}"),
                format!("tried to sign in {place}"),
            )
        }
        What::Unusual { .. } => (String::new(), String::new()),
        What::SwitchRole { role, account } => {
            let role = role.map_or("another role".to_owned(), |role| format!("the role {role}"));
            let account = account.map(|account| format!(" of account {account}"));
            let to = format!("{role}{}{place}", account.unwrap_or_default());
            (format!("switched to {to}"), format!("tried to switch to {to}"))
        }
    };
    let code = |code: Option<&Phrase>| code.map(|code| format!(" ({code})")).unwrap_or_default();
    match deed.end {
        End::Done => format!("{actor} {done}"),
        End::Denied(error) => format!("{actor} {tried} and was denied{}", code(error)),
        End::Failed(error) => format!("{actor} {tried} and failed{}", code(error)),
    }
}

fn unusual(event: &Phrase, error: Option<&Phrase>, insight: &Insight) -> String {
    let what = match (insight.of_errors, error) {
        (true, Some(error)) => format!("{event} fails with {error}"),
        (true, None) => format!("{event} fails"),
        (false, _) => format!("{event} is called"),
    };
    let often = if insight.over {
        "as often as usual again"
    } else {
        "unusually often"
    };
    match &insight.rates {
        Some((now, usual)) if insight.over => {
            format!("{what} {often} ({usual} times a minute, it was {now})")
        }
        Some((now, usual)) => format!("{what} {often}: {now} times a minute, usually {usual}"),
        None => format!("{what} {often}"),
    }
}

pub(super) fn decision(decision: &Decision) -> String {
    let said = match decision {
        Decision::TrailStopped => "A trail no longer records",
        Decision::TrailDeleted => "A trail is gone",
        Decision::TrailChanged => "A trail may record less than before",
        Decision::RecordsDeleted => "Records may be gone",
        Decision::BackupsDeleted => "Backups are gone",
        Decision::RecordingOff => "Logging is off",
        Decision::DetectionOff => "Detection is off",
        Decision::AlertsOff => "Alerts may go nowhere",
        Decision::KeyOff => "A key stops working",
        Decision::ProtectionOff => "A protection is off",
        Decision::OrganizationLeft => "The account left its organization",
        Decision::PublicAllowed => "Public access is no longer blocked",
        Decision::AdminGranted => "Administrator rights were granted",
        Decision::TrustsEverybody => "Everyone may assume the role",
        Decision::KeyLeaked => "An access key has leaked",
        Decision::MfaRemoved => "MFA was removed",
        Decision::AccessKeyCreated => "A new access key",
        Decision::PasswordSet => "A new console password",
        Decision::Public(what) => return format!("{} is public", thing(*what)),
        Decision::Shared(what, accounts) => {
            return format!("{} is shared with {}", thing(*what), of(accounts));
        }
        Decision::Trusts(accounts) => {
            return format!("The role may be assumed from {}", of(accounts));
        }
        Decision::PortsOpen(ports) => {
            let ports: Vec<_> = ports.iter().map(range).collect();
            return match ports.as_slice() {
                [all] if all == "0-65535" => "All ports are open to the world".to_owned(),
                [one] if !one.contains('-') => format!("Port {one} is open to the world"),
                several => format!("Ports {} are open to the world", listed(several)),
            };
        }
    };
    said.to_owned()
}

/// `account 444455556666`.
fn of(accounts: &[String]) -> String {
    let noun = if accounts.len() == 1 {
        "account"
    } else {
        "accounts"
    };
    format!("{noun} {}", listed(accounts))
}

/// The first three.
fn listed(all: &[String]) -> String {
    let shown = all.get(..3).unwrap_or(all);
    let more = match all.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

fn thing(thing: Exposed) -> &'static str {
    match thing {
        Exposed::Database => "Database",
        Exposed::Snapshot => "Snapshot",
        Exposed::Image => "Image",
        Exposed::Document => "Document",
        Exposed::Bucket => "Bucket",
        Exposed::Object => "Object",
        Exposed::Function => "Function",
        Exposed::Key => "Key",
        Exposed::Topic => "Topic",
        Exposed::Queue => "Queue",
        Exposed::Repository => "Repository",
        Exposed::Secret => "Secret",
        Exposed::Project => "Project",
        Exposed::Other => "Resource",
    }
}
