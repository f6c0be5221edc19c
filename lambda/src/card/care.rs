//! What people did about an incident, and what they may do.

use crate::contract::Act;
use crate::phrase::Phrase;
use crate::settings::Settings;
use jiff::Timestamp;

/// What people did about an incident, and what they may do, by buttons under its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Care {
    /// The key of the incident.
    pub incident: String,
    /// Whether it goes on, so that there is something to do.
    pub is_open: bool,
    /// Whether somebody takes care of it.
    pub is_acknowledged: bool,
    /// Whether somebody silenced it.
    pub is_snoozed: bool,
    /// What people did, one thing a line.
    pub lines: Vec<Phrase>,
    /// The page of the thing itself.
    pub page: Option<String>,
}

/// Who takes care of an incident, since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    pub who: String,
    pub at: Timestamp,
}

/// Who silenced an incident, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snoozed {
    pub who: String,
    /// `None` for as long as the incident lasts.
    pub until: Option<Timestamp>,
}

impl Care {
    /// Whether a person may do this.
    pub fn offers(&self, act: Act) -> bool {
        match act {
            Act::Acknowledge => !self.is_acknowledged,
            Act::EndSnooze => self.is_snoozed,
            Act::SnoozeOneHour | Act::SnoozeEightHours | Act::SnoozeUntilResolved => true,
        }
    }
}

impl Acknowledged {
    pub fn line(&self, settings: &Settings) -> Phrase {
        let at = settings.moment(self.at);
        Phrase::said((settings.locale.words().acknowledged)(
            &Phrase::strong(&self.who),
            &at,
        ))
    }
}

impl Snoozed {
    pub fn line(&self, settings: &Settings) -> Phrase {
        let until = self.until.map(|until| settings.moment(until));
        let who = Phrase::strong(&self.who);
        Phrase::said((settings.locale.words().snoozed)(&who, until.as_deref()))
    }

    /// Whether nobody is to be called at this moment.
    pub fn is_on(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}
