//! An account in memory for the property test of the engine, and the four kinds of resources in it.
//!
//! The kinds differ in what matters to the engine: the name of an alias claims the stack, a group has a field that
//! cannot be changed, an entry lives in a group, and a key has a generated id instead of a name.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use crate::aws::fault::NO_ANSWER;
use crate::aws::tags::{STACK_TAG, Tagged};
use crate::resource::any::Kind;
use crate::resource::{Fault, Output, Result, Tags};

pub(crate) mod alias;
mod calls;
pub(crate) mod entry;
pub(crate) mod group;
pub(crate) mod key;
pub(crate) mod random;
mod template;

pub(crate) use calls::seat;
use calls::{attempt, call, existing, read, run};
use random::Random;

/// The kinds of this account.
pub(crate) const KINDS: &[Kind] = &[
    Kind::of::<alias::Alias>(),
    Kind::of::<entry::Entry>(),
    Kind::of::<group::Group>(),
    Kind::of::<key::Key>(),
];

/// The stack of all runs.
pub(crate) const STACK: &str = "mission";

/// A resource as it is. Its kind says which of the fields mean something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub kind: &'static str,
    /// The name, or the generated id. An entry's is `group/entry`.
    pub name: String,
    pub tags: Tags,
    pub shape: u64,
    pub size: u64,
    /// The id of the key that a group uses.
    pub key: Option<String>,
    /// The number of the run that created it.
    pub made_by: usize,
}

impl Record {
    pub(crate) fn new(kind: &'static str, name: &str, tags: &Tags) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            tags: tags.clone(),
            shape: 0,
            size: 0,
            key: None,
            made_by: usize::MAX,
        }
    }

    pub(crate) fn output(&self) -> Output {
        Output {
            arn: arn(self.kind, &self.name),
            id: self.name.clone(),
        }
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.tags.get(STACK_TAG).is_some_and(|stack| stack == STACK)
    }
}

/// How likely the faults of calls are: one in so many. Zero: never.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chances {
    /// The answer is lost, whether the call was carried out or not.
    pub lost: u64,
    pub refused: u64,
}

/// What became of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    Refused,
    /// The answer is lost, and the call was carried out or not.
    Lost(bool),
    /// The run ends here, and the call was carried out or not.
    Crash(bool),
}

/// One run, as the account sees it.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    pub calls: u32,
    /// The run ends with this call.
    pub crash_at: Option<u32>,
    pub crashed: bool,
}

/// The account.
#[derive(Default)]
pub(crate) struct World {
    records: BTreeMap<(&'static str, String), Record>,
    /// What the index of tags listed after each change: kinds and names.
    index: Vec<Vec<(&'static str, String)>>,
    pub random: Random,
    pub chances: Chances,
    pub callers: Vec<Caller>,
    /// Takes this group's name at this call of any run, if nobody else has it.
    pub intruder: Option<(usize, String)>,
    /// The calls and steps, in order, if they are to be written down.
    pub log: Option<Vec<String>>,
    /// Whatever must never happen and did.
    pub wrong: Vec<String>,
    /// How often each situation occurred.
    pub seen: BTreeMap<&'static str, u64>,
    calls: usize,
    made: u32,
}

pub(crate) type Shared = Rc<RefCell<World>>;

impl World {
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    pub(crate) fn find(&self, kind: &'static str, name: &str) -> Option<&Record> {
        self.records.get(&(kind, name.to_owned()))
    }

    /// Puts a record without asking anybody.
    pub(crate) fn put(&mut self, record: Record) {
        self.records.insert((record.kind, record.name.clone()), record);
        self.indexed();
    }

    /// Notes that a situation occurred.
    pub(crate) fn saw(&mut self, situation: &'static str) {
        *self.seen.entry(situation).or_default() += 1;
    }

    /// Writes a line down.
    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push(line());
        }
    }

    /// Removes a stranger's group with its entries.
    pub(crate) fn make_room(&mut self, name: &str) {
        if self
            .find("world-group", name)
            .is_some_and(|group| !group.is_ours())
        {
            self.remove("world-group", name);
        }
    }

    /// Records it if a run that gave way to another left a key of its own that nobody uses, although no call of it
    /// failed.
    pub(crate) fn takes_back(&mut self, run: usize) {
        let left = |key: &&Record| key.kind == "world-key" && key.made_by == run && self.uses(key).is_none();
        let left = self.records().find(left).map(|key| key.name.clone());
        let calm = self.chances.lost == 0 && self.chances.refused == 0;
        if let Some(name) = left.filter(|_| calm) {
            self.wrong
                .push(format!("run {run} gave way and left {name} behind"));
        }
    }

    fn remove(&mut self, kind: &'static str, name: &str) {
        self.records.remove(&(kind, name.to_owned()));
        if kind == "world-group" {
            let inside = format!("{name}/");
            let is_inside = |kind: &str, name: &str| kind == "world-entry" && name.starts_with(&inside);
            self.records.retain(|(kind, name), _| !is_inside(kind, name));
        }
        self.indexed();
    }

    fn indexed(&mut self) {
        let tagged = self.records().filter(|record| record.is_ours());
        let names = tagged.map(|record| (record.kind, record.name.clone()));
        self.index.push(names.collect());
    }

