"""Metric filters that count. MiniStack keeps them, whatever they say, and does nothing with them."""

import logging
import time

from ministack.core.responses import error_response_json
from ministack.services import cloudwatch, cloudwatch_logs

from . import filter_pattern

logger = logging.getLogger("alertctl")
fan_out = cloudwatch_logs._fanout_to_subscription_filters
put_metric_filter = cloudwatch_logs._put_metric_filter


def put_sound_metric_filter(given):
    """PutMetricFilter that refuses what is no pattern."""
    pattern = given.get("filterPattern", "")
    try:
        if not pattern.startswith("["):
            filter_pattern.compiled(pattern)
    except ValueError as error:
        return error_response_json("InvalidParameterException", f"Invalid metric filter pattern: {error}", 400)
    return put_metric_filter(given)


def fan_out_and_count(group, stream, events):
    """Hands new log events on and counts what the group's metric filters match."""
    fan_out(group, stream, events)
    filters = [one for one in cloudwatch_logs._metric_filters.values() if one["logGroupName"] == group]
    for one in filters:
        try:
            count(one, events)
        except Exception as error:  # A log event is never lost because of a filter.
            logger.warning("metric filter %s: %s", one["filterName"], error)
    if filters:
        cloudwatch._evaluate_all_alarms()


def count(metric_filter, events):
    matches = filter_pattern.compiled(metric_filter.get("filterPattern", ""))
    matched = [event for event in events if matches(event.get("message", ""))]
    for transformation in metric_filter["metricTransformations"]:
        for event in matched:
            put(transformation, event, transformation.get("metricValue", "1"))
        default = transformation.get("defaultValue")
        if events and not matched and default is not None:
            put(transformation, events[-1], default)


def put(transformation, event, value):
    document = filter_pattern.parsed(event.get("message", ""))
    if isinstance(value, str) and value.startswith("$"):
        value = next(iter(filter_pattern.select(document, value)), None)
    try:
        value = float(value)
    except (TypeError, ValueError):
        return  # As AWS does with what is no number.
    dimensions = {
        name: str(found)
        for name, selector in (transformation.get("dimensions") or {}).items()
        for found in filter_pattern.select(document, selector)[:1]
    }
    at = event.get("timestamp", time.time() * 1000) / 1000
    name = (transformation["metricNamespace"], transformation["metricName"])
    unit = transformation.get("unit", "None")
    # Counted up minute by minute, as AWS reports it: every alarm looks at every point, again with each new one.
    points = cloudwatch._metric_bucket((*name, cloudwatch._dims_key(dimensions)))
    alike = (at // 60, unit, value)
    for point in reversed(points):
        if (point["Timestamp"] // 60, point["Unit"], point["Value"]) == alike and "_stat" not in point:
            point["Count"] = point.get("Count", 1.0) + 1
            return
        if point["Timestamp"] // 60 < alike[0]:
            break
    cloudwatch._store_datum(*name, dimensions, at, unit, value, None, None, None)


cloudwatch_logs._fanout_to_subscription_filters = fan_out_and_count
cloudwatch_logs._put_metric_filter = put_sound_metric_filter
