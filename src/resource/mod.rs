//! AWS resource kinds: what each can be asked to be, how it is read, and how it is changed.
//!
//! One kind, one file, one line in [`kinds::KINDS`]. A kind knows nothing of the stack file and nothing of
//! other kinds beyond the node ids and ARNs it is given.

use std::cell::{Cell, RefCell};

pub use crate::aws::discovery::Tags;
pub use crate::aws::fault::{Fault, Result};
use crate::aws::run::Mark;
pub use crate::aws::{Aws, Known, Output, Text, Unknown};

pub mod access;
pub mod any;
pub mod apigatewayv2_api;
pub mod apigatewayv2_integration;
pub mod apigatewayv2_route;
pub mod apigatewayv2_stage;
pub mod cloudtrail_trail;
pub mod cloudwatch_alarm;
pub mod cloudwatch_composite_alarm;
pub mod eventbridge;
pub mod eventbridge_event_bus;
pub mod eventbridge_rule;
pub mod eventbridge_targets;
pub mod expectation;
pub mod fields;
pub mod health;
pub mod iam_role;
pub mod iam_role_policy;
pub mod kinds;
pub mod kms_alias;
pub mod kms_key;
pub mod lambda_event_invoke_config;
pub mod lambda_event_source_mapping;
pub mod lambda_function;
pub mod lambda_permission;
pub mod log_group;
pub mod logs_metric_filter;
pub mod named;
mod node;
pub mod s3_bucket;
pub mod s3_bucket_policy;
pub mod sns_subscription;
pub mod sns_topic;
pub mod sqs_queue;
pub mod tags;

#[cfg(test)]
#[path = "tests/eventbridge_fake.rs"]
pub(crate) mod eventbridge_fake;
#[cfg(test)]
#[path = "tests/gateway.rs"]
pub(crate) mod gateway;
#[cfg(test)]
#[path = "tests/script.rs"]
pub(crate) mod script;

pub use access::Access;
pub use fields::{Change, Changes, Fields, Shown};
pub use health::{Health, Verdict};
pub use kinds::KINDS;
pub use node::{NodeId, Ref};

/// One wanted resource, as handed to [`Resource::observe`].
#[derive(Debug)]
pub struct Wanted<'a, R> {
    pub id: &'a NodeId,
    pub desired: &'a R,
}

/// What holds a wanted name in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence<L> {
    Absent,
    /// It carries this stack's ownership.
    Ours(L),
    /// Someone else's: never touched unless adopted.
    Foreign(L),
}

impl<L> Presence<L> {
    /// `Ours` or `Foreign` by the ownership tag in `tags`.
    pub fn by_tag(aws: &Aws, tags: &Tags, live: L) -> Self {
        match tags.get(crate::aws::discovery::STACK_TAG) {
            Some(stack) if *stack == aws.stack => Self::Ours(live),
            _ => Self::Foreign(live),
        }
    }
}

/// Where a stack is at home.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    /// A tag says so.
    Is(String),
    /// What was made for the stack is about this region alone.
    Seems(String),
}

/// What [`Resource::observe`] saw.
#[derive(Debug)]
pub struct Observed<L> {
    /// One for each wanted resource, in the same order.
    pub wanted: Vec<Presence<L>>,
    /// What the stack owns and the stack file no longer names.
    pub orphans: Vec<(NodeId, L)>,
}

/// What a step works with: AWS, and all that is known by now.
pub struct Cx<'a> {
    pub aws: &'a Aws,
    pub known: Known,
    /// This step claims the stack for the run: it fails where another run was first.
    pub claim: bool,
    /// What the step created is this run's alone, and nobody else's under the same name.
    pub fresh: Cell<bool>,
    /// Things the user should be told once the step is done.
    pub notes: RefCell<Vec<String>>,
}

impl Cx<'_> {
    /// Fills the holes of `text`. The scheduler starts a step only when everything it refers to exists.
    pub fn text(&self, text: &Text) -> Result<String> {
        text.fill(&self.known).map_err(Self::too_early)
    }

    /// Renders a policy document as the JSON text AWS takes.
    pub fn policy(&self, policy: &crate::aws::policy::Policy) -> Result<String> {
        let document = policy.render(&self.known).map_err(Self::too_early)?;
        Ok(document.to_string())
    }

    /// Tells the user something once the step is done.
    pub fn note(&self, note: impl Into<String>) {
        self.notes.borrow_mut().push(note.into());
    }

    fn too_early(node: Unknown) -> Fault {
        Fault::new("plan", "MissingReference", format!("`{node}` does not exist yet"))
            .hint("this is a defect of alertctl: a reference has no edge in the graph")
    }
}

