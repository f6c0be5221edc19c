//! Waits for the deletion of a queue.

use std::time::Duration;

use super::{Context, Live, Result};
use crate::aws::fault::found;
use crate::aws::wait;

/// Some of SQS's servers may still know a deleted queue for another 60 s.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html>
const DYING: Duration = Duration::from_secs(90);
/// How often in a row a queue must be missing before it counts as deleted.
const GONE: u32 = 5;

/// Waits until no server knows the queue any more. Otherwise the next run would treat the dying queue as the stack's
/// own, keep it, and lose it a minute later.
pub(super) async fn until_gone(live: &Live, cx: &Context<'_>) -> Result<()> {
    // An emulated AWS has a single server.
    if cx.aws.connection.emulated {
        return Ok(());
    }
    let what = format!("queue `{}` to be deleted", live.name);
    let gone = wait::steadily(DYING, GONE, "sqs:GetQueueUrl", &what, async || {
        let get = cx.aws.connection.clients.sqs.get_queue_url();
        let request = get.queue_name(&live.name);
        let url = found(cx.aws.call("sqs:GetQueueUrl", || request.clone().send()).await)?;
        Ok(url.is_none())
    });
    match gone.await {
        // The queue is deleted anyway. Only the next run may still see it.
        Err(fault) if fault.is(&["Timeout"]) => {
            cx.note(format!(
                "SQS still answers for the deleted queue `{}`: wait a minute before the next apply",
                live.name
            ));
            Ok(())
        }
        result => result,
    }
}
