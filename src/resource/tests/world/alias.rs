//! A name of which there is only one: its creation claims the stack.

use super::{Record, call, existing, read, run};
use crate::aws::fault::gone;
use crate::aws::run::another;
use crate::resource::{
    Access, Aws, Changes, ClaimOrder, Context, Fields, Handling, Known, Observed, Output, Resource, Result,
    Tags, Wanted, named,
};

#[derive(Debug, Clone)]
pub(crate) struct Alias {
    pub name: String,
    pub tags: Tags,
}

impl Resource for Alias {
    const KIND: &'static str = "world-alias";
    const HANDLING: Handling = Handling {
        deleted_after: &["world-group", "world-entry"],
        claim: ClaimOrder::Claims,
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[];
    type Live = Record;

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Record>> {
        named::observe(
            aws,
            wanted,
            async || aws.tagged_names("world", "world-alias/").await,
            async |name, _| read(aws, Self::KIND, name).await,
            |live| &live.tags,
        )
        .await
    }

    fn fields(&self, _known: &Known) -> Fields {
        Fields::default().set("name", self.name.as_str()).tags(&self.tags)
    }

    fn live_fields(live: &Record) -> Fields {
        Fields::default()
            .set("name", live.name.as_str())
            .live_tags(&live.tags)
    }

    fn live_name(live: &Record) -> String {
        live.name.clone()
    }

    fn output(live: &Record) -> Output {
        live.output()
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Record> {
        let record = Record::new(Self::KIND, &self.name, &self.tags);
        let created = call(cx.aws, "world:CreateAlias", &self.name, |world, run| {
            world.create(run, record.clone())
        });
        match created.await {
            Err(fault) => {
                let live = existing::<Self>(cx.aws, &self.name, fault).await?;
                match cx.claim && live.made_by != run(cx.aws) {
                    true => Err(another(&cx.aws.stack, "it created the alias")),
                    false => Ok(live),
                }
            }
            created => created,
        }
    }

    async fn update(&self, live: Record, _changes: &Changes, cx: &Context<'_>) -> Result<Record> {
        call(cx.aws, "world:TagAlias", &live.name, |world, run| {
            world.change(run, Self::KIND, &live.name, |record| {
                record.tags.clone_from(&self.tags);
            })
        })
        .await
    }

    async fn delete(live: Record, cx: &Context<'_>) -> Result<()> {
        let deleted = call(cx.aws, "world:DeleteAlias", &live.name, |world, run| {
            world.delete(run, Self::KIND, &live.name)
        });
        gone(deleted.await)
    }
}
