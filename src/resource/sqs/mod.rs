//! The kinds of SQS.

pub mod queue;
