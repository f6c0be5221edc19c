"""Lints CloudFormation templates. Standard input is a JSON list of {"file", "region", "document"}.

Prints one line for each finding, and one for each template that does not say the same as its document:
what a parser of YAML reads from the file, CloudFormation's short forms written out.
"""

import json
import subprocess
import sys
from pathlib import Path

from cfnlint.decode import decode


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, str) else value


by_region = {}
for template in json.load(sys.stdin):
    file = template["file"]
    by_region.setdefault(template["region"], []).append(file)
    decoded, errors = decode(file)
    for error in errors:
        print(file, error)
    if not errors and plain(decoded) != template["document"]:
        print(file, "is read as something else")

linter = Path(sys.prefix) / "bin" / "cfn-lint"
for region, files in by_region.items():
    options = ["--include-checks", "I", "--format", "parseable", "--regions", region, "--template", *files]
    linted = subprocess.run([linter, *options], capture_output=True, text=True, check=False)
    print(linted.stdout + linted.stderr, end="")
