//! How the engine handles the resources of a kind.

/// What sets a kind apart from the usual. A kind names only what differs:
/// `Handling { regions: Regions::Any, ..Handling::USUAL }`.
#[derive(Debug, Clone, Copy)]
pub struct Handling {
    /// Kinds whose steps must have finished before a resource of this kind is deleted.
    pub deleted_after: &'static [&'static str],
    /// Kinds whose creations and changes must have finished before a resource of this kind is deleted. Their
    /// deletions wait for this one instead.
    pub deleted_after_changes_of: &'static [&'static str],
    /// Kinds whose deletions must have finished before a resource of this kind is created or changed: it makes others in their
    /// place.
    pub changed_after_deletions_of: &'static [&'static str],
    /// One call deletes many resources: deletions that are ready at the same time are made together.
    pub deleted_together: bool,
    pub regions: Regions,
    pub claim: ClaimOrder,
    /// How many steps of this kind should run at the same time, if AWS accepts only a few per second.
    pub at_once: Option<usize>,
    /// Only the name tells the owner. If listing is denied and no resource of this kind is wanted, the plan goes on
    /// with a warning.
    pub owned_by_name: bool,
}

impl Handling {
    pub const USUAL: Self = Self {
        deleted_after: &[],
        deleted_after_changes_of: &[],
        changed_after_deletions_of: &[],
        deleted_together: false,
        regions: Regions::Home,
        claim: ClaimOrder::After,
        at_once: None,
        owned_by_name: false,
    };
}

/// The regions in which a stack may have resources of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regions {
    /// Only the stack's own region.
    Home,
    /// Any region that the stack file leads to.
    Any,
    /// None: the resources are visible in all regions.
    Global,
}

/// When a resource is created, compared to the step that claims the stack for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOrder {
    After,
    /// AWS gives the name only once, so the creation itself claims the stack.
    Claims,
    /// Beside it. If another run claims the stack first, the resource is shared with that run, or is taken back.
    Beside,
}
