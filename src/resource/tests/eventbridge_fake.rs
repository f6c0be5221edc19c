//! An EventBridge of one region that stores what it is sent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusOutput;
use aws_sdk_eventbridge::types as sdk;
use aws_smithy_mocks::{RuleMode, mock_client};

use crate::aws::Clients;
use crate::aws::tags::{STACK_TAG, Tagged};
use crate::resource::tests::script::Script;
use crate::resource::{Aws, Tags};

mod buses;
mod rules;
mod targets;

/// Bus and rule.
type Place = (String, String);
/// Code and message.
type Refusal = (&'static str, String);

#[derive(Clone)]
pub struct Fake {
    pub script: Script,
    pub state: Arc<Mutex<State>>,
}

pub struct State {
    region: &'static str,
    pub buses: BTreeMap<String, DescribeEventBusOutput>,
    pub rules: BTreeMap<Place, sdk::Rule>,
    pub targets: BTreeMap<Place, Vec<sdk::Target>>,
    pub tags: BTreeMap<String, Tags>,
    /// The refusals that the next calls to put or remove targets report for their first target.
    pub failures: VecDeque<Refusal>,
    /// The number of rules on one page of the list.
    pub page: usize,
}

impl State {
    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:events:{}:123456789012:{resource}", self.region)
    }

    pub fn rule_arn(&self, bus: &str, name: &str) -> String {
        self.arn(&match bus {
            "default" => format!("rule/{name}"),
            bus => format!("rule/{bus}/{name}"),
        })
    }

    pub fn bus_arn(&self, name: &str) -> String {
        self.arn(&format!("event-bus/{name}"))
    }
}

fn missing() -> Refusal {
    ("ResourceNotFoundException", "does not exist.".into())
}

fn place(bus: Option<&str>, name: Option<&str>) -> Place {
    let bus = bus.expect("EventBusName is always passed");
    (bus.to_owned(), name.unwrap_or_default().to_owned())
}

impl Fake {
    pub fn new(region: &'static str) -> Self {
        let state = State {
            region,
            buses: BTreeMap::new(),
            rules: BTreeMap::new(),
            targets: BTreeMap::new(),
            tags: BTreeMap::new(),
            failures: VecDeque::new(),
            page: 100,
        };
        Self {
            script: Script::default(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The stack `mission` in its home region, with an up-to-date tagging index.
    pub fn aws(&self) -> Aws {
        Aws::mocked(self.tagged(), |clients| self.put(clients))
    }

    /// The resources with the tag of the stack `mission`.
    pub fn tagged(&self) -> Vec<Tagged> {
        let state = self.state.lock().unwrap();
        let ours = state
            .tags
            .iter()
            .filter(|(_, tags)| tags.get(STACK_TAG).is_some_and(|stack| stack == "mission"));
        ours.map(|(arn, tags)| Tagged {
            arn: arn.clone(),
            tags: tags.clone(),
        })
        .collect()
    }

    /// The calls that change something.
    pub fn written(&self) -> Vec<String> {
        let reads = ["rules", "tags", "targets", "describe", "bus"];
        let read = |line: &String| reads.contains(&line.split(' ').next().unwrap_or_default());
        self.script.log().into_iter().filter(|line| !read(line)).collect()
    }

    fn with<T>(&self) -> impl Fn(&dyn Fn(&mut State) -> T) -> T + Send + Sync + use<T> {
        let state = self.state.clone();
        move |f| f(&mut state.lock().unwrap())
    }

    pub fn put(&self, clients: &mut Clients) {
        let rules: Vec<_> = [
            self.bus_rules(),
            self.rule_rules(),
            self.tag_rules(),
            self.target_rules(),
        ]
        .concat();
        clients.events = mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, &rules);
    }
}

fn read(tags: &[sdk::Tag]) -> Tags {
    tags.iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect()
}
