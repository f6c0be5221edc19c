"""An API call from EventBridge to Slack, written as the guide to it does: Block Kit, the webhook in clear text."""

import json
import os
from urllib.request import Request, urlopen

WEBHOOK = os.environ["SLACK_WEBHOOK_URL"]


def actor(identity):
    """Group and user of somebody from IAM Identity Center; others by what CloudTrail calls them."""
    parts = identity.get("arn", "").split("/")
    if len(parts) == 3 and parts[1].startswith("AWSReservedSSO_"):
        return parts[1].removeprefix("AWSReservedSSO_").rpartition("_")[0], parts[2]
    return "-", identity.get("userName") or parts[-1] or identity.get("type")


def handler(event, context):
    detail = event["event"]["detail"]
    group, user = actor(detail["userIdentity"])
    fields = {
        "Event ID": detail["eventID"],
        "Event Source": detail["eventSource"],
        "Event Name": detail["eventName"],
        "AWS Region": detail["awsRegion"],
        "Client IP": detail["sourceIPAddress"],
        "Event Time": detail["eventTime"],
        "User Group": group,
        "User": user,
    }
    headline = f"{user}님이 {detail['sourceIPAddress']}에서 {detail['eventName']}을(를) 수행했습니다."
    parameters = json.dumps(detail.get("requestParameters"), indent=2, ensure_ascii=False)
    message = {
        "text": headline,
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": headline}},
            {
                "type": "section",
                "fields": [{"type": "mrkdwn", "text": f"*{name}*\n{value}"} for name, value in fields.items()],
            },
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": f"*Request Parameters*\n```{parameters}```"},
            },
        ],
    }
    request = Request(WEBHOOK, json.dumps(message).encode(), {"Content-Type": "application/json"})
    with urlopen(request) as answer:
        answer.read()
