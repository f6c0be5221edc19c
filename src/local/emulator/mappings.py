"""Batches as AWS makes them.

A mapping hands over what came in during its window, or as soon as its batch is full. MiniStack hands over what is
there at once, ten messages at most.
"""

import time

from ministack.services import lambda_svc, sqs


def window_of(queue):
    """Seconds for which the queue's batches are gathered."""
    arn = queue["attributes"].get("QueueArn")
    windows = [
        mapping.get("MaximumBatchingWindowInSeconds") or 0
        for mapping in lambda_svc._esms.values()
        if mapping.get("EventSourceArn") == arn
    ]
    return min(windows, default=0)


def receive_batch(queue_url, size):
    """A batch of the queue; nothing while it is being gathered."""
    with sqs._queues_lock:
        queue = sqs._get_q(queue_url)
        sqs._expire_retained(queue)
        sqs._dlq_sweep(queue)
        now = time.time()
        for message in queue["messages"]:
            sqs._ensure_msg_fields(message)
        waiting = [message["visible_at"] for message in queue["messages"] if message["visible_at"] <= now]
        if len(waiting) < size and min(waiting, default=now) > now - window_of(queue):
            return []
        return sqs._collect_msgs(queue, size, int(queue["attributes"].get("VisibilityTimeout", "30")))


sqs._receive_messages_for_esm = receive_batch
