#!/usr/bin/env python3
"""Writes src/stack/compile/events/calls.txt: the event names that CloudTrail knows, by service.

    pip install botocore && scripts/event-names.py > src/stack/compile/events/calls.txt

For nearly every service an API's operation is the event's name. The operations come from the service
models in botocore (https://github.com/boto/botocore, Apache-2.0), read without credentials or network.
Where CloudTrail writes something else, EXTRA adds it; Lambda's events end in the date of their API
(`CreateFunction20150331`), which the rules see to.
"""

import re
import textwrap

import botocore
import botocore.session

# What stands before `.amazonaws.com` in the event's source, and botocore's models of it.
SERVICES = {
    "access-analyzer": ["accessanalyzer"],
    "account": ["account"],
    "acm": ["acm"],
    "acm-pca": ["acm-pca"],
    "apigateway": ["apigateway", "apigatewayv2"],
    "athena": ["athena"],
    "autoscaling": ["autoscaling"],
    "backup": ["backup"],
    "batch": ["batch"],
    "cloudformation": ["cloudformation"],
    "cloudfront": ["cloudfront"],
    "cloudtrail": ["cloudtrail"],
    "codebuild": ["codebuild"],
    "codepipeline": ["codepipeline"],
    "cognito-idp": ["cognito-idp"],
    "config": ["config"],
    "dynamodb": ["dynamodb"],
    "ec2": ["ec2"],
    "ecr": ["ecr"],
    "ecs": ["ecs"],
    "eks": ["eks"],
    "elasticache": ["elasticache"],
    "elasticfilesystem": ["efs"],
    "elasticloadbalancing": ["elb", "elbv2"],
    "es": ["es", "opensearch"],
    "events": ["events"],
    "firehose": ["firehose"],
    "glue": ["glue"],
    "guardduty": ["guardduty"],
    "iam": ["iam"],
    "kafka": ["kafka"],
    "kinesis": ["kinesis"],
    "kms": ["kms"],
    "lambda": ["lambda"],
    "logs": ["logs"],
    "monitoring": ["cloudwatch"],
    "organizations": ["organizations"],
    "rds": ["rds", "docdb", "neptune"],
    "redshift": ["redshift"],
    "route53": ["route53"],
    "s3": ["s3", "s3control"],
    "secretsmanager": ["secretsmanager"],
    "securityhub": ["securityhub"],
    "signin": [],
    "sns": ["sns"],
    "sqs": ["sqs"],
    "ssm": ["ssm"],
    "sso": ["sso-admin"],
    "states": ["stepfunctions"],
    "sts": ["sts"],
    "waf": ["waf"],
    "wafv2": ["wafv2"],
}

# Names of events that are no operation: what CloudTrail calls an operation, and what a service does itself.
EXTRA = {
    "acm": ["RenewCertificate"],
    "kms": ["DeleteExpiredKeyMaterial", "DeleteKey", "RotateKey", "SynchronizeMultiRegionKey"],
    "s3": [
        "DeleteAccountPublicAccessBlock",
        "DeleteBucketPublicAccessBlock",
        "GetAccountPublicAccessBlock",
        "GetBucketPublicAccessBlock",
        "PutAccountPublicAccessBlock",
        "PutBucketLifecycle",
        "PutBucketNotification",
        "PutBucketObjectLockConfiguration",
        "PutBucketPublicAccessBlock",
    ],
    "secretsmanager": [
        "EndSecretVersionDelete",
        "RotationAbandoned",
        "RotationFailed",
        "RotationStarted",
        "RotationSucceeded",
        "SecretVersionDeletion",
        "StartSecretVersionDelete",
    ],
    "signin": [
        "CheckMfa",
        "ConsoleLogin",
        "CredentialChallenge",
        "CredentialVerification",
        "EmailUpdated",
        "ExitRole",
        "GetSigninToken",
        "PasswordRecoveryCompleted",
        "PasswordRecoveryRequested",
        "PasswordUpdated",
        "RenewRole",
        "SwitchRole",
        "UserAuthentication",
    ],
    "sso": ["Authenticate", "Federate", "GetRoleCredentials", "ListApplications", "Logout"],
}


def operations(session, service):
    model = session.get_service_model(service)
    # CloudFront's operations end in the date of their API, its events do not.
    return [re.sub(r"\d{4}_\d{2}_\d{2}$", "", name) for name in model.operation_names]


def main():
    session = botocore.session.Session()
    print("# Event names of CloudTrail by service; written by scripts/event-names.py")
    print(f"# from the service models of botocore {botocore.__version__} (Apache-2.0).")
    for source, models in SERVICES.items():
        names = {name for model in models for name in operations(session, model)}
        text = " ".join(sorted(names | set(EXTRA.get(source, []))))
        print(source)
        print(textwrap.fill(text, 110, initial_indent="  ", subsequent_indent="  "))


if __name__ == "__main__":
    main()
