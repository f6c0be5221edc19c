//! The relay, from event to message: its library, and its real executable with fakes of everything around it. All are
//! in one program, because some tests mostly wait, and others mostly compute.

mod account_names;
mod buttons;
mod charts;
mod delivery;
mod discord;
mod google_chat;
mod guard;
mod heartbeat;
mod in_order;
mod ingest;
mod limits;
mod living;
mod living_storm;
mod log_lines;
mod mail;
mod messages;
mod muted;
mod opsgenie;
mod outage;
mod pagerduty;
mod presses;
mod reminders;
mod retries;
mod routing;
mod signed_webhook;
mod snoozes;
mod snoozes_of_two;
mod storm;
mod support;
mod teams;
mod ways;
