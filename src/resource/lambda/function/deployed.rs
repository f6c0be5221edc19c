//! The code that a function runs, and the tag that records it.

use std::fmt;

use super::contents::{Relay, Settings};
use super::package::Code;
use crate::resource::Fields;

/// Records what was uploaded last: the relay, the settings beside it, and the package's digest as AWS reports it. If
/// the function's digest differs from it, somebody else has uploaded code since.
///
/// The digest alone is not enough: the same relay built by another compiler has a different digest.
pub(super) const RELAY_TAG: &str = "alertctl:relay";

/// The contents of [`RELAY_TAG`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub relay: Relay,
    /// Digest of the settings, in hex.
    pub settings: String,
    /// Base64, as AWS reports it in `CodeSha256`.
    pub code_sha256: String,
}

impl Mark {
    /// The mark to record once `code` is uploaded.
    pub(super) fn of(code: &Code) -> Self {
        Self {
            relay: (*code.relay).clone(),
            settings: code.settings.sha256.clone(),
            code_sha256: code.sha256().to_owned(),
        }
    }

    /// Reads a tag. `None` if alertctl did not write it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ').map(str::to_owned);
        let mark = Self {
            relay: Relay {
                version: words.next()?,
                sha256: words.next()?,
            },
            settings: words.next()?,
            code_sha256: words.next()?,
        };
        words.next().is_none().then_some(mark)
    }
}

impl fmt::Display for Mark {
    /// The value of the tag, for which AWS allows 256 characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            relay: Relay { version, sha256 },
            settings,
            code_sha256,
        } = self;
        write!(f, "{version} {sha256} {settings} {code_sha256}")
    }
}

/// The origin of a function's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Uploaded by alertctl and unchanged since.
    Relay(Relay),
    /// The wanted package, but its tag is missing: the run that uploaded it was interrupted.
    Unmarked(Relay),
    /// Uploaded by somebody else after alertctl uploaded this relay.
    ByHand(Relay),
    /// Unknown: created by hand, or by a version of alertctl that set no tag.
    Unknown,
}

/// The code of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// As AWS reports it.
    pub code_sha256: String,
    pub origin: Origin,
    /// The wanted settings, if they are the same or the deployed ones are unknown.
    settings: Option<Settings>,
}

impl Deployed {
    /// Compares `mark` and the digest of the code with `wanted`.
    pub(super) fn new(code_sha256: String, mark: Option<Mark>, wanted: Option<&Code>) -> Self {
        let origin = match (&mark, wanted) {
            (Some(mark), _) if mark.code_sha256 == code_sha256 => Origin::Relay(mark.relay.clone()),
            (_, Some(wanted)) if wanted.sha256() == code_sha256 => Origin::Unmarked((*wanted.relay).clone()),
            (Some(mark), _) => Origin::ByHand(mark.relay.clone()),
            (None, _) => Origin::Unknown,
        };
        // If the code is replaced as a whole, the settings are not shown as a difference.
        let known = mark.filter(|_| matches!(origin, Origin::Relay(_)));
        let settings = wanted.map(|wanted| match &known {
            Some(mark) if mark.settings != wanted.settings.sha256 => {
                Settings::unread(&mark.settings, &wanted.settings)
            }
            _ => (*wanted.settings).clone(),
        });
        Self {
            code_sha256,
            origin,
            settings,
        }
    }

    /// The code of a function after `code` was uploaded.
    pub(super) fn with(code: &Code) -> Self {
        Self::new(code.sha256().to_owned(), Some(Mark::of(code)), Some(code))
    }

    /// The relay that runs, if it is known.
    pub fn relay(&self) -> Option<&Relay> {
        match &self.origin {
            Origin::Relay(relay) | Origin::Unmarked(relay) => Some(relay),
            Origin::ByHand(_) | Origin::Unknown => None,
        }
    }

    /// True if the settings differ from the wanted ones in `code`.
    pub fn has_other_settings(&self, code: &Code) -> bool {
        let settings = self.settings.as_ref();
        settings.is_some_and(|settings| settings.sha256 != code.settings.sha256)
    }

    /// Reads the settings from `package`, the end of the deployed zip, if they are in it.
    pub(super) fn read_settings(&mut self, package: &[u8]) {
        let Some(settings) = &mut self.settings else {
            return;
        };
        if let Some(text) = stored(package, alertctl_relay::SETTINGS_FILE) {
            let found = Settings::of(text);
            // The digest proves that this is the settings file, not something that looks like it.
            if found.sha256 == settings.sha256 {
                *settings = found;
            }
        }
    }

    /// Adds the fields of the code that the function runs.
    pub(super) fn fields(&self, fields: Fields) -> Fields {
        let Self {
            code_sha256,
            origin,
            settings,
        } = self;
        let relay = match origin {
            Origin::Relay(relay) => relay.to_string(),
            Origin::Unmarked(relay) => format!("{relay}, without its tag `{RELAY_TAG}`"),
            Origin::ByHand(relay) => format!("other code than {relay}, which was uploaded ({code_sha256})"),
            Origin::Unknown => format!("unknown ({code_sha256})"),
        };
        let fields = fields.set("relay", relay);
        match settings {
            Some(settings) => settings.fields(fields),
            None => fields,
        }
    }
}

impl Code {
    /// Adds the fields of the code that a function should run.
    pub(super) fn fields(&self, fields: Fields) -> Fields {
        self.settings.fields(fields.set("relay", self.relay.to_string()))
    }
}

/// The last file called `name` in the end of a zip that stores it uncompressed, as alertctl does.
/// Format: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, 4.3.7.
fn stored<'a>(zip: &'a [u8], name: &str) -> Option<&'a str> {
    const HEADER: usize = 30;
    let named = |at: &usize| {
        let rest = &zip[*at..];
        rest.starts_with(b"PK\x03\x04")
            && rest
                .get(HEADER..)
                .is_some_and(|rest| rest.starts_with(name.as_bytes()))
    };
    let at = (0..zip.len()).rev().find(named)?;
    let number = |from: usize, width: usize| {
        let bytes = zip.get(at + from..at + from + width)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0_usize, |number, byte| number << 8 | usize::from(*byte)),
        )
    };
    let (size, name_length, extra_length) = (number(18, 4)?, number(26, 2)?, number(28, 2)?);
    let start = at + HEADER + name_length + extra_length;
    std::str::from_utf8(zip.get(start..start.checked_add(size)?)?).ok()
}

#[cfg(test)]
mod tests;
