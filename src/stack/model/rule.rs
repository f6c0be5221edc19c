//! EventBridge: buses, and rules with their patterns and targets.

use std::collections::BTreeMap;
use std::fmt;

use alertctl_relay::Severity;
use schemars::JsonSchema;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::dead_letters::DeadLetterQueue;
use super::form::{All, Or, one_of, written_as};
use super::values::on;

/// An event bus in addition to the default one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a bus, such as `{ forward: [aws.signin] }`"
)]
pub struct EventBus {
    /// Physical name, `[A-Za-z0-9._-]{1,256}`, not `default`; `<stack>-<key>` by default.
    pub name: Option<String>,
    /// At most 512 characters.
    pub description: Option<String>,
    /// Sources whose events the default bus forwards to this one: AWS's own events arrive only there.
    pub forward: Vec<String>,
    /// Whether the bus is deleted or replaced only by name, with `--unprotect`; so is the rule that forwards to it.
    pub protect: bool,
}

/// An EventBridge rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "RuleFields")]
pub struct Rule {
    /// Physical name, `[A-Za-z0-9._-]{1,64}`; `<stack>-<key>` by default. With `services`, each of its
    /// rules adds `-<service>`.
    pub name: Option<String>,
    /// At most 512 characters.
    pub description: Option<String>,
    /// Which events.
    pub what: What,
    /// Which of these not.
    pub except: Except,
    /// Also match read-only calls (`Describe*`, `Get*`, `List*`), which EventBridge omits otherwise.
    pub include_read_only: bool,
    /// Whether the rule is enabled.
    pub enabled: bool,
    /// Key of `buses`; the default bus if not set.
    pub bus: Option<String>,
    /// Further regions to forward events from.
    pub regions: Vec<String>,
    /// What topics receive instead of the event; channels always receive the event.
    pub input: Option<RuleInput>,
    /// How long to retry a target that fails.
    pub retry: Retry,
    /// Where events go that a target does not take.
    pub dead_letter_queue: DeadLetterQueue,
    /// A page that says what to do, `https://`; its messages link to it.
    pub runbook: Option<String>,
    /// A page that shows how things are, `https://`; its messages link to it.
    pub dashboard: Option<String>,
    /// Severity of its events in channels; overrides the severity of each event.
    pub severity: Option<Severity>,
    /// Recipients: keys of `topics` and `channels`, at most 5 (all channels together count as one).
    pub to: Vec<String>,
    /// Whether the rule is deleted or replaced only by name, with `--unprotect`, in each of its regions.
    pub protect: bool,
}

/// The keys that say what a rule matches; a rule has exactly one of them.
pub const MATCHED: [&str; 3] = ["preset", "services", "pattern"];

#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a rule: one of `preset`, `services`, `pattern`, and `to`"
)]
#[schemars(extend("oneOf" = one_of(MATCHED)))]
struct RuleFields {
    /// Physical name, `[A-Za-z0-9._-]{1,64}`; `<stack>-<key>` by default. With `services`, each of its
    /// rules adds `-<service>`.
    name: Option<String>,
    /// At most 512 characters.
    description: Option<String>,
    /// EventBridge pattern, at most 2,048 characters as JSON.
    pattern: Option<serde_json::Map<String, serde_json::Value>>,
    /// API calls by service, and events of the service itself: `all` management events, or names of events.
    services: Option<BTreeMap<String, Calls>>,
    /// A ready-made pattern.
    preset: Option<Preset>,
    /// Calls to exclude.
    #[serde(default)]
    except: Except,
    /// Also match read-only calls (`Describe*`, `Get*`, `List*`), which EventBridge omits otherwise.
    #[serde(default)]
    include_read_only: bool,
    /// Whether the rule is enabled.
    #[serde(default = "on")]
    enabled: bool,
    /// Key of `buses`; the default bus if not set.
    bus: Option<String>,
    /// Further regions to forward events from.
    #[serde(default)]
    regions: Vec<String>,
    /// What topics receive instead of the event; channels always receive the event.
    input: Option<RuleInput>,
    /// How long to retry a target that fails.
    #[serde(default)]
    retry: Retry,
    /// Whether events that a target does not take go into the stack's dead-letter queue, as by default, or the ARN of somebody else's.
    #[serde(default)]
    dead_letter_queue: DeadLetterQueue,
    /// A page that says what to do, `https://`; its messages link to it.
    runbook: Option<String>,
    /// A page that shows how things are, `https://`; its messages link to it.
    dashboard: Option<String>,
    /// Severity of its events in channels; overrides the severity of each event.
    severity: Option<Severity>,
    /// Recipients: keys of `topics` and `channels`, at most 5 (all channels together count as one).
    #[serde(default)]
    to: Vec<String>,
    /// Whether the rule is deleted or replaced only by name, with `--unprotect`, in each of its regions.
    #[serde(default)]
    protect: bool,
}

written_as!(Rule, RuleFields);

impl TryFrom<RuleFields> for Rule {
    type Error = &'static str;

    fn try_from(fields: RuleFields) -> Result<Self, Self::Error> {
        let RuleFields {
            name,
            description,
            pattern,
            services,
            preset,
            except,
            include_read_only,
            enabled,
            bus,
            regions,
            input,
            retry,
            dead_letter_queue,
            runbook,
            dashboard,
            severity,
            to,
            protect,
        } = fields;
        let mut whats = [
            pattern.map(|pattern| What::Pattern(pattern.into())),
            services.map(What::Services),
            preset.map(What::Preset),
        ]
        .into_iter()
        .flatten();
        let what = match (whats.next(), whats.next()) {
            (Some(what), None) => what,
            (None, _) => {
                return Err("the rule matches nothing\nadd one of `preset`, `services`, `pattern`");
            }
            (Some(_), Some(_)) => {
                return Err("a rule has one of `preset`, `services` and `pattern`\nmake two rules of it");
            }
        };
        Ok(Self {
            name,
            description,
            what,
            except,
            include_read_only,
            enabled,
            bus,
            regions,
            input,
            retry,
            dead_letter_queue,
            runbook,
            dashboard,
            severity,
            to,
            protect,
        })
    }
}

