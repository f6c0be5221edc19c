//! A heartbeat service, such as healthchecks.io, Better Stack, Cronitor or Dead Man's Snitch: it tells people when nothing has
//! called its URL in time. So silence is told by a way that needs neither the relay nor AWS.
//!
//! <https://healthchecks.io/docs/http_api/>, <https://betterstack.com/docs/uptime/cron-and-heartbeat-monitor/>

use http::{HeaderMap, Request, StatusCode};

use super::address::{Address, AllowLoopback, Form, Rule};
use super::post::{Post, Probe, Refused, Why};
use super::shape::Shape;
use crate::card::Card;

/// The URL to call.
pub static PING: Form = Form {
    service: "the heartbeat service",
    name: "ping URL",
    example: "https://hc-ping.com/…",
    page: "the page of the check in the heartbeat service",
    rule: Rule::Anywhere,
};

/// What can be mentioned, for people.
pub const MENTIONS: &str = "a heartbeat service gets no messages, so it mentions nobody";

/// A check of a heartbeat service.
#[derive(Debug)]
pub struct Check {
    pub address: Address,
    /// Beside an emulator, the service may be in a private network.
    pub loopback: AllowLoopback,
}

impl Check {
    fn ping(&self) -> Request<Vec<u8>> {
        let mut request = Request::new(Vec::new());
        *request.uri_mut() = self.address.as_url();
        request
    }
}

impl Post for Check {
    fn form(&self) -> &'static Form {
        &PING
    }

    fn address(&self) -> &Address {
        &self.address
    }

    /// It shows no cards: no alert leads here.
    fn request(&self, _: &Card, _: Shape) -> Request<Vec<u8>> {
        self.ping()
    }

    fn probe(&self) -> Option<Probe> {
        Some(Probe::Harmless(self.ping()))
    }

    /// Only success counts, and what was answered is not tried again: services count calls, and the next heartbeat comes.
    fn judge(&self, status: StatusCode, _: &HeaderMap, _: &[u8]) -> Result<(), Refused> {
        match status.is_success() {
            true => Ok(()),
            false => Err(Why::Denied.into()),
        }
    }

    fn is_anywhere(&self) -> bool {
        self.loopback == AllowLoopback::No
    }

    fn has_plain(&self) -> bool {
        false
    }
}
