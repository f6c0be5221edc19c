//! A group, found by its name and owned by its tag. It may use a key, and its size is set after its creation.

use super::key::Key;
use super::{Record, call, existing, read};
use crate::aws::fault::gone;
use crate::resource::{
    Access, Aws, Changes, Context, Fields, Handling, Known, NodeId, Observed, Output, Ref, Resource, Result,
    Tags, Wanted, converge, named,
};

#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub name: String,
    /// Cannot be changed.
    pub shape: u64,
    pub size: u64,
    pub key: Option<Ref<Key>>,
    pub tags: Tags,
}

impl Resource for Group {
    const KIND: &'static str = "world-group";
    const IMMUTABLE: &'static [&'static str] = &["shape"];
    const HANDLING: Handling = Handling {
        deleted_after: &["world-entry"],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[];
    type Live = Record;

    fn refs(&self) -> Vec<NodeId> {
        self.key.iter().map(|key| key.id().clone()).collect()
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Record>> {
        named::observe(
            aws,
            wanted,
            async || aws.tagged_names("world", "world-group/").await,
            async |name, _| read(aws, Self::KIND, name).await,
            |live| &live.tags,
        )
        .await
    }

    fn fields(&self, known: &Known) -> Fields {
        Fields::default()
            .set("name", self.name.as_str())
            .set("shape", self.shape)
            .set("size", self.size)
            .text_some("key", self.key.as_ref().map(Ref::unique_id), known)
            .tags(&self.tags)
    }

    fn live_fields(live: &Record) -> Fields {
        Fields::default()
            .set("name", live.name.as_str())
            .set("shape", live.shape)
            .set("size", live.size)
            .set_some("key", live.key.as_deref())
            .live_tags(&live.tags)
    }

    fn live_name(live: &Record) -> String {
        live.name.clone()
    }

    fn output(live: &Record) -> Output {
        live.output()
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Record> {
        let record = Record {
            shape: self.shape,
            key: self.key(cx)?,
            ..Record::new(Self::KIND, &self.name, &self.tags)
        };
        let created = call(cx.aws, "world:CreateGroup", &self.name, |world, run| {
            world.create(run, record.clone())
        });
        match created.await {
            Err(fault) => {
                let live = existing::<Self>(cx.aws, &self.name, fault).await?;
                converge(self, live, cx).await
            }
            created => created,
        }
    }

    async fn settle(&self, live: &Record, cx: &Context<'_>) -> Result<()> {
        match live.size == self.size {
            true => Ok(()),
            false => self.set_size(cx).await.map(drop),
        }
    }

    async fn update(&self, live: Record, changes: &Changes, cx: &Context<'_>) -> Result<Record> {
        if changes.touch("size") {
            self.set_size(cx).await?;
        }
        let key = self.key(cx)?;
        call(cx.aws, "world:ChangeGroup", &live.name, |world, run| {
            world.change(run, Self::KIND, &live.name, |record| {
                record.key.clone_from(&key);
                record.tags.clone_from(&self.tags);
            })
        })
        .await
    }

    async fn delete(live: Record, cx: &Context<'_>) -> Result<()> {
        let deleted = call(cx.aws, "world:DeleteGroup", &live.name, |world, run| {
            world.delete(run, Self::KIND, &live.name)
        });
        gone(deleted.await)
    }
}

impl Group {
    fn key(&self, cx: &Context<'_>) -> Result<Option<String>> {
        let key = self.key.as_ref();
        key.map(|key| cx.text(&key.unique_id())).transpose()
    }

    async fn set_size(&self, cx: &Context<'_>) -> Result<Record> {
        call(cx.aws, "world:SizeGroup", &self.name, |world, run| {
            world.change(run, Self::KIND, &self.name, |record| record.size = self.size)
        })
        .await
    }
}
