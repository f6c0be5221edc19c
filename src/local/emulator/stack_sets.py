"""CloudFormation's stack sets, which MiniStack lacks: their stacks are really made in each account and region.

Operations take a moment and run one after the other, as with managed execution. A set of a delegated administrator is the
management account's. What AWS documents as refused is refused.
"""

import re
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from additions import organizations
from additions import stack_set_reads as reads
from additions.stack_set_operations import OPEN, Refused, begin, invalid, own, owner, place, sets
from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope
from ministack.services import cloudformation
from ministack.services.cloudformation import handlers
from ministack.services.cloudformation.helpers import _error, _xml

handle_request = cloudformation.handle_request
get_state = cloudformation.get_state
load_persisted_state = cloudformation.load_persisted_state
# The management accounts in which StackSets may act for the organization.
trusted = set()
UNITS, BODY = 50, 51_200
NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")


def tree(params):
    """The parameters of a call by the query protocol as objects and lists."""
    root = {}
    for name, values in params.items():
        parts, at = name.split("."), root
        for part in parts[:-1]:
            at = at.setdefault(part, {})
        at[parts[-1]] = values[0] if isinstance(values, list) else values

    def plain(value):
        if not isinstance(value, dict):
            return value
        if set(value) == {"member"}:
            return [plain(one) for _, one in sorted(value["member"].items(), key=lambda one: int(one[0]))]
        return {name: plain(one) for name, one in value.items()}

    return plain(root)


