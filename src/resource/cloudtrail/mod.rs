//! The kinds of CloudTrail.

pub mod trail;
