//! Small random stacks, and what the account contains once such a stack exists.

use std::collections::BTreeSet;

use crate::engine::graph::Graph;
use crate::resource::tests::world::alias::Alias;
use crate::resource::tests::world::entry::Entry;
use crate::resource::tests::world::group::Group;
use crate::resource::tests::world::key::Key;
use crate::resource::tests::world::random::Random;
use crate::resource::tests::world::{Record, STACK, World};
use crate::resource::{NodeId, Ref, Tags, tags};

/// A stack file, so to say. Each node refers only to nodes before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Stack(Vec<Wish>);

/// One wanted node. Its number makes its name.
#[derive(Debug, Clone)]
struct Wish {
    number: u64,
    what: What,
    size: u64,
    /// The numbers of nodes that it comes after without referring to them.
    after: Vec<u64>,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Alias,
    Key,
    /// Its shape, and the number of its key.
    Group(u64, Option<u64>),
    /// The number of its group.
    Entry(u64),
}

/// The sizes of nodes. Zero is the size of a new group whose own is not set yet.
const SIZES: u64 = 3;
const SHAPES: u64 = 2;
/// The most nodes that are added at once.
const NODES: u64 = 6;

impl Stack {
    pub(super) fn random(random: &mut Random) -> Self {
        let mut stack = Self::default();
        if !random.one_in(3) {
            stack.0.push(Wish {
                number: 0,
                what: What::Alias,
                size: 0,
                after: Vec::new(),
            });
        }
        stack.grow(1, random);
        stack
    }

    /// Another version of the same stack file.
    pub(super) fn edited(&self, random: &mut Random) -> Self {
        let mut edited = Self::default();
        let mut last = 0;
        for wish in &self.0 {
            last = wish.number;
            let mut wish = wish.clone();
            wish.after.retain(|number| edited.has(*number));
            match &mut wish.what {
                What::Entry(group) if !edited.has(*group) => continue,
                What::Group(shape, key) => {
                    *key = key.filter(|key| edited.has(*key));
                    if random.one_in(4) {
                        *shape = random.below(SHAPES);
                    }
                }
                _ => {}
            }
            if random.one_in(3) && !matches!(wish.what, What::Alias) {
                wish.size = 1 + random.below(SIZES);
            }
            if !random.one_in(5) {
                edited.0.push(wish);
            }
        }
        edited.grow(last + 1, random);
        edited
    }

    fn grow(&mut self, first: u64, random: &mut Random) {
        for number in first..first + random.below(NODES) {
            let any = |stack: &Self, random: &mut Random, is: fn(&What) -> bool| {
                let of_kind: Vec<_> = stack.0.iter().filter(|wish| is(&wish.what)).collect();
                let at = (!of_kind.is_empty()).then(|| random.index(of_kind.len()))?;
                Some(of_kind[at].number)
            };
            let key = any(self, random, |what| matches!(what, What::Key));
            let group = any(self, random, |what| matches!(what, What::Group(..)));
            let what = match (random.below(4), group) {
                (0, _) => What::Key,
                (1 | 2, Some(group)) => What::Entry(group),
                _ => What::Group(random.below(SHAPES), key.filter(|_| random.one_in(2))),
            };
            let before = any(self, random, |_| true);
            self.0.push(Wish {
                number,
                what,
                size: 1 + random.below(SIZES),
                after: before.into_iter().filter(|_| random.one_in(2)).collect(),
            });
        }
    }

    fn has(&self, number: u64) -> bool {
        self.0.iter().any(|wish| wish.number == number)
    }

    /// The names of its groups.
    pub(super) fn groups(&self) -> Vec<String> {
        let groups = self.0.iter().filter(|wish| matches!(wish.what, What::Group(..)));
        groups.map(|wish| name(wish.number)).collect()
    }

