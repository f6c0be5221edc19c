//! A queue on its way out.

use std::time::Duration;

use super::{Cx, Live, Result};
use crate::aws::fault::found;
use crate::aws::wait;

/// A deleted queue may answer for 60 s more, to some of the servers that are asked.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html>
const DYING: Duration = Duration::from_secs(90);
/// How often in a row a queue has to be gone before it counts as gone.
const GONE: u32 = 5;

/// Waits until no server knows the queue any more. The next run would take a dying queue for the stack's own, keep
/// it, and lose it a minute later.
pub(super) async fn until_gone(live: &Live, cx: &Cx<'_>) -> Result<()> {
    // Locally one process answers for all servers.
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
        // It is deleted all the same; what may still see it is the next run.
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
