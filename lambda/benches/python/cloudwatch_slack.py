"""A CloudWatch alarm from SNS to Slack, written as the guide to it does: KMS decrypts the webhook at the start."""

import base64
import json
import os
from urllib.request import Request, urlopen

import boto3

CHANNEL = os.environ["SLACK_CHANNEL"]
WEBHOOK = (
    boto3.client("kms")
    .decrypt(
        CiphertextBlob=base64.b64decode(os.environ["WEBHOOK_project"]),
        EncryptionContext={"LambdaFunctionName": os.environ["AWS_LAMBDA_FUNCTION_NAME"]},
    )["Plaintext"]
    .decode()
)
COLOURS = {"ALARM": "danger", "OK": "good"}


def handler(event, context):
    alarm = json.loads(event["Records"][0]["Sns"]["Message"])
    state = alarm["NewStateValue"]
    message = {
        "channel": CHANNEL,
        "text": f"{alarm['AlarmName']}: {alarm['OldStateValue']} -> {state}",
        "attachments": [{"color": COLOURS.get(state, "warning"), "text": alarm["NewStateReason"]}],
    }
    request = Request(WEBHOOK, json.dumps(message).encode(), {"Content-Type": "application/json"})
    with urlopen(request) as answer:
        answer.read()
