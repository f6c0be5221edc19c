"""Log alarms, which MiniStack lacks: kept among the other alarms, and shown, changed, tagged and deleted like them.

The query runs when the state of an alarm is set, so that the log events that a message shows are those of the log.
Nothing here runs it on its schedule: an alarm stays in the state that it was set to.
"""

import json
import re
import time
from datetime import datetime, timezone

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import cloudwatch, cloudwatch_logs, iam, sns

OPERATORS = (
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)
MISSING = ("missing", "notBreaching", "breaching", "ignore")
# Whatever stands in the parentheses is a field to Logs Insights.
AGGREGATION = re.compile(
    r"\s*(?:count\s*\(.+\)|(?:avg|sum|min|max)\s*\(\s*[^*\s].*\))"
    r"(?:\s+by\s+(?P<fields>[^|]+?))?\s*(?:\|\s*sort\s+(?:asc|desc)\s*)?",
    re.IGNORECASE,
)
RATE = re.compile(r"rate\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9]\d+) (?:minutes|hours|days))\)")
MAX_OFFSET = 2_592_000
KEPT = (
    "AlarmName",
    "AlarmDescription",
    "ActionsEnabled",
    "AlarmActions",
    "OKActions",
    "InsufficientDataActions",
    "QueryResultsToEvaluate",
    "QueryResultsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "ActionLogLineCount",
    "ActionLogLineRoleArn",
    "WarmUpConfiguration",
    "ActionConfiguration",
)
STATE = (
    "StateValue",
    "StateReason",
    "StateReasonData",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
)
QUERY = "ScheduledQueryConfiguration"
run_metric_actions = cloudwatch._dispatch_alarm_actions


class Refused(Exception):
    """What CloudWatch refuses: code and message."""


def refuse(message, code="ValidationError"):
    raise Refused(code, message)


def is_log_alarm(alarm):
    return QUERY in alarm


def check_role(arn, service):
    """A role must exist, and trust the service."""
    role = iam._roles.get((arn or "").rsplit("/", 1)[-1])
    if not role or role.get("Arn") != arn:
        refuse(f"The role {arn} does not exist or cannot be assumed")
    trust = role.get("AssumeRolePolicyDocument")
    if service not in (trust if isinstance(trust, str) else json.dumps(trust)):
        refuse(f"The role {arn} cannot be assumed by {service}")


def check_query(query, lines):
    text, groups = query.get("QueryString") or "", query.get("LogGroupIdentifiers") or []
    if not 1 <= len(text) <= 10_000:
        refuse("QueryString must have 1 to 10000 characters")
    if lines and "unmask(" in text.lower():
        refuse("Queries using unmask() cannot include log lines in notifications")
    if not 1 <= len(groups) <= 50:
        refuse("LogGroupIdentifiers must have 1 to 50 entries")
    expression = query.get("AggregationExpression") or ""
    found = AGGREGATION.fullmatch(expression)
    if not found or len(expression) > 2048:
        refuse(f"Invalid aggregation expression: {expression}")
    fields = (found["fields"] or "").split(",") if found["fields"] else []
    if len(fields) > 5 or any("bin(" in field.lower() for field in fields):
        refuse(f"Invalid fields in the aggregation expression: {expression}")
    schedule = query.get("ScheduleConfiguration") or {}
    if not RATE.fullmatch(schedule.get("ScheduleExpression") or ""):
        refuse(f"Invalid schedule expression: {schedule.get('ScheduleExpression')}")
    start, end = schedule.get("StartTimeOffset") or 0, schedule.get("EndTimeOffset") or 0
    if not 1 <= start <= MAX_OFFSET or not 0 <= end < start:
        refuse("EndTimeOffset must be non-negative and less than StartTimeOffset, which is at most 2592000")
    check_role(query.get("ScheduledQueryRoleARN"), "logs.amazonaws.com")


