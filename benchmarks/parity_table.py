"""Measure how exactly every kind of exported model answers, on every data set of a folder.

    python benchmarks/parity_table.py --data FOLDER [--only NAME ...] [--seeds 3] [--rows 5000]

FOLDER holds ``datasets.json``: a list ``datasets`` of objects with ``name``, ``file``, ``target``
and, if columns are to be left out, ``leak_columns``. Each set is read, split and encoded as by a
job, once a seed; every family that suits it is fitted with fixed settings on at most ``--rows``
training rows, and answers every holdout row and rows with missing and unseen values, as fitted and
as exported. The variants of a family:

- ``plain``: the raw model;
- ``calibrated``: behind a calibrator fitted on its own answers, and behind the boldest and the most
  cautious one that the product fits (classification);
- ``coded``: fitted on target codes, where the set has categories for them;
- ``bagged``: the mean of the models of three thirds left out, coded and calibrated.

The last row of a set, ``all families``, is the weighted mean of all of them, coded and calibrated:
one graph. Printed: the largest gap over variants and seeds (of a probability; of a value beside
its size), other labels outside ties, ties, and the size and one-row time of the largest graph.
Exits with 1 if a graph misses 0.00001 (probabilities) or 0.0001 (values), or changes a label.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from automl_core.bundle.runtime import open_session
from automl_core.records import FamilyName, Task, TrainConfig
from automl_core.tabular.schema import ReadLimits, ReadOptions
from automl_training.encoding import category_features
from automl_training.export import ParityResult, compare, stress_rows, to_onnx_bytes
from automl_training.families import FAMILIES, Blend, Calibrator, Candidate, Coded, Traits, linear
from automl_training.families.base import predict_matrix
from automl_training.families.target_codes import fit_target_codes
from automl_training.job_table import JobTable
from automl_training.pipeline import run_pipeline
from automl_training.reporting import CallbackReporter
from automl_training.scoring.calibration import fit_calibrator
from automl_training.stage import StageContext
from automl_training.stages import STAGES
from automl_training.workspace import FolderWorkspace

N_TREES = 60
N_FOLDS = 3
#: The ends of what is fitted.
SLOPES = (0.4, 2.5)
N_TIMED = 300


@dataclass(frozen=True)
class Data:
    """One set, split and encoded with one seed."""

    task: Task
    n_classes: int
    matrix: np.ndarray
    target: np.ndarray
    asked: np.ndarray
    categories: dict[int, int]
    seed: int


@dataclass
class Line:
    """What was found of one family on one set."""

    max_gap: float = 0.0
    flips: int = 0
    ties: int = 0
    n_rows: int = 0
    n_graphs: int = 0
    passed: bool = True
    largest: bytes = b""
    rows: np.ndarray = field(default_factory=lambda: np.empty((0, 0), dtype=np.float32))

    def add(self, parity: ParityResult, model: bytes, asked: np.ndarray) -> None:
        """Take in one graph and the rows that it was asked."""
        self.max_gap = max(self.max_gap, parity.max_gap)
        self.flips += parity.label_flips
        self.ties += parity.exact_ties
        self.n_rows += parity.n_rows
        self.n_graphs += 1
        self.passed &= parity.passed
        if len(model) > len(self.largest):
            self.largest, self.rows = model, asked[:N_TIMED]


def main() -> int:
    """Measure, print the table and judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=N_TREES)
    arguments = parser.parse_args()
    sets = json.loads((arguments.data / "datasets.json").read_bytes())["datasets"]
    print("| set | family | graphs | rows | max gap | flips | ties | KB | one row µs |")
    print("|---|---|---|---|---|---|---|---|---|")
    passed = True
    for given in sets:
        if arguments.only and given["name"] not in arguments.only:
            continue
        lines: dict[str, Line] = {}
        # Threads that spin for each other cost more than they bring on small sets.
        with threadpool_limits(1):
            for seed in range(arguments.seeds):
                data = _read(arguments.data, given, seed, arguments.rows)
                _measure(data, lines, arguments.rounds)
        for name, line in lines.items():
            passed &= line.passed
            micros = _one_row_micros(line.largest, line.rows)
            print(
                f"| {given['name']} ({data.task}) | {name} | {line.n_graphs} | {line.n_rows:,} |"
                f" {line.max_gap:.1e} | {line.flips} | {line.ties} |"
                f" {len(line.largest) / 1024:,.0f} | {micros:.0f} |"
                f"{'' if line.passed else ' MISSED'}",
                flush=True,
            )
    return 0 if passed else 1


def _read(folder: Path, given: dict[str, Any], seed: int, n_rows: int) -> Data:
    """Run a job's stages up to the encoder, and draw the training rows."""
    upload = folder / given["file"]
    with tempfile.TemporaryDirectory() as out:
        workspace = FolderWorkspace(Path(out))
        context = StageContext(
            job_id="parity",
            target_column=given["target"],
            config=TrainConfig(seed=seed, exclude_columns=given.get("leak_columns", [])),
            upload=upload,
            upload_name=upload.name,
            workspace=workspace,
            reporter=CallbackReporter(lambda _: None),
            now=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
            read_options=ReadOptions(),
            limits=ReadLimits(),
            n_threads=1,
        )
        run_pipeline(context, STAGES, until="preprocess")
        table = JobTable.open(workspace)
        matrix, target = table.matrix("train"), table.target("train")
        holdout = table.matrix("holdout")
        asked = np.concatenate([holdout, stress_rows(table.encoder_columns, holdout)])
        categories = category_features(table.encoder_columns)
        n_classes = len(table.classes)
        task = table.plan.task
        workspace.close()
    order = np.random.default_rng(seed).permutation(len(target))
    if n_classes:
        # A row of every class first: a model that lacks one is not exported.
        first = order[np.unique(target[order], return_index=True)[1]]
        order = np.concatenate([first, order[~np.isin(order, first)]])
    rows = order[: max(n_rows, n_classes)]
    return Data(task, n_classes, matrix[rows], target[rows], asked, categories, seed)


