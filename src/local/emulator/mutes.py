"""Alarm mute rules, which MiniStack lacks: kept, and obeyed.

While a window of a rule is open, the actions of its alarms do not run, and their events say so. When a rule or its
list of alarms changes or goes, the actions that it held back run for an alarm that is still in that state. When a window
ends by itself they do not: nothing here waits for that moment.
"""

import json
import re
import time
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region
from ministack.services import cloudwatch

from . import log_alarms

handle_request = cloudwatch.handle_request
get_state = cloudwatch.get_state
load_persisted_state = cloudwatch.load_persisted_state
validate_tag_arn = cloudwatch._validate_alarm_tag_arn
run_actions = cloudwatch._dispatch_alarm_actions
rules = AccountRegionScopedDict()
# Alarm name -> what its actions were not told: the alarm, the states, the reason.
held = AccountRegionScopedDict()
PREFIX = ":alarm-mute-rule:"
DAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTH_NAMES = ("", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MAX_MINUTES = 15 * 24 * 60
LENGTH = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


class Refused(Exception):
    """What CloudWatch refuses: code and message."""


def arn_of(name):
    return f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}{PREFIX}{name}"


def minutes_of(text):
    """The minutes of a duration."""
    found = LENGTH.fullmatch(text or "")
    if not found or not any(found.groups()):
        raise Refused("ValidationError", f"Invalid duration: {text}")
    days, hours, minutes = (int(part or 0) for part in found.groups())
    total = (days * 24 + hours) * 60 + minutes
    if not 1 <= total <= MAX_MINUTES:
        raise Refused("ValidationError", "Duration must be between PT1M and P15D")
    return total


def zone_of(schedule):
    """The time zone of a schedule. A machine may lack the database of zones."""
    name = schedule.get("Timezone") or "UTC"
    return timezone.utc if name == "UTC" else ZoneInfo(name)


def number(text, names):
    return names.index(text) if text in names else int(text)


