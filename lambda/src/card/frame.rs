//! What all cards share: the stack's language, account aliases and time zone, and the small print.

use super::cut::clip;
use super::{Entry, Link};
use crate::contract::{is_account, is_console};
use crate::event::Source;
use crate::locale::Words;
use crate::phrase::one_line;
use crate::settings::Settings;
use jiff::Timestamp;

/// Longest name of an account (with its alias) or of a region.
const MAX_NAME: usize = 100;
/// The same in a headline.
const MAX_PLACE: usize = 60;
/// Longest address through the access portal, which encodes the other one once more.
const MAX_SHORTCUT: usize = 2_600;

/// Writes the parts that the cards of all events have: times, accounts, links.
pub(super) struct Frame<'a> {
    pub words: &'static Words,
    pub source: &'a Source,
    settings: &'a Settings,
}

impl<'a> Frame<'a> {
    pub fn new(source: &'a Source, settings: &'a Settings) -> Self {
        Self {
            words: settings.locale.words(),
            source,
            settings,
        }
    }

    /// A moment in the stack's time zone with its offset: `2026-11-20 14:00:00 UTC+09:00`.
    pub fn time(&self, moment: Timestamp) -> String {
        moment
            .to_zoned(self.settings.timezone.clone())
            .strftime("%Y-%m-%d %H:%M:%S UTC%:z")
            .to_string()
    }

    /// The link through the access portal of the stack, if it has one and the link is to the console.
    pub fn shortcut(&self, link: Link, account: Option<&str>) -> Link {
        let host = link
            .page
            .strip_prefix("https://")
            .and_then(|rest| rest.split('/').next());
        let (Some(portal), Some(account)) = (&self.settings.portal, account) else {
            return link;
        };
        if !host.is_some_and(is_console) || !is_account(account) {
            return link;
        }
        let page = portal.shortcut(account, &link.page);
        match page.len() <= MAX_SHORTCUT {
            true => Link { page, ..link },
            false => link,
        }
    }

    /// The day of a moment in the stack's time zone: `11-20`.
    pub fn date(&self, moment: Timestamp) -> String {
        let local = moment.to_zoned(self.settings.timezone.clone());
        local.strftime("%m-%d").to_string()
    }

    /// The time of day in the stack's time zone: `14:00:00`.
    pub fn clock(&self, moment: Timestamp) -> String {
        let local = moment.to_zoned(self.settings.timezone.clone());
        local.strftime("%H:%M:%S").to_string()
    }

    /// An account with its alias, `production (111122223333)`, or only the id.
    pub fn account(&self, id: &str) -> String {
        match self.alias(id) {
            Some(alias) => format!("{alias} ({id})"),
            None => id.to_owned(),
        }
    }

    /// The name of an account in the stack file, or else in its organization.
    fn alias(&self, id: &str) -> Option<&str> {
        let (written, found) = (&self.settings.accounts, &self.source.accounts);
        written.get(id).or_else(|| found.get(id)).map(String::as_str)
    }

    /// The name of an account or of a region, on one short line.
    pub fn name(&self, name: &str) -> String {
        clip(&one_line(name), MAX_NAME, self.words)
    }

    /// The place of an event for a headline: the account (only if the stack has account aliases, or
    /// hears an organization) and the region.
    pub fn place(&self, account: Option<&str>, region: Option<&str>) -> Vec<String> {
        let is_of_many = self.settings.organization || !self.settings.accounts.is_empty();
        let named = |id| self.alias(id).unwrap_or(id).to_owned();
        let account = account.filter(|_| is_of_many).map(named);
        let region = region.map(str::to_owned);
        let parts = account.into_iter().chain(region).map(|part| one_line(&part));
        parts
            .filter(|part| !part.is_empty())
            .map(|part| clip(&part, MAX_PLACE, self.words))
            .collect()
    }

    /// The topic, rule or endpoint through which the message came.
    pub fn way(&self) -> Vec<Entry> {
        let known = |text: &Option<String>| text.clone();
        let words = self.words;
        let way = [
            (words.label_topic, self.source.topic().map(str::to_owned)),
            (words.label_source_rule, known(&self.source.rule)),
            (words.label_endpoint, known(&self.source.endpoint)),
        ];
        way.into_iter()
            .filter_map(|(label, name)| Entry::small(label, &name?))
            .collect()
    }
}