def _measure(data: Data, lines: dict[str, Line], n_trees: int) -> None:
    n_rows, n_features = data.matrix.shape
    n_onehot = linear.count_columns(n_features, data.categories)
    traits = Traits(n_rows, n_features, n_onehot, data.task, data.n_classes)
    chosen: list[tuple[FamilyName, Any]] = []
    for one in FAMILIES:
        if not one.suits(traits):
            continue
        for candidate in _variants(one.name, data, n_trees):
            _compare(candidate, data, lines.setdefault(one.name, Line()))
            if not isinstance(candidate.estimator, Blend):
                estimator = candidate.estimator
        chosen.append((one.name, estimator))
    weights = np.arange(1, len(chosen) + 1) / (len(chosen) * (len(chosen) + 1) / 2)
    blend = Blend(
        tuple(estimator for _, estimator in chosen),
        tuple(weights.tolist()),
        tuple(name for name, _ in chosen),
    )
    for candidate in _calibrated(_candidate("ensemble", blend, data), data):
        _compare(candidate, data, lines.setdefault("all families", Line()))


def _compare(candidate: Candidate, data: Data, line: Line) -> None:
    model = to_onnx_bytes(candidate, data.matrix.shape[1], max_bytes=2**31)
    line.add(compare(candidate, model, data.asked), model, data.asked)


def _variants(name: FamilyName, data: Data, n_trees: int) -> Iterator[Candidate]:
    everything = np.arange(len(data.target))
    plain = _candidate(name, _fit(name, data, everything, n_trees, coded=False), data)
    yield from _calibrated(plain, data)
    members = []
    for fold in range(N_FOLDS):
        rows = _without(data, fold)
        members.append(_fit(name, data, rows, n_trees, coded=name != "linear"))
    yield _candidate(name, members[0], data)
    bag = Blend(tuple(members), (1 / N_FOLDS,) * N_FOLDS, (name,) * N_FOLDS)
    yield from list(_calibrated(_candidate(name, bag, data), data))[-1:]


def _without(data: Data, fold: int) -> np.ndarray:
    """Rows of all folds but one; of a classification the first of every class stays."""
    is_in = np.arange(len(data.target)) % N_FOLDS != fold
    if data.n_classes:
        is_in[np.unique(data.target, return_index=True)[1]] = True
    return np.flatnonzero(is_in)


def _candidate(name: str, estimator: Any, data: Data) -> Candidate:
    return Candidate(
        name,  # type: ignore[arg-type]
        {}, estimator, data.task, data.n_classes, 0.0, len(data.target),
    )  # fmt: skip


def _calibrated(plain: Candidate, data: Data) -> Iterator[Candidate]:
    """The candidate itself, and behind calibrators; the fitted one, if any, comes last."""
    yield plain
    if not data.n_classes:
        return
    bias = (0.0, *np.random.default_rng(data.seed).normal(size=data.n_classes - 1).tolist())
    for slope in SLOPES:
        yield replace(plain, calibrator=Calibrator(slope, bias))
    answers = predict_matrix(plain, data.matrix)
    found = fit_calibrator(answers, data.target, n_classes=data.n_classes)
    if found is not None:
        yield replace(plain, calibrator=found)


def _fit(name: FamilyName, data: Data, rows: np.ndarray, n_trees: int, *, coded: bool) -> Any:
    matrix, target = data.matrix[rows], data.target[rows]
    found = fit_target_codes(
        matrix, target, task=data.task, n_classes=data.n_classes,
        category_features=data.categories, seed=data.seed,
    ) if coded else None  # fmt: skip
    estimator = _estimator(name, data, n_trees)
    if found is None:
        return estimator.fit(matrix, target)
    return Coded(found[0], estimator.fit(found[1], target))


def _estimator(name: FamilyName, data: Data, n_trees: int) -> Any:
    import lightgbm
    import xgboost
    from sklearn import ensemble

    is_class = data.n_classes > 0
    common = {"random_state": data.seed, "n_jobs": 1}
    if name == "lightgbm":
        made = lightgbm.LGBMClassifier if is_class else lightgbm.LGBMRegressor
        return made(n_estimators=n_trees, verbose=-1, **common)
    if name == "xgboost":
        made = xgboost.XGBClassifier if is_class else xgboost.XGBRegressor
        return made(n_estimators=n_trees, tree_method="hist", **common)
    if name == "linear":
        return linear.build(
            {}, task=data.task, category_features=data.categories, seed=data.seed, n_threads=1
        )
    if name == "hist_gradient_boosting":
        sort = "Classifier" if is_class else "Regressor"
        made = getattr(ensemble, f"HistGradientBoosting{sort}")
        return made(max_iter=n_trees, random_state=data.seed)
    sorts = {"random_forest": "RandomForest", "extra_trees": "ExtraTrees"}
    made = getattr(ensemble, f"{sorts[name]}{'Classifier' if is_class else 'Regressor'}")
    return made(n_estimators=n_trees, max_leaf_nodes=1000, **common)


def _one_row_micros(model: bytes, matrix: np.ndarray) -> float:
    """Time of one row through the graph: the fastest twentieth of many, in microseconds."""
    session = open_session(model)
    seconds = []
    for row in range(N_TIMED):
        at = row % len(matrix)
        started = time.perf_counter()
        session.run(None, {"x": matrix[at : at + 1]})
        seconds.append(time.perf_counter() - started)
    return float(np.quantile(seconds, 0.05) * 1e6)


if __name__ == "__main__":
    sys.exit(main())
