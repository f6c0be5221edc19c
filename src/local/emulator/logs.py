"""Log groups that other services write to, and the access logs of HTTP APIs, which MiniStack writes nowhere."""

import logging
import re
import time

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import new_uuid, request_scope
from ministack.services import apigateway, cloudwatch_logs

logger = logging.getLogger("alertctl")
handle_execute = apigateway.handle_execute
VARIABLE = re.compile(r"\$context\.([A-Za-z.]+)")


def write(group_arn, stream, message):
    """Writes one line to a log group; a group that does not exist takes nothing."""
    try:
        spec = parse_arn(group_arn)
    except ArnParseError:
        return
    group = spec.resource.removeprefix("log-group:").removesuffix(":*")
    with request_scope(spec.account_id, spec.region):
        name = {"logGroupName": group, "logStreamName": stream}
        cloudwatch_logs._create_log_stream(name)
        line = {"timestamp": int(time.time() * 1000), "message": message}
        status, _, _ = cloudwatch_logs._put_log_events({**name, "logEvents": [line]})
    if status != 200:
        logger.warning("log group %s does not exist", group_arn)


async def execute_and_log(api, stage, path, method, headers, body, query, raw_query_string=None):
    """Answers a call of an HTTP API and writes it to the stage's access log."""
    start = time.time()
    answer = await handle_execute(api, stage, path, method, headers, body, query, raw_query_string)
    scope = apigateway.find_api_scope(api)
    if scope is None:
        return answer
    with request_scope(*scope):
        settings = (apigateway._stages.get(api, {}).get(stage) or {}).get("accessLogSettings") or {}
        route = apigateway._match_route(api, method, path)
    if settings.get("destinationArn") and settings.get("format"):
        known = {
            "accountId": scope[0],
            "apiId": api,
            "domainName": headers.get("host", "-"),
            "httpMethod": method,
            "identity.sourceIp": "127.0.0.1",
            "identity.userAgent": headers.get("user-agent", "-"),
            "path": path,
            "protocol": "HTTP/1.1",
            "requestId": new_uuid(),
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(start)),
            "requestTimeEpoch": int(start),
            "responseLatency": int((time.time() - start) * 1000),
            "responseLength": len(answer[2] or b""),
            "routeKey": route.get("routeKey", "-") if route else "-",
            "stage": stage,
            "status": answer[0],
        }
        line = VARIABLE.sub(lambda name: str(known.get(name[1], "-")), settings["format"])
        write(settings["destinationArn"], stage, line)
    return answer


apigateway.handle_execute = execute_and_log