/// One AWS resource kind; the value is the desired state.
///
/// `fields` and `live_fields` are the same names on both sides in normal form, so that the difference is
/// read off field by field and no kind writes a comparison of its own.
#[allow(
    async_fn_in_trait,
    reason = "boxed once in `any`, on a single-threaded runtime: no Send is needed"
)]
pub trait Resource: Sized + 'static {
    /// AWS's own name in kebab case, as in `--adopt kind/key`.
    const KIND: &'static str;
    /// Fields that AWS cannot change: a difference replaces the resource.
    const IMMUTABLE: &'static [&'static str] = &[];
    /// Kinds whose steps must be over before one of this kind is deleted.
    const DELETED_AFTER: &'static [&'static str] = &[];
    /// Kinds whose creations and changes must be over before that, while their deletions wait for this one.
    const DELETED_AFTER_CHANGES_OF: &'static [&'static str] = &[];
    /// Stacks have resources of this kind in other regions than their own, too.
    const IN_OTHER_REGIONS: bool = false;
    /// Resources of this kind are the same in all regions.
    const GLOBAL: bool = false;
    /// Made beside what claims the stack for this run, not behind it: where another run claims it first, this is
    /// that one's as well, or is taken back.
    const BESIDE_CLAIM: bool = false;
    /// How many of this kind are worth working on at once, where AWS takes only a few of them a second.
    const AT_ONCE: Option<usize> = None;
    /// Its name alone says whose it is: where it may not be listed and none is wanted, the plan goes on with a warning.
    const OWNED_BY_NAME: bool = false;
    /// One call deletes many: deletions that become possible at the same time are then made together.
    const DELETED_TOGETHER: bool = false;
    /// What whoever runs the tool must be allowed: every action of every call that this kind makes.
    const ACCESS: &'static [Access];
    /// The state in the account, normalised, in our words.
    type Live: Clone + 'static;

    /// The nodes that this one refers to, and that must therefore exist before it.
    fn refs(&self) -> Vec<NodeId> {
        self.parent().into_iter().collect()
    }

    /// The node that this one lives in, and dies with.
    fn parent(&self) -> Option<NodeId> {
        None
    }

    /// The physical name of the desired resource.
    fn name(&self) -> String;

    /// The ARN it has in the stack's own region, where that follows from its name.
    fn arn(&self) -> Option<Text> {
        None
    }

    /// What stands for `{name}` in [`Self::ACCESS`]: where AWS asks for permissions on what this one lives in,
    /// the name of that.
    fn subject(&self) -> String {
        self.name()
    }

    /// False where this resource has no use for a row of [`Self::ACCESS`].
    fn uses(&self, _access: &Access) -> bool {
        true
    }

    /// Reads every wanted resource and everything of this kind that the stack owns.
    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Self::Live>>;

    /// The desired state, field by field. Pure.
    fn fields(&self, known: &Known) -> Fields;

    /// The state in the account, field by field. Pure.
    fn live_fields(live: &Self::Live) -> Fields;

    /// The physical name of a live resource. Pure.
    fn live_name(live: &Self::Live) -> String;

    /// What AWS generated for it. Pure.
    fn output(live: &Self::Live) -> Output;

    /// Another region in which, by what this resource says, the stack has resources.
    fn leads_to(_live: &Self::Live) -> Option<&str> {
        None
    }

    /// The region in which the stack is at home, by what a resource says that is the same in all regions.
    fn home(_live: &Self::Live) -> Option<Home> {
        None
    }

    /// What runs that have not ended left on it.
    fn marks(_live: &Self::Live) -> &[Mark] {
        &[]
    }

    /// The kind and physical name of what an unwanted resource lives in: of that kind only this one's deletion waits
    /// for it, and where this one is a stranger's it goes only with its being taken over.
    fn within(_live: &Self::Live) -> Option<(&'static str, String)> {
        None
    }

    /// Something the user should know about a live resource, such as a confirmation still pending.
    fn remark(_live: &Self::Live) -> Option<String> {
        None
    }

    /// Something to warn of before a live resource becomes what this one asks for.
    fn caution(&self, _live: &Self::Live) -> Option<String> {
        None
    }

    /// How a live resource does, where AWS tells more than that it is there.
    fn health(_live: &Self::Live) -> Option<Health> {
        None
    }

    /// Why an unwanted resource stays all the same: it is then told of, and left as it is.
    fn stays(_live: &Self::Live) -> Option<String> {
        None
    }

    /// True of what needs no deletion: it is deleted already and kept by AWS for a while, or goes with what it is in.
    fn is_going(_live: &Self::Live) -> bool {
        false
    }

    /// What deleting a live resource means beyond its being gone; told before the user agrees to it.
    fn loss(_live: &Self::Live) -> Option<String> {
        None
    }

    /// Creates it, ownership included. When the thing turns out to be there and to be ours (a lost answer,
    /// a retry), that is success.
    async fn create(&self, cx: &Cx<'_>) -> Result<Self::Live>;

    /// Makes the planned changes.
    async fn update(&self, live: Self::Live, changes: &Changes, cx: &Cx<'_>) -> Result<Self::Live>;

    /// Brings what is there already to what is wanted: made by a call whose answer was lost, or by an earlier run.
    async fn converge(&self, live: Self::Live, cx: &Cx<'_>) -> Result<Self::Live> {
        let changes = self.fields(&cx.known).difference(&Self::live_fields(&live), &[]);
        self.update(live, &changes, cx).await
    }

    /// What is left to do while the things that refer to it are made: settings that none of them needs, and
    /// the wait until it is usable.
    async fn settle(&self, _live: &Self::Live, _cx: &Cx<'_>) -> Result<()> {
        Ok(())
    }

    /// Deletes it; success when it is gone already.
    async fn delete(live: Self::Live, cx: &Cx<'_>) -> Result<()>;

    /// Undoes a creation of [`Cx::fresh`] before anything was done with it; returns what is to be told of it.
    async fn take_back(_live: Self::Live, _cx: &Cx<'_>) -> Result<Option<String>> {
        Ok(None)
    }
}

#[cfg(test)]
impl<'a> Cx<'a> {
    /// What a step works with when nothing but the account is known.
    pub(crate) fn mocked(aws: &'a Aws, scope: crate::aws::Scope) -> Self {
        let known = Known {
            scope,
            outputs: std::collections::BTreeMap::new(),
        };
        Self {
            aws,
            known,
            claim: false,
            fresh: Cell::new(false),
            notes: RefCell::default(),
        }
    }
}