def numbers(text, low, high, names=()):
    """The numbers of a field."""
    found = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span in ("*", "?"):
            begin, end = low, high
        else:
            begin = number(first, names)
            end = number(last, names) if last else (high if step else begin)
        if not low <= begin <= end <= high:
            raise ValueError(part)
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def starts(expression, local):
    """Whether a window opens at this local minute."""
    once = re.fullmatch(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d)\)", expression)
    if once:
        return datetime.fromisoformat(once[1]) == local
    fields = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+)\)", expression)
    if not fields:
        raise ValueError(expression)
    minute, hour, day, month, weekday = fields.groups()
    last = (local.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    today = (local.weekday() + 1) % 7
    if day == "L":
        is_day = local.day == last.day
    else:
        is_day = local.day in numbers(day, 1, 31)
    if "#" in weekday:
        name, nth = weekday.split("#")
        is_weekday = number(name, DAY_NAMES) % 7 == today and (local.day - 1) // 7 + 1 == int(nth)
    elif weekday.endswith("L"):
        is_weekday = number(weekday[:-1], DAY_NAMES) % 7 == today and local.day + 7 > last.day
    else:
        is_weekday = today in {one % 7 for one in numbers(weekday, 0, 7, DAY_NAMES)}
    is_month = local.month in numbers(month, 1, 12, MONTH_NAMES)
    is_time = local.hour in numbers(hour, 0, 23) and local.minute in numbers(minute, 0, 59)
    return is_day and is_weekday and is_month and is_time


def window(rule, now=None):
    """Begin and end of the rule's open window; None if none is open."""
    now = time.time() if now is None else now
    if now < (rule.get("StartDate") or 0) or now >= (rule.get("ExpireDate") or float("inf")):
        return None
    schedule = rule["Rule"]["Schedule"]
    zone = zone_of(schedule)
    length = minutes_of(schedule["Duration"])
    this = int(now // 60)
    for minute in range(this, this - length, -1):
        local = datetime.fromtimestamp(minute * 60, zone).replace(tzinfo=None)
        if starts(schedule["Expression"], local):
            return minute * 60, (minute + length) * 60
    return None


def status(rule):
    """SCHEDULED, ACTIVE or EXPIRED."""
    now = time.time()
    if window(rule, now):
        return "ACTIVE"
    schedule = rule["Rule"]["Schedule"]
    if now >= (rule.get("ExpireDate") or float("inf")):
        return "EXPIRED"
    if schedule["Expression"].startswith("at("):
        begin = datetime.fromisoformat(schedule["Expression"][3:-1])
        zone = zone_of(schedule)
        if begin.replace(tzinfo=zone).timestamp() < now:
            return "EXPIRED"
    return "SCHEDULED"


def muting(alarm):
    """The rule that mutes an alarm now, and its window."""
    for rule in rules.values():
        if alarm in rule["MuteTargets"].get("AlarmNames", []):
            found = window(rule)
            if found:
                return rule, found
    return None


def let_go():
    """Runs the actions that were held back of alarms that nothing mutes any more."""
    for name, (alarm, old, new, reason) in list(held.items()):
        if muting(name):
            continue
        held.pop(name)
        now = cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name)
        if now and now.get("StateValue") == new:
            run_actions(alarm, old, new, reason)


def run_or_hold(alarm, old_state, new_state, reason):
    """Runs an alarm's actions, unless it is muted."""
    name = alarm.get("AlarmName", "")
    if muting(name):
        held[name] = (alarm, old_state, new_state, reason)
    else:
        held.pop(name, None)
        run_actions(alarm, old_state, new_state, reason)


def mute_detail(alarm):
    """What the event of a muted alarm says of that; None if it is not muted."""
    found = muting(alarm)
    if not found:
        return None
    rule, (begin, end) = found
    written = [datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000+0000") for at in (begin, end)]
    return {"mutedByArn": arn_of(rule["Name"]), "muteWindowStart": written[0], "muteWindowEnd": written[1]}


def seconds(value):
    return value.timestamp() if isinstance(value, datetime) else value


def put(given):
    """PutAlarmMuteRule."""
    name = given.get("Name") or ""
    schedule = (given.get("Rule") or {}).get("Schedule") or {}
    alarms = (given.get("MuteTargets") or {}).get("AlarmNames") or []
    if not 1 <= len(name) <= 255 or len(given.get("Description") or "") > 1024:
        raise Refused("ValidationError", "The name or the description has a length that is not allowed")
    if len(alarms) > 100 or len(set(alarms)) < len(alarms):
        raise Refused("ValidationError", "AlarmNames must have at most 100 different names")
    minutes_of(schedule.get("Duration"))
    try:
        starts(schedule.get("Expression") or "", datetime(2026, 1, 1))
    except (ValueError, TypeError):
        raise Refused("ValidationError", f"Invalid expression: {schedule.get('Expression')}") from None
    try:
        zone_of(schedule)
    except (ZoneInfoNotFoundError, ValueError):
        raise Refused("ValidationError", f"Invalid timezone: {schedule.get('Timezone')}") from None
    start, expire = seconds(given.get("StartDate")), seconds(given.get("ExpireDate"))
    if (start or expire) and schedule["Expression"].startswith("at("):
        raise Refused("ValidationError", "Can not set start or expire dates for At expressions")
    if start and expire and start >= expire:
        raise Refused("ValidationError", "ExpireDate must be after StartDate")
    if name not in rules:
        tags = {tag["Key"]: tag.get("Value", "") for tag in given.get("Tags") or []}
        cloudwatch._resource_tags[arn_of(name)] = tags
    rules[name] = {
        "Name": name,
        "Description": given.get("Description"),
        "Rule": {"Schedule": schedule},
        "MuteTargets": {"AlarmNames": list(alarms)},
        "StartDate": start,
        "ExpireDate": expire,
        "LastUpdatedTimestamp": time.time(),
    }
    let_go()
    return {}


def shown(rule):
    """A rule as CloudWatch shows it."""
    schedule = rule["Rule"]["Schedule"]
    answer = {**rule, "AlarmMuteRuleArn": arn_of(rule["Name"]), "Status": status(rule)}
    answer["MuteType"] = "ONE_TIME" if schedule["Expression"].startswith("at(") else "RECURRING"
    for name in ("StartDate", "ExpireDate", "LastUpdatedTimestamp"):
        if answer[name] is not None:
            answer[name] = cloudwatch._cbor_timestamp(answer[name])
    return answer


def get(given):
    """GetAlarmMuteRule."""
    name = given.get("AlarmMuteRuleName") or ""
    if name not in rules:
        raise Refused("ResourceNotFoundException", f"Alarm mute rule {name} does not exist")
    return shown(rules[name])


def listed(given):
    """ListAlarmMuteRules: everything but names, targets and tags."""
    alarm, statuses = given.get("AlarmName"), given.get("Statuses") or []
    found = [
        shown(rule)
        for _, rule in sorted(rules.items())
        if not alarm or alarm in rule["MuteTargets"].get("AlarmNames", [])
    ]
    found = [rule for rule in found if not statuses or rule["Status"] in statuses]
    begin, size = int(given.get("NextToken") or 0), int(given.get("MaxRecords") or 50)
    if not 1 <= size <= 100:
        raise Refused("ValidationError", "MaxRecords must be between 1 and 100")
    told = ("AlarmMuteRuleArn", "ExpireDate", "Status", "MuteType", "LastUpdatedTimestamp")
    page = [{name: rule.get(name) for name in told} for rule in found[begin : begin + size]]
    after = begin + size
    return {"AlarmMuteRuleSummaries": page, "NextToken": str(after) if after < len(found) else None}


def delete(given):
    """DeleteAlarmMuteRule, which is content with a rule that does not exist."""
    name = given.get("AlarmMuteRuleName") or ""
    if rules.pop(name, None):
        cloudwatch._resource_tags.pop(arn_of(name), None)
        let_go()
    return {}


CALLS = {
    "PutAlarmMuteRule": put,
    "GetAlarmMuteRule": get,
    "ListAlarmMuteRules": listed,
    "DeleteAlarmMuteRule": delete,
}


# What has to know of log alarms.
OF_ALARMS = {"PutLogAlarm": log_alarms.put, "DescribeAlarms": log_alarms.describe}


def decoded(body):
    import cbor2

    return cbor2.loads(body) if body else {}


async def handle(method, path, headers, body, query_params):
    """Answers a call to CloudWatch. Those about mute rules and log alarms come by CBOR or as JSON."""
    target = headers.get("x-amz-target", "")
    is_json = "." in target
    action = target.rsplit(".", 1)[-1] if is_json else path.rsplit("/", 1)[-1] if "/operation/" in path else ""
    if action in OF_ALARMS:
        given = json.loads(body or b"{}") if is_json else decoded(body)
        return OF_ALARMS[action](query_params, given, not is_json, is_json)
    if action not in CALLS:
        return await handle_request(method, path, headers, body, query_params)
    try:
        if is_json:
            return cloudwatch._json_ok(CALLS[action](json.loads(body or b"{}")))
        return cloudwatch._cbor_ok(CALLS[action](decoded(body)))
    except Refused as refused:
        code, message = refused.args
        return cloudwatch._error(code, message, 400, use_json=is_json, use_cbor=not is_json)


def validate_tags_of_alarm_or_rule(arn, is_json=False, is_cbor=False):
    """Whether there is what the tags are of."""
    name = arn.split(PREFIX, 1)[1] if PREFIX in (arn or "") else None
    if name is None:
        return validate_tag_arn(arn, is_json=is_json, is_cbor=is_cbor)
    if name in rules and arn == arn_of(name):
        return None
    return cloudwatch._error("ResourceNotFoundException", f"{arn} does not exist", 404, is_json, is_cbor)


def state_with_rules():
    return {**get_state(), "mute_rules": rules}


def load_with_rules(data):
    if data:
        rules.update(data.get("mute_rules", {}))
    return load_persisted_state(data)


cloudwatch.handle_request = handle
cloudwatch.get_state = state_with_rules
cloudwatch.load_persisted_state = load_with_rules
cloudwatch._validate_alarm_tag_arn = validate_tags_of_alarm_or_rule
