//! Tests through the real binary, in isolated worlds. All are in one program, because linking each test
//! separately is slow.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod adopt;
mod buttons;
mod charts;
mod ci;
mod cli;
mod costs;
mod deployer;
mod drift;
mod elastalert;
mod encrypt_hook;
mod errors;
mod faults;
mod files;
mod first_steps;
mod graph;
mod heartbeat;
mod home;
mod inbox_browser;
mod inbox_stands_in;
mod incidents;
mod kill;
mod late_index;
mod lifecycle;
mod list;
mod local;
mod local_events;
mod mail;
mod mutes;
mod one_refusal;
mod others;
mod permissions;
mod policies;
mod presets;
mod refusals;
mod regions;
mod relay_static;
mod release;
mod reminders;
mod rooms;
mod routing;
mod saved_plan;
mod secrets;
mod services;
mod stacks;
mod status;
mod storm;
mod strict;
mod support;
mod terminal;
mod tools;
mod two_at_once;
mod unwritten;
mod verify;
