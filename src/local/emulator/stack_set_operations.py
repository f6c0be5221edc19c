"""The stack sets, and operations on their instances, which take a moment, and run one after the other."""

import asyncio
import re

from additions import organizations
from ministack.core.responses import (
    AccountRegionScopedDict,
    get_account_id,
    get_region,
    new_uuid,
    now_iso,
    request_scope,
)
from ministack.services.cloudformation import _stacks, handlers

sets = AccountRegionScopedDict()
PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"
OPEN = ("RUNNING", "QUEUED", "STOPPING")
OPERATION = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]{0,127}")
MOMENT = 0.3


class Refused(Exception):
    """What CloudFormation refuses: code, message, status."""

    def __init__(self, code, message, status=400):
        super().__init__(code, message, status)


def invalid(message):
    return Refused("ValidationError", message)


def owner(given):
    """The account whose sets the caller means."""
    caller, role = get_account_id(), given.get("CallAs", "SELF")
    if role == "SELF":
        return caller
    if role != "DELEGATED_ADMIN":
        raise invalid(f"Value '{role}' at 'callAs' failed to satisfy constraint")
    if not organizations.administers(caller, PRINCIPAL):
        raise invalid("Account used is not a delegated administrator")
    return organizations.management_of(caller)


def own(given):
    """The sets that the caller means, and the set of the call."""
    with request_scope(owner(given), get_region()):
        found = sets.get(given.get("StackSetName") or "")
    if not found:
        raise Refused("StackSetNotFoundException", f"StackSet {given.get('StackSetName')} not found", 404)
    return found


def place(account, region):
    return f"{account}/{region}"


def begin(found, given, action, places, retain=False, listed=True):
    """Queues an operation; its id. Unless `listed`, new instances are listed only once it works on them."""
    wanted = given.get("OperationId") or new_uuid()
    if not OPERATION.fullmatch(wanted):
        raise invalid(f"Value '{wanted}' at 'operationId' failed to satisfy constraint")
    if any(one["OperationId"] == wanted for one in found["_Operations"]):
        raise Refused("OperationIdAlreadyExistsException", f"OperationId {wanted} already exists", 409)
    busy = any(one["Status"] in OPEN for one in found["_Operations"])
    if busy and not found["_Managed"]:
        text = f"Another Operation on StackSet {found['StackSetARN']} is in progress"
        raise Refused("OperationInProgressException", text, 409)
    operation = {
        "OperationId": wanted,
        "Action": action,
        "Status": "QUEUED" if busy else "RUNNING",
        "CreationTimestamp": now_iso(),
        "RetainStacks": retain,
        "_Places": places,
        "_Results": {one: ["PENDING", ""] for one in places},
    }
    found["_Operations"].append(operation)
    for one, unit in places.items() if listed else ():
        fresh = {"Status": "OUTDATED", "_Unit": unit, "_Stack": None, "_Reason": ""}
        instance = found["_Instances"].setdefault(one, fresh) if action == "CREATE" else found["_Instances"].get(one)
        if instance:
            instance.update(_Detailed="PENDING", _Operation=wanted)
    if not found.get("_Runs"):
        found["_Runs"] = True
        asyncio.get_running_loop().create_task(run(found))
    return {"OperationId": wanted}


def tag(found, where, name):
    """The value of a tag of the account of a place; None without it."""
    known = organizations.account(found["_Owner"], where.split("/")[0])
    return ((known or {}).get("_Tags") or {}).get(name)


async def run(found):
    """Works off the operations of a set."""
    while True:
        waiting = [one for one in found["_Operations"] if one["Status"] in ("RUNNING", "QUEUED")]
        if not waiting:
            found["_Runs"] = False
            return
        operation = waiting[0]
        operation["Status"] = "RUNNING"
        await asyncio.sleep(MOMENT)
        while operation["Status"] == "RUNNING" and any(tag(found, one, "stack-set-waits") for one in operation["_Places"]):
            await asyncio.sleep(MOMENT)
        if operation["Action"] == "CREATE" and operation["Status"] == "RUNNING":
            for one, unit in operation["_Places"].items():
                fresh = {"Status": "OUTDATED", "_Unit": unit, "_Stack": None, "_Reason": "", "_Detailed": "PENDING"}
                found["_Instances"].setdefault(one, fresh)["_Operation"] = operation["OperationId"]
        await asyncio.gather(*(work(found, operation, one) for one in operation["_Places"]))
        stopped = operation["Status"] == "STOPPING"
        operation["Status"] = "STOPPED" if stopped else "SUCCEEDED"
        operation["EndTimestamp"] = now_iso()


