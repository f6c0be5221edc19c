//! Compares the code that a function runs with the code that this alertctl would upload.

use std::cmp::Ordering;

use serde::Serialize;

use super::{ARCHITECTURE, HANDLER, LambdaFunction, Live, Origin, RUNTIME, Relay};
use crate::resource::{Changes, Fields};

/// How deployed code compares with the package that this alertctl would upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeVerdict {
    /// The same bytes.
    EqualBytes,
    /// The same relay from another build or with other settings, according to the function's tag.
    SameRelay,
    Older,
    Newer,
    /// The same version built from other sources.
    OtherSources,
    /// Somebody else has uploaded code since alertctl did.
    ChangedByHand,
    /// The origin is unknown.
    Unknown,
}

/// How deployed settings compare with those of the stack file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingsVerdict {
    Same,
    Other,
    /// Unknown, because the code is unknown.
    Unknown,
}

/// The result of verifying a function.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    pub code: CodeVerdict,
    /// The relay that runs, if it is known.
    pub relay: Option<Relay>,
    pub code_sha256: String,
    /// Digest of the package that would be uploaded.
    pub shipped_code_sha256: String,
    pub settings: SettingsVerdict,
    /// Other settings that determine which code runs, if they differ.
    pub differs: Changes,
    /// The last change of the code or configuration failed, or Lambda cannot run it.
    pub failure: Option<String>,
    pub last_modified: String,
}

impl Verified {
    /// True if the function runs what it should.
    pub fn ok(&self) -> bool {
        matches!(self.code, CodeVerdict::EqualBytes | CodeVerdict::SameRelay)
            && self.settings == SettingsVerdict::Same
            && self.differs.is_empty()
            && self.failure.is_none()
    }
}

impl LambdaFunction {
    /// Compares `live` with this function.
    pub fn verify(&self, live: &Live) -> Verified {
        let Live {
            code: deployed,
            architecture,
            runtime,
            handler,
            layers,
            last_modified,
            broken,
            stale,
            ..
        } = live;
        let same_bytes = deployed.code_sha256 == self.code.sha256();
        let code = match &deployed.origin {
            _ if same_bytes => CodeVerdict::EqualBytes,
            Origin::Relay(relay) if *relay == *self.code.relay => CodeVerdict::SameRelay,
            Origin::Relay(relay) => match relay.compare(&self.code.relay) {
                Ordering::Less => CodeVerdict::Older,
                Ordering::Greater => CodeVerdict::Newer,
                Ordering::Equal => CodeVerdict::OtherSources,
            },
            Origin::ByHand(_) => CodeVerdict::ChangedByHand,
            Origin::Unmarked(_) | Origin::Unknown => CodeVerdict::Unknown,
        };
        let relay = deployed.relay().cloned();
        let settings = match &relay {
            None => SettingsVerdict::Unknown,
            Some(_) if !same_bytes && deployed.has_other_settings(&self.code) => SettingsVerdict::Other,
            Some(_) => SettingsVerdict::Same,
        };
        let wanted = Fields::default()
            .set("architecture", ARCHITECTURE.as_str())
            .set("runtime", RUNTIME.as_str())
            .set("handler", HANDLER);
        let found = Fields::default()
            .set("architecture", architecture.as_str())
            .set("runtime", runtime.as_str())
            .set("handler", handler.as_str())
            .set_some("layers", (!layers.is_empty()).then(|| layers.clone()));
        Verified {
            code,
            relay,
            code_sha256: deployed.code_sha256.clone(),
            shipped_code_sha256: self.code.sha256().to_owned(),
            settings,
            differs: wanted.difference(&found, &[]),
            failure: broken.clone().or_else(|| stale.clone()),
            last_modified: last_modified.clone(),
        }
    }
}
