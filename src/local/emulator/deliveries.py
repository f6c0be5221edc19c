"""Messages and events handed over as AWS does.

* A topic's or rule's function is invoked asynchronously: what fails is tried again and then kept. MiniStack
  tries once and drops it.
* A rule's target that is not there gets nothing; the event goes to the target's dead-letter queue.
* A rule may forward to a bus in another region or account, once. MiniStack drops such events. A bus of another account
  takes what its policy lets in.
* A rule in the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS listens (MiniStack knows ENABLED only), and
  only such a one hears of calls that merely read.
* A topic posts to HTTP subscribers on this machine only: nobody's pager goes off for a trial.
"""

import json
import logging
from datetime import datetime, timezone
from urllib.parse import urlsplit

from additions import buses
from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope
from ministack.services import eventbridge, lambda_svc, sns, sqs

logger = logging.getLogger("alertctl")
invoke_target = eventbridge._invoke_target
http_post = sns._http_post_sync
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
READS = ("Describe", "Get", "List")
# AWS tells every rule of these two.
NO_READS = ("GetFederationToken", "GetSessionToken")


def invoke(function, event):
    """Invokes a function asynchronously; whether there is one."""
    record, config, _name = lambda_svc._get_func_record_for_ref(function)
    if not record or not config:
        return False
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(record, config), event)
    return True


def deliver_to_lambda(function, envelope, _topic, subscription, *_parts):
    """Hands one message of a topic to a function."""
    message = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "EventSource": "aws:sns",
        "Sns": json.loads(envelope),
    }
    invoke(function, {"Records": [message]})


def post_on_this_machine(endpoint, payload, message_type):
    """Hands one message of a topic, or the question for its confirmation, to an HTTP subscriber."""
    if urlsplit(endpoint).hostname not in THIS_MACHINE:
        raise PermissionError("the local AWS posts to this machine only")
    return http_post(endpoint, payload, message_type)


def dispatch_to_lambda(function, payload):
    """Hands one event of a rule to a function."""
    invoke(function, json.loads(payload))


def dispatch_event(event, view=None):
    """Hands an event to the targets of every rule of its bus that matches."""
    view = view or eventbridge._pattern_event_view(event)
    bus = event.get("EventBusName", "default")
    states = ["ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"]
    if not only_reads(view.event_with_detail()):
        states.append("ENABLED")
    for key, rule in list(eventbridge._rules.items()):
        listens = rule.get("EventBusName", "default") == bus and rule.get("State") in states
        if not listens or not rule.get("EventPattern") or key in event.get("_DispatchPath", ()):
            continue
        if not eventbridge._matches_pattern_view(rule["EventPattern"], view, f"rule {key}"):
            continue
        if "_Matched" in event:
            event["_Matched"].append({"rule": rule["Name"], "bus": bus, "region": get_region()})
        for target in list(eventbridge._targets.get(key, [])):
            deliver_to_target(target, event, rule, view)


def only_reads(envelope):
    """Whether the event tells of a recorded call that changed nothing."""
    detail = envelope.get("detail")
    name = detail.get("eventName") if isinstance(detail, dict) else None
    recorded = str(envelope.get("detail-type")).endswith("via CloudTrail")
    return recorded and isinstance(name, str) and name.startswith(READS) and name not in NO_READS


def deliver_to_target(target, event, rule, view=None):
    """Hands an event to one target, or to its dead-letter queue."""
    code, reason = undeliverable(target, event)
    if reason is None:
        invoke_target(target, event, rule, view)
        return
    logger.warning("rule %s: target %s: %s", rule["Name"], target.get("Arn"), reason)
    queue = (target.get("DeadLetterConfig") or {}).get("Arn", "")
    kept = sqs._queue_by_arn(queue) if queue else None
    if not kept:
        return
    view = view or eventbridge._pattern_event_view(event)
    eventbridge._dispatch_to_sqs(parse_arn(queue), json.dumps(view.event_with_detail()))
    told = {
        "RULE_ARN": rule["Arn"],
        "TARGET_ARN": target.get("Arn", ""),
        "ERROR_CODE": code,
        "ERROR_MESSAGE": reason,
    }
    kept["messages"][-1]["message_attributes"] = {
        name: {"DataType": "String", "StringValue": value} for name, value in told.items()
    }


def undeliverable(target, event):
    """EventBridge's code, and why nothing can be handed to the target; nothing where something can."""
    arn = target.get("Arn", "")
    try:
        spec = parse_arn(arn)
    except ArnParseError:
        return "NO_RESOURCE", "its ARN is none"
    if spec.service == "events":
        foreign = spec.resource.startswith("event-bus/") and spec.account_id != get_account_id()
        return (buses.refused(spec, event, target) if foreign else None) or (None, None)
    if (spec.account_id, spec.region) != (get_account_id(), get_region()):
        return "NO_RESOURCE", "it is in another region or account"
    there = {
        "lambda": lambda: all(lambda_svc._get_func_record_for_ref(arn)[:2]),
        "sns": lambda: sns._topic_by_arn_any_scope(arn),
        "sqs": lambda: sqs._queue_by_arn(arn),
    }.get(spec.service)
    return (None, None) if there is None or there() else ("NO_RESOURCE", "it does not exist")


def dispatch_to_event_bus(spec, event, rule, path, payload=None):
    """Forwards an event to a bus, of this region or another one, with its own region kept."""
    elsewhere = (spec.account_id, spec.region) != (get_account_id(), get_region())
    if elsewhere and event.get("_Forwarded"):
        logger.warning("rule %s: an event is forwarded to another region only once", rule["Name"])
        return
    # The same rule may stand in both regions: what was gone through here does not count there.
    path = [] if elsewhere else [*path, eventbridge._rule_key(rule["Name"], rule["EventBusName"])]
    forwarded = {**event, "EventBusName": spec.resource.split("/", 1)[-1], "_DispatchPath": path}
    forwarded["_Forwarded"] = elsewhere or event.get("_Forwarded", False)
    if payload is not None:
        forwarded["Detail"] = payload
    with request_scope(spec.account_id, spec.region):
        eventbridge._ensure_default_bus()
        if forwarded["EventBusName"] in eventbridge._event_buses:
            dispatch_event(forwarded)
        else:
            logger.warning("rule %s: event bus %s does not exist", rule["Name"], spec)


def inject(envelope, account, region):
    """Puts an event on the default bus of a region as an AWS service does; the rules that matched.

    What the envelope says of itself is kept; what it leaves out is made up.
    """
    if not isinstance(envelope, dict) or not isinstance(envelope.get("source"), str):
        raise ValueError("an event is an object with a `source`")
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    made_up = {"version": "0", "id": new_uuid(), "time": now, "account": account, "region": region}
    event = eventbridge._event_from_test_payload({**made_up, "resources": [], **envelope})
    event.update(EventBusName="default", _Matched=[])
    with request_scope(account, region):
        eventbridge._ensure_default_bus()
        dispatch_event(event)
    return event["_Matched"]


sns._deliver_to_lambda = deliver_to_lambda
sns._http_post_sync = post_on_this_machine
eventbridge._dispatch_to_lambda = dispatch_to_lambda
eventbridge._dispatch_to_event_bus = dispatch_to_event_bus
eventbridge._dispatch_event = dispatch_event
