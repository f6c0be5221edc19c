//! The dead-letter queues of a stack: lists messages, and takes out those to redrive.

use std::rc::Rc;

use alertctl_relay::Settings;
use futures::future::try_join_all;

use super::{Delivery, Undelivered, read};
use crate::aws::fault::Result;
use crate::aws::queue::{Queue, Taken};
use crate::aws::{Aws, invoke, notify};
use crate::blueprint::{DeadLetters, Running};

/// At most this many messages of one queue are read.
pub const MOST: usize = 500;

/// A message of a dead-letter queue. It is hidden from other readers until it is given back or deleted.
#[derive(Debug)]
pub struct DeadLetter {
    pub undelivered: Undelivered,
    queue: Queue,
    taken: Taken,
    /// The client for the queue's region.
    aws: Rc<Aws>,
}

/// Lists the messages in the dead-letter queues of a stack and leaves them there.
pub async fn look(aws: &Aws, running: &Running, settings: &Settings) -> Result<Vec<DeadLetter>> {
    let letters = take(aws, running, settings).await?;
    try_join_all(letters.iter().map(DeadLetter::give_back)).await?;
    Ok(letters)
}

/// Takes the messages out of the dead-letter queues of a stack, up to [`MOST`] per queue: in the order of the
/// queues, the oldest first.
pub async fn take(aws: &Aws, running: &Running, settings: &Settings) -> Result<Vec<DeadLetter>> {
    let home = &aws.connection.region;
    let of_queue = async |dead: &DeadLetters| {
        let there = aws.at(dead.region.as_deref().unwrap_or(home));
        let Some(queue) = Queue::find(&there, &dead.name).await? else {
            return Ok(Vec::new());
        };
        let mut taken = queue.take(&there, MOST).await?;
        taken.sort_by_key(|one| one.sent);
        let owner = dead.function.as_deref();
        let letter = |taken: Taken| DeadLetter {
            undelivered: read(
                &taken.body,
                &taken.attributes,
                owner,
                &running.functions,
                settings,
            ),
            queue: queue.clone(),
            taken,
            aws: there.clone(),
        };
        Ok(taken.into_iter().map(letter).collect::<Vec<_>>())
    };
    let letters = try_join_all(running.dead_letters.iter().map(of_queue)).await?;
    Ok(letters.into_iter().flatten().collect())
}

impl DeadLetter {
    /// The message's id in its queue.
    pub fn id(&self) -> &str {
        &self.taken.id
    }

    /// The name of the queue.
    pub fn queue(&self) -> &str {
        &self.queue.name
    }

    /// Whether it belongs to this test.
    pub fn is_of_test(&self, mark: &str) -> bool {
        self.taken.body.contains(mark)
    }

    /// Makes it visible to other readers again at once.
    pub async fn give_back(&self) -> Result<()> {
        self.queue.give_back(&self.aws, &self.taken).await
    }

    /// Deletes it permanently.
    pub async fn delete(&self) -> Result<()> {
        self.queue.delete(&self.aws, &self.taken).await
    }
}

impl Delivery {
    /// Delivers it to a function or topic in the region of `aws`.
    pub async fn hand_over(&self, aws: &Aws) -> Result<()> {
        match self {
            Self::Invoke { function, payload } => invoke::invoke(aws, function, payload).await,
            Self::Publish { topic, message } => {
                notify::publish(aws, topic, None, message, &[]).await.map(drop)
            }
        }
    }
}
