//! What a live resource says apart from its fields.

use super::{Health, Home};
use crate::aws::run::Mark;

/// What a live resource says apart from its fields. Each part is empty by default.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Its health, if AWS reports more than that it exists.
    pub health: Option<Health>,
    /// Something the user should know, such as a pending confirmation.
    pub remark: Option<String>,
    /// What is lost when it is deleted, beyond the resource itself. The user is told before agreeing.
    pub data_loss: Option<String>,
    /// Why it is kept when it is no longer wanted. It is then reported and left alone.
    pub stays: Option<String>,
    /// No deletion is needed: it is already deleted but AWS keeps it for a while, or it is deleted with its parent.
    pub is_going: bool,
    /// The kind and physical name of the resource that it lives in. Of that kind, only the deletion of this resource
    /// waits for it. If that resource is not the stack's, this one is deleted only when that one is adopted.
    pub lives_in: Option<(&'static str, String)>,
    /// The stack's home region, according to a resource that is visible in all regions.
    pub home: Option<Home>,
    /// Another region in which the stack has resources.
    pub other_region: Option<String>,
    /// The marks on it of runs that have not ended.
    pub marks: Vec<Mark>,
}
