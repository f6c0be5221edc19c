//! Messages that are updated until what they are about is over.

use http::Request;
use jiff::Timestamp;

use super::post::Shape;
use crate::card::Card;

/// By which a service knows a message, as one text that only the service understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId(pub String);

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
