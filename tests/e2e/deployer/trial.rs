//! A run with the identity of a deployer, and what it proves.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::support::gate::{Ask, Gate, Unit, units};
use crate::support::proxy::Proxy;
use crate::support::{Ran, World};
use serde_json::Value;

const SIMULATE: &str = "iam:SimulatePrincipalPolicy";

/// One stack in a separate account behind a gate.
pub(super) struct Trial<'a> {
    pub(super) world: &'a World,
    pub(super) proxy: Proxy,
    pub(super) gate: Arc<Gate>,
    pub(super) account: String,
}

impl<'a> Trial<'a> {
    pub(super) fn new(world: &'a World, upstream: &str, stack: &str, account: &str) -> Self {
        Self::with(world, upstream, stack, account, None)
    }

    /// With a user of the account as the caller, whose permissions IAM reports.
    pub(super) fn as_user(world: &'a World, upstream: &str, stack: &str, account: &str) -> Self {
        let user = format!("arn:aws:iam::{account}:user/deployer");
        Self::with(world, upstream, stack, account, Some(user))
    }

    pub(super) fn with(
        world: &'a World,
        upstream: &str,
        stack: &str,
        account: &str,
        identity: Option<String>,
    ) -> Self {
        let gate = Arc::new(Gate {
            stack: stack.to_owned(),
            identity,
            ..Gate::default()
        });
        Self {
            world,
            proxy: Proxy::gated(upstream, gate.clone()),
            gate,
            account: account.to_owned(),
        }
    }

    pub(super) fn run(&self, args: &[&str]) -> Ran {
        self.world.run_with_aws(&self.proxy.url, &self.account, args)
    }

    /// The permissions in the printed policy for this command.
    pub(super) fn printed(&self, commands: &[&str]) -> BTreeSet<Unit> {
        let ran = self.run(&[&["policy", "--deployer", "--output", "json"], commands].concat());
        assert_eq!(ran.code, 0, "{}", ran.all());
        let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
        let policies = printed["policies"].as_array().unwrap().iter();
        let documents: Vec<_> = policies.map(|policy| policy["document"].clone()).collect();
        for document in &documents {
            assert!(document.to_string().len() <= 6144);
        }
        units(&documents)
    }

    /// Grants these permissions, and the permission to simulate them.
    pub(super) fn grant(&self, units: impl IntoIterator<Item = Unit>) {
        let mut granted = self.gate.granted.lock().unwrap();
        *granted = units.into_iter().collect();
        granted.insert(Unit {
            action: SIMULATE.to_owned(),
            resources: vec!["*".to_owned()],
            conditions: Vec::new(),
        });
    }

    /// Runs `args`; counts the simulations and the changing calls.
    pub(super) fn counted(&self, args: &[&str]) -> (Ran, usize, usize) {
        self.proxy.clear();
        let ran = self.run(args);
        let actions = self.proxy.actions();
        let asked = actions.iter().filter(|action| *action == SIMULATE).count();
        let reads = |action: &&String| {
            let (_, name) = action.split_once(':').unwrap();
            ["Get", "List", "Describe", "Simulate"]
                .iter()
                .any(|verb| name.starts_with(verb))
        };
        let changed = actions.len() - actions.iter().filter(reads).count();
        (ran, asked, changed)
    }

    /// Runs `args` with the permissions that are `proven` to be needed. Then adds those that the error names as
    /// missing and the printed policy contains, and repeats until the command succeeds.
    pub(super) fn grow(&self, args: &[&str], printed: &BTreeSet<Unit>, proven: &Mutex<Proven>) {
        let known = proven.lock().unwrap().clone();
        let known = printed.iter().filter(|unit| known.contains(&key(unit)));
        *self.gate.granted.lock().unwrap() = known.cloned().collect();
        for _ in 0..200 {
            self.gate.refused.lock().unwrap().clear();
            let ran = self.run(args);
            let refused = self.gate.refused.lock().unwrap().clone();
            let allowing = |ask: &Ask| printed.iter().find(|unit| unit.allows(ask)).cloned();
            let (lacking, beyond): (Vec<_>, Vec<_>) = refused.iter().partition(|ask| allowing(ask).is_some());
            // No optional call is refused either, because CloudTrail records every refusal.
            assert!(
                beyond.is_empty(),
                "{args:?}: the policy does not allow {beyond:?}\n{}",
                ran.all()
            );
            if lacking.is_empty() {
                assert_eq!(ran.code, 0, "{args:?}\n{}", ran.all());
                return;
            }
            let named = |ask: &Ask| ran.stderr.contains(&ask.action) && ran.stderr.contains(&ask.resource);
            let named: Vec<_> = lacking.iter().filter(|ask| named(ask)).collect();
            if named.is_empty() && ran.code == 0 {
                // For missing resources: all are queried at once, and only one result counts.
                return;
            }
            assert!(
                !named.is_empty(),
                "{args:?}: not named: {lacking:?}\n{}",
                ran.all()
            );
            for ask in named {
                let unit = allowing(ask).unwrap();
                proven.lock().unwrap().insert(key(&unit));
                self.gate.granted.lock().unwrap().insert(unit);
            }
        }
        panic!("{args:?} does not come to an end");
    }
}

/// Actions that some command needs, with the conditions under which they are granted.
type Proven = BTreeSet<(String, Vec<String>)>;

/// The combined findings of all stacks.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) proven: Mutex<Proven>,
    pub(super) printed: Mutex<Proven>,
}

pub(super) fn key(unit: &Unit) -> (String, Vec<String>) {
    let conditions = unit.conditions.iter().map(|(_, key, _)| key.clone());
    (unit.action.clone(), conditions.collect())
}
