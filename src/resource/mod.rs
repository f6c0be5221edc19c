//! AWS resource kinds: the desired state of each, how it is read, and how it is changed.
//!
//! Each kind has one file and one line in [`kinds::KINDS`]. A kind does not know the stack file. Of other kinds it
//! knows only the node ids and ARNs that it is given.

use std::cell::{Cell, RefCell};

pub use crate::aws::fault::{Fault, Result};
pub use crate::aws::tags::Tags;
pub use crate::aws::{Aws, Known, Output, Text, Unknown};

pub mod about;
pub mod access;
pub mod any;
pub mod apigatewayv2;
pub mod cloudformation;
pub mod cloudtrail;
pub mod cloudwatch;
pub mod dynamodb;
pub mod eventbridge;
pub mod fields;
pub mod handling;
pub mod health;
pub mod iam;
pub mod inventory;
pub mod kinds;
pub mod kms;
pub mod lambda;
pub mod logs;
pub mod named;
mod node;
pub mod precondition;
pub mod s3;
pub mod sns;
pub mod sqs;
pub mod tags;
pub mod template;

#[cfg(test)]
pub(crate) mod tests;

pub use about::About;
pub use access::Access;
pub use fields::{Change, Changes, Fields, Shown};
pub use handling::{ClaimOrder, Handling, Regions};
pub use health::{Health, Verdict};
pub use kinds::KINDS;
pub use node::{NodeId, Ref};

/// One wanted resource, as handed to [`Resource::observe`].
#[derive(Debug)]
pub struct Wanted<'a, R> {
    pub id: &'a NodeId,
    pub desired: &'a R,
}

/// What exists in the account under a wanted name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence<L> {
    Absent,
    /// It carries this stack's ownership tag.
    Ours(L),
    /// It is not this stack's: never touched unless adopted.
    Foreign(L),
}

impl<L> Presence<L> {
    /// A resource that exists, which is this stack's or not: see [`Aws::owns`].
    pub fn of(ours: bool, live: L) -> Self {
        match ours {
            true => Self::Ours(live),
            false => Self::Foreign(live),
        }
    }
}

/// A stack's home region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    /// A tag names the region.
    Is(String),
    /// No tag names it, but the stack's resources refer only to this region.
    Seems(String),
}

/// The result of [`Resource::observe`].
#[derive(Debug)]
pub struct Observed<L> {
    /// One for each wanted resource, in the same order.
    pub wanted: Vec<Presence<L>>,
    /// Resources that the stack owns but the stack file no longer contains.
    pub orphans: Vec<(NodeId, L)>,
}

/// The context of a step: AWS, and everything known so far.
pub struct Context<'a> {
    pub aws: &'a Aws,
    pub known: Known,
    /// This step claims the stack for the run. It fails if another run was first.
    pub claim: bool,
    /// The step created a resource that belongs to this run alone, not to another run under the same name.
    pub fresh: Cell<bool>,
    /// Messages for the user after the step.
    pub notes: RefCell<Vec<String>>,
    /// Shows how far a long step is.
    pub on_progress: Box<dyn Fn(&str) + 'a>,
}

impl Context<'_> {
    /// Fills the placeholders of `text`. The scheduler starts a step only when everything it refers to exists.
    pub fn text(&self, text: &Text) -> Result<String> {
        text.fill(&self.known).map_err(Self::too_early)
    }

    /// Renders a policy document as the JSON text that AWS accepts.
    pub fn policy(&self, policy: &crate::aws::policy::Policy) -> Result<String> {
        let document = policy.render(&self.known).map_err(Self::too_early)?;
        Ok(document.to_string())
    }

    /// Adds a message for the user, shown after the step.
    pub fn note(&self, note: impl Into<String>) {
        self.notes.borrow_mut().push(note.into());
    }

    /// Shows the user how far the step is, such as `312 of 900 done`. Cheap: may be called as often as it changes.
    pub fn progress(&self, text: &str) {
        (self.on_progress)(text);
    }

    fn too_early(node: Unknown) -> Fault {
        Fault::new("plan", "MissingReference", format!("`{node}` does not exist yet"))
            .hint("this is a defect of alertctl: a reference has no edge in the graph")
    }
}