    pub(super) fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        let (mut keys, mut groups) = (Vec::<(u64, Ref<Key>)>::new(), Vec::<(u64, Ref<Group>)>::new());
        let mut ids = Vec::<(u64, NodeId)>::new();
        for wish in &self.0 {
            let Wish { number, size, .. } = *wish;
            let (key, tags) = (name(number), wish.tags());
            let after = ids.iter().filter(|(number, _)| wish.after.contains(number));
            let after: Vec<_> = after.map(|(_, id)| id.clone()).collect();
            let id = match wish.what {
                What::Alias => {
                    let name = name(number);
                    graph.add_after(key, Alias { name, tags }, after).id().clone()
                }
                What::Key => {
                    keys.push((number, graph.add_after(key, Key { size, tags }, after)));
                    wish.id()
                }
                What::Group(shape, key_number) => {
                    let used = keys.iter().find(|(number, _)| Some(*number) == key_number);
                    let group = Group {
                        name: name(number),
                        shape,
                        size,
                        key: used.map(|(_, key)| key.clone()),
                        tags,
                    };
                    groups.push((number, graph.add_after(key, group, after)));
                    wish.id()
                }
                What::Entry(group) => {
                    let (_, group) = groups
                        .iter()
                        .find(|(number, _)| *number == group)
                        .expect("a group before its entries");
                    let entry = Entry {
                        group: group.clone(),
                        name: name(number),
                        size,
                    };
                    graph.add_after(key, entry, after).id().clone()
                }
            };
            ids.push((number, id));
        }
        graph
    }

    /// What differs between the account and this stack.
    pub(super) fn differs(&self, world: &World) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut expected = BTreeSet::new();
        for wish in &self.0 {
            match wish.find(world) {
                Some(record) if wish.is_met(record, self, world) => {
                    expected.insert((record.kind, record.name.clone()));
                }
                Some(record) => wrong.push(format!("not as wanted: {record:?}")),
                None => wrong.push(format!("missing: {}", wish.id())),
            }
        }
        let ours = world.records().filter(|record| is_the_stacks(record, world));
        let left = ours.filter(|record| !expected.contains(&(record.kind, record.name.clone())));
        wrong.extend(left.map(|record| format!("left over: {record:?}")));
        wrong
    }
}

impl Wish {
    fn kind(&self) -> &'static str {
        match self.what {
            What::Alias => "world-alias",
            What::Key => "world-key",
            What::Group(..) => "world-group",
            What::Entry(_) => "world-entry",
        }
    }

    fn id(&self) -> NodeId {
        NodeId {
            kind: self.kind(),
            key: name(self.number),
        }
    }

    fn tags(&self) -> Tags {
        tags::owned(STACK, &self.id(), &Tags::new())
    }

    fn find<'w>(&self, world: &'w World) -> Option<&'w Record> {
        let tags = self.tags();
        match self.what {
            What::Key => {
                let mut records = world.records();
                records.find(|record| record.kind == "world-key" && record.tags == tags)
            }
            What::Entry(group) => {
                let name = format!("{}/{}", name(group), name(self.number));
                world.find("world-entry", &name)
            }
            What::Alias | What::Group(..) => world.find(self.kind(), &name(self.number)),
        }
    }

    fn is_met(&self, record: &Record, stack: &Stack, world: &World) -> bool {
        let tags = match self.what {
            What::Entry(_) => Tags::new(),
            _ => self.tags(),
        };
        let as_wanted = record.size == self.size && record.tags == tags;
        let What::Group(shape, key) = self.what else {
            return as_wanted;
        };
        let key = key.and_then(|number| stack.0.iter().find(|wish| wish.number == number));
        let id = key.and_then(|key| key.find(world)).map(|key| key.name.clone());
        as_wanted && record.shape == shape && record.key == id && key.is_some() == id.is_some()
    }
}

fn name(number: u64) -> String {
    format!("node-{number}")
}

/// Whether the stack owns the resource. An entry belongs to the owner of its group.
fn is_the_stacks(record: &Record, world: &World) -> bool {
    let group = record.name.split_once('/').map(|(group, _)| group);
    match group.and_then(|group| world.find("world-group", group)) {
        Some(group) => group.is_ours(),
        None => record.is_ours(),
    }
}
