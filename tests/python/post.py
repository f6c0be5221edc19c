"""Sends matches the way ElastAlert2 does, by its own alerters.

Arguments: a file with the rule's alert part as `alertctl show elastalert-rule` prints it, and `post` or
`post2`. Standard input: a JSON list of matches. Prints `sent`, or what ElastAlert2 would log.
"""

import datetime
import json
import os
import sys

import yaml
from elastalert.alerters.httppost import HTTPPostAlerter
from elastalert.alerters.httppost2 import HTTPPost2Alerter
from elastalert.util import EAException

ALERTERS = {"post": HTTPPostAlerter, "post2": HTTPPost2Alerter}

rule_file, which = sys.argv[1:]
with open(rule_file) as file:
    post, post2 = file.read().split("# The same with `post2`")
# The second way is commented out, but for its first line, which is a remark.
text = {"post": post, "post2": "\n".join(line[2:] for line in post2.splitlines()[1:])}[which]
# ElastAlert2 expands environment variables in rule files as it reads them.
rule = yaml.safe_load(os.path.expandvars(text))
assert rule["alert"] == [which]
rule.setdefault("name", "API errors")
rule.setdefault("jinja_root_name", "_data")
matches = json.load(sys.stdin)
for match in matches:
    # What comes from Elasticsearch are datetimes by then.
    if "@timestamp" in match:
        match["@timestamp"] = datetime.datetime.fromisoformat(match["@timestamp"])
try:
    ALERTERS[which](rule).alert(matches)
    print("sent")
except EAException as refused:
    print(refused)