def xml(value):
    """A value as the query protocol writes it."""
    if isinstance(value, dict):
        return "".join(f"<{name}>{xml(one)}</{name}>" for name, one in value.items() if one is not None)
    if isinstance(value, list):
        return "".join(f"<member>{xml(one)}</member>" for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    return escape(str(value))


def truth(value):
    return str(value).lower() == "true"


def reached(found, given, creates):
    """The accounts that a call names, each with its unit."""
    targets, accounts = given.get("DeploymentTargets") or {}, given.get("Accounts")
    if found["PermissionModel"] == "SELF_MANAGED":
        if targets.get("OrganizationalUnitIds") or not (accounts or targets.get("Accounts")):
            raise invalid("Accounts must be specified for a stack set with self-managed permissions")
        return {account: None for account in accounts or targets["Accounts"]}
    if accounts or not targets:
        raise invalid("DeploymentTargets must be specified for a stack set with service-managed permissions")
    units, named = targets.get("OrganizationalUnitIds") or [], targets.get("Accounts") or []
    how = targets.get("AccountFilterType") or "UNION"
    if not 1 <= len(units) <= UNITS:
        raise invalid(f"OrganizationalUnitIds must have 1 to {UNITS} elements")
    if how not in ("NONE", "INTERSECTION", "DIFFERENCE", "UNION"):
        raise invalid(f"Value '{how}' at 'accountFilterType' failed to satisfy constraint")
    if creates and how == "UNION":
        raise invalid("AccountFilterType UNION is not supported for this operation")
    if (how == "NONE") != (not named) and how != "UNION":
        raise invalid(f"Accounts do not go with AccountFilterType {how}")
    management, inside = found["_Owner"], {}
    for unit in units:
        if not organizations.has_unit(management, unit):
            raise invalid(f"OrganizationalUnit {unit} does not exist")
        everybody = organizations.members(management, unit)
        gone = [one.split("/")[0] for one, instance in found["_Instances"].items() if instance["_Unit"] == unit]
        for account in dict.fromkeys([*everybody, *([] if creates else set(gone) & set(named))]):
            wanted = {"INTERSECTION": account in named, "DIFFERENCE": account not in named}.get(how, True)
            if wanted and account != management:
                inside[account] = unit
    if how == "UNION":
        inside.update({account: None for account in named})
    return inside


def settings(found, given):
    """Takes over what CreateStackSet and UpdateStackSet have in common."""
    body = given.get("TemplateBody")
    if body is not None:
        if not 1 <= len(body.encode()) <= BODY:
            raise invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint")
        try:
            template = handlers._parse_template(body)
        except Exception as error:
            raise invalid(f"Template format error: {error}") from None
        capabilities = given.get("Capabilities") or []
        if handlers._required_capabilities(template)[0] and not capabilities:
            raise Refused("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]")
        found.update(TemplateBody=body, Capabilities=capabilities)
    old = found.get("_Parameters", {})
    parameters = {}
    for one in given.get("Parameters") or []:
        name = one["ParameterKey"]
        previous = truth(one.get("UsePreviousValue"))
        if previous and name not in old:
            raise invalid(f"Parameter {name} has no previous value")
        parameters[name] = old[name] if previous else one.get("ParameterValue", "")
    found["_Parameters"] = parameters
    if "Tags" in given or "_Tags" not in found:
        found["_Tags"] = {one["Key"]: one["Value"] for one in given.get("Tags") or []}
    found["Description"] = given.get("Description") or found.get("Description", "")
    if "ManagedExecution" in given:
        found["_Managed"] = truth(given["ManagedExecution"].get("Active"))
    auto = given.get("AutoDeployment")
    if auto is not None:
        if "RetainStacksOnAccountRemoval" in auto and not truth(auto.get("Enabled")):
            raise invalid("RetainStacksOnAccountRemoval is only for auto-deployment that is enabled")
        found["_Auto"] = truth(auto.get("Enabled"))


def create(given):
    """CreateStackSet."""
    name, model = given.get("StackSetName") or "", given.get("PermissionModel") or "SELF_MANAGED"
    if not NAME.fullmatch(name):
        raise invalid(f"Value '{name}' at 'stackSetName' failed to satisfy constraint")
    account = owner(given)
    if model == "SERVICE_MANAGED":
        if organizations.management_of(get_account_id()) not in (account, None) or not organizations.organization_of(account):
            raise invalid("You must be the management account or delegated admin account of an organization")
        if account not in trusted:
            raise invalid("You must enable organizations access to operate a service managed stack set")
    if (model == "SERVICE_MANAGED") != ("AutoDeployment" in given):
        raise invalid("AutoDeployment is required for SERVICE_MANAGED, and for it alone")
    if not given.get("TemplateBody"):
        raise invalid("One of TemplateBody or TemplateURL must be provided")
    with request_scope(account, get_region()):
        if name in sets:
            raise Refused("NameAlreadyExistsException", f"StackSet {name} already exists", 409)
        identity = f"{name}:{new_uuid()}"
        found = {
            "StackSetName": name,
            "StackSetId": identity,
            "StackSetARN": f"arn:aws:cloudformation:{get_region()}:{account}:stackset/{identity}",
            "PermissionModel": model,
            "_Owner": account,
            "_Managed": False,
            "_Auto": False,
            "_Units": {},
            # The accounts that auto-deployment has seen in the units.
            "_Seen": [],
            "_Instances": {},
            "_Operations": [],
        }
        settings(found, given)
        sets[name] = found
    return {"StackSetId": identity}


def regions_of(given):
    regions = given.get("Regions") or []
    if not regions or len(set(regions)) < len(regions):
        raise invalid("Regions must name each region once")
    return regions


def update(given):
    """UpdateStackSet."""
    found = own(given)
    partly = bool(given.get("DeploymentTargets") or given.get("Accounts"))
    if "AutoDeployment" in given and (partly or given.get("Regions")):
        raise invalid("You cannot specify AutoDeployment with DeploymentTargets or Regions")
    if bool(given.get("TemplateBody")) == truth(given.get("UsePreviousTemplate")):
        raise invalid("Either a template or UsePreviousTemplate must be specified")
    if partly:
        accounts = reached(found, given, False)
        wanted = [place(account, region) for account in accounts for region in regions_of(given)]
    else:
        wanted = list(found["_Instances"])
    places = {one: found["_Instances"][one]["_Unit"] for one in wanted if one in found["_Instances"]}
    if partly and not places:
        raise Refused("StackInstanceNotFoundException", "No stack instance matches the targets", 404)
    before = [found.get(name) for name in ("TemplateBody", "_Parameters", "_Tags")]
    changed = {**found}
    settings(changed, given)
    answer = begin(found, given, "UPDATE", places)
    settings(found, given)
    if before != [found.get(name) for name in ("TemplateBody", "_Parameters", "_Tags")]:
        for instance in found["_Instances"].values():
            instance["Status"] = "OUTDATED"
    return answer


def create_instances(given):
    """CreateStackInstances."""
    found = own(given)
    accounts, regions = reached(found, given, True), regions_of(given)
    places = {place(account, region): unit for account, unit in accounts.items() for region in regions}
    answer = begin(found, given, "CREATE", places)
    for unit in (given.get("DeploymentTargets") or {}).get("OrganizationalUnitIds") or []:
        found["_Units"].setdefault(unit, [])
        found["_Units"][unit] = sorted({*found["_Units"][unit], *regions})
    found["_Seen"] = sorted(everybody(found))
    return answer


def delete_instances(given):
    """DeleteStackInstances."""
    found = own(given)
    if "RetainStacks" not in given:
        raise invalid("RetainStacks is required")
    accounts, regions = reached(found, given, False), regions_of(given)
    wanted = [place(account, region) for account in accounts for region in regions]
    places = {one: found["_Instances"][one]["_Unit"] for one in wanted if one in found["_Instances"]}
    answer = begin(found, given, "DELETE", places, truth(given["RetainStacks"]))
    targets = given.get("DeploymentTargets") or {}
    if not targets.get("Accounts"):
        for unit in targets.get("OrganizationalUnitIds") or []:
            left = sorted({*found["_Units"].get(unit, [])} - {*regions})
            found["_Units"][unit] = left
            if not left:
                del found["_Units"][unit]
    return answer


def delete(given):
    """DeleteStackSet."""
    found = own(given)
    if found["_Instances"]:
        raise Refused("StackSetNotEmptyException", f"StackSet {found['StackSetName']} is not empty", 409)
    if any(one["Status"] in OPEN for one in found["_Operations"]):
        raise Refused("OperationInProgressException", "An operation on the stack set is in progress", 409)
    with request_scope(found["_Owner"], get_region()):
        sets.pop(found["StackSetName"])
    return {}


def stop(given):
    """StopStackSetOperation."""
    operation = reads.operation_of(given)
    if operation["Status"] not in OPEN:
        raise Refused("InvalidOperationException", f"Operation is in state {operation['Status']}")
    operation["Status"] = "STOPPED" if operation["Status"] == "QUEUED" else "STOPPING"
    return {}


def access(given):
    """DescribeOrganizationsAccess."""
    caller = get_account_id()
    management = organizations.management_of(caller)
    if management is None:
        raise Refused("InvalidOperationException", "The account is not in an organization")
    if caller != owner({**given}) and owner(given) != management:
        raise invalid("Account used is not a delegated administrator")
    return {"Status": "ENABLED" if management in trusted else "DISABLED"}


def activate(_given):
    """ActivateOrganizationsAccess."""
    caller = get_account_id()
    if organizations.management_of(caller) != caller:
        raise Refused("InvalidOperationException", "Only the management account can activate organizations access")
    trusted.add(caller)
    return {}


def deactivate(_given):
    """DeactivateOrganizationsAccess."""
    trusted.discard(get_account_id())
    return {}


def everybody(found):
    """The accounts in a set's units, each with its unit."""
    units = found["_Units"]
    return {one: unit for unit in units for one in organizations.members(found["_Owner"], unit) if one != found["_Owner"]}


def follow(management):
    """Auto-deployment: accounts that join get their stacks, and those that leave lose them."""
    for (account, region, _name), found in list(sets._data.items()):
        if account != management or not found["_Auto"]:
            continue
        inside = everybody(found)
        joined = {one: unit for one, unit in inside.items() if one not in found["_Seen"]}
        came = {place(one, region): unit for one, unit in joined.items() for region in found["_Units"][unit]}
        instances = found["_Instances"].items()
        went = {one: i["_Unit"] for one, i in instances if i["_Unit"] and one.split("/")[0] not in inside}
        found["_Seen"] = sorted(inside)
        with request_scope(account, region):
            if went:
                begin(found, {}, "DELETE", went)
            if came:
                begin(found, {}, "CREATE", came, listed=False)


CALLS = {
    "CreateStackSet": create,
    "UpdateStackSet": update,
    "DeleteStackSet": delete,
    "DescribeStackSet": reads.described,
    "CreateStackInstances": create_instances,
    "DeleteStackInstances": delete_instances,
    "ListStackInstances": reads.instances,
    "DescribeStackSetOperation": reads.described_operation,
    "ListStackSetOperations": reads.operations,
    "ListStackSetOperationResults": reads.results,
    "StopStackSetOperation": stop,
    "DescribeOrganizationsAccess": access,
    "ActivateOrganizationsAccess": activate,
    "DeactivateOrganizationsAccess": deactivate,
}


async def handle(method, url, headers, body, query_params):
    """Answers a call to CloudFormation."""
    params = dict(query_params)
    if method == "POST" and body and "json" not in headers.get("content-type", ""):
        params.update(parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True))
    given = tree(params)
    call = CALLS.get(given.get("Action"))
    if call is None:
        return await handle_request(method, url, headers, body, query_params)
    try:
        answer = call(given)
    except Refused as refused:
        return _error(*refused.args)
    name = given["Action"]
    return _xml(200, f"{name}Response", f"<{name}Result>{xml(answer)}</{name}Result>")


def state_with_sets():
    return {**get_state(), "stack_sets": sets, "trusted": sorted(trusted)}


def load_with_sets(data):
    if data:
        sets.update(data.get("stack_sets", {}))
        trusted.update(data.get("trusted", []))
        for found in sets._data.values():
            # Nobody works on what was open when the process ended.
            found["_Runs"] = False
            for operation in found["_Operations"]:
                if operation["Status"] in OPEN:
                    operation["Status"] = "STOPPED"
    return load_persisted_state(data)


organizations.followers.append(follow)
cloudformation.handle_request = handle
cloudformation.get_state = state_with_sets
cloudformation.load_persisted_state = load_with_sets
