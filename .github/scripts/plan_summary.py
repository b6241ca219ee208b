"""Says what a Terraform plan would change, as Markdown, and refuses what it may not.

``python plan_summary.py PLAN.json [--only functions|anything]`` reads ``terraform show -json``.
Exit code 1: the plan would change more than it may.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: What new code of the functions changes, and nothing else.
FUNCTION_TYPES = frozenset({"aws_lambda_function", "aws_lambda_alias", "aws_s3_object"})
SIGNS = {
    ("create",): "create",
    ("update",): "update",
    ("delete",): "delete",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
}


def changes(plan: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What would be done: kind of change, type, address; reading and leaving alone is nothing."""
    return [
        (SIGNS[tuple(each["change"]["actions"])], each["type"], each["address"])
        for each in plan.get("resource_changes", [])
        if tuple(each["change"]["actions"]) in SIGNS
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the summary; judge it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--only", choices=["functions", "anything"], default="anything")
    options = parser.parse_args(arguments)
    found = changes(json.loads(options.plan.read_text("utf-8")))
    heading = f"### Plan: {len(found)} change{'' if len(found) == 1 else 's'}"
    lines = [f"- {kind} `{address}`" for kind, _, address in found]
    sys.stdout.write("\n".join([heading, "", *lines]) + "\n")
    if options.only == "functions":
        others = [
            address
            for kind, type_, address in found
            if type_ not in FUNCTION_TYPES or kind in ("delete", "replace")
        ]
        if others:
            sys.stderr.write(
                "This deploys functions only, but the plan would also change "
                f"{', '.join(others)}; run the workflow 'Deploy infrastructure'.\n"
            )
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
