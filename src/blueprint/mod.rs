//! From the stack file to the graph of AWS resources: one file per feature.
//!
//! Everything between the sources and the destinations of a stack (roles, policies, permissions, keys, queues,
//! log groups) is derived only here.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::aws::Scope;
use crate::aws::secret::Secret;
use crate::aws::tags::{HOME_TAG, PROTECT_TAG};
use crate::engine::graph::Graph;
use crate::relay_zip;
use crate::resource::Tags;
use crate::resource::dynamodb::table::DynamodbTable;
use crate::resource::iam::role::IamRole;
use crate::resource::lambda::function::{Code, Package, Relay, Settings};
use crate::resource::logs::log_group::LogGroup;
use crate::resource::tags::owned;
use crate::resource::{NodeId, Ref, Resource};
use crate::stack::{Alarm, CompiledRule, Stack};

mod alarms;
mod buses;
mod buttons;
mod charts;
mod elsewhere;
mod endpoints;
mod environment;
mod forwarding;
mod function;
mod heartbeat;
mod incidents;
mod key;
mod log_alarms;
mod mail;
mod monitoring;
mod mutes;
pub mod names;
mod organization;
mod protection;
mod queues;
mod relay;
mod reminders;
mod roles;
mod rules;
mod running;
mod settings;
mod signals;
mod states;
mod targets;
mod topics;
mod trail;
mod wiring;

pub use buttons::{ACTIONS, route as actions_route};
pub use elsewhere::region_of;
pub use mail::is_mailed_by_relay;
use monitoring::Watched;
pub use mutes::{AlarmsByRegion, alarms_by_region, window};
pub use names::Names;
pub use organization::{spoke, target_key};
pub use relay::RELAY;
pub use running::{DeadLetters, Running};
pub use settings::{in_settings, settings};

/// The address of a channel, for the relay's environment.
#[derive(Debug, Clone)]
pub enum Address {
    /// Already encrypted; used unchanged.
    Ciphertext(String),
    /// Encrypted during apply.
    Clear(Secret),
    /// Unknown, for commands that only read.
    NotAtHand,
}

/// Addresses by channel key.
pub type Addresses = BTreeMap<String, Address>;

/// The region of a stack that sets none, for commands that only show its resources.
const SOMEWHERE: &str = "us-east-1";

/// The graph as far as it is known without an account. `region` overrides the file's. The stack's region only
/// decides which regions count as other regions.
pub fn outline(stack: &Stack, region: Option<&str>) -> Graph {
    let home = region.or(stack.region.as_deref()).unwrap_or(SOMEWHERE);
    names(stack, home)
}

/// The region and account of a stack.
#[derive(Debug, Clone, Copy)]
pub struct Home<'a> {
    pub region: &'a str,
    /// Set if AWS was asked.
    pub account: Option<&'a str>,
    /// ARN of the existing key that the stack uses, if it uses one and AWS was asked.
    pub key: Option<&'a str>,
}

impl<'a> From<&'a str> for Home<'a> {
    fn from(region: &'a str) -> Self {
        Self {
            region,
            account: None,
            key: None,
        }
    }
}

impl<'a> From<&'a Scope> for Home<'a> {
    fn from(scope: &'a Scope) -> Self {
        Self {
            region: &scope.region,
            account: Some(&scope.account),
            key: None,
        }
    }
}

/// Builds the graph of everything that `stack` asks for in its `home`.
pub fn graph<'a>(stack: &'a Stack, home: impl Into<Home<'a>>, addresses: &Addresses) -> Graph {
    built(Build::new(stack, home.into()), addresses)
}

/// The same graph without addresses, for commands that only look up resources.
pub fn names<'a>(stack: &'a Stack, home: impl Into<Home<'a>>) -> Graph {
    built(Build::new(stack, home.into()), &Addresses::new())
}

fn built(mut build: Build<'_>, addresses: &Addresses) -> Graph {
    let key = build.key();
    build.incidents();
    let relay = key.as_ref().and_then(|key| build.relay(key, addresses));
    let topics = build.topics(key.as_ref(), relay.as_ref());
    build.endpoints(key.as_ref(), addresses);
    build.buttons(key.as_ref(), relay.as_ref(), addresses);
    let guard = build.trail(key.as_ref(), &topics, addresses);
    build.rules(relay.as_ref(), &topics, guard.into_iter().collect());
    build.alarms();
    build.topics_by_arn();
    build.mutes();
    build.monitoring();
    build.graph
}

