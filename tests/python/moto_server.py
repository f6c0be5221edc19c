"""An AWS by other hands: moto, with what it leaves out of stack sets. Prints its URL, and ends with its standard input.

moto keeps neither the id that an operation is given nor the units, regions, automatic deployment and managed execution of
a set, deletes instances by account alone, and gives no results of operations by unit. What it does itself is not touched: it reads the
requests, checks them, and makes the stacks of a set in the accounts of the units.
"""

import os
import sys

os.environ["MOTO_ACCOUNT_ID"] = sys.argv[1]

from moto.cloudformation.models import StackSet  # noqa: E402
from moto.cloudformation.responses import CloudFormationResponse  # noqa: E402
from moto.core.responses import ActionResult  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402


def the_set(call):
    return call.cloudformation_backend.describe_stack_set(call._get_param("StackSetName"))


def with_the_given_id(action):
    """The operation that an action begins has the id of the request, and knows its instances."""

    def run(call):
        before = {(one.account_id, one.region_name) for one in the_set(call).stack_instances}
        answer = action(call)
        operation = the_set(call).operations[-1]
        operation["OperationId"] = call._get_param("OperationId")
        after = {(one.account_id, one.region_name) for one in the_set(call).stack_instances}
        operation["Instances"] = [{account: region} for account, region in before ^ after or after]
        return ActionResult({"OperationId": operation["OperationId"]}) if answer.result else answer

    return run


def create_stack_set(call, action=CloudFormationResponse.create_stack_set):
    answer = action(call)
    there = the_set(call)
    there.auto_deployment = call._get_params().get("AutoDeployment")
    there.managed_execution = call._get_params().get("ManagedExecution")
    return answer


def create_stack_instances(call, action=CloudFormationResponse.create_stack_instances):
    targets = call._get_params().get("DeploymentTargets") or {}
    answer = action(call)
    there = the_set(call)
    there.organizational_unit_ids = sorted({*there.organizational_unit_ids, *targets.get("OrganizationalUnitIds", [])})
    there.regions = sorted({*there.regions, *call._get_param("Regions", [])})
    # Which accounts of the units are meant, moto does not ask.
    if targets.get("AccountFilterType") == "DIFFERENCE":
        there.instances.delete(targets["Accounts"], call._get_param("Regions"))
    return answer


def delete_stack_instances(call):
    """All accounts of the units."""
    there = the_set(call)
    accounts = {one.account_id for one in there.stack_instances}
    there.delete_stack_instances(sorted(accounts), call._get_param("Regions", []))
    there.organizational_unit_ids, there.regions = [], []
    return ActionResult({"OperationId": "is given"})


def describe_organizations_access(_call):
    return ActionResult({"Status": "ENABLED"})


StackSet.auto_deployment, StackSet.managed_execution = None, None
StackSet.organizational_unit_ids, StackSet.regions = [], []
CloudFormationResponse.create_stack_set = create_stack_set
CloudFormationResponse.create_stack_instances = with_the_given_id(create_stack_instances)
CloudFormationResponse.delete_stack_instances = with_the_given_id(delete_stack_instances)
CloudFormationResponse.describe_organizations_access = describe_organizations_access

# With the variable every request would be of this account, whatever its `x-moto-account-id` says.
del os.environ["MOTO_ACCOUNT_ID"]
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(f"http://127.0.0.1:{server.get_host_and_port()[1]}", flush=True)
sys.stdin.read()
server.stop()
