//! From the stack file to the graph of AWS resources: one file a feature.
//!
//! Everything between the sources and the destinations of a stack (roles, policies, permissions, keys,
//! queues, log groups) is derived here, and nowhere else.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::aws::Scope;
use crate::aws::discovery::HOME_TAG;
use crate::aws::secret::Secret;
use crate::graph::Graph;
use crate::relay_zip;
use crate::resource::Tags;
use crate::resource::iam_role::IamRole;
use crate::resource::lambda_function::{Code, Relay, Settings};
use crate::resource::log_group::LogGroup;
use crate::resource::tags::owned;
use crate::resource::{NodeId, Ref, Resource};
use crate::stack::{Alarm, CompiledRule, Stack};

mod alarms;
mod buffer;
mod elsewhere;
mod endpoints;
mod forwarding;
mod function;
mod key;
mod monitoring;
pub mod names;
mod relay;
mod roles;
mod rules;
mod running;
mod settings;
mod topics;
mod trail;

pub use elsewhere::region_of;
use monitoring::Watched;
pub use names::Names;
pub use relay::RELAY;
pub use running::{DeadLetters, Running};
pub use settings::settings;

/// The webhook of a channel, as it goes into the relay's environment.
#[derive(Debug, Clone)]
pub enum Webhook {
    /// Encrypted beforehand; used as it is.
    Ciphertext(String),
    /// Encrypted during apply.
    Clear(Secret),
    /// Not known to who is only looking.
    NotAtHand,
}

/// Webhooks by channel key.
pub type Webhooks = BTreeMap<String, Webhook>;

/// Home of a stack that says none, for who only wants to see its resources.
const SOMEWHERE: &str = "us-east-1";

/// The graph as far as it shows without an account: `region` is asked for instead of the file's. Where a stack is
/// decides only in which other regions it has resources.
pub fn outline(stack: &Stack, region: Option<&str>) -> Graph {
    let home = region.or(stack.region.as_deref()).unwrap_or(SOMEWHERE);
    graph(stack, home, &Webhooks::new())
}

/// Where a stack is at home.
#[derive(Debug, Clone, Copy)]
pub struct Home<'a> {
    pub region: &'a str,
    /// Known where somebody asked AWS.
    pub account: Option<&'a str>,
}

impl<'a> From<&'a str> for Home<'a> {
    fn from(region: &'a str) -> Self {
        Self {
            region,
            account: None,
        }
    }
}

impl<'a> From<&'a Scope> for Home<'a> {
    fn from(scope: &'a Scope) -> Self {
        Self {
            region: &scope.region,
            account: Some(&scope.account),
        }
    }
}

/// Builds the graph of everything that `stack` asks for in its `home`.
pub fn graph<'a>(stack: &'a Stack, home: impl Into<Home<'a>>, webhooks: &Webhooks) -> Graph {
    built(Build::new(stack, home.into(), code(stack)), webhooks)
}

/// The same for who is to find the resources and nothing else: it holds neither webhooks nor code.
pub fn names<'a>(stack: &'a Stack, home: impl Into<Home<'a>>) -> Graph {
    built(Build::new(stack, home.into(), no_code()), &Webhooks::new())
}

fn built(mut build: Build<'_>, webhooks: &Webhooks) -> Graph {
    let key = build.key();
    let relay = key.as_ref().and_then(|key| build.relay(key, webhooks));
    let topics = build.topics(key.as_ref(), relay.as_ref());
    build.endpoints(key.as_ref(), webhooks);
    let guard = build.trail(key.as_ref(), &topics, webhooks);
    build.rules(relay.as_ref(), &topics, guard.into_iter().collect());
    build.alarms();
    build.monitoring();
    build.graph
}

/// The deployment package of every function of `stack`.
fn code(stack: &Stack) -> Code {
    let settings = settings(stack).json();
    let (head, tail) = relay_zip::with_settings(&settings);
    Code {
        sha256: relay_zip::sha256([head, &tail]).into(),
        head,
        tail: tail.into(),
        relay: relay().into(),
        settings: Settings::of(&settings).into(),
    }
}

/// The relay that this alertctl ships.
fn relay() -> Relay {
    Relay {
        version: relay_zip::VERSION.to_owned(),
        sha256: relay_zip::SOURCES_SHA256.to_owned(),
    }
}

fn no_code() -> Code {
    Code {
        head: &[],
        tail: Vec::new().into(),
        sha256: "".into(),
        relay: relay().into(),
        settings: Settings::of("").into(),
    }
}

/// The key and its alias alone: what encrypting a webhook needs.
pub fn key_graph(stack: &Stack, home: &str) -> Graph {
    let mut build = Build::new(stack, home.into(), no_code());
    build.key();
    build.graph
}

/// A graph in the making.
struct Build<'a> {
    stack: &'a Stack,
    /// The stack's own region.
    home: &'a str,
    account: Option<&'a str>,
    names: Names<'a>,
    /// The stack's rules, written out.
    rules: Rc<[CompiledRule<'a>]>,
    /// The stack's alarms, presets written out.
    alarms: Rc<BTreeMap<String, Alarm>>,
    /// The log group that the stack's own trail writes to.
    trail_log_group: Option<Ref<LogGroup>>,
    watched: Watched,
    /// What must be there before anything else of another region: it leads there.
    leads: BTreeMap<String, Vec<NodeId>>,
    /// What every function of the stack runs.
    code: Code,
    graph: Graph,
}

impl<'a> Build<'a> {
    fn new(stack: &'a Stack, Home { region, account }: Home<'a>, code: Code) -> Self {
        Self {
            stack,
            home: region,
            account,
            names: Names::of(stack),
            rules: stack.compiled_rules(region).into(),
            alarms: stack.alarms_expanded().into(),
            trail_log_group: None,
            watched: Watched::default(),
            leads: BTreeMap::new(),
            code,
            graph: Graph::default(),
        }
    }

    /// Those of `to` that are channels.
    fn channels_in<'t>(&self, to: &'t [String]) -> impl Iterator<Item = &'t String> + Clone {
        let channels = &self.stack.channels;
        to.iter().filter(move |key| channels.contains_key(*key))
    }

    /// Those of `to` that are topics.
    fn topics_in<'t>(&self, to: &'t [String]) -> impl Iterator<Item = &'t String> + Clone {
        let topics = &self.stack.topics;
        to.iter().filter(move |key| topics.contains_key(*key))
    }
}

impl Build<'_> {
    /// The tags of the resource `R::KIND/key`.
    fn tags<R: Resource>(&self, key: &str) -> Tags {
        let id = NodeId {
            kind: R::KIND,
            key: key.to_owned(),
        };
        owned(&self.stack.stack, &id, &self.stack.tags)
    }

    /// The tags of the role `key`: roles are the same in all regions, so they say which one is the stack's.
    fn role_tags(&self, key: &str) -> Tags {
        let mut tags = self.tags::<IamRole>(key);
        tags.insert(HOME_TAG.to_owned(), self.home.to_owned());
        tags
    }
}

#[cfg(test)]
mod tests;
