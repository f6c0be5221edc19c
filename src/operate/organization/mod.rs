//! Who of an organization is covered: which accounts and regions report to the hub, and which do not.

mod coverage;
mod spokes;

pub use coverage::{Coming, Coverage, Gap, Instance, Member, Place, Spoke, Standing, coverage};
pub use spokes::read;
