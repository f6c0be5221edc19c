"""Runs MiniStack with what a trial on somebody's own machine needs on top of it.

* It waits for a line on standard input before it does anything: by then alertctl has noted the
  process id, so a start that is killed half-way leaves no process that nobody knows of.
* It saves the state a moment after each change. MiniStack itself saves only when it is asked to
  stop, which a `kill -9` or a power cut never does.
* It keeps alarms whole. MiniStack forgets metric math, bands, PromQL, what a percentile does with few
  samples, clock windows, warm-ups and propagated tags, and makes up a statistic, a period, a number of
  periods and a threshold where none was given: such an alarm would look changed in every plan.
* It invokes a topic's functions as AWS does: what fails is tried again and then kept. MiniStack's SNS tries
  once and drops it.
* It refuses web pages. MiniStack runs whatever code it is given and allows every origin, so any site
  open in a browser on this machine could otherwise run a program through it.
"""

import asyncio
import json
import logging
import os
import signal
import sys

SAVE_EVERY_SECONDS = 1.0

if sys.stdin.readline() != "go\n":
    sys.exit("not started: alertctl ended before it could note this process")
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
signal.signal(signal.SIGHUP, signal.SIG_IGN)

from ministack import app as ministack  # noqa: E402
from ministack.services import cloudwatch, lambda_svc, sns  # noqa: E402

logging.getLogger("persistence").setLevel(logging.WARNING)
serve = ministack.app
changed = False
put_metric_alarm = cloudwatch._put_metric_alarm
FORGOTTEN = (
    "Metrics",
    "ThresholdMetricId",
    "EvaluateLowSampleCountPercentile",
    "EvaluationWindow",
    "EvaluationCriteria",
    "EvaluationInterval",
    "WarmUpConfiguration",
    "ActionConfiguration",
)
MADE_UP = ("Statistic", "Period", "Threshold", "EvaluationPeriods")


def put_whole_metric_alarm(params, given, is_cbor, is_json=False):
    """PutMetricAlarm that stores what was given and nothing else."""
    answer = put_metric_alarm(params, given, is_cbor, is_json)
    alarm = cloudwatch._alarms.get(given.get("AlarmName")) if is_cbor or is_json else None
    if answer[0] == 200 and alarm:
        alarm.update({name: given[name] for name in FORGOTTEN if name in given})
        for name in MADE_UP:
            if name not in given:
                alarm.pop(name, None)
    return answer


def deliver_to_lambda(function, envelope, _topic, subscription, *_parts):
    """Hands one message to a function, asynchronously."""
    record, config, _name = lambda_svc._get_func_record_for_ref(function)
    if not record or not config:
        return
    message = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "EventSource": "aws:sns",
        "Sns": json.loads(envelope),
    }
    invoked = lambda_svc._execution_record_for_config(record, config)
    lambda_svc.invoke_async_with_retry(invoked, {"Records": [message]})


cloudwatch._put_metric_alarm = put_whole_metric_alarm
sns._deliver_to_lambda = deliver_to_lambda


def from_a_web_page(headers):
    """Whether a browser sent this for a page: of another origin, or under a name bound to loopback."""
    if b"origin" in headers or headers.get(b"sec-fetch-site", b"none") != b"none":
        return True
    host = headers.get(b"host", b"localhost").decode("latin-1").lower()
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name not in ("127.0.0.1", "localhost", "[::1]") and not name.endswith(".localhost")


async def save_changes():
    """Writes every service's state when something may have changed since the last time."""
    global changed
    while True:
        await asyncio.sleep(SAVE_EVERY_SECONDS)
        if changed:
            changed = False
            ministack.save_all(ministack._build_persistence_save_dict())


async def guarded(scope, receive, send):
    """MiniStack's application behind the additions."""
    global changed
    if scope["type"] == "lifespan":
        saver = asyncio.create_task(save_changes())
        try:
            await serve(scope, receive, send)
        finally:
            saver.cancel()
        return
    if from_a_web_page(dict(scope["headers"])):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b"web pages may not use this emulator\n"})
        else:
            await send({"type": "websocket.close", "code": 1008})
        return
    try:
        await serve(scope, receive, send)
    finally:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            changed = True


ministack.app = guarded
ministack.main()