async def work(found, operation, where):
    """Does what an operation does in one account and region."""
    result, instance = operation["_Results"][where], found["_Instances"].get(where)
    if operation["Status"] == "STOPPING" or not instance:
        result[:] = ["CANCELLED", "Cancelled since the operation was stopped"]
        if instance:
            instance["_Detailed"] = "CANCELLED"
        return
    result[0] = instance["_Detailed"] = "RUNNING"
    account, region = where.split("/")
    known = organizations.account(found["_Owner"], account) if found["PermissionModel"] == "SERVICE_MANAGED" else {}
    deletes, retain = operation["Action"] == "DELETE", operation["RetainStacks"]
    reason, detailed = None, "FAILED"
    if deletes and retain:
        pass
    elif known is None:
        reason = f"Account {account} is not in the organization"
    elif known.get("Status") == "SUSPENDED":
        reason, detailed = f"Account {account} is suspended", "SKIPPED_SUSPENDED_ACCOUNT"
    elif known and tag(found, where, "stack-set-fails"):
        reason = f"Account {account} in {region}: {tag(found, where, 'stack-set-fails')}"
    else:
        with request_scope(account, region):
            reason = await (remove(instance) if deletes else deploy(found, instance))
    if reason is None and deletes:
        del found["_Instances"][where]
    elif reason is None:
        instance.update(Status="CURRENT", _Detailed="SUCCEEDED", _Reason="")
    else:
        instance.update(Status="INOPERABLE" if deletes and not detailed.startswith("SKIPPED") else "OUTDATED")
        instance.update(_Detailed=detailed, _Reason=reason)
    result[:] = ["SUCCEEDED" if reason is None else "FAILED", reason or ""]


def said(answer):
    """The message of a refusal; None if there is none."""
    found = re.search(r"<Message>(.*?)</Message>", answer[2].decode(), re.S)
    return None if answer[0] == 200 else (found[1] if found else "refused")


async def ended(name):
    """The stack of this name once nothing happens to it any more."""
    for _ in range(3000):
        stack = _stacks.get(name)
        if not stack or not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        await asyncio.sleep(0.02)
    return stack


async def deploy(found, instance):
    """Makes or changes the stack of one instance in the account and region of the scope; why not, if it fails."""
    params = {"TemplateBody": [found["TemplateBody"]]}
    for kind, key, value in (("Parameters", "ParameterKey", "ParameterValue"), ("Tags", "Key", "Value")):
        for number, (name, text) in enumerate(found[f"_{kind}"].items(), 1):
            params[f"{kind}.member.{number}.{key}"] = [name]
            params[f"{kind}.member.{number}.{value}"] = [text]
    for number, text in enumerate(found["Capabilities"], 1):
        params[f"Capabilities.member.{number}"] = [text]
    name = instance["_Stack"] and instance["_Stack"].split("/")[1]
    stack = _stacks.get(name) if name else None
    if stack and stack["StackStatus"] in ("ROLLBACK_COMPLETE", "DELETE_COMPLETE", "DELETE_FAILED"):
        handlers._delete_stack({"StackName": [name]})
        await asyncio.sleep(0.05)
        await ended(name)
        stack = None
    if stack is None:
        name = f"StackSet-{found['StackSetName']}-{new_uuid()}"
        answer = handlers._create_stack({**params, "StackName": [name]})
    else:
        answer = handlers._update_stack({**params, "StackName": [name]})
    refused = said(answer)
    if refused and "No updates are to be performed" not in refused:
        return refused
    stack = await ended(name)
    instance["_Stack"] = stack["StackId"]
    if stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        return None
    return stack.get("StackStatusReason") or stack["StackStatus"]


async def remove(instance):
    """Deletes the stack of one instance; why not, if it fails."""
    if not instance["_Stack"]:
        return None
    name = instance["_Stack"].split("/")[1]
    refused = said(handlers._delete_stack({"StackName": [name]}))
    if refused:
        return refused
    # The task that deletes it begins a moment later.
    await asyncio.sleep(0.05)
    stack = await ended(name)
    gone = not stack or stack["StackStatus"] == "DELETE_COMPLETE"
    return None if gone else stack.get("StackStatusReason") or stack["StackStatus"]