def check(given):
    name, lines = given.get("AlarmName") or "", given.get("ActionLogLineCount") or 0
    if not 1 <= len(name) <= 255 or len(given.get("AlarmDescription") or "") > 1024:
        refuse("The name or the description has a length that is not allowed")
    if not 0 <= lines <= 50:
        refuse("ActionLogLineCount must be between 0 and 50")
    check_query(given.get(QUERY) or {}, lines)
    if lines:
        check_role(given.get("ActionLogLineRoleArn"), "cloudwatch.amazonaws.com")
    evaluated, breaching = given.get("QueryResultsToEvaluate") or 0, given.get("QueryResultsToAlarm") or 0
    if not 1 <= evaluated <= 100 or not 1 <= breaching <= evaluated:
        refuse("QueryResultsToAlarm must be between 1 and QueryResultsToEvaluate, which is at most 100")
    if given.get("ComparisonOperator") not in OPERATORS or given.get("Threshold") is None:
        refuse("ComparisonOperator or Threshold is not valid")
    if given.get("TreatMissingData", "missing") not in MISSING:
        refuse("TreatMissingData is not valid")
    for field in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        actions = given.get(field) or []
        parts = [action.split(":") for action in actions]
        if len(actions) > 5 or not all(is_action(part) for part in parts):
            refuse(f"Invalid {field}")


def is_action(parts):
    """Topics, functions and OpsItems."""
    service = parts[2] if len(parts) > 5 else ""
    return service in ("sns", "lambda") or (service == "ssm" and parts[5] == "opsitem")


def watched(alarm):
    """What brings an alarm back to INSUFFICIENT_DATA when it changes."""
    query = alarm[QUERY]
    names = ("QueryString", "AggregationExpression", "LogGroupIdentifiers", "ScheduleConfiguration")
    return [query.get(name) for name in names]


def put(params, given, is_cbor, is_json=False):
    """PutLogAlarm."""
    try:
        check(given)
        name = given["AlarmName"]
        old = cloudwatch._alarms.get(name)
        if name in cloudwatch._composite_alarms or (old and not is_log_alarm(old)):
            refuse(f"An alarm of another type is called {name}", "ResourceConflict")
    except Refused as refused:
        code, message = refused.args
        return cloudwatch._error(code, message, 400, use_json=is_json, use_cbor=is_cbor)
    refusal = cloudwatch._alarm_tags_refusal(given.get("Tags"), None, old is None, is_cbor, is_json)
    if refusal:
        return refusal
    arn = f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"
    query_arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:scheduled-query:{new_uuid()}"
    alarm = {field: given[field] for field in KEPT if given.get(field) is not None}
    alarm.update(
        {
            "AlarmArn": arn,
            "ActionsEnabled": given.get("ActionsEnabled", True),
            "TreatMissingData": given.get("TreatMissingData", "missing"),
            QUERY: {**given[QUERY], "QueryARN": old[QUERY]["QueryARN"] if old else query_arn},
            "StateValue": "INSUFFICIENT_DATA",
            "StateReason": "Unchecked: Initial alarm creation",
            "StateUpdatedTimestamp": int(time.time()),
            "AlarmConfigurationUpdatedTimestamp": int(time.time()),
        }
    )
    if old and watched(old) == watched(alarm):
        alarm.update({field: old[field] for field in STATE if field in old})
    if old is None:
        tags = {tag["Key"]: tag.get("Value", "") for tag in given.get("Tags") or []}
        cloudwatch._resource_tags[arn] = tags
    cloudwatch._alarms[name] = alarm
    return cloudwatch._json_ok({}) if is_json else cloudwatch._cbor_ok({})


SORTS = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms", "LogAlarm": "LogAlarms"}


def sort_of(alarm):
    if "AlarmRule" in alarm:
        return "CompositeAlarm"
    return "LogAlarm" if is_log_alarm(alarm) else "MetricAlarm"


