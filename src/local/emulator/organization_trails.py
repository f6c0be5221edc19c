"""Trails of an organization, as its accounts see them. MiniStack keeps each account's trails to itself.

An organization's trail belongs to the management account, also if a delegated administrator of CloudTrail makes it. That account may
do with it what the management account may, by the trail's ARN, but turn it into one of its own account; every other member sees that
it is there.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-delegated-administrator.html
"""

import json

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudtrail

from .organizations import administers, deregister, management_of, register
from .trails import owner, trails_of

PRINCIPAL = "cloudtrail.amazonaws.com"
OF_ADMINISTRATORS = (
    "AddTags",
    "DeleteTrail",
    "GetEventSelectors",
    "GetTrail",
    "GetTrailStatus",
    "ListTags",
    "PutEventSelectors",
    "RemoveTags",
    "StartLogging",
    "StopLogging",
    "UpdateTrail",
)


def named(given):
    """The account in the ARN of the trail that a request names, and the ARN; nothing for a name."""
    name = given.get("Name") or given.get("TrailName") or given.get("ResourceId")
    name = name or (given.get("ResourceIdList") or [""])[0]
    try:
        return parse_arn(name).account_id, name
    except ArnParseError:
        return None, name


def about_one(action):
    """A call about one trail, in the place of its owner."""
    in_own_account = cloudtrail._DISPATCH[action]

    def call(given):
        management, caller = owner(), get_account_id()
        account, arn = named(given)
        if management is None or account != management:
            if action == "UpdateTrail" and management and given.get("IsOrganizationTrail"):
                return not_management()
            return in_own_account(given)
        of_organization = any(trail["TrailARN"] == arn for _, _, trail in trails_of(management))
        if not of_organization or not administers(caller, PRINCIPAL):
            if action in ("AddTags", "ListTags", "RemoveTags"):
                text = f"AccountID in ARN is wrong, you can only access resources with AccountID {caller}."
                return cloudtrail._err("CloudTrailARNInvalidException", text)
            return in_own_account(given)
        if action == "UpdateTrail" and given.get("IsOrganizationTrail") is False:
            return not_management()
        with request_scope(management, get_region()):
            return in_own_account(given)

    return call


def not_management():
    text = "You must use the management account or a delegated administrator account of the organization."
    return cloudtrail._err("NotOrganizationMasterAccountException", text)


def create(given):
    """CreateTrail."""
    management = owner()
    if management is None or not given.get("IsOrganizationTrail"):
        return create_in_own_account(given)
    if not administers(get_account_id(), PRINCIPAL):
        return not_management()
    with request_scope(management, get_region()):
        return create_in_own_account(given)


def describe(given):
    """DescribeTrails."""
    answer, management = describe_in_own_account(given), owner()
    if answer[0] != 200 or management is None or not given.get("includeShadowTrails", True) or given.get("trailNameList"):
        return answer
    content = json.loads(answer[2])
    content["trailList"] += [cloudtrail._trail_view(trail) for _, _, trail in trails_of(management)]
    return cloudtrail._ok(content)


def administration(change):
    """Who administers an organization's trails, which the management account says."""

    def call(given):
        if management_of(get_account_id()) != get_account_id():
            return not_management()
        account = given.get("MemberAccountId") or given.get("DelegatedAdminAccountId")
        answer = change({"AccountId": account, "ServicePrincipal": PRINCIPAL})
        return cloudtrail._ok({}) if answer[0] == 200 else answer

    return call


create_in_own_account = cloudtrail._DISPATCH["CreateTrail"]
describe_in_own_account = cloudtrail._DISPATCH["DescribeTrails"]
for name in OF_ADMINISTRATORS:
    cloudtrail._DISPATCH[name] = about_one(name)
cloudtrail._DISPATCH["CreateTrail"] = create
cloudtrail._DISPATCH["DescribeTrails"] = describe
cloudtrail._DISPATCH["RegisterOrganizationDelegatedAdmin"] = administration(register)
cloudtrail._DISPATCH["DeregisterOrganizationDelegatedAdmin"] = administration(deregister)
