//! Messages that are updated until what they are about is over.

use http::Request;
use jiff::Timestamp;

use super::shape::Shape;
use crate::card::{Card, Care};
use crate::contract::{Act, Locale};
use crate::phrase::Phrase;

/// By which a service knows a message, as one text that only the service understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId(pub String);

/// A button that somebody pressed, as the service tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressed {
    pub act: Act,
    /// The key of the incident.
    pub incident: String,
    /// The message under which the button is.
    pub message: MessageId,
    /// Id of the person.
    pub user: String,
    pub name: Option<String>,
}

/// Finds a header of a request by its lower-case name.
pub type Header<'h> = &'h dyn Fn(&str) -> Option<String>;

/// Why a request is not one of the service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    #[error("the channel's address has no signing secret")]
    NoSecret,
    #[error("the request has no signature")]
    Bare,
    #[error("the request was signed some minutes ago")]
    Old,
    #[error("the request was signed with another secret")]
    Wrong,
}

/// A service that can update its messages, and has threads.
pub trait Living {
    /// The id of the message that the service took, from its answer.
    fn id(&self, answer: &[u8]) -> Option<MessageId>;

    /// The request that shows `card` in place of the message's content. It calls nobody.
    fn update(&self, card: &Card, shape: Shape, id: &MessageId) -> Request<Vec<u8>>;

    /// The request that adds the headline of `card` to the message's thread; if `loud`, the channel shows it, too.
    fn reply(&self, card: &Card, shape: Shape, id: &MessageId, loud: bool) -> Request<Vec<u8>>;

    /// The request for the messages since a moment: after an answer was lost, one may be there already.
    fn search(&self, since: Timestamp) -> Request<Vec<u8>>;

    /// In the answer to that request, the last message about an incident, and when the step happened that it was posted for:
    /// later than `after`.
    fn found(&self, answer: &[u8], key: &str, after: Option<Timestamp>) -> Option<(MessageId, Timestamp)>;

    /// What the request of `update` shows, without what people did and may do, to be shown again by `redraw`.
    fn content(&self, card: &Card, shape: Shape) -> String;

    /// The request that shows a message's content again, with what people did and may do now.
    fn redraw(&self, content: &str, care: &Care, locale: Locale, id: &MessageId) -> Request<Vec<u8>>;

    /// The request that says something to one person alone.
    fn whisper(&self, user: &str, text: &Phrase) -> Request<Vec<u8>>;

    /// Whether it can tell who pressed a button: without the secret for that, buttons would do nothing.
    fn hears(&self) -> bool;

    /// The buttons in this channel that the service says were pressed, in a request with this body.
    ///
    /// # Errors
    /// The request does not come from the service.
    fn pressed(&self, header: Header<'_>, body: &[u8], now: Timestamp) -> Result<Vec<Pressed>, Unsigned>;

    /// Where in the service the messages are.
    fn place(&self) -> &str;

    /// The service, if threads can have pictures.
    fn pictures(&self) -> Option<&dyn Pictures> {
        None
    }
}

/// A service that shows pictures in threads. It takes one in three steps: it says where to, it gets the picture there, and
/// it is told which message the picture belongs to.
pub trait Pictures {
    /// The question where a picture may be sent.
    fn ask(&self, picture: &Picture<'_>) -> Request<Vec<u8>>;

    /// The request that sends it there, and what the service calls it, from the answer; `None` if the answer leads elsewhere
    /// than to the service. It carries no secret of the channel.
    fn send(&self, answer: &[u8], picture: &Picture<'_>) -> Option<(Request<Vec<u8>>, String)>;

    /// The request that shows what the service calls `name` in the thread of a message.
    fn show(&self, name: &str, picture: &Picture<'_>, id: &MessageId) -> Request<Vec<u8>>;
}

/// A PNG, and what is said of it; plain text, which the service escapes.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    pub png: &'a [u8],
    pub title: &'a str,
    /// For who does not see it.
    pub alt: &'a str,
}
