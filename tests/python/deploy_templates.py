"""Deploys CloudFormation templates at an endpoint. Standard input is JSON: {"endpoint", "stack", "code",
"templates": [{"region", "document"}], "without", "parameter"}.

`code` is the file that the functions run. Resources of the types in `without` are left out, `TYPE.PROPERTY` those with
this property. `parameter` is the value of every parameter that must have one. Prints what failed.
"""

import json
import sys

import boto3

wanted = json.load(sys.stdin)


def client(service, region):
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=wanted["endpoint"],
        aws_access_key_id="000000000000",
        aws_secret_access_key="test",
    )


def is_left_out(one):
    with_properties = {f"{one['Type']}.{name}" for name in one["Properties"]}
    return bool(({one["Type"]} | with_properties) & set(wanted["without"]))


def deploy(region, document):
    resources = document["Resources"]
    left_out = {name for name, one in resources.items() if is_left_out(one)}
    for name in left_out:
        del resources[name]
    for one in resources.values():
        needed = [name for name in one.pop("DependsOn", []) if name not in left_out]
        if needed:
            one["DependsOn"] = needed
    # A template of a request has at most 51,200 bytes.
    s3 = client("s3", region)
    bucket = f"templates-{region}"
    location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **location)
    s3.put_object(Bucket=bucket, Key="template.json", Body=json.dumps(document))
    parameters = {}
    if "CodeBucket" in document.get("Parameters", {}):
        s3.upload_file(wanted["code"], bucket, document["Parameters"]["CodeKey"]["Default"])
        parameters["CodeBucket"] = bucket
    for name, declared in document.get("Parameters", {}).items():
        if name not in parameters and "Default" not in declared:
            parameters[name] = wanted["parameter"]
    cloudformation = client("cloudformation", region)
    cloudformation.create_stack(
        StackName=wanted["stack"],
        TemplateURL=f"{wanted['endpoint']}/{bucket}/template.json",
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    try:
        waiter.wait(StackName=wanted["stack"], WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    except Exception as error:  # Whatever it is, the events say why.
        print(region, error)
    for event in cloudformation.describe_stack_events(StackName=wanted["stack"])["StackEvents"]:
        if "FAILED" in event["ResourceStatus"]:
            print(region, event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason"))


for template in wanted["templates"]:
    deploy(template["region"], template["document"])
