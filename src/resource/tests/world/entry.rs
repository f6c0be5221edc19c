//! An entry of a group. It has no tags: the owner of its group owns it, and it is deleted with the group.

use std::collections::BTreeSet;

use super::group::Group;
use super::{Record, call, missing};
use crate::aws::concurrently;
use crate::aws::fault::gone;
use crate::resource::{
    About, Access, Aws, Changes, Context, Fields, Known, NodeId, Observed, Output, Presence, Ref, Resource,
    Result, Wanted,
};

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub group: Ref<Group>,
    pub name: String,
    pub size: u64,
}

/// A group and its entries.
type Listed = (Option<Record>, Vec<Record>);

impl Resource for Entry {
    const KIND: &'static str = "world-entry";
    const ACCESS: &'static [Access] = &[];
    type Live = Record;

    fn parent(&self) -> Option<NodeId> {
        Some(self.group.id().clone())
    }

    fn name(&self) -> String {
        format!("{}/{}", self.group.name(), self.name)
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Record>> {
        let (mut present, mut orphans) = (Vec::new(), Vec::new());
        let names: BTreeSet<_> = wanted.iter().map(|wanted| wanted.desired.name()).collect();
        let groups: BTreeSet<_> = wanted.iter().map(|wanted| wanted.desired.group.name()).collect();
        let tagged = aws.tagged_names("world", "world-group/").await?;
        let groups: BTreeSet<_> = groups.into_iter().chain(tagged).collect();
        let listed: Vec<Listed> = concurrently(groups, |group| list(aws, group)).await?;
        let mut read = Vec::new();
        for (holder, entries) in listed {
            let ours = holder.is_some_and(|holder| holder.is_ours());
            read.extend(entries.into_iter().map(|entry| (entry, ours)));
        }
        for wanted in wanted {
            let name = wanted.desired.name();
            let found = read.iter().find(|(entry, _)| entry.name == name);
            present.push(match found {
                Some((entry, true)) => Presence::Ours(entry.clone()),
                Some((entry, false)) => Presence::Foreign(entry.clone()),
                None => Presence::Absent,
            });
        }
        for (entry, _) in read
            .into_iter()
            .filter(|(entry, ours)| *ours && !names.contains(&entry.name))
        {
            let key = entry.name.clone();
            let id = NodeId {
                kind: Self::KIND,
                key,
            };
            orphans.push((id, entry));
        }
        Ok(Observed {
            wanted: present,
            orphans,
        })
    }

    fn fields(&self, _known: &Known) -> Fields {
        Fields::default()
            .set("name", Resource::name(self))
            .set("size", self.size)
    }

    fn live_fields(live: &Record) -> Fields {
        Fields::default()
            .set("name", live.name.as_str())
            .set("size", live.size)
    }

    fn live_name(live: &Record) -> String {
        live.name.clone()
    }

    fn output(live: &Record) -> Output {
        live.output()
    }

    fn about(live: &Record) -> About {
        let group = live.name.split_once('/').map(|(group, _)| group);
        About {
            lives_in: group.map(|group| (Group::KIND, group.to_owned())),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Record> {
        self.put(cx).await
    }

    async fn update(&self, _live: Record, _changes: &Changes, cx: &Context<'_>) -> Result<Record> {
        self.put(cx).await
    }

    async fn delete(live: Record, cx: &Context<'_>) -> Result<()> {
        let deleted = call(cx.aws, "world:DeleteEntry", &live.name, |world, run| {
            world.delete(run, Self::KIND, &live.name)
        });
        gone(deleted.await)
    }
}

impl Entry {
    /// Creates the entry or replaces its content, as the service does not distinguish the two.
    async fn put(&self, cx: &Context<'_>) -> Result<Record> {
        let name = Resource::name(self);
        let group = self.group.name();
        call(cx.aws, "world:PutEntry", &name, |world, run| {
            if world.find(Group::KIND, group).is_none() {
                return Err(missing(group));
            }
            let record = Record {
                size: self.size,
                made_by: run,
                ..Record::new(Self::KIND, &name, &Default::default())
            };
            world.respects(run, &record);
            world.put(record.clone());
            Ok(record)
        })
        .await
    }
}

async fn list(aws: &Aws, group: &str) -> Result<Listed> {
    call(aws, "world:ListEntries", group, |world, _| {
        let inside = format!("{group}/");
        let entries = world
            .records()
            .filter(|record| record.kind == Entry::KIND && record.name.starts_with(&inside));
        let entries = entries.cloned().collect();
        Ok((world.find(Group::KIND, group).cloned(), entries))
    })
    .await
}
