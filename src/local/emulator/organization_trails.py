"""Trails of an organization, as its accounts see them. MiniStack keeps each account's trails to itself.

An organization's trail belongs to the management account, also if a delegated administrator of CloudTrail makes it. That account may
do with it what the management account may, by the trail's ARN; every other member sees it, and may not read its tags.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-delegated-administrator.html
"""

import json

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudtrail, organizations

from .organizations import administers, deregister, management_of, register
from .trails import owner, trails_of

PRINCIPAL = "cloudtrail.amazonaws.com"
# What every member may ask of its organization's trail.
OF_MEMBERS = ("GetTrail", "GetTrailStatus", "GetEventSelectors")
OF_ADMINISTRATORS = (
    "AddTags",
    "DeleteTrail",
    "ListTags",
    "PutEventSelectors",
    "RemoveTags",
    "StartLogging",
    "StopLogging",
    "UpdateTrail",
)


def named_account(given):
    """The account in the ARN that a request names; None for a name."""
    named = given.get("Name") or given.get("TrailName") or given.get("ResourceId")
    named = named or (given.get("ResourceIdList") or [""])[0]
    try:
        return parse_arn(named).account_id
    except ArnParseError:
        return None


def about_one(action):
    """A call about one trail, in the place of its owner."""
    in_own_account = cloudtrail._DISPATCH[action]

    def call(given):
        management, caller = owner(), get_account_id()
        if management is None or named_account(given) != management:
            return in_own_account(given)
        if action not in OF_MEMBERS and not administers(caller, PRINCIPAL):
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
        management = management_of(get_account_id())
        if management != get_account_id():
            return not_management()
        organizations._ensure_org()
        account = given.get("MemberAccountId") or given.get("DelegatedAdminAccountId")
        answer = change({"AccountId": account, "ServicePrincipal": PRINCIPAL})
        return cloudtrail._ok({}) if answer[0] == 200 else answer

    return call


create_in_own_account = cloudtrail._DISPATCH["CreateTrail"]
describe_in_own_account = cloudtrail._DISPATCH["DescribeTrails"]
for name in (*OF_MEMBERS, *OF_ADMINISTRATORS):
    cloudtrail._DISPATCH[name] = about_one(name)
cloudtrail._DISPATCH["CreateTrail"] = create
cloudtrail._DISPATCH["DescribeTrails"] = describe
cloudtrail._DISPATCH["RegisterOrganizationDelegatedAdmin"] = administration(register)
cloudtrail._DISPATCH["DeregisterOrganizationDelegatedAdmin"] = administration(deregister)
