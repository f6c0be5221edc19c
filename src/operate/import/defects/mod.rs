//! What is wrong with what an account has: who is not told, what nobody hears, what can never happen.

use serde::Serialize;

use super::Draft;
use crate::stack::{Level, Loaded};

mod alarms;
mod reach;
mod rules;
mod topics;

/// What sort of defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// An alarm that tells nobody.
    TellsNobody,
    /// A topic that was deleted, or that nobody hears.
    DeadTopic,
    /// A subscriber who has not confirmed.
    NotConfirmed,
    /// A rule that is off, has no targets, or whose events never come.
    IdleRule,
    /// An alarm without data.
    NoData,
    /// A threshold that is never passed, or always.
    OutOfReach,
    /// The address of a channel that anybody can read.
    OpenSecret,
    /// Two alarms that say the same.
    Duplicate,
    /// An alarm that does not say when it is over.
    NeverOver,
    /// Something that `alertctl validate` warns of.
    Doubtful,
}

impl Sort {
    /// In a few words, for a list of such defects.
    pub fn title(self) -> &'static str {
        match self {
            Self::TellsNobody => "tells nobody",
            Self::DeadTopic => "topic that nobody hears",
            Self::NotConfirmed => "not confirmed",
            Self::IdleRule => "rule that does nothing",
            Self::NoData => "no data",
            Self::OutOfReach => "threshold out of reach",
            Self::OpenSecret => "secret in the clear",
            Self::Duplicate => "said twice",
            Self::NeverOver => "never says that it is over",
            Self::Doubtful => "doubtful",
        }
    }
}

/// One defect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Defect {
    pub sort: Sort,
    /// Such as `alarm`.
    pub what: &'static str,
    pub name: String,
    /// The fact.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Defect {
    fn of(
        (sort, what): (Sort, &'static str),
        name: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            sort,
            what,
            name: name.to_owned(),
            message: message.into(),
            help: help.into(),
        }
    }
}

/// All defects, the worst sorts first.
pub(super) fn find(draft: &Draft<'_>, page: &super::page::Page, loaded: Option<&Loaded>) -> Vec<Defect> {
    let mut defects = alarms::find(draft);
    defects.extend(topics::find(draft));
    defects.extend(rules::find(draft));
    let warnings = loaded
        .map(|loaded| loaded.warnings.as_slice())
        .unwrap_or_default();
    for warning in warnings
        .iter()
        .filter(|one| one.severity == Level::Warning && !one.is_example)
    {
        let line = loaded.map_or(0, |loaded| loaded.source.position(warning.span.start).1);
        let thing = page
            .entry_at(line)
            .and_then(|(section, key)| draft.thing(section, key));
        // Who is not told is said above, with what else the account shows.
        if let Some((what, name)) = thing.filter(|_| !warning.message.contains("notifies nobody")) {
            let help = match (&warning.label, &warning.help) {
                (Some(label), Some(help)) => format!("{label}; {help}"),
                (Some(text), None) | (None, Some(text)) => text.clone(),
                (None, None) => String::new(),
            };
            defects.push(Defect::of((Sort::Doubtful, what), &name, &*warning.message, help));
        }
    }
    defects.sort();
    defects.dedup();
    defects
}
