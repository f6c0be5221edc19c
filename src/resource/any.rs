//! Every kind behind one small dyn interface, so that graph, plan and execution need no code for each kind.

use std::any::Any;
use std::rc::Rc;

use futures::future::{FutureExt, LocalBoxFuture};

use super::template::{Entry, Template};
use super::{
    About, Access, Aws, Changes, Context, Fields, Handling, Known, NodeId, Output, Presence, Resource,
    Result, Wanted,
};

/// A live state. Only its [`Kind`] knows the type.
pub type AnyLive = Rc<dyn Any>;

/// What a kind observed, with type-erased live states.
pub type AnyObserved = super::Observed<AnyLive>;

/// A wanted resource of any kind.
pub type AnyWanted<'a> = (NodeId, &'a dyn AnyResource);

/// The operations of a kind that need no desired state.
pub struct Kind {
    pub name: &'static str,
    pub handling: Handling,
    pub access: &'static [Access],
    /// Observes the nodes of this kind among all wanted nodes.
    pub observe: for<'a> fn(&'a Aws, &'a [AnyWanted<'a>]) -> LocalBoxFuture<'a, Result<AnyObserved>>,
    pub live_fields: fn(&AnyLive) -> Fields,
    pub live_name: fn(&AnyLive) -> String,
    pub output: fn(&AnyLive) -> Output,
    pub about: fn(&AnyLive) -> About,
    pub console_page: fn(&str, &Output, &str) -> Option<String>,
    pub delete: for<'a> fn(AnyLive, &'a Context<'a>) -> LocalBoxFuture<'a, Result<()>>,
    pub take_back: for<'a> fn(AnyLive, &'a Context<'a>) -> LocalBoxFuture<'a, Result<Option<String>>>,
}

impl Kind {
    /// The operations of `R`.
    pub const fn of<R: Resource>() -> Self {
        Self {
            name: R::KIND,
            handling: R::HANDLING,
            access: R::ACCESS,
            observe: |aws, wanted| {
                async move {
                    let wanted: Vec<_> = wanted
                        .iter()
                        .filter_map(|(id, resource)| {
                            Some(Wanted {
                                id,
                                desired: resource.as_any().downcast_ref::<R>()?,
                            })
                        })
                        .collect();
                    R::observe(aws, &wanted).await.map(erase::<R>)
                }
                .boxed_local()
            },
            live_fields: |live| R::live_fields(typed::<R>(live)),
            live_name: |live| R::live_name(typed::<R>(live)),
            output: |live| R::output(typed::<R>(live)),
            about: |live| R::about(typed::<R>(live)),
            console_page: R::console_page,
            delete: |live, cx| R::delete(typed::<R>(&live).clone(), cx).boxed_local(),
            take_back: |live, cx| R::take_back(typed::<R>(&live).clone(), cx).boxed_local(),
        }
    }
}

/// A desired resource of any kind.
pub trait AnyResource {
    fn as_any(&self) -> &dyn Any;
    fn refs(&self) -> Vec<NodeId>;
    fn parent(&self) -> Option<NodeId>;
    fn name(&self) -> String;
    fn subject(&self) -> String;
    fn uses(&self, access: &Access) -> bool;
    fn fields(&self, known: &Known) -> Fields;
    fn fields_beside(&self, live: &AnyLive, known: &Known) -> Fields;
    fn difference(&self, live: &AnyLive, known: &Known) -> Changes;
    fn template(&self, node: &str, template: &Template) -> Entry;
    fn caution(&self, live: &AnyLive) -> Option<String>;
    fn create<'a>(&'a self, cx: &'a Context<'a>) -> LocalBoxFuture<'a, Result<AnyLive>>;
    fn update<'a>(
        &'a self,
        live: AnyLive,
        changes: &'a Changes,
        cx: &'a Context<'a>,
    ) -> LocalBoxFuture<'a, Result<AnyLive>>;
    fn settle<'a>(&'a self, live: AnyLive, cx: &'a Context<'a>) -> LocalBoxFuture<'a, Result<()>>;
}

impl<R: Resource> AnyResource for R {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn refs(&self) -> Vec<NodeId> {
        R::refs(self)
    }

    fn parent(&self) -> Option<NodeId> {
        R::parent(self)
    }

    fn name(&self) -> String {
        R::name(self)
    }

    fn subject(&self) -> String {
        R::subject(self)
    }

    fn uses(&self, access: &Access) -> bool {
        R::uses(self, access)
    }

    fn fields(&self, known: &Known) -> Fields {
        R::fields(self, known)
    }

    fn fields_beside(&self, live: &AnyLive, known: &Known) -> Fields {
        R::fields_beside(self, typed::<R>(live), known)
    }

    fn difference(&self, live: &AnyLive, known: &Known) -> Changes {
        let live = typed::<R>(live);
        R::fields_beside(self, live, known).difference(&R::live_fields(live), R::IMMUTABLE)
    }

    fn template(&self, node: &str, template: &Template) -> Entry {
        R::template(self, node, template)
    }

    fn caution(&self, live: &AnyLive) -> Option<String> {
        R::caution(self, typed::<R>(live))
    }

    fn create<'a>(&'a self, cx: &'a Context<'a>) -> LocalBoxFuture<'a, Result<AnyLive>> {
        async move { R::create(self, cx).await.map(|live| Rc::new(live) as AnyLive) }.boxed_local()
    }

    fn update<'a>(
        &'a self,
        live: AnyLive,
        changes: &'a Changes,
        cx: &'a Context<'a>,
    ) -> LocalBoxFuture<'a, Result<AnyLive>> {
        async move {
            let live = typed::<R>(&live).clone();
            R::update(self, live, changes, cx)
                .await
                .map(|live| Rc::new(live) as AnyLive)
        }
        .boxed_local()
    }

    fn settle<'a>(&'a self, live: AnyLive, cx: &'a Context<'a>) -> LocalBoxFuture<'a, Result<()>> {
        async move { R::settle(self, typed::<R>(&live), cx).await }.boxed_local()
    }
}

fn erase<R: Resource>(observed: super::Observed<R::Live>) -> AnyObserved {
    let any = |live: R::Live| Rc::new(live) as AnyLive;
    let wanted = observed.wanted.into_iter().map(|presence| match presence {
        Presence::Absent => Presence::Absent,
        Presence::Ours(live) => Presence::Ours(any(live)),
        Presence::Foreign(live) => Presence::Foreign(any(live)),
    });
    AnyObserved {
        wanted: wanted.collect(),
        orphans: observed
            .orphans
            .into_iter()
            .map(|(id, live)| (id, any(live)))
            .collect(),
    }
}

/// A live state is only ever passed back to the kind that produced it.
fn typed<R: Resource>(live: &AnyLive) -> &R::Live {
    live.downcast_ref()
        .expect("a live state goes back to its own kind")
}
