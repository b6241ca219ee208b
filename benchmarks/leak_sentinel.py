"""Look for leaking columns in every data set of a folder; hold what is named against its list.

    python benchmarks/leak_sentinel.py --data FOLDER [--only NAME ...]

FOLDER holds ``datasets.json``: a list ``datasets`` of objects with ``name``, ``file``, ``target``,
``leak_columns`` and ``expect.warn``, whose entries of the kind "leakage" name columns too. Without
``--data`` the sample that ships with the project is looked at, which has none. An alarm is a column
that a finding ``leakage-*`` of high or medium severity names; those of low severity are shown
apart. Exits with 1 if a column of the list is not named, or if more than two others are, whatever
the severity.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from automl_core.tabular.convert import write_parquet
from automl_core.tabular.profile import profile_table
from automl_core.tabular.read import scan_table

MAX_FALSE_ALARMS = 2
ALARMS = ("high", "medium")


@dataclass(frozen=True)
class Verdict:
    """What was named in one set; lists of columns."""

    name: str
    rows: int
    columns: int
    expected: list[str]
    named: dict[str, str]
    looked_at: list[str]
    cpu_s: float

    @property
    def missed(self) -> list[str]:
        """Columns of the list that no alarm names."""
        return [column for column in self.expected if column not in self.named]

    @property
    def false_alarms(self) -> list[str]:
        """Columns that are named, or only looked at, and are not on the list."""
        return [column for column in [*self.named, *self.looked_at] if column not in self.expected]

    @property
    def holds(self) -> bool:
        """Every listed column named, and at most two others."""
        return not self.missed and len(self.false_alarms) <= MAX_FALSE_ALARMS


def look_at(entry: dict[str, Any], data: Path, *, seed: int) -> Verdict:
    """Read and profile one set, and collect the columns of its leakage findings."""
    table = data / entry["file"]
    with tempfile.TemporaryDirectory() as folder:
        schema = scan_table(lambda: table.open("rb"), filename=table.name).schema
        parquet = Path(folder) / "table.parquet"
        write_parquet(lambda: table.open("rb"), schema, parquet, scratch=Path(folder))
        began = time.process_time()
        profile = profile_table(parquet, schema, target=entry["target"], seed=seed)
        cpu_s = time.process_time() - began
    named: dict[str, str] = {}
    looked_at: list[str] = []
    for found in profile["findings"]:
        if found["code"].startswith("leakage-"):
            for column in found["columns"]:
                if found["severity"] in ALARMS:
                    named.setdefault(column, found["code"].removeprefix("leakage-"))
                else:
                    looked_at.append(column)
    expected = list(entry.get("leak_columns", []))
    for warning in entry.get("expect", {}).get("warn", []):
        if warning["kind"] == "leakage":
            expected += [column for column in warning["columns"] if column not in expected]
    return Verdict(
        name=entry["name"],
        rows=schema.n_rows,
        columns=len(schema.columns),
        expected=expected,
        named=named,
        looked_at=[column for column in looked_at if column not in named],
        cpu_s=cpu_s,
    )


def _row(verdict: Verdict) -> list[str]:
    named = [f"{column} ({how})" for column, how in verdict.named.items()]
    return [
        verdict.name,
        f"{verdict.rows:,} x {verdict.columns:,}",
        ", ".join(verdict.expected) or "-",
        ", ".join(named) or "-",
        ", ".join(verdict.looked_at) or "-",
        f"{len(verdict.false_alarms)}",
        f"{verdict.cpu_s:.1f}",
        "ok" if verdict.holds else " ".join(["BROKEN", *verdict.missed]),
    ]


def _print(rows: list[list[str]]) -> None:
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with datasets.json")
    parser.add_argument("--only", nargs="*", help="names of sets")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.data is None:
        data = Path(str(resources.files("automl_core.samples")))
        entries = [{"name": "penguins", "file": "penguins.csv", "target": "species"}]
    else:
        data = arguments.data
        entries = json.loads((data / "datasets.json").read_text("utf-8"))["datasets"]
    verdicts = [
        look_at(entry, data, seed=arguments.seed)
        for entry in entries
        if not arguments.only or entry["name"] in arguments.only
    ]
    head = ["set", "size", "expected", "named", "looked at", "false alarms", "CPU s", "rule"]
    _print([head, *map(_row, verdicts)])
    return 0 if verdicts and all(verdict.holds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
