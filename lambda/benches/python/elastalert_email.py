"""A match of ElastAlert2 over HTTP to SNS, written as the guide to it does: no token, 500 for whatever goes wrong."""

import json
import os

import boto3

TOPIC = os.environ["TOPIC_ARN"]
SNS = boto3.client("sns")


def handler(event, context):
    try:
        match = json.loads(event["body"])
        text = (
            f"탐지된 API: {match.get('API', 'N/A')}\n"
            f"발생 시각: {match.get('@timestamp', 'N/A')}\n"
            f"출발지 IP: {match.get('sourceIP', 'N/A')}\n"
            f"{match.get('result', 'N/A')} 에러"
        )
        SNS.publish(TopicArn=TOPIC, Subject="🚨 ElastAlert 알림 !!!", Message=text)
        return {"statusCode": 200, "body": json.dumps({"message": "sent"})}
    except Exception as error:
        return {"statusCode": 500, "body": json.dumps({"error": str(error)})}