/// Which events a rule matches.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// An EventBridge pattern, to 2,048 characters as JSON.
    Pattern(serde_json::Value),
    /// API calls: the service, as in `aws.<service>`, and which of its calls. One rule each.
    Services(BTreeMap<String, Calls>),
    /// A ready-made pattern.
    Preset(Preset),
}

/// Which calls of a service.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(from = "Or<All, Vec<String>>")]
pub enum Calls {
    /// Every call: `all`.
    All,
    /// Calls of these names: `[CreateCluster, RunTask]`.
    Only(Vec<String>),
}

impl<'de> Deserialize<'de> for Calls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AllOrNames;

        impl<'de> Visitor<'de> for AllOrNames {
            type Value = Calls;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`all`, or a list of event names such as `[RunTask, StopTask]`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Calls, E> {
                if text == "all" {
                    Ok(Calls::All)
                } else {
                    let text = text.escape_debug();
                    Err(E::custom(format!(
                        "`{text}` is neither `all` nor a list\nwrite `all`, or `[{text}]` for one call"
                    )))
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Calls, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Calls::Only)
            }
        }

        deserializer.deserialize_any(AllOrNames)
    }
}

/// Ready patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Sign-ins to the console and the access portal, in every region that may log them.
    ConsoleSignIn,
    /// Whatever the root user does.
    RootActivity,
    /// Changes to users, roles, policies and how they sign in.
    IamChanges,
    /// Changes to security groups.
    SecurityGroupChanges,
    /// Changes to who may read buckets.
    S3PolicyChanges,
    /// Databases made, stopped, started, deleted, restored.
    RdsLifeCycle,
    /// Instances made, stopped, started, terminated.
    Ec2LifeCycle,
    /// Keys disabled, on their way to deletion, deleted.
    KmsKeyDisabled,
    /// Trails stopped, narrowed, deleted.
    CloudtrailTampering,
    /// Changes to this stack's own resources, in each of its regions.
    StackChanges,
}

impl Preset {
    /// The name in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConsoleSignIn => "console-sign-in",
            Self::RootActivity => "root-activity",
            Self::IamChanges => "iam-changes",
            Self::SecurityGroupChanges => "security-group-changes",
            Self::S3PolicyChanges => "s3-policy-changes",
            Self::RdsLifeCycle => "rds-life-cycle",
            Self::Ec2LifeCycle => "ec2-life-cycle",
            Self::KmsKeyDisabled => "kms-key-disabled",
            Self::CloudtrailTampering => "cloudtrail-tampering",
            Self::StackChanges => "stack-changes",
        }
    }
}

/// Calls left out of a rule. `*` stands for any text; an event that lacks the field is not left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "exceptions, such as `{ principal_arn: [arn:aws:iam::*:role/deploy] }`"
)]
pub struct Except {
    /// `detail.userIdentity.arn`
    pub principal_arn: Vec<String>,
    /// `detail.userAgent`
    pub user_agent: Vec<String>,
    /// `detail.sourceIPAddress`: addresses, prefixes of them (`203.0.113.*`), or names of services.
    pub source_ip: Vec<String>,
    /// `detail.eventName`
    pub event_name: Vec<String>,
}

/// What topics get in place of the event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "RuleInputFields")]
pub enum RuleInput {
    /// Always the same text, 1–8,192 characters.
    Text(String),
    /// A part of the event: a path such as `$.detail`, at most 256 characters.
    Path(String),
    /// A text with `<names>` of values.
    Template {
        /// Names, and the paths of their values in the event, such as `$.detail.state`; at most 100.
        paths: BTreeMap<String, String>,
        /// The text, 1–8,192 characters.
        template: String,
    },
}

#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an input, such as `{ template: \"<id> is <state>\", paths: { … } }`"
)]
struct RuleInputFields {
    /// Always the same text, 1–8,192 characters.
    text: Option<String>,
    /// A part of the event: a path such as `$.detail`, at most 256 characters.
    path: Option<String>,
    /// Text with `<name>` for each value, 1–8,192 characters.
    template: Option<String>,
    /// Names, and the paths of their values in the event, such as `$.detail.state`; at most 100.
    paths: Option<BTreeMap<String, String>>,
}

impl TryFrom<RuleInputFields> for RuleInput {
    type Error = &'static str;

    fn try_from(fields: RuleInputFields) -> Result<Self, Self::Error> {
        match (fields.text, fields.path, fields.template, fields.paths) {
            (Some(text), None, None, None) => Ok(Self::Text(text)),
            (None, Some(path), None, None) => Ok(Self::Path(path)),
            (None, None, Some(template), paths) => Ok(Self::Template {
                paths: paths.unwrap_or_default(),
                template,
            }),
            (None, None, None, Some(_)) => Err("`paths` without a template\nadd `template:`"),
            (None, None, None, None) => Err("`input` is empty\nadd one of `template`, `path`, `text`"),
            _ => Err("`input` has one of `template` (with `paths`), `path` and `text`\nremove the others"),
        }
    }
}

/// How long EventBridge tries a target that fails, before the dead-letter queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "how long to retry, such as `{ attempts: 10, age_seconds: 3600 }`"
)]
pub struct Retry {
    /// Retries, 0–185; 185 by default.
    pub attempts: Option<i32>,
    /// Seconds, 60–86,400; 86,400 by default.
    pub age_seconds: Option<i32>,
}
