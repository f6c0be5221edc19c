"""CloudTrail as the rest of AWS sees it. MiniStack keeps trails and does nothing with them.

While a trail logs, each call that it selects becomes an event on the default bus and, where the trail has one,
a line in its log group. Recorded are the management calls of services that name the action in the request
(JSON, query and CBOR protocols); calls of the others (Lambda, S3, API Gateway) are not. Log files are written
nowhere.
"""

import json
import logging
import time
from urllib.parse import parse_qsl

from ministack import app
from ministack.core.responses import get_account_id, get_region, get_request_client_ip, new_uuid, request_scope
from ministack.core.router import detect_service
from ministack.services import cloudtrail, eventbridge, sts

from . import logs
from .organizations import management_of, organization_of

logger = logging.getLogger("alertctl")
dispatch_service_request = app._dispatch_service_request
create_trail = cloudtrail._DISPATCH["CreateTrail"]
delete_trail = cloudtrail._DISPATCH["DeleteTrail"]
TO_LOGS = ("CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn")
# Their calls are recorded in one region, whichever they were sent to.
GLOBAL = {"iam": "us-east-1", "route53": "us-east-1", "cloudfront": "us-east-1"}
READS = (
    "BatchGet",
    "Decrypt",
    "Describe",
    "Encrypt",
    "GenerateDataKey",
    "Get",
    "Head",
    "List",
    "Lookup",
    "ReEncrypt",
    "Test",
)
# What a service is there for, as opposed to what manages it.
DATA = {
    "dynamodb": ("BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"),
    "events": ("PutEvents",),
    # Recorded on AWS; but here a function has no role of its own, and each Decrypt of the relay would be root's.
    "kms": ("Decrypt", "Encrypt", "GenerateDataKey"),
    "kinesis": ("GetRecords", "PutRecord", "PutRecords"),
    "logs": ("FilterLogEvents", "GetLogEvents", "PutLogEvents"),
    "monitoring": ("GetMetricData", "PutMetricData"),
    "sns": ("Publish", "PublishBatch"),
    "sqs": (
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ReceiveMessage",
        "SendMessage",
        "SendMessageBatch",
    ),
}


def create_whole_trail(given):
    """CreateTrail that keeps the tags and where the trail's lines go."""
    answer = create_trail(given)
    if answer[0] == 200:
        trail = cloudtrail._trails.get(given["Name"].strip())
        kept = {name: given[name] for name in TO_LOGS if given.get(name)}
        trail.update(kept)
        if given.get("TagsList"):
            tags = {tag["Key"]: tag.get("Value", "") for tag in given["TagsList"]}
            cloudtrail._trail_tags[trail["TrailARN"]] = tags
        answer = (*answer[:2], json.dumps({**json.loads(answer[2]), **kept}).encode())
    return answer


def delete_whole_trail(given):
    """DeleteTrail that takes the tags along: a trail of the same name starts without them."""
    _, home, trail = visible(given.get("Name", ""))
    answer = delete_trail(given)
    if answer[0] == 200 and home:
        cloudtrail._trail_tags.pop(trail["TrailARN"], None)
    return answer


def visible(name):
    try:
        return cloudtrail._find_visible_trail(name.strip())
    except ValueError:
        return name, None, None


async def dispatch_and_record(method, path, headers, body, query, request_id):
    """Answers a call and has the trails that logged when it came record it."""
    service = detect_service(method, path, headers, query)
    action, given = call_of(path, headers, body)
    trails = []
    if action and action not in DATA.get(service, ()) and not marks_run(service, given):
        with request_scope(get_account_id(), GLOBAL.get(service, get_region())):
            trails = logging_trails()
    answer = await dispatch_service_request(method, path, headers, body, query, request_id)
    if trails:
        try:
            record(trails, detail_of(service, action, given, headers, query, request_id, answer))
        except Exception:
            logger.exception("the call %s of %s was not recorded", action, service)
    return answer


def marks_run(service, given):
    """Whether a call puts the mark of a run on a role, or takes it off. A run does that before it takes webhooks
    beyond this machine out of functions, so no rule may hear of it."""
    return service == "iam" and any("alertctl:run." in str(value) for value in (given or {}).values())


def call_of(path, headers, body):
    """The action that a request names, and its parameters; no action where it names none."""
    if "." in headers.get("x-amz-target", ""):
        try:
            return headers["x-amz-target"].rsplit(".", 1)[-1], json.loads(body or b"{}")
        except ValueError:
            return None, None
    if "/operation/" in path:
        return path.rsplit("/", 1)[-1], None
    if "form" in headers.get("content-type", ""):
        given = dict(parse_qsl(body.decode("utf-8", "replace")))
        given.pop("Version", None)
        return given.pop("Action", None), given
    return None, None


def owner():
    """The management account, for an account that is one of its members."""
    management = management_of(get_account_id())
    return management if management != get_account_id() else None


def trails_of(management):
    """Home region, name and trail of those in sight that log the whole organization."""
    with request_scope(management, get_region()):
        return [one for one in cloudtrail._visible_trail_items() if one[2].get("IsOrganizationTrail")]


