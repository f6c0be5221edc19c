"""Lints the policies on standard input: a JSON list of {"name", "document", "resource"}.

Prints one line for each finding: the policy's name, the severity, the issue and what it is about. Two
notations are put in other words first, because the linter knows identity policies only: what a trust
policy or a key policy applies to, and lists of one value in a condition.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")
import parliament  # noqa: E402


def in_other_words(document, resource):
    # What every key of AWS begins with: without it not even the account could change the key again.
    document["Statement"] = [one for one in document["Statement"] if one.get("Sid") != "DelegateToIam"]
    for statement in document["Statement"]:
        if statement.get("Resource", ["*"]) == ["*"]:
            statement["Resource"] = [resource]
        for block in statement.get("Condition", {}).values():
            for key, values in block.items():
                if isinstance(values, list) and len(values) == 1:
                    block[key] = values[0]
    return document


for policy in json.load(sys.stdin):
    document = in_other_words(policy["document"], policy["resource"])
    if not document["Statement"]:
        continue
    for finding in parliament.analyze_policy_string(json.dumps(document)).findings:
        finding = parliament.enhance_finding(finding)
        print(policy["name"], finding.severity, finding.issue, finding.title, finding.detail)
