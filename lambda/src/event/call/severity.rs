//! How urgent a call is.

use super::{Call, Origin};
use crate::contract::Severity;
use crate::event::{Act, ActorKind, Decision, Effect, Ending, Exposed};

/// Parts of the user agents of tools for infrastructure as code, in lower case.
const TOOLS: [&str; 6] = [
    "terraform",
    "opentofu",
    "pulumi",
    "cloudformation",
    "aws-cdk",
    "crossplane",
];

impl Call {
    /// How urgent the call is; `of_stack` if it was made on something that belongs to the stack itself.
    ///
    /// Critical is whatever the root user does, a sign-in without a second factor, and a safeguard of the account that
    /// is gone. What may or may not have been a safeguard (a bucket, a rule, a topic) is one if it belongs to the stack
    /// or if its name says that it keeps records of the account. A denied or failed call changed nothing, so it is a
    /// warning, and an error only if the root user made it, or if it was an attack on the trail or on the stack.
    pub fn severity(&self, of_stack: bool) -> Severity {
        let unguarded =
            matches!(self.act, Act::SignIn { mfa: Some(false), .. }) && self.ending == Ending::Done;
        if self.actor.kind == ActorKind::Root || unguarded {
            return match self.ending {
                Ending::Done => Severity::Critical,
                Ending::Denied(_) | Ending::Failed(_) => Severity::Error,
            };
        }
        if let Act::Unusual(insight) = &self.act {
            return if insight.over {
                Severity::Info
            } else {
                Severity::Warning
            };
        }
        let of_trail = self.service() == "cloudtrail";
        match (&self.ending, &self.decision) {
            (Ending::Failed(problem), _) if problem.is_harmless() => Severity::Info,
            (Ending::Denied(_) | Ending::Failed(_), Some(_)) if of_trail || of_stack => Severity::Error,
            (Ending::Denied(_) | Ending::Failed(_), _) => Severity::Warning,
            (Ending::Done, Some(decision)) => {
                let done = decision.severity(of_stack || self.keeps_records());
                let own = self.effect.severity();
                match done.unwrap_or(own) {
                    done if decision.is_safeguard() && self.by_tool() && !of_stack && !of_trail => {
                        lower(done).max(own)
                    }
                    done => done,
                }
            }
            (Ending::Done, None) => self.effect.severity(),
        }
    }

    /// Whether a target's name says that it keeps records of what happens in the account, such as
    /// `aws-cloudtrail-logs-…` or `org-audit`.
    fn keeps_records(&self) -> bool {
        self.targets.iter().any(|name| {
            let name = name.to_ascii_lowercase();
            let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
            ["cloudtrail", "controltower"]
                .iter()
                .any(|part| name.contains(part))
                || words.any(|word| matches!(word, "audit" | "trail" | "trails" | "audits"))
        })
    }

    /// Whether a tool for infrastructure as code made the call, which carries out what was written down before.
    fn by_tool(&self) -> bool {
        let through = match &self.origin {
            Origin::Service(service) => service.starts_with("cloudformation."),
            _ => false,
        };
        let agent = self
            .user_agent
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        through || TOOLS.iter().any(|tool| agent.contains(tool))
    }
}

impl Effect {
    /// The severity of a call that no other rule rates.
    fn severity(self) -> Severity {
        match self {
            Self::Delete => Severity::Warning,
            Self::Read | Self::Change | Self::SignIn => Severity::Info,
        }
    }
}

impl Decision {
    /// How urgent it is that this is so; `None` if it depends on the thing, and this one is no `safeguard`.
    fn severity(&self, safeguard: bool) -> Option<Severity> {
        Some(match self {
            Self::TrailStopped
            | Self::TrailDeleted
            | Self::TrailChanged
            | Self::DetectionOff
            | Self::OrganizationLeft
            | Self::KeyLeaked => Severity::Critical,
            Self::RecordsDeleted | Self::AlertsOff | Self::KeyOff => {
                return safeguard.then_some(Severity::Critical);
            }
            Self::Shared(thing, _) if *thing != Exposed::Snapshot => Severity::Warning,
            // What the web is served on.
            Self::PortsOpen(ports) if ports.iter().all(|range| matches!(range, (80, 80) | (443, 443))) => {
                Severity::Warning
            }
            Self::RecordingOff
            | Self::BackupsDeleted
            | Self::ProtectionOff
            | Self::Public(_)
            | Self::PublicAllowed
            | Self::Shared(..)
            | Self::PortsOpen(_)
            | Self::AdminGranted
            | Self::TrustsEverybody
            | Self::Trusts(_)
            | Self::MfaRemoved => Severity::Error,
            Self::AccessKeyCreated | Self::PasswordSet => Severity::Warning,
        })
    }

    /// Whether it matters only if the thing was a safeguard: a bucket for records, a rule for alerts.
    pub fn is_relative(&self) -> bool {
        matches!(self, Self::RecordsDeleted | Self::AlertsOff | Self::KeyOff)
    }

    /// Whether something that protects the account, or watches over it, is gone.
    pub fn is_safeguard(&self) -> bool {
        match self {
            Self::TrailStopped
            | Self::TrailDeleted
            | Self::TrailChanged
            | Self::RecordsDeleted
            | Self::BackupsDeleted
            | Self::RecordingOff
            | Self::DetectionOff
            | Self::AlertsOff
            | Self::KeyOff
            | Self::ProtectionOff
            | Self::OrganizationLeft
            | Self::PublicAllowed
            | Self::MfaRemoved => true,
            Self::Public(_)
            | Self::Shared(..)
            | Self::PortsOpen(_)
            | Self::AdminGranted
            | Self::TrustsEverybody
            | Self::Trusts(_)
            | Self::KeyLeaked
            | Self::AccessKeyCreated
            | Self::PasswordSet => false,
        }
    }
}

fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::Error,
        Severity::Error => Severity::Warning,
        Severity::Warning | Severity::Info => Severity::Info,
    }
}