/// One AWS resource kind; the value is the desired state.
///
/// `fields` and `live_fields` use the same names and the same normal form. So the difference is computed field by
/// field, and no kind needs its own comparison.
#[allow(
    async_fn_in_trait,
    reason = "boxed once in `any`, on a single-threaded runtime: no Send is needed"
)]
pub trait Resource: template::Templated + Sized + 'static {
    /// AWS's own name in kebab case, as in `--adopt kind/key`.
    const KIND: &'static str;
    /// Fields that AWS cannot change. A difference in one of them replaces the resource.
    const IMMUTABLE: &'static [&'static str] = &[];
    /// Where the kind is not like most.
    const HANDLING: Handling = Handling::USUAL;
    /// The permissions that the tool's user needs: every action of every call that this kind makes.
    const ACCESS: &'static [Access];
    /// The state in the account, normalized, in our terms.
    type Live: Clone + 'static;

    /// The nodes that this one refers to. They must exist before it.
    fn refs(&self) -> Vec<NodeId> {
        self.parent().into_iter().collect()
    }

    /// The node that this one lives in and is deleted with.
    fn parent(&self) -> Option<NodeId> {
        None
    }

    /// The physical name of the desired resource.
    fn name(&self) -> String;

    /// Its ARN in the stack's own region, if the ARN follows from its name.
    fn arn(&self) -> Option<Text> {
        None
    }

    /// The value of `{name}` in [`Self::ACCESS`]. If AWS checks permissions on the resource that this one lives in,
    /// it is the name of that resource.
    fn subject(&self) -> String {
        self.name()
    }

    /// False if this resource does not need a row of [`Self::ACCESS`].
    fn uses(&self, _access: &Access) -> bool {
        true
    }

    /// Reads every wanted resource and everything of this kind that the stack owns.
    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Self::Live>>;

    /// The desired state, field by field. Pure.
    fn fields(&self, known: &Known) -> Fields;

    /// The same beside a live state, for a kind whose parts keep the names that they have there. Pure.
    fn fields_beside(&self, _live: &Self::Live, known: &Known) -> Fields {
        self.fields(known)
    }

    /// The state in the account, field by field. Pure.
    fn live_fields(live: &Self::Live) -> Fields;

    /// The physical name of a live resource. Pure.
    fn live_name(live: &Self::Live) -> String;

    /// What AWS generated for the resource. Pure.
    fn output(live: &Self::Live) -> Output;

    /// The console page of a resource by its physical name, its output and its region. `None` if it has no page of its
    /// own, or if the partition's console is unknown. AWS does not document these addresses: they were taken from the
    /// console's own links. Pure.
    fn console_page(_name: &str, _output: &Output, _region: &str) -> Option<String> {
        None
    }

    /// What a live resource says apart from its fields. Pure.
    fn about(_live: &Self::Live) -> About {
        About::default()
    }

    /// A warning about what happens when a live resource is changed to this desired state.
    fn caution(&self, _live: &Self::Live) -> Option<String> {
        None
    }

    /// Creates the resource with its ownership tag. It is a success if the resource already exists and is ours (after
    /// a lost answer or a retry).
    async fn create(&self, cx: &Context<'_>) -> Result<Self::Live>;

    /// Makes the planned changes.
    async fn update(&self, live: Self::Live, changes: &Changes, cx: &Context<'_>) -> Result<Self::Live>;

    /// The work that may run while dependents are being created: settings that no dependent needs, and the wait until
    /// the resource is usable.
    async fn settle(&self, _live: &Self::Live, _cx: &Context<'_>) -> Result<()> {
        Ok(())
    }

    /// Deletes the resource. It is a success if it is already gone.
    async fn delete(live: Self::Live, cx: &Context<'_>) -> Result<()>;

    /// Undoes a creation of [`Context::fresh`] before the resource was used. Returns a message for the user.
    async fn take_back(_live: Self::Live, _cx: &Context<'_>) -> Result<Option<String>> {
        Ok(None)
    }
}

/// Brings an existing resource to the desired state. It was created by a call whose answer was lost, or by an earlier
/// run.
pub async fn converge<R: Resource>(desired: &R, live: R::Live, cx: &Context<'_>) -> Result<R::Live> {
    let wanted = desired.fields_beside(&live, &cx.known);
    let changes = wanted.difference(&R::live_fields(&live), &[]);
    desired.update(live, &changes, cx).await
}

#[cfg(test)]
impl<'a> Context<'a> {
    /// The context of a step when only the account is known.
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
            on_progress: Box::new(|_| ()),
        }
    }
}
