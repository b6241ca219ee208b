"""Check the share of branches that the tests took, member by member."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import coverage

#: Least share of branches, in per cent, by member.
FLOORS = {"core": 85.0, "backend": 85.0, "training": 75.0}


def main() -> int:
    """Combine what the processes measured, print a line a member, fail below a floor."""
    root = Path(__file__).parent.parent
    measured = coverage.Coverage(config_file=str(root / "pyproject.toml"))
    # pytest-cov has combined its own workers' files; those of trainers may still lie about.
    measured.load()
    measured.combine(keep=False, strict=False)
    measured.save()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(report))
        files = json.loads(report.read_text())["files"]
    is_short = False
    for member, floor in FLOORS.items():
        totals = [f["summary"] for name, f in files.items() if Path(name).parts[0] == member]
        taken = sum(t["covered_branches"] for t in totals)
        there = sum(t["num_branches"] for t in totals)
        share = 100 * taken / there if there else 0.0
        is_short |= share < floor
        print(f"branch coverage of {member}: {share:.1f} % of {there} (at least {floor:.0f} %)")
    return int(is_short)


if __name__ == "__main__":
    sys.exit(main())
