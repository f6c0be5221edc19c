//! The relay, from event to message: its library, and its real executable with fakes of everything around it. All are
//! in one program, because some tests mostly wait, and others mostly compute.

mod delivery;
mod guard;
mod ingest;
mod limits;
mod mail;
mod messages;
mod outage;
mod retries;
mod routing;
mod storm;
mod support;
mod ways;
