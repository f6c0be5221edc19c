//! A key. It has a generated id and no name, so two calls create two keys; its tags say which node it is.

use super::{Record, attempt, call};
use crate::aws::fault::gone;
use crate::aws::tags::NODE_TAG;
use crate::resource::{
    Access, Aws, Changes, ClaimOrder, Context, Fields, Handling, Known, Observed, Output, Presence, Resource,
    Result, Tags, Wanted, converge, tags,
};

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub size: u64,
    pub tags: Tags,
}

impl Resource for Key {
    const KIND: &'static str = "world-key";
    const HANDLING: Handling = Handling {
        deleted_after: &["world-group"],
        claim: ClaimOrder::Beside,
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[];
    type Live = Record;

    fn name(&self) -> String {
        self.tags.get(NODE_TAG).cloned().unwrap_or_default()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Record>> {
        let mut keys = list(aws).await?;
        let mut present = Vec::new();
        for wanted in wanted {
            let at = keys.iter().position(|key| wanted.desired.is_like(key));
            let key = at.map(|at| keys.remove(at));
            present.push(key.map_or(Presence::Absent, Presence::Ours));
        }
        let orphans = keys.into_iter();
        let orphan = |key: Record| (tags::node(Self::KIND, &key.tags, &key.name), key);
        Ok(Observed {
            wanted: present,
            orphans: orphans.map(orphan).collect(),
        })
    }

    fn fields(&self, _known: &Known) -> Fields {
        Fields::default().set("size", self.size).tags(&self.tags)
    }

    fn live_fields(live: &Record) -> Fields {
        Fields::default().set("size", live.size).live_tags(&live.tags)
    }

    fn live_name(live: &Record) -> String {
        live.name.clone()
    }

    fn output(live: &Record) -> Output {
        live.output()
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Record> {
        let name = Resource::name(self);
        let record = Record {
            size: self.size,
            ..Record::new(Self::KIND, "", &self.tags)
        };
        // The call is not repeated blindly: that would create a second key if only the answer was lost.
        loop {
            let created = attempt(cx.aws, "world:CreateKey", &name, |world, run| {
                world.make(run, record.clone())
            });
            match created.await {
                Err(fault) if fault.ambiguous() => {
                    let mut keys = list(cx.aws).await?.into_iter();
                    if let Some(key) = keys.find(|key| self.is_like(key)) {
                        return converge(self, key, cx).await;
                    }
                }
                created => {
                    cx.fresh.set(created.is_ok());
                    return created;
                }
            }
        }
    }

    async fn update(&self, live: Record, _changes: &Changes, cx: &Context<'_>) -> Result<Record> {
        call(cx.aws, "world:SizeKey", &live.name, |world, run| {
            world.change(run, Self::KIND, &live.name, |record| record.size = self.size)
        })
        .await
    }

    async fn delete(live: Record, cx: &Context<'_>) -> Result<()> {
        let deleted = call(cx.aws, "world:DeleteKey", &live.name, |world, run| {
            world.delete(run, Self::KIND, &live.name)
        });
        gone(deleted.await)
    }

    /// The other run may have found the key by its tags and used it: then the key stays.
    async fn take_back(live: Record, cx: &Context<'_>) -> Result<Option<String>> {
        call(cx.aws, "world:TakeBackKey", &live.name, |world, run| {
            world.saw("taken back");
            match world.uses(&live) {
                Some(_) => Ok(None),
                None => gone(world.delete(run, Self::KIND, &live.name)).map(|()| None),
            }
        })
        .await
    }
}

impl Key {
    /// Whether the key was created for this node.
    fn is_like(&self, key: &Record) -> bool {
        key.is_ours() && key.tags.get(NODE_TAG) == self.tags.get(NODE_TAG)
    }
}

async fn list(aws: &Aws) -> Result<Vec<Record>> {
    call(aws, "world:ListKeys", "", |world, _| {
        let keys = world.records().filter(|record| record.kind == Key::KIND);
        Ok(keys.filter(|key| key.is_ours()).cloned().collect())
    })
    .await
}
