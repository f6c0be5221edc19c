"""What can be asked of stack sets."""

from additions.stack_set_operations import Refused, invalid, own

PAGE = 100


def described(given):
    """DescribeStackSet."""
    found = own(given)
    answer = {name: value for name, value in found.items() if not name.startswith("_")}
    pairs = lambda kind, key, value: [{key: name, value: text} for name, text in found[kind].items()]  # noqa: E731
    answer.update(
        Status="ACTIVE",
        Parameters=pairs("_Parameters", "ParameterKey", "ParameterValue"),
        Tags=pairs("_Tags", "Key", "Value"),
        ManagedExecution={"Active": found["_Managed"]},
        OrganizationalUnitIds=sorted(found["_Units"]),
        Regions=sorted({one.split("/")[1] for one in found["_Instances"]} | {r for u in found["_Units"].values() for r in u}),
    )
    if found["PermissionModel"] == "SERVICE_MANAGED":
        answer["AutoDeployment"] = {"Enabled": found["_Auto"]}
    return {"StackSet": answer}


def operation_of(given):
    found = own(given)
    for one in found["_Operations"]:
        if one["OperationId"] == given.get("OperationId"):
            return one
    raise Refused("OperationNotFoundException", f"Operation {given.get('OperationId')} not found", 404)


def failed(operation):
    return sum(status == "FAILED" for status, _ in operation["_Results"].values())


def summary(operation):
    shown = {name: value for name, value in operation.items() if not name.startswith("_") and name != "RetainStacks"}
    return {**shown, "StatusDetails": {"FailedStackInstancesCount": failed(operation)}}


def described_operation(given):
    """DescribeStackSetOperation."""
    return {"StackSetOperation": summary(operation_of(given))}


def page(everything, given):
    size = int(given.get("MaxResults") or PAGE)
    if not 1 <= size <= PAGE:
        raise invalid("MaxResults must be between 1 and 100")
    token = given.get("NextToken") or "0"
    if not token.isdigit():
        raise invalid("Invalid NextToken")
    begins = int(token)
    after = begins + size
    return {"Summaries": everything[begins:after], "NextToken": str(after) if after < len(everything) else None}


def filters(given):
    return {one["Name"]: one["Values"] for one in given.get("Filters") or []}


def operations(given):
    """ListStackSetOperations, newest first."""
    return page([summary(one) for one in reversed(own(given)["_Operations"])], given)


def results(given):
    """ListStackSetOperationResults."""
    operation = operation_of(given)
    only = filters(given).get("OPERATION_RESULT_STATUS")
    shown = []
    for where, (status, reason) in sorted(operation["_Results"].items()):
        if only in (None, status):
            account, region = where.split("/")
            one = {"Account": account, "Region": region, "Status": status, "StatusReason": reason or None}
            shown.append({**one, "OrganizationalUnitId": operation["_Places"][where]})
    return page(shown, given)


def instances(given):
    """ListStackInstances."""
    found, only = own(given), filters(given)
    shown = []
    for where, instance in sorted(found["_Instances"].items()):
        account, region = where.split("/")
        wanted = given.get("StackInstanceAccount") in (None, account) and given.get("StackInstanceRegion") in (None, region)
        wanted = wanted and only.get("DETAILED_STATUS") in (None, instance["_Detailed"])
        if wanted and only.get("LAST_OPERATION_ID") in (None, instance.get("_Operation")):
            shown.append(
                {
                    "StackSetId": found["StackSetId"],
                    "Account": account,
                    "Region": region,
                    "StackId": instance["_Stack"],
                    "Status": instance["Status"],
                    "StatusReason": instance["_Reason"] or None,
                    "StackInstanceStatus": {"DetailedStatus": instance["_Detailed"]},
                    "OrganizationalUnitId": instance["_Unit"],
                    "DriftStatus": "NOT_CHECKED",
                    "LastOperationId": instance.get("_Operation"),
                }
            )
    return page(shown, given)
