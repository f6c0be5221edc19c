"""An organization as all of its accounts see it. MiniStack gives each account an organization of its own.

The first account that asks becomes the management account of one (the local mode's own account, 000000000000). A member
asks its management account's; only that one and delegated administrators may list. Lists have pages of at most 20. An
account with the tag `stack-set-fails` lets no stack of a stack set in, for trials of what fails; with `stack-set-waits`, operations
that reach it wait until the tag is gone.
"""

import json

from ministack.core.responses import error_response_json, get_account_id, get_region, request_scope
from ministack.services import organizations

handle_request = organizations.handle_request
get_state = organizations.get_state
load_persisted_state = organizations.load_persisted_state
# Management account -> service principal -> the accounts that administer it.
delegated = {}
# What any member may ask.
OF_MEMBERS = ("DescribeOrganization",)
PAGED = {
    "ListAccounts": "Accounts",
    "ListAccountsForParent": "Accounts",
    "ListOrganizationalUnitsForParent": "OrganizationalUnits",
    "ListRoots": "Roots",
    "ListParents": "Parents",
}
# Called after each change of the organization.
followers = []


def in_management(account):
    """The scope of a management account."""
    return request_scope(account, get_region())


def management_of(account):
    """The management account of an account's organization; None if it is in none."""
    found = [
        scope
        for (scope, member) in organizations._accounts._data
        if member == account
    ]
    others = [scope for scope in found if scope != account]
    return (others or found or [None])[0]


def organization_of(account):
    """The id of an account's organization; None if it is in none."""
    management = management_of(account)
    if management is None:
        return None
    with in_management(management):
        return organizations._orgs["self"]["Id"]


def administers(account, principal):
    """Whether the account is a delegated administrator for the service."""
    return account in delegated.get(management_of(account), {}).get(principal, [])


def members(management, unit):
    """The accounts of a unit and of the units below it."""
    with in_management(management):
        inside, units = [], [unit]
        while units:
            parent = units.pop()
            units += [one["Id"] for one in organizations._ous.values() if one.get("_ParentId") == parent]
            inside += [one["Id"] for one in organizations._accounts.values() if one.get("_ParentId") == parent]
        return inside


def has_unit(management, unit):
    with in_management(management):
        return unit in organizations._roots or unit in organizations._ous


def account(management, wanted):
    """What the organization knows of an account, with its tags; None if it is not in it."""
    with in_management(management):
        found = organizations._accounts.get(wanted)
        return None if found is None else {**found, "_Tags": organizations._tags.get(wanted) or {}}


def path(unit):
    """The path of a unit or account from the organization on."""
    parts, one = [], unit
    while one:
        parts.append(one)
        one = (organizations._ous.get(one) or organizations._accounts.get(one) or {}).get("_ParentId")
    return "/".join([organizations._orgs["self"]["Id"], *reversed(parts)]) + "/"


def completed(answer):
    """An answer with what AWS has added since: `State` and `Paths` of accounts."""
    for one in answer.get("Accounts") or [answer.get("Account") or {}]:
        if "Id" in one:
            one.update(State=one.get("Status", "ACTIVE"), Paths=[path(one["Id"])])
    return answer


def page(answer, name, given):
    """One page of a list."""
    size = given.get("MaxResults") or 20
    if not 1 <= size <= 20:
        return error_response_json("InvalidInputException", "You specified an invalid value: MaxResults", 400)
    token = given.get("NextToken") or "0"
    if not token.isdigit():
        return error_response_json("InvalidInputException", "You specified an invalid value: NextToken", 400)
    begin, everything = int(token), answer.get(name, [])
    answer[name] = everything[begin : begin + size]
    if begin + size < len(everything):
        answer["NextToken"] = str(begin + size)
    return organizations._json(200, answer)


def register(given):
    """RegisterDelegatedAdministrator."""
    accounts = delegated.setdefault(get_account_id(), {}).setdefault(given.get("ServicePrincipal"), [])
    wanted = given.get("AccountId")
    if wanted == get_account_id():
        text = "You cannot register the management account as a delegated administrator"
        return error_response_json("ConstraintViolationException", text, 400)
    if wanted not in organizations._accounts:
        return error_response_json("AccountNotFoundException", f"{wanted} is not in the organization", 400)
    if wanted in accounts:
        return error_response_json("AccountAlreadyRegisteredException", f"{wanted} is registered", 400)
    accounts.append(wanted)
    return organizations._json(200, {})


def deregister(given):
    """DeregisterDelegatedAdministrator."""
    accounts = delegated.get(get_account_id(), {}).get(given.get("ServicePrincipal"), [])
    if given.get("AccountId") not in accounts:
        return error_response_json("AccountNotRegisteredException", "The account is not registered", 400)
    accounts.remove(given["AccountId"])
    return organizations._json(200, {})


def administrators(given):
    """ListDelegatedAdministrators."""
    by_service = delegated.get(get_account_id(), {})
    wanted = given.get("ServicePrincipal")
    found = {one for service, accounts in by_service.items() if wanted in (None, service) for one in accounts}
    return organizations._json(200, {"DelegatedAdministrators": [{"Id": one} for one in sorted(found)]})


def remove(given):
    """RemoveAccountFromOrganization."""
    if organizations._accounts.pop(given.get("AccountId"), None) is None:
        return error_response_json("AccountNotFoundException", "The account is not in the organization", 400)
    return organizations._json(200, {})


CALLS = {
    "RegisterDelegatedAdministrator": register,
    "DeregisterDelegatedAdministrator": deregister,
    "ListDelegatedAdministrators": administrators,
    "RemoveAccountFromOrganization": remove,
}


async def handle(method, url, headers, body, query_params):
    """Answers a call to Organizations, in the management account's place."""
    target = headers.get("X-Amz-Target") or headers.get("x-amz-target") or ""
    action = target.rsplit(".", 1)[-1]
    caller = get_account_id()
    management = management_of(caller) or caller
    may = caller == management or action in OF_MEMBERS or any(
        caller in accounts for accounts in delegated.get(management, {}).values()
    )
    reads = action.startswith(("List", "Describe"))
    if not may or (caller != management and not reads):
        text = f"You don't have permissions to access this resource: {action}"
        return error_response_json("AccessDeniedException", text, 400)
    with in_management(management):
        organizations._ensure_org()
        given = json.loads(body or b"{}")
        if action in CALLS:
            answer = CALLS[action](given)
        else:
            answer = await handle_request(method, url, headers, body, query_params)
        if answer[0] == 200 and reads:
            content = completed(json.loads(answer[2]))
            name = PAGED.get(action)
            answer = page(content, name, given) if name else organizations._json(200, content)
    if answer[0] == 200 and not reads:
        for follow in followers:
            follow(management)
    return answer


def state_with_administrators():
    return {**get_state(), "delegated": delegated}


def load_with_administrators(data):
    delegated.update((data or {}).get("delegated", {}))
    return load_persisted_state(data)


organizations.handle_request = handle
organizations.get_state = state_with_administrators
organizations.load_persisted_state = load_with_administrators
