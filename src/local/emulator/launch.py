"""Runs MiniStack with what a trial on somebody's own machine needs on top of it.

* It waits for a line on standard input before it does anything: by then alertctl has noted the
  process id, so a start that is killed half-way leaves no process that nobody knows of.
* It saves the state a moment after each change. MiniStack itself saves only when it is asked to
  stop, which a `kill -9` or a power cut never does.
* It fills in what MiniStack leaves out and stacks rely on: see the modules of `additions`.
* It takes events that only AWS itself may send: `POST /_alertctl/event?region=REGION`.
* It says which HTTP APIs have a route: `GET /_alertctl/apis?route=POST%20/slack`.
* It refuses web pages. MiniStack runs whatever code it is given and allows every origin, so any site
  open in a browser on this machine could otherwise run a program through it.
"""

import asyncio
import gc
import json
import logging
import os
import signal
import sys
import time
from urllib.parse import parse_qs

SAVE_EVERY_SECONDS = 1.0
# Saving blocks everything else, and takes the longer the more there is: no more of the time than this goes there.
SAVING = 0.05
# But what is older than this is saved, whatever that takes: a power cut loses no more.
SAVE_WITHIN_SECONDS = 15

if sys.stdin.readline() != "go\n":
    sys.exit("not started: alertctl ended before it could note this process")
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
signal.signal(signal.SIGHUP, signal.SIG_IGN)

# Run in isolation, Python does not look beside the program that it runs.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from additions import (  # noqa: E402, F401
    alarms,
    buses,
    deliveries,
    keys,
    logs,
    mappings,
    metric_filters,
    mutes,
    organization_trails,
    organizations,
    stack_sets,
    trails,
)
from ministack import app as ministack  # noqa: E402
from ministack.services import apigateway  # noqa: E402

logging.getLogger("persistence").setLevel(logging.WARNING)
serve = ministack.app
changed = False


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
    pause = SAVE_EVERY_SECONDS
    while True:
        await asyncio.sleep(pause)
        if changed:
            changed, start = False, time.monotonic()
            ministack.save_all(ministack._build_persistence_save_dict())
            pause = min(max(SAVE_EVERY_SECONDS, (time.monotonic() - start) / SAVING), SAVE_WITHIN_SECONDS)


async def answered(send, status, answer):
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def queried(scope):
    return {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}


async def find_apis(scope, send):
    """Answers with the ids of the HTTP APIs, in any region, that have a route."""
    wanted = queried(scope).get("route", "")
    routes = ((api, of_api.values()) for (_, _, api), of_api in apigateway._routes.all_items())
    apis = [api for api, of_api in routes if any(route.get("routeKey") == wanted for route in of_api)]
    await answered(send, 200, {"apis": sorted(apis)})


async def take_event(scope, receive, send):
    """Answers with the rules that matched the event in the body."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    query = queried(scope)
    place = (query.get("account", "000000000000"), query.get("region", "us-east-1"))
    try:
        status, answer = 200, {"matched": deliveries.inject(json.loads(body), *place)}
    except ValueError as error:
        status, answer = 400, {"error": str(error)}
    await answered(send, status, answer)


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
        if scope["type"] == "http" and (scope["method"], scope["path"]) == ("POST", "/_alertctl/event"):
            await take_event(scope, receive, send)
        elif scope["type"] == "http" and (scope["method"], scope["path"]) == ("GET", "/_alertctl/apis"):
            await find_apis(scope, send)
        else:
            await serve(scope, receive, send)
    finally:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            changed = True


ministack.app = guarded
# What was loaded so far stays: the collector need not look through it time and again.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 50)
ministack.main()
