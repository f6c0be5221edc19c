//! What is done with a deployed stack: what others changed in it, what it would have told in the past, its logs, its dead
//! letters, marked samples, and the permissions that a command needs; and how one is made of what an account has,
//! or becomes a template for somebody else's pipeline.

pub mod absorb;
pub mod backtest;
pub mod dead_letters;
pub mod export;
pub mod import;
pub mod logs;
pub mod organization;
pub mod permissions;
pub mod probe;
