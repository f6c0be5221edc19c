//! Every kind behind one small dyn interface, so that graph, plan and execution need no code for each kind.

use std::any::Any;
use std::rc::Rc;

use futures::future::{FutureExt, LocalBoxFuture};

use super::{
    Access, Aws, Changes, Context, Fields, Health, Home, Known, NodeId, Output, Presence, Resource, Result,
    Wanted,
};
use crate::aws::run::Mark;

/// A live state. Only its [`Kind`] knows the type.
pub type AnyLive = Rc<dyn Any>;

/// What a kind observed, with type-erased live states.
pub type AnyObserved = super::Observed<AnyLive>;

/// A wanted resource of any kind.
pub type AnyWanted<'a> = (NodeId, &'a dyn AnyResource);

/// The operations of a kind that need no desired state.
pub struct Kind {
    pub name: &'static str,
    pub deleted_after: &'static [&'static str],
    pub deleted_after_changes_of: &'static [&'static str],
    pub in_other_regions: bool,
    pub global: bool,
    pub claims: bool,
    pub beside_claim: bool,
    pub at_once: Option<usize>,
    pub owned_by_name: bool,
    pub deleted_together: bool,
    pub access: &'static [Access],
    /// Observes the nodes of this kind among all wanted nodes.
    pub observe: for<'a> fn(&'a Aws, &'a [AnyWanted<'a>]) -> LocalBoxFuture<'a, Result<AnyObserved>>,
    pub live_fields: fn(&AnyLive) -> Fields,
    pub live_name: fn(&AnyLive) -> String,
    pub output: fn(&AnyLive) -> Output,
    pub console_page: fn(&str, &Output, &str) -> Option<String>,
    pub other_region: fn(&AnyLive) -> Option<&str>,
    pub home: fn(&AnyLive) -> Option<Home>,
    pub marks: fn(&AnyLive) -> &[Mark],
    pub lives_in: fn(&AnyLive) -> Option<(&'static str, String)>,
    pub remark: fn(&AnyLive) -> Option<String>,
    pub health: fn(&AnyLive) -> Option<Health>,
    pub stays: fn(&AnyLive) -> Option<String>,
    pub is_going: fn(&AnyLive) -> bool,
    pub data_loss: fn(&AnyLive) -> Option<String>,
    pub delete: for<'a> fn(AnyLive, &'a Context<'a>) -> LocalBoxFuture<'a, Result<()>>,
    pub take_back: for<'a> fn(AnyLive, &'a Context<'a>) -> LocalBoxFuture<'a, Result<Option<String>>>,
}

impl Kind {
    /// The operations of `R`.
    pub const fn of<R: Resource>() -> Self {
        Self {
            name: R::KIND,
            deleted_after: R::DELETED_AFTER,
            deleted_after_changes_of: R::DELETED_AFTER_CHANGES_OF,
            in_other_regions: R::IN_OTHER_REGIONS,
            global: R::GLOBAL,
            claims: R::CLAIMS,
            beside_claim: R::BESIDE_CLAIM,
            at_once: R::AT_ONCE,
            owned_by_name: R::OWNED_BY_NAME,
            deleted_together: R::DELETED_TOGETHER,
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
            console_page: R::console_page,
            other_region: |live| R::other_region(typed::<R>(live)),
            home: |live| R::home(typed::<R>(live)),
            marks: |live| R::marks(typed::<R>(live)),
            lives_in: |live| R::lives_in(typed::<R>(live)),
            remark: |live| R::remark(typed::<R>(live)),
            health: |live| R::health(typed::<R>(live)),
            stays: |live| R::stays(typed::<R>(live)),
            is_going: |live| R::is_going(typed::<R>(live)),
            data_loss: |live| R::data_loss(typed::<R>(live)),
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
    fn difference(&self, live: &AnyLive, known: &Known) -> Changes;
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

    fn difference(&self, live: &AnyLive, known: &Known) -> Changes {
        R::fields(self, known).difference(&R::live_fields(typed::<R>(live)), R::IMMUTABLE)
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
