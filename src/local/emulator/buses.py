"""Policies of event buses: kept, and obeyed when an event comes from another account.

An event that a bus in another account does not take goes to the target's dead-letter queue, without another attempt.
"""

import fnmatch
import json

from additions import organizations
from ministack.core.responses import error_response_json, get_account_id, get_region, request_scope
from ministack.services import eventbridge, iam

put_permission = eventbridge._put_permission
remove_permission = eventbridge._remove_permission
LONGEST = 10_240


def bus_name(given):
    return (given.get("EventBusName") or "default").rsplit("/", 1)[-1]


def missing(name):
    return error_response_json("ResourceNotFoundException", f"Event bus {name} does not exist.", 400)


def put(given):
    """PutPermission, also with a whole policy."""
    name, text = bus_name(given), given.get("Policy")
    if name not in eventbridge._event_buses:
        return missing(name)
    if text is None:
        return put_permission(given)
    if len(text) > LONGEST:
        return error_response_json("PolicyLengthExceededException", "The policy is too long", 400)
    try:
        policy = json.loads(text)
        statements = policy["Statement"]
    except (ValueError, KeyError, TypeError):
        return error_response_json("ValidationException", "The policy is malformed", 400)
    arn = f"arn:aws:events:{get_region()}:{get_account_id()}:event-bus/{name}"
    statements = statements if isinstance(statements, list) else [statements]
    if not statements or any(listed(one.get("Resource")) != [arn] or "Sid" not in one for one in statements):
        return error_response_json("ValidationException", "Each statement needs a Sid and the bus as its Resource", 400)
    eventbridge._event_bus_policies[name] = {**policy, "Statement": statements}
    return eventbridge.json_response({})


def remove(given):
    """RemovePermission."""
    name, wanted = bus_name(given), given.get("StatementId")
    if name not in eventbridge._event_buses:
        return missing(name)
    known = [one.get("Sid") for one in eventbridge._event_bus_policies.get(name, {}).get("Statement", [])]
    if not given.get("RemoveAllPermissions") and wanted not in known:
        return error_response_json("ResourceNotFoundException", f"Statement {wanted} does not exist.", 400)
    return remove_permission({**given, "EventBusName": name})


def listed(value):
    return value if isinstance(value, list) else [value]


def holds(operator, key, values, facts):
    """Whether one condition holds."""
    fact = facts.get(key.lower())
    if operator == "StringEquals":
        return fact in values
    if operator in ("StringLike", "ArnLike"):
        return fact is not None and any(fnmatch.fnmatchcase(fact, value) for value in values)
    return False


def allows(policy, sender, facts):
    """Whether a bus's policy lets an account put events."""
    for statement in (policy or {}).get("Statement", []):
        principal = statement.get("Principal")
        names = listed(principal.get("AWS") if isinstance(principal, dict) else principal)
        somebody = any(name in ("*", sender, f"arn:aws:iam::{sender}:root") for name in names)
        puts = {"events:PutEvents", "events:*", "*"} & {*listed(statement.get("Action"))}
        conditions = [
            holds(operator, key, listed(values), facts)
            for operator, block in (statement.get("Condition") or {}).items()
            for key, values in block.items()
        ]
        if statement.get("Effect") == "Allow" and somebody and puts and all(conditions):
            return True
    return False


def refused(spec, event, target):
    """Why a bus in another account does not take an event from here: code and reason; None if it does."""
    sender, name = get_account_id(), spec.resource.split("/", 1)[-1]
    if event.get("_Forwarded"):
        return "THIRD_ACCOUNT_HOP_DETECTED", "an event is forwarded to another account only once"
    role = target.get("RoleArn") or ""
    if role.split(":")[4:5] != [sender] or role.rsplit("/", 1)[-1] not in iam._roles:
        return "NO_PERMISSIONS", "a bus in another account needs a role of this one"
    facts = {
        "aws:principalorgid": organizations.organization_of(sender),
        "aws:principalaccount": sender,
        "events:source": event.get("Source"),
        "events:detail-type": event.get("DetailType"),
    }
    with request_scope(spec.account_id, spec.region):
        if name not in eventbridge._event_buses:
            return "NO_RESOURCE", "it does not exist"
        if not allows(eventbridge._event_bus_policies.get(name), sender, facts):
            return "NO_PERMISSIONS", "its policy does not let this account put events"
    return None


eventbridge._put_permission = put
eventbridge._remove_permission = remove