    /// What the index of tags lists if it is `lag` changes behind.
    fn tagged(&self, lag: usize) -> Vec<Tagged> {
        let at = self.index.len().checked_sub(1 + lag);
        let names = at.map_or(&[][..], |at| &self.index[at]);
        let tagged = |(kind, name): &(&'static str, String)| Tagged {
            arn: arn(kind, name),
            tags: Tags::new(),
        };
        names.iter().map(tagged).collect()
    }

    /// Creates a record whose name nobody has.
    fn create(&mut self, run: usize, record: Record) -> Result<Record> {
        let record = Record {
            made_by: run,
            ..record
        };
        if self.find(record.kind, &record.name).is_some() {
            return Err(Fault::new("world:Create", "AlreadyExists", &record.name));
        }
        self.holds(record.key.as_deref())?;
        self.put(record.clone());
        Ok(record)
    }

    /// Creates a record under a new id.
    fn make(&mut self, run: usize, record: Record) -> Result<Record> {
        self.made += 1;
        let name = format!("id-{:03}", self.made);
        self.create(run, Record { name, ..record })
    }

    fn change(
        &mut self,
        run: usize,
        kind: &'static str,
        name: &str,
        change: impl FnOnce(&mut Record),
    ) -> Result<Record> {
        let mut record = self.find(kind, name).cloned().ok_or_else(|| missing(name))?;
        self.respects(run, &record);
        change(&mut record);
        self.holds(record.key.as_deref())?;
        self.put(record.clone());
        Ok(record)
    }

    /// Deletes a record, and a group with its entries. A key that a group uses cannot be deleted.
    fn delete(&mut self, run: usize, kind: &'static str, name: &str) -> Result<()> {
        let record = self.find(kind, name).cloned().ok_or_else(|| missing(name))?;
        self.respects(run, &record);
        if self.uses(&record).is_some() {
            return Err(Fault::new("world:Delete", "InUse", name));
        }
        self.remove(kind, name);
        Ok(())
    }

    /// A group that uses this key.
    pub(crate) fn uses(&self, key: &Record) -> Option<&Record> {
        let mut records = self.records();
        records.find(|record| key.kind == "world-key" && record.key.as_ref() == Some(&key.name))
    }

    fn holds(&self, key: Option<&str>) -> Result<()> {
        match key {
            Some(key) if self.find("world-key", key).is_none() => Err(missing(key)),
            _ => Ok(()),
        }
    }

    /// Records it if a run touches what is not the stack's. An entry belongs to its group.
    fn respects(&mut self, run: usize, record: &Record) {
        let group = record.name.split('/').next().unwrap_or_default();
        let owner = match record.kind {
            "world-entry" => self.find("world-group", group),
            _ => Some(record),
        };
        if owner.is_some_and(|owner| !owner.is_ours()) {
            let text = format!("run {run} touches a stranger's {}", record.name);
            self.wrong.push(text);
        }
    }

    /// Answers one call. `None`: the run has ended.
    fn answer<T>(
        &mut self,
        run: usize,
        action: &'static str,
        name: &str,
        act: impl FnOnce(&mut Self, usize) -> Result<T>,
    ) -> Option<Result<T>> {
        if self.callers[run].crashed {
            return None;
        }
        self.calls += 1;
        if let Some((at, name)) = self.intruder.clone()
            && self.calls >= at
        {
            self.intruder = None;
            self.intrude(&name);
        }
        let fate = self.fate(run);
        self.note(|| format!("run {run}: {action} {name}: {fate:?}"));
        let lost = || Fault::new(action, NO_ANSWER, "lost");
        Some(match fate {
            Fate::Answered => act(self, run),
            Fate::Refused => Err(Fault::new(action, "ValidationError", "refused by the test")),
            Fate::Lost(true) => act(self, run).and_then(|_| Err(lost())),
            Fate::Lost(false) => Err(lost()),
            Fate::Crash(done) => {
                self.callers[run].crashed = true;
                let _ = done.then(|| act(self, run));
                return None;
            }
        })
    }

    fn fate(&mut self, run: usize) -> Fate {
        let Chances { lost, refused } = self.chances;
        let caller = &mut self.callers[run];
        caller.calls += 1;
        if caller.crash_at.is_some_and(|at| caller.calls >= at) {
            self.saw("crash");
            Fate::Crash(self.random.one_in(2))
        } else if self.random.one_in(lost) {
            self.saw("lost");
            Fate::Lost(self.random.one_in(2))
        } else if self.random.one_in(refused) {
            self.saw("refused");
            Fate::Refused
        } else {
            Fate::Answered
        }
    }

    /// Somebody else creates a group.
    fn intrude(&mut self, name: &str) {
        if self.find("world-group", name).is_none() {
            self.saw("intruder");
            self.note(|| format!("a stranger creates {name}"));
            self.put(Record::new("world-group", name, &strangers()));
        }
    }
}

/// The tags of what is not the stack's.
pub(crate) fn strangers() -> Tags {
    Tags::from([(STACK_TAG.to_owned(), "another".to_owned())])
}

fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:world:eu-west-1:123456789012:{kind}/{name}")
}

fn missing(name: &str) -> Fault {
    Fault::new("world:Read", "NotFound", name)
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.log
            .iter()
            .flatten()
            .try_for_each(|line| writeln!(f, "  {line}"))?;
        writeln!(f, "  what is there:")?;
        self.records().try_for_each(|record| {
            let Record { kind, name, size, .. } = record;
            let (tags, key) = (&record.tags, &record.key);
            writeln!(f, "  {kind} {name} size {size} key {key:?} {tags:?}")
        })
    }
}
