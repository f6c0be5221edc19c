//! What is done with a deployed stack: its logs, its dead letters, marked samples; what it would have told in the past;
//! and the permissions that a command needs.

pub mod backtest;
pub mod dead_letters;
pub mod logs;
pub mod permissions;
pub mod probe;