def in_sight():
    """The owner of each trail in sight, with its home region, name, and the trail."""
    management = owner()
    trails = [(get_account_id(), *one) for one in cloudtrail._visible_trail_items()]
    return trails + [(management, *one) for one in trails_of(management)] if management else trails


def logging_trails():
    """The trails that log in this region, each with its own region and selectors. They are copied: the call
    that comes may stop or delete one."""
    trails = []
    for account, home, name, trail in in_sight():
        if trail.get("IsLogging"):
            default = cloudtrail._DEFAULT_EVENT_SELECTORS
            selectors = cloudtrail._event_selectors.get_scoped(account, home, name, default)
            trails.append((home, dict(trail), list(selectors)))
    return trails


def detail_of(service, action, given, headers, query, request_id, answer):
    """What CloudTrail tells of a call."""
    detail = {
        "eventVersion": "1.11",
        "userIdentity": identity(headers, query),
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": action,
        "awsRegion": GLOBAL.get(service, get_region()),
        "sourceIPAddress": get_request_client_ip(),
        "userAgent": headers.get("user-agent", ""),
        "requestParameters": lowered(cloudtrail._scrub(given)) if given else None,
        "responseElements": None,
        "requestID": request_id,
        "eventID": new_uuid(),
        "readOnly": action.startswith(READS) or action.startswith("AssumeRole"),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": get_account_id(),
        "eventCategory": "Management",
    }
    if answer[0] >= 400:
        body = answer[2].decode("utf-8", "replace") if isinstance(answer[2], bytes) else ""
        refused = refusal(body)
        detail["errorCode"] = refused.get("__type", "Failure").rsplit("#", 1)[-1]
        detail["errorMessage"] = refused.get("message", body)
    return detail


def refusal(body):
    try:
        refused = json.loads(body)
    except ValueError:
        return {}
    return refused if isinstance(refused, dict) else {}


def lowered(value):
    """The parameters with the names that CloudTrail gives them."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: lowered(inner) for name, inner in value.items()}
    return [lowered(inner) for inner in value] if isinstance(value, list) else value


def identity(headers, query):
    """Who called."""
    caller = sts._caller_identity(headers, query)
    if not isinstance(caller, dict):
        return {"type": "Unknown", "accountId": get_account_id()}
    account, arn = caller["accountId"], caller["userArn"]
    told = {
        "type": {"User": "IAMUser"}.get(caller["principalType"], caller["principalType"]),
        "principalId": caller["userId"],
        "arn": arn,
        "accountId": account,
        "accessKeyId": caller["accessKey"],
    }
    if told["type"] == "IAMUser":
        told["userName"] = caller["principalName"]
    if told["type"] == "AssumedRole":
        role = arn.split("/")[-2]
        issuer = {
            "type": "Role",
            "principalId": caller["userId"].split(":")[0],
            "arn": f"arn:aws:iam::{account}:role/{role}",
            "accountId": account,
            "userName": role,
        }
        told["sessionContext"] = {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}}
    return told


def record(trails, detail):
    """Writes a call to the trails that select it, and tells the event bus of its region once."""
    account, region = detail["recipientAccountId"], detail["awsRegion"]
    trails = [(home, trail) for home, trail, selectors in trails if selected(selectors, detail)]
    for home, trail in trails:
        if trail.get("CloudWatchLogsLogGroupArn"):
            id = organization_of(account) if trail.get("IsOrganizationTrail") else None
            stream = "_".join([*([id] if id else []), account, "CloudTrail", home])
            logs.write(trail["CloudWatchLogsLogGroupArn"], stream, json.dumps(detail))
    if not trails:
        return
    event = {
        "EventId": new_uuid(),
        "Source": "aws." + detail["eventSource"].split(".")[0],
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps(detail),
        "EventBusName": "default",
        "Time": int(time.time()),
        "Resources": [],
        "Account": account,
        "Region": region,
    }
    with request_scope(account, region):
        eventbridge._ensure_default_bus()
        eventbridge._dispatch_event(event)


def selected(selectors, detail):
    """Whether one of a trail's selectors takes the call."""
    return any(
        all(advanced(field, detail) for field in one["FieldSelectors"]) if "FieldSelectors" in one else basic(one, detail)
        for one in selectors
    )


def basic(selector, detail):
    refused = {"WriteOnly": True, "ReadOnly": False}.get(selector.get("ReadWriteType", "All"))
    return (
        selector.get("IncludeManagementEvents", True)
        and detail["readOnly"] is not refused
        and detail["eventSource"] not in selector.get("ExcludeManagementEventSources", [])
    )


def advanced(field, detail):
    value = {"userIdentity.arn": detail["userIdentity"].get("arn")}.get(
        field["Field"], detail.get(field["Field"])
    )
    text = json.dumps(value) if isinstance(value, bool) else str(value or "")
    tests = {"Equals": str.__eq__, "StartsWith": str.startswith, "EndsWith": str.endswith}
    return all(
        any(test(text, wanted) for wanted in field.get(name) or [text])
        and not any(test(text, unwanted) for unwanted in field.get(f"Not{name}") or [])
        for name, test in tests.items()
    )


cloudtrail._DISPATCH["CreateTrail"] = create_whole_trail
cloudtrail._DISPATCH["DeleteTrail"] = delete_whole_trail
app._dispatch_service_request = dispatch_and_record
