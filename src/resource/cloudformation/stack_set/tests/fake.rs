//! A CloudFormation with stack sets in an organization, which refuses what AWS refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use aws_sdk_cloudformation::types as sdk;
use aws_smithy_mocks::{RuleMode, mock_client};

use crate::aws::Clients;
use crate::aws::tags::Tagged;
use crate::resource::tests::script::{Script, tagged};
use crate::resource::{Aws, Tags};

mod change;
mod look;

/// Code and message.
type Refusal = (&'static str, String);
/// Account and region.
type Place = (String, String);

#[derive(Clone)]
pub struct Fake {
    pub script: Script,
    pub state: Arc<Mutex<State>>,
}

/// The organization and its sets.
#[derive(Default)]
pub struct State {
    /// The accounts of each unit, those of the units below it included.
    pub units: BTreeMap<String, Vec<String>>,
    pub sets: BTreeMap<String, StackSet>,
    /// The places in which every operation fails, and why.
    pub failing: BTreeMap<Place, String>,
    /// The places in which deletions end half-way, unless the stack is to stay.
    pub stuck: BTreeSet<Place>,
    /// The accounts to which nothing is ever deployed, without a word.
    pub passed_over: BTreeSet<String>,
    /// How often an operation is looked at before it ends.
    pub looks: usize,
}

#[derive(Default)]
pub struct StackSet {
    pub description: String,
    pub template: String,
    pub parameters: BTreeMap<String, String>,
    pub tags: Tags,
    pub model: Option<sdk::PermissionModels>,
    pub auto: bool,
    pub managed: bool,
    pub units: BTreeSet<String>,
    pub regions: BTreeSet<String>,
    pub instances: BTreeMap<Place, Instance>,
    pub operations: Vec<Operation>,
}

#[derive(Clone)]
pub struct Instance {
    pub status: sdk::StackInstanceStatus,
    pub detailed: sdk::StackInstanceDetailedStatus,
    pub unit: Option<String>,
    pub drift: Option<sdk::StackDriftStatus>,
}

pub struct Operation {
    pub id: String,
    pub status: sdk::StackSetOperationStatus,
    pub deed: Deed,
    /// With the unit through which it is reached.
    places: Vec<(Place, Option<String>)>,
    looks: usize,
    pub results: BTreeMap<Place, Result<(), String>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Create,
    Update,
    Delete { retain: bool },
}

impl Deed {
    fn action(self) -> sdk::StackSetOperationAction {
        match self {
            Self::Create => sdk::StackSetOperationAction::Create,
            Self::Update => sdk::StackSetOperationAction::Update,
            Self::Delete { .. } => sdk::StackSetOperationAction::Delete,
        }
    }
}

impl Operation {
    fn is_open(&self) -> bool {
        use sdk::StackSetOperationStatus::{Queued, Running};
        matches!(self.status, Queued | Running)
    }
}

impl State {
    /// The set of this name.
    pub fn set(&mut self, name: Option<&str>) -> Result<&mut StackSet, Refusal> {
        let name = name.unwrap_or_default();
        let missing = ("StackSetNotFoundException", format!("StackSet {name} not found"));
        self.sets.get_mut(name).ok_or(missing)
    }

    /// Lets time pass: the first operation that has not ended gets on.
    fn tick(&mut self, name: Option<&str>) -> Result<(), Refusal> {
        let (failing, stuck) = (self.failing.clone(), self.stuck.clone());
        let set = self.set(name)?;
        let Some(at) = set.operations.iter().position(Operation::is_open) else {
            return Ok(());
        };
        let operation = &mut set.operations[at];
        operation.status = sdk::StackSetOperationStatus::Running;
        if operation.looks > 0 {
            operation.looks -= 1;
            return Ok(());
        }
        operation.status = sdk::StackSetOperationStatus::Succeeded;
        for (place, unit) in operation.places.clone() {
            let reason = failing.get(&place);
            let result = reason.map_or(Ok(()), |reason| Err(reason.clone()));
            let result = match operation.deed {
                Deed::Delete { retain: false } if stuck.contains(&place) => Err("it does not go".to_owned()),
                Deed::Delete { retain: true } => Ok(()),
                _ => result,
            };
            match (operation.deed, &result) {
                (Deed::Delete { .. }, Ok(())) => {
                    set.instances.remove(&place);
                }
                (Deed::Delete { .. }, Err(_)) if stuck.contains(&place) => {
                    if let Some(instance) = set.instances.get_mut(&place) {
                        instance.status = sdk::StackInstanceStatus::Inoperable;
                    }
                }
                (Deed::Delete { .. }, Err(_)) => {}
                (Deed::Create | Deed::Update, result) => {
                    let instance = set
                        .instances
                        .entry(place.clone())
                        .or_insert_with(|| Instance::new(unit));
                    instance.set(result.is_ok());
                }
            }
            operation.results.insert(place, result);
        }
        let of = |place: fn(&(Place, Instance)) -> Option<String>| -> BTreeSet<String> {
            let all = set.instances.iter().map(|(at, one)| (at.clone(), one.clone()));
            all.filter_map(|one| place(&one)).collect()
        };
        if matches!(operation.deed, Deed::Delete { .. }) {
            let (units, regions) = (of(|one| one.1.unit.clone()), of(|one| Some(one.0.1.clone())));
            set.units.retain(|unit| units.contains(unit));
            set.regions.retain(|region| regions.contains(region));
        }
        Ok(())
    }
}

impl Instance {
    pub fn new(unit: Option<String>) -> Self {
        Self {
            status: sdk::StackInstanceStatus::Current,
            detailed: sdk::StackInstanceDetailedStatus::Succeeded,
            unit,
            drift: None,
        }
    }

    fn set(&mut self, is_current: bool) {
        (self.status, self.detailed) = match is_current {
            true => (
                sdk::StackInstanceStatus::Current,
                sdk::StackInstanceDetailedStatus::Succeeded,
            ),
            false => (
                sdk::StackInstanceStatus::Outdated,
                sdk::StackInstanceDetailedStatus::Failed,
            ),
        };
    }
}

impl Fake {
    pub fn new(units: &[(&str, &[&str])]) -> Self {
        let unit = |(unit, accounts): &(&str, &[&str])| {
            let accounts = accounts.iter().map(|account| (*account).to_owned());
            ((*unit).to_owned(), accounts.collect())
        };
        let state = State {
            units: units.iter().map(unit).collect(),
            looks: 1,
            ..State::default()
        };
        Self {
            script: Script::default(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The stack `mission`, with its organization's bus.
    pub fn aws(&self) -> Aws {
        self.with_buses(&["mission-organization"])
    }

    pub fn with_buses(&self, buses: &[&str]) -> Aws {
        let tag = |bus: &&str| {
            let arn = format!("arn:aws:events:eu-west-1:123456789012:event-bus/{bus}");
            tagged(&arn, Tags::new())
        };
        let tagged: Vec<Tagged> = buses.iter().map(tag).collect();
        Aws::mocked(tagged, |clients| self.put(clients))
    }

    /// An account joins a unit: auto-deployment begins an operation of its own, before any instance is listed.
    pub fn join(&self, unit: &str, account: &str, operation: &str) {
        let mut state = self.state.lock().unwrap();
        let members = state.units.entry(unit.to_owned()).or_default();
        members.push(account.to_owned());
        let looks = state.looks;
        let set = state.sets.get_mut("mission-organization").unwrap();
        let regions = set.regions.iter().cloned();
        let places = regions.map(|region| ((account.to_owned(), region), Some(unit.to_owned())));
        set.operations.push(Operation {
            id: operation.to_owned(),
            status: sdk::StackSetOperationStatus::Queued,
            deed: Deed::Create,
            places: places.collect(),
            looks,
            results: BTreeMap::new(),
        });
    }

    /// Somebody stops the newest operation.
    pub fn stop_last(&self) {
        let mut state = self.state.lock().unwrap();
        let set = state.sets.get_mut("mission-organization").unwrap();
        set.operations.last_mut().unwrap().status = sdk::StackSetOperationStatus::Stopped;
    }

    /// The calls that change something.
    pub fn written(&self) -> Vec<String> {
        let reads = [
            "describe",
            "instances",
            "operation",
            "operations",
            "results",
            "account",
            "accounts",
        ];
        let read = |line: &String| reads.contains(&line.split(' ').next().unwrap_or_default());
        self.script.log().into_iter().filter(|line| !read(line)).collect()
    }

    fn with<T>(&self) -> impl Fn(&dyn Fn(&mut State) -> T) -> T + Send + Sync + use<T> {
        let state = self.state.clone();
        move |f| f(&mut state.lock().unwrap())
    }

    pub fn put(&self, clients: &mut Clients) {
        let rules: Vec<_> = [self.change_rules(), self.instance_rules(), self.look_rules()].concat();
        clients.organizations =
            mock_client!(aws_sdk_organizations, RuleMode::MatchAny, &self.account_rules());
        clients.cloudformation = mock_client!(aws_sdk_cloudformation, RuleMode::MatchAny, &rules);
    }
}
