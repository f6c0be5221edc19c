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
}
