"""Alarms that stay whole.

MiniStack forgets metric math, bands, PromQL, what a percentile does with few samples, clock windows,
warm-ups, propagated tags and what suppresses a composite alarm, and makes up a statistic, a period, a number
of periods and a threshold where none was given: such an alarm would look changed in every plan.

It also tells EventBridge of no change of state.
"""

import json
from datetime import datetime, timezone

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch

from . import deliveries, log_alarms, mutes

put_metric_alarm = cloudwatch._put_metric_alarm
put_composite_alarm = cloudwatch._put_composite_alarm
run_actions = mutes.run_or_hold
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
SUPPRESSION = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


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


def put_whole_composite_alarm(params, given, is_cbor, is_json=False):
    """PutCompositeAlarm that keeps the suppressor. It is kept, not obeyed."""
    answer = put_composite_alarm(params, given, is_cbor, is_json)
    alarm = cloudwatch._composite_alarms.get(given.get("AlarmName")) if is_cbor or is_json else None
    if answer[0] == 200 and alarm:
        alarm.update({name: given[name] for name in SUPPRESSION if name in given})
    return answer


def run_actions_and_tell(alarm, old_state, new_state, reason):
    """Runs an alarm's actions, and tells EventBridge that its state changed."""
    run_actions(alarm, old_state, new_state, reason)
    if old_state == new_state:
        return
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    configuration = {"description": alarm.get("AlarmDescription") or ""}
    if log_alarms.is_log_alarm(alarm):
        configuration.update(log_alarms.configuration(alarm))
    elif "AlarmRule" in alarm:
        configuration["alarmRule"] = alarm["AlarmRule"]
    elif alarm.get("MetricName"):
        dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions") or []}
        metric = {"namespace": alarm.get("Namespace"), "name": alarm["MetricName"], "dimensions": dimensions}
        stat = {"metric": metric, "period": alarm.get("Period"), "stat": alarm.get("Statistic")}
        configuration["metrics"] = [{"id": "m1", "metricStat": stat, "returnData": True}]
    event = {
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "resources": [alarm.get("AlarmArn", "")],
        "detail": {
            "alarmName": alarm.get("AlarmName", ""),
            "state": {"value": new_state, "reason": reason, "timestamp": now},
            "previousState": {"value": old_state, "timestamp": now},
            "configuration": configuration,
        },
    }
    detail = mutes.mute_detail(alarm.get("AlarmName", ""))
    if detail:
        event["detail"]["muteDetail"] = detail
    # What is told is a copy: the alarm goes on changing.
    deliveries.inject(json.loads(json.dumps(event)), get_account_id(), get_region())


cloudwatch._dispatch_alarm_actions = run_actions_and_tell
cloudwatch._put_metric_alarm = put_whole_metric_alarm
cloudwatch._put_composite_alarm = put_whole_composite_alarm