def describe(params, given, is_cbor, is_json=False):
    """DescribeAlarms of all three types; one listing in the order of names, as on AWS."""
    names, prefix = given.get("AlarmNames") or [], given.get("AlarmNamePrefix") or ""
    types, state = given.get("AlarmTypes") or ["MetricAlarm"], given.get("StateValue")
    invalid = cloudwatch._max_records_error(given.get("MaxRecords"))
    unknown = [one for one in types if one not in SORTS]
    if invalid or unknown:
        message = invalid or f"Invalid alarm type: {unknown[0]}"
        return cloudwatch._error("ValidationError", message, 400, use_json=is_json, use_cbor=is_cbor)
    found = [
        alarm
        for alarm in [*cloudwatch._alarms.values(), *cloudwatch._composite_alarms.values()]
        if sort_of(alarm) in types
        and (not names or alarm["AlarmName"] in names)
        and alarm["AlarmName"].startswith(prefix)
        and (not state or alarm["StateValue"] == state)
        and alarm["AlarmName"] >= (given.get("NextToken") or "")
    ]
    found.sort(key=lambda alarm: (alarm["AlarmName"], sort_of(alarm)))
    size = int(given.get("MaxRecords") or 50)
    answer = {field: [] for field in SORTS.values()}
    for alarm in found[:size]:
        shown = cloudwatch._cbor_alarm(alarm) if is_cbor else alarm
        answer[SORTS[sort_of(alarm)]].append(shown)
    if len(found) > size:
        answer["NextToken"] = found[size]["AlarmName"]
    return cloudwatch._cbor_ok(answer) if is_cbor else cloudwatch._json_ok(answer)


def run_query(alarm):
    """Runs the query as its schedule would now: the id of the run; None if it fails."""
    query, now = alarm[QUERY], int(time.time())
    schedule = query["ScheduleConfiguration"]
    status, _, body = cloudwatch_logs._start_query(
        {
            "logGroupIdentifiers": query["LogGroupIdentifiers"],
            "queryString": query["QueryString"],
            "startTime": now - schedule["StartTimeOffset"],
            "endTime": now - (schedule.get("EndTimeOffset") or 0),
        }
    )
    return json.loads(body).get("queryId") if status == 200 else None


def tags_of(alarm):
    """The tags that the alarm's messages carry."""
    told = ((alarm.get("ActionConfiguration") or {}).get("AlarmTagsPropagation")) or {}
    only, but = told.get("IncludedTagKeys") or [], told.get("ExcludedTagKeys") or []
    tags = cloudwatch._resource_tags.get(alarm["AlarmArn"]) or {}
    if not told.get("Enabled"):
        return []
    return [
        {"Key": key, "Value": value}
        for key, value in sorted(tags.items())
        if (not only or key in only) and key not in but
    ]


def run_actions(alarm, old_state, new_state, reason):
    """Tells topics of a change of state. A log alarm has no trigger, but its query.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    if not is_log_alarm(alarm):
        run_metric_actions(alarm, old_state, new_state, reason)
        return
    fields = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
    topics = [one for one in alarm.get(fields[new_state]) or [] if cloudwatch._is_sns_action_arn(one)]
    if not alarm.get("ActionsEnabled", True) or not topics:
        return
    query = alarm[QUERY]
    message = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription"),
        "AWSAccountId": get_account_id(),
        "NewStateValue": new_state,
        "NewStateReason": reason,
        "StateChangeTime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "Region": get_region(),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": old_state,
        "OKActions": alarm.get("OKActions") or [],
        "AlarmActions": alarm.get("AlarmActions") or [],
        "InsufficientDataActions": alarm.get("InsufficientDataActions") or [],
        "LogGroups": query["LogGroupIdentifiers"],
        "QueryString": query["QueryString"],
        "AggregationExpression": query["AggregationExpression"],
        "AlarmTags": tags_of(alarm),
    }
    run = run_query(alarm)
    if run:
        message["QueryExecutionId"] = run
    subject = f'{new_state}: "{alarm["AlarmName"]}" in {get_region()}'[:100]
    for topic in topics:
        sns._fanout(topic, new_uuid(), json.dumps(message), subject)


def configuration(alarm):
    """What the event of a log alarm says of its query."""
    query = alarm[QUERY]
    schedule = query["ScheduleConfiguration"]
    return {
        "logGroupIdentifiers": query["LogGroupIdentifiers"],
        "queryString": query["QueryString"],
        "aggregationExpression": query["AggregationExpression"],
        "schedule": schedule["ScheduleExpression"],
        "threshold": alarm["Threshold"],
        "comparisonOperator": alarm["ComparisonOperator"],
    }


cloudwatch._dispatch_alarm_actions = run_actions