/// The code of every function of `stack`.
fn code(stack: &Stack) -> Code {
    let settings = settings(stack).json();
    Code::new(relay(), Settings::of(&settings), move || {
        let (head, tail) = relay_zip::with_settings(&settings);
        Package {
            sha256: relay_zip::sha256([head, &tail]),
            head,
            tail,
        }
    })
}

/// The relay that is part of this alertctl.
fn relay() -> Relay {
    Relay {
        version: relay_zip::VERSION.to_owned(),
        sha256: relay_zip::SOURCES_SHA256.to_owned(),
    }
}

/// Only the key and its alias, which are enough to encrypt an address.
pub fn key_graph(stack: &Stack, home: &str) -> Graph {
    let mut build = Build::new(stack, home.into());
    build.key();
    build.graph
}

/// A graph under construction.
struct Build<'a> {
    stack: &'a Stack,
    /// The stack's own region.
    home: &'a str,
    account: Option<&'a str>,
    /// Of an existing key.
    key_arn: Option<&'a str>,
    names: Names<'a>,
    /// The stack's rules, expanded.
    rules: Rc<[CompiledRule<'a>]>,
    /// The stack's alarms, with presets expanded.
    alarms: Rc<BTreeMap<String, Alarm>>,
    /// The log group that the stack's own trail writes to.
    trail_log_group: Option<Ref<LogGroup>>,
    /// The table of incidents.
    incidents: Option<Ref<DynamodbTable>>,
    watched: Watched,
    /// By topic: the subscriptions that a filter lets have only the relay's texts.
    mailed: BTreeMap<String, Vec<NodeId>>,
    /// By region: the nodes that must exist before anything else in that other region, because they mark it for
    /// later runs.
    leads: BTreeMap<String, Vec<NodeId>>,
    /// The code of every function of the stack, once there is one.
    code: OnceCell<Code>,
    graph: Graph,
}

impl<'a> Build<'a> {
    fn new(stack: &'a Stack, home: Home<'a>) -> Self {
        let Home { region, account, key } = home;
        Self {
            stack,
            home: region,
            account,
            key_arn: key,
            names: Names::of(stack),
            rules: stack.compiled_rules(region).into(),
            alarms: stack.alarms_expanded().into(),
            trail_log_group: None,
            incidents: None,
            watched: Watched::default(),
            mailed: BTreeMap::new(),
            leads: BTreeMap::new(),
            code: OnceCell::new(),
            graph: Graph::default(),
        }
    }

    /// Those of `to` that are channels.
    fn channels_in<'t>(&self, to: &'t [String]) -> impl Iterator<Item = &'t String> + Clone {
        let channels = &self.stack.channels;
        to.iter().filter(move |key| channels.contains_key(*key))
    }

    /// Those of `to` that are topics. The own topic of a channel, which has its key, is for alarms: others go straight to the
    /// channel.
    fn topics_in<'t>(&self, to: &'t [String]) -> impl Iterator<Item = &'t String> + Clone {
        let (topics, channels) = (&self.stack.topics, &self.stack.channels);
        to.iter()
            .filter(move |key| topics.contains_key(*key) && !channels.contains_key(*key))
    }
}

impl Build<'_> {
    /// The tags of the resource `R::KIND/key`. That it is protected is a tag, so that this is known as long as it exists,
    /// also after its entry left the stack file.
    fn tags<R: Resource>(&self, key: &str) -> Tags {
        let id = NodeId {
            kind: R::KIND,
            key: key.to_owned(),
        };
        let mut tags = owned(&self.stack.stack, &id, &self.stack.tags);
        if self.protects(R::KIND, key) {
            tags.insert(PROTECT_TAG.to_owned(), "true".to_owned());
        }
        tags
    }

    /// The tags of the role `key`. IAM is global, so a tag says which region is the stack's.
    fn role_tags(&self, key: &str) -> Tags {
        let mut tags = self.tags::<IamRole>(key);
        tags.insert(HOME_TAG.to_owned(), self.home.to_owned());
        tags
    }
}

#[cfg(test)]
mod tests;
