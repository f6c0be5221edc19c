"""Alarms that stay whole.

MiniStack forgets metric math, bands, PromQL, what a percentile does with few samples, clock windows,
warm-ups, propagated tags and what suppresses a composite alarm, and makes up a statistic, a period, a number
of periods and a threshold where none was given: such an alarm would look changed in every plan.
"""

from ministack.services import cloudwatch

put_metric_alarm = cloudwatch._put_metric_alarm
put_composite_alarm = cloudwatch._put_composite_alarm
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


cloudwatch._put_metric_alarm = put_whole_metric_alarm
cloudwatch._put_composite_alarm = put_whole_composite_alarm
